//===- LinalgAttention.h - attention as others lower it ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_LINALGATTENTION_H
#define TFC_PASSES_RAISE_LINALGATTENTION_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace tfc::raise {

/// An element of a tensor at an index, or a scalar in the body of an operation
/// whose loops are at `index`. Expressions are of dimensions of the scores.
struct ScalarAt {
  mlir::Value value;
  llvm::SmallVector<mlir::AffineExpr> index;

  bool operator==(const ScalarAt &other) const {
    return value == other.value && index == other.index;
  }
};

/// An operand of a product: [batch..., rows, features], or the last two
/// exchanged if not `isInOrder`.
struct ProductOperand {
  mlir::Value tensor;
  bool isInOrder = true;
};

/// A product of matrices for each of a batch; rows of the result are those of
/// `rows`.
struct BatchProduct {
  mlir::linalg::LinalgOp product;
  ProductOperand rows, columns;
};

/// values.rows is the softmax of scale * keys.rows * keys.columns + biases.
struct LinalgAttention {
  BatchProduct values, keys;
  /// A value with the shape of the scores, of `rank` dimensions, 2 to 4.
  mlir::Value scores;
  unsigned rank = 0;
  double scale = 1;
  /// All are added to the scores.
  llvm::SmallVector<ScalarAt> biases;
  std::optional<ScalarAt> mask;
  /// Where a score is hidden, and the number in its place.
  bool hidesWhereTrue = false;
  double hiddenScore = 0;
};

/// Finds the attention that ends in `product`, as torch-mlir and TOSA's
/// lowering write it. On failure `reason` says what is in the way, and is empty
/// where there is no softmax.
llvm::LogicalResult matchLinalgAttention(mlir::linalg::LinalgOp product,
                                         LinalgAttention &found,
                                         std::string &reason);

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_LINALGATTENTION_H
