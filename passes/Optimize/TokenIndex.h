//===- TokenIndex.h - the tokens that a mask keeps --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_OPTIMIZE_TOKENINDEX_H
#define TFC_PASSES_OPTIMIZE_TOKENINDEX_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace tfc::optimize {

/// Where the tokens that a mask of ones and zeros, [B, S], keeps lie in the
/// batches, and where they go when they lie one after the other.
class TokenIndex {
public:
  /// Counts them, and checks that the mask, the input `name`, has ones and
  /// zeros alone.
  TokenIndex(mlir::OpBuilder &b, mlir::Location loc, mlir::Value mask,
             llvm::StringRef name);

  /// How many there are.
  mlir::Value count;
  /// The batch and the place in it of each, [count], of i64.
  mlir::Value batches, places;
  /// Where each batch begins, and the end, [B + 1], of i64.
  mlir::Value bounds;
  /// B and S.
  llvm::SmallVector<mlir::OpFoldResult> sizes;

  /// The tokens of `x`, whose dimension `batch` counts batches and whose
  /// dimension `token` tokens, or nothing where they are less than 0: of sizes
  /// 1 and `count`.
  mlir::Value pack(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                   int64_t batch, int64_t token) const;
  /// The opposite, of type `type`; zero where there was no token.
  mlir::Value unpack(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                     mlir::RankedTensorType type, int64_t batch,
                     int64_t token) const;

private:
  void list(mlir::OpBuilder &b, mlir::Value isKept);

  mlir::Location loc;
  /// The number of each token among those kept, or -1: [B, S], of i64.
  mlir::Value numbers;
};

} // namespace tfc::optimize

#endif // TFC_PASSES_OPTIMIZE_TOKENINDEX_H
