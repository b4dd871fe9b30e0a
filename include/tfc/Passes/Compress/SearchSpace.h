//===- SearchSpace.h - sizes of a model that may go down --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_SEARCHSPACE_H
#define TFC_PASSES_COMPRESS_SEARCHSPACE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <optional>
#include <string>
#include <vector>

namespace tfc::compress {

/// Something of a model that can be smaller or not be at all: an entry of one
/// list option of one pass, "SITE=SIZE", or "SITE" where there is one size.
struct SizeChoice {
  llvm::StringRef pass, option;
  std::string site;
  /// "block", "heads", "query-keys", "values", "channels", "lengths", "tops",
  /// "tokens", "ranks" or "methods".
  llvm::StringRef kind;
  /// From what the model has down to the least. A residual block, which goes or
  /// stays, has 1 and 0.
  llvm::SmallVector<int64_t> sizes;
  /// Goes down by itself, not together with all of its kind.
  bool isSingle = false;
  /// What stands for the size after the first in an entry: "SITE=NAME". Such a
  /// choice saves nothing.
  llvm::StringRef name = "";
  /// The choices, among all, of the residual blocks that it is inside of.
  llvm::SmallVector<size_t> blocks = {};
  /// The choice, among all, without which it changes nothing.
  std::optional<size_t> of = std::nullopt;
};

/// In the order in which they are to be tried where nothing else decides, as in
/// AxFormer: residual blocks, then heads, then what is inside of them, hidden
/// channels, ranks. Where `fewerOperations` are wanted also what saves these
/// alone: means of keys, the greatest score of each query, tokens.
std::vector<SizeChoice> sizeChoices(mlir::func::FuncOp function,
                                    bool fewerOperations);

/// Whether the size that choice `i` has in `steps` changes the model: that of a
/// block that is gone does not, nor do as many tokens as there are.
bool hasEffect(llvm::ArrayRef<SizeChoice> choices,
               llvm::ArrayRef<unsigned> steps, size_t i);

/// Sets to 0 the steps that have no effect, so that one candidate has one form.
void settle(llvm::ArrayRef<SizeChoice> choices,
            llvm::MutableArrayRef<unsigned> steps);

/// The passes that give each of `choices` the size of its index in `steps`; a
/// textual pipeline, empty where all steps are 0. They are settled.
std::string pipelineOf(llvm::ArrayRef<SizeChoice> choices,
                       llvm::ArrayRef<unsigned> steps);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_SEARCHSPACE_H
