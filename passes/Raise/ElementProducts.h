//===- ElementProducts.h - tensors as products of others --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The step of a recurrence multiplies slices of tensors that were given views,
// broadcast and put under exponentials in many orders. What an element of it is
// made of is found here, whatever the order.
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_ELEMENTPRODUCTS_H
#define TFC_PASSES_RAISE_ELEMENTPRODUCTS_H

#include "ElementExpressions.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace tfc::raise {

struct ElementProduct;

/// `tensor` at `index`, or the exponential of `exponent` where that is set.
struct ProductFactor {
  mlir::Value tensor;
  llvm::SmallVector<mlir::AffineExpr> index;
  std::shared_ptr<ElementProduct> exponent;
};

/// A number times factors.
struct ElementProduct {
  double coefficient = 1;
  llvm::SmallVector<ProductFactor> factors;

  /// Calls `visit` on each tensor's factor, those of exponents too.
  void walk(llvm::function_ref<void(ProductFactor &)> visit);
  bool dependsOnDim(unsigned dim);
  bool dependsOnSymbol(unsigned symbol);
};

/// Finds the products that elements of floating point tensors are, through the
/// body of `loop`, if any, and elementwise products before it.
class ElementProducts {
public:
  ElementProducts(ElementExpressions &expressions, mlir::scf::ForOp loop = {})
      : expressions(expressions), loop(loop) {}

  /// Whether `tensor` is there before the loop; any is where there is none.
  bool isBefore(mlir::Value tensor) {
    return !loop || loop.isDefinedOutsideOfLoop(tensor);
  }

  /// A tensor whose own elements are not looked into.
  void keepWhole(mlir::Value tensor) { whole.insert(tensor); }

  /// `tensor` at `index`; a single factor where nothing is known of it.
  ElementProduct at(mlir::Value tensor, llvm::ArrayRef<mlir::AffineExpr> index);
  /// The terms of a sum of products; one where it is none.
  llvm::SmallVector<ElementProduct>
  termsAt(mlir::Value tensor, llvm::ArrayRef<mlir::AffineExpr> index);
  /// A scalar of the body of `op`, whose loops are at `index`; nothing where it
  /// is not a product.
  std::optional<ElementProduct> scalar(mlir::linalg::LinalgOp op,
                                       mlir::Value value,
                                       llvm::ArrayRef<mlir::AffineExpr> index);
  /// What `tensor` is a view of, and where; false where it is none. A slice
  /// is one where it takes single places or starts at 0: the source may be
  /// larger.
  bool throughView(mlir::Value &tensor,
                   llvm::SmallVectorImpl<mlir::AffineExpr> &index);

private:
  ElementExpressions &expressions;
  mlir::scf::ForOp loop;
  llvm::DenseSet<mlir::Value> whole;
};

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_ELEMENTPRODUCTS_H
