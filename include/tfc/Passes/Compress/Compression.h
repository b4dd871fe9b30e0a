//===- Compression.h - the passes that make models smaller ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_COMPRESSION_H
#define TFC_PASSES_COMPRESS_COMPRESSION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/Error.h"

#include <string>
#include <utility>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace tfc::compress {

/// A pass on functions in f32 that users ask for by name.
struct CompressionPass {
  llvm::StringRef name;
  std::unique_ptr<mlir::Pass> (*create)();
  /// Whether it reads what attachInputStatistics says, where it is said.
  bool readsInputs;
  /// Whether the function stays the same but for rounding.
  bool isExact = false;
};

/// All of them, by their names as passes.
llvm::ArrayRef<CompressionPass> compressionPasses();

/// Adds the passes of `text` to `pm`, which is of functions: names with options
/// in braces, separated by commas; "attn-" before a name may be left out.
/// `readsInputs` becomes true where one of them does.
llvm::Error addCompressionPasses(llvm::StringRef text, mlir::OpPassManager &pm,
                                 bool &readsInputs);

/// Whether a pass of `text` changes what is computed, by what it knows of
/// inputs.
bool changesByInputs(llvm::StringRef text);

/// `text` before and from the first pass on that leaves integers where weights
/// were: those cannot be fitted any more.
std::pair<std::string, std::string> splitBeforeIntegers(llvm::StringRef text);

/// The attribute of functions that lists what passes did to which site.
inline constexpr llvm::StringLiteral notesName = "tfc.compression";

/// How many numbers of float types the function's constants hold, each constant
/// counted once, numbers that are equal everywhere in one as one.
int64_t numberOfParameters(mlir::func::FuncOp function);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_COMPRESSION_H
