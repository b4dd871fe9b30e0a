//===- SearchCache.h - candidates that were measured before -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_SEARCHCACHE_H
#define TFC_LIB_DRIVER_SEARCHCACHE_H

#include "CandidateSearch.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace tfc {

/// "loss", "metric", "parameters" and what else is known.
llvm::json::Object toJson(const Measured &measured);

/// What a search measured, in memory and, where there is a file, on disk: a
/// line of JSON a candidate, each written when it is known, so that a search
/// that was interrupted goes on where it was.
class SearchCache {
public:
  /// Reads `path`, if it exists. `key` says what the numbers depend on (the
  /// files' hashes, the metric); lines of other keys are left alone.
  llvm::Error open(llvm::StringRef path, std::string key);

  std::optional<Measured> find(const std::string &passes) const;
  llvm::Error add(const std::string &passes, const Measured &measured);

private:
  std::string file, key;
  std::map<std::string, Measured> known;
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_SEARCHCACHE_H
