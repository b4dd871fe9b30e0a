//===- TokenLayout.h - which dimensions count batches and tokens *- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_OPTIMIZE_TOKENLAYOUT_H
#define TFC_PASSES_OPTIMIZE_TOKENLAYOUT_H

#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace tfc::optimize {

/// The dimensions of a tensor, or loops of an operation, over batches and over
/// the tokens of one.
struct TokenDims {
  int64_t batch, token;
  bool operator==(const TokenDims &other) const {
    return batch == other.batch && token == other.token;
  }
};

/// Tensors of a function that have something for each token of an input, and
/// the operations that compute such a tensor token by token.
class TokenLayout {
public:
  /// `mask`, [B, S], is an argument of the function.
  TokenLayout(mlir::func::FuncOp function, mlir::Value mask);

  std::optional<TokenDims> of(mlir::Value value) const {
    auto known = dims.find(value);
    return known == dims.end() ? std::nullopt : std::optional(known->second);
  }
  /// Of the results of `op`, when what it computes for a token depends on that
  /// token of its operands, and on what is the same for all tokens, or for all
  /// of a batch, or for a place in all batches.
  std::optional<TokenDims> ofResult(mlir::Operation *op) const;
  /// The loops of `op`, where its operands agree on them.
  std::optional<TokenDims> loopsOf(mlir::linalg::LinalgOp op) const;

private:
  bool isWhole(mlir::OpFoldResult size, bool ofBatch) const;
  std::optional<TokenDims>
  throughReshape(TokenDims from,
                 llvm::ArrayRef<mlir::ReassociationIndices> groups,
                 llvm::ArrayRef<int64_t> wide, bool expands) const;
  std::optional<TokenDims> throughSlice(mlir::tensor::ExtractSliceOp op) const;

  llvm::DenseMap<mlir::Value, TokenDims> dims;
  mlir::Value mask;
};

} // namespace tfc::optimize

#endif // TFC_PASSES_OPTIMIZE_TOKENLAYOUT_H
