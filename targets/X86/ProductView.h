//===- ProductView.h - a contraction as products of matrices ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_PRODUCTVIEW_H
#define TFC_TARGETS_X86_PRODUCTVIEW_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace tfc::x86 {

/// A factor or the result of a contraction on buffers, its dimensions in the
/// order of the loops that are not the matrix's, then its rows and columns.
struct MatrixStack {
  /// A view of the operand.
  mlir::Value buffer;
  /// The loops of its dimensions but the last two.
  llvm::SmallVector<unsigned> outer;

  /// The matrix at `ivs`, a value for each loop of the contraction, of which
  /// those of `outer` are there: `rows` from `row` on and `columns` likewise.
  mlir::Value block(mlir::OpBuilder &b, mlir::Location loc,
                    llvm::ArrayRef<mlir::Value> ivs, mlir::Value row,
                    mlir::Value rows, mlir::Value column,
                    mlir::Value columns) const;
};

/// The loops of a contraction C[m, n] += X[m, k] * W[k, n] in f32, for all
/// values of its other loops, on buffers as kernels can read them: C is
/// contiguous along n, X along k or m, W along n or k.
struct ProductView {
  /// Fails, with a reason as a match failure of `op`, where there is none.
  static llvm::FailureOr<ProductView> of(mlir::linalg::LinalgOp op);

  unsigned m, n, k;
  llvm::SmallVector<unsigned> outer;
  /// The operands' numbers.
  unsigned x, w;
  /// X is contiguous along m; W along k.
  bool isXTurned, isWTurned;

  /// The operand `number` with `row` and `column` as its last dimensions.
  MatrixStack stack(mlir::OpBuilder &b, mlir::linalg::LinalgOp op,
                    unsigned number, unsigned row, unsigned column) const;
};

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_PRODUCTVIEW_H
