//===- MaskValues.h - what becomes of an input of ones and zeros *- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_OPTIMIZE_MASKVALUES_H
#define TFC_PASSES_OPTIMIZE_MASKVALUES_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/AffineExpr.h"

namespace tfc::optimize {

/// Follows tensors that are computed, element by element, from one input of
/// zeros and ones, [B, S], to what they hold where that is 0 and where it is 1.
class MaskValues {
public:
  /// `input`, an argument of the function, if it is known already.
  explicit MaskValues(mlir::Value input = {}) : found(input) {}

  /// The element of `tensor` at `index` where the input holds `number`, an
  /// IntegerAttr or FloatAttr. Null where it depends on something else, or on
  /// another element of the input than [batch, token].
  mlir::Attribute at(mlir::Value tensor, llvm::ArrayRef<mlir::AffineExpr> index,
                     mlir::AffineExpr batch, mlir::AffineExpr token,
                     int64_t number);

  /// The input that was met.
  mlir::Value input() const { return found; }

private:
  mlir::Attribute atInput(mlir::Value tensor,
                          llvm::ArrayRef<mlir::AffineExpr> index);
  mlir::Attribute atView(mlir::Value source,
                         llvm::ArrayRef<mlir::ReassociationIndices> groups,
                         llvm::ArrayRef<int64_t> wide, bool expands,
                         llvm::ArrayRef<mlir::AffineExpr> index);
  mlir::Attribute atGeneric(mlir::linalg::GenericOp op,
                            llvm::ArrayRef<mlir::AffineExpr> index);
  mlir::Attribute at(mlir::Value tensor,
                     llvm::ArrayRef<mlir::AffineExpr> index);

  mlir::Value found;
  mlir::AffineExpr batch, token;
  int64_t number = 0;
};

/// Whether elements of `tensor`, [B or 1, H or 1, S or 1, T], hide the keys
/// where `values`' input is 0 and change nothing where it is 1: truths, or
/// numbers that are added to scores.
bool hidesMaskedKeys(MaskValues &values, mlir::Value tensor);

} // namespace tfc::optimize

#endif // TFC_PASSES_OPTIMIZE_MASKVALUES_H
