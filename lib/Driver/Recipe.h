//===- Recipe.h - a compression to be done again ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_RECIPE_H
#define TFC_LIB_DRIVER_RECIPE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace tfc {

/// What a search found, as a file of YAML, for a compilation without search.
struct Recipe {
  unsigned version = 1;
  /// SHA-256 of the model's and of the calibration data's file, in hex.
  std::string model, calibration;
  /// As --compress takes it.
  std::string passes;
  bool fit = true, quantize = false;
  /// Nodes that --quantize left in f32.
  std::vector<std::string> quantizeKeep;

  static llvm::Expected<Recipe> read(llvm::StringRef path);
  llvm::Error write(llvm::StringRef path) const;
};

/// SHA-256 of a file, in hex.
llvm::Expected<std::string> hashOfFile(llvm::StringRef path);

} // namespace tfc

#endif // TFC_LIB_DRIVER_RECIPE_H
