//===- MultiplyAdds.h - what a call of a model computes ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_MULTIPLYADDS_H
#define TFC_PASSES_COMPRESS_MULTIPLYADDS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Error.h"

namespace tfc::compress {

/// How many products of two numbers a call of `function`, on tensors of attn
/// and linalg, adds to sums: what products of matrices, convolutions and
/// attention are made of. Everything else (norms, softmax, activations) counts
/// nothing.
///
/// `inputs` are the sizes of the arguments where they are open. Counted as if
/// dense: a query of attention sees all keys, or those of its `key_blocks`, and
/// adds up no values where it takes the one of the greatest score; a
/// token of a mixture of experts passes through each of its choices.
///
/// An error names the operation whose sizes, or whose number of repetitions,
/// data decide.
llvm::Expected<int64_t>
numberOfMultiplyAdds(mlir::func::FuncOp function,
                     llvm::ArrayRef<llvm::SmallVector<int64_t>> inputs = {});

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_MULTIPLYADDS_H
