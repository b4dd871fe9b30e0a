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
    if (passes && loss && metric && parameters)
      known[passes->str()] = {*loss, *metric, *parameters};
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
  stream << llvm::json::Value(
                llvm::json::Object{{"key", key},
                                   {"passes", passes},
                                   {"loss", measured.loss},
                                   {"metric", measured.metric},
                                   {"parameters", measured.parameters}})
         << "\n";
  return llvm::Error::success();
}
