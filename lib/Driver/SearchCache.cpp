//===- SearchCache.cpp - candidates that were measured before ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SearchCache.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/LineIterator.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace tfc;
using llvm::StringRef;

llvm::json::Object tfc::toJson(const Measured &measured) {
  llvm::json::Object entry{{"loss", measured.loss},
                           {"metric", measured.metric},
                           {"parameters", measured.parameters}};
  if (measured.multiplyAdds)
    entry["multiply_adds"] = *measured.multiplyAdds;
  if (measured.latency)
    entry["latency_ms"] = *measured.latency;
  if (measured.originalLatency)
    entry["original_latency_ms"] = *measured.originalLatency;
  if (measured.latencyShare)
    entry["latency_share"] = *measured.latencyShare;
  return entry;
}

llvm::Error SearchCache::open(StringRef path, std::string newKey) {
  file = path.str();
  key = std::move(newKey);
  if (file.empty() || !llvm::sys::fs::exists(file))
    return llvm::Error::success();
  auto text = llvm::MemoryBuffer::getFile(file, /*IsText=*/true);
  if (!text)
    return llvm::createStringError("cannot read '" + path +
                                   "': " + text.getError().message());
  for (llvm::line_iterator line(**text); !line.is_at_end(); ++line) {
    llvm::Expected<llvm::json::Value> value = llvm::json::parse(*line);
    // The last line of an interrupted search may be half of one.
    if (!value) {
      llvm::consumeError(value.takeError());
      continue;
    }
    const llvm::json::Object *entry = value->getAsObject();
    if (!entry || entry->getString("key") != StringRef(key))
      continue;
    std::optional<StringRef> passes = entry->getString("passes");
    std::optional<double> loss = entry->getNumber("loss"),
                          metric = entry->getNumber("metric");
    std::optional<int64_t> parameters = entry->getInteger("parameters");
    if (!passes || !loss || !metric || !parameters)
      continue;
    Measured &measured = known[passes->str()];
    measured.loss = *loss;
    measured.metric = *metric;
    measured.parameters = *parameters;
    measured.multiplyAdds = entry->getInteger("multiply_adds");
    measured.latency = entry->getNumber("latency_ms");
    measured.originalLatency = entry->getNumber("original_latency_ms");
    measured.latencyShare = entry->getNumber("latency_share");
  }
  return llvm::Error::success();
}

std::optional<Measured> SearchCache::find(const std::string &passes) const {
  auto found = known.find(passes);
  return found == known.end() ? std::nullopt
                              : std::optional<Measured>(found->second);
}

llvm::Error SearchCache::add(const std::string &passes,
                             const Measured &measured) {
  known[passes] = measured;
  if (file.empty())
    return llvm::Error::success();
  std::error_code error;
  llvm::raw_fd_ostream stream(file, error, llvm::sys::fs::OF_Append);
  if (error)
    return llvm::createStringError("cannot write '" + file +
                                   "': " + error.message());
  llvm::json::Object entry = toJson(measured);
  entry["key"] = key;
  entry["passes"] = passes;
  stream << llvm::json::Value(std::move(entry)) << "\n";
  return llvm::Error::success();
}
