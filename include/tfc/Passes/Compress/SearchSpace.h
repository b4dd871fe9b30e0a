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

#include <string>
#include <vector>

namespace tfc::compress {

/// Something of a model that can be smaller or not be at all: an entry of one
/// list option of one pass, "SITE=SIZE", or "SITE" where there is one size.
struct SizeChoice {
  llvm::StringRef pass, option;
  std::string site;
  /// "block", "heads", "query-keys", "values", "channels" or "ranks".
  llvm::StringRef kind;
  /// From what the model has down to the least. A residual block, which goes or
  /// stays, has 1 and 0.
  llvm::SmallVector<int64_t> sizes;
};

/// In the order in which they are to be tried where nothing else decides, as in
/// AxFormer: residual blocks, then heads, then what is inside of them, hidden
/// channels, ranks.
std::vector<SizeChoice> sizeChoices(mlir::func::FuncOp function);

/// The passes that give each of `choices` the size of its index in `steps`; a
/// textual pipeline, empty where all steps are 0.
std::string pipelineOf(llvm::ArrayRef<SizeChoice> choices,
                       llvm::ArrayRef<unsigned> steps);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_SEARCHSPACE_H
