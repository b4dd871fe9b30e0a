//===- ElementOrigin.h - where elements of a tensor come from ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_ELEMENTORIGIN_H
#define TFC_PASSES_RAISE_ELEMENTORIGIN_H

#include "ElementExpressions.h"

namespace tfc::raise {

/// Where a tensor's element [d0, d1, d2, d3] comes from: through reshapes,
/// transposes, copies and gathers, one operation a step.
class Origin {
public:
  explicit Origin(mlir::Value tensor);

  /// The element is `tensor` at `index`.
  mlir::Value tensor;
  llvm::SmallVector<mlir::AffineExpr> index;
  ElementExpressions expressions;

  /// False where it is not known any further.
  bool step();
  mlir::AffineExpr simplified(mlir::AffineExpr expr) const {
    return mlir::simplifyAffineExpr(expr, 4, expressions.symbols().size());
  }

private:
  void normalise();
  bool throughCollapse(mlir::tensor::CollapseShapeOp op);
  bool throughExpand(mlir::tensor::ExpandShapeOp op);
  bool throughTranspose(mlir::linalg::TransposeOp op);
  bool throughCopies(mlir::tensor::InsertSliceOp last);
  bool throughGeneric(mlir::linalg::GenericOp op);
};

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_ELEMENTORIGIN_H
