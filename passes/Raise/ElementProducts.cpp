//===- ElementProducts.cpp - tensors as products of others ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementProducts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tfc::raise;

void ElementProduct::walk(llvm::function_ref<void(ProductFactor &)> visit) {
  for (ProductFactor &factor : factors) {
    if (factor.exponent)
      factor.exponent->walk(visit);
    else
      visit(factor);
  }
}

bool ElementProduct::dependsOnDim(unsigned dim) {
  bool found = false;
  walk([&](ProductFactor &factor) {
    found |= llvm::any_of(
        factor.index, [&](AffineExpr at) { return at.isFunctionOfDim(dim); });
  });
  return found;
}

bool ElementProduct::dependsOnSymbol(unsigned symbol) {
  bool found = false;
  walk([&](ProductFactor &factor) {
    found |= llvm::any_of(factor.index, [&](AffineExpr at) {
      return at.isFunctionOfSymbol(symbol);
    });
  });
  return found;
}

static ElementProduct multiplied(ElementProduct x, const ElementProduct &y) {
  x.coefficient *= y.coefficient;
  llvm::append_range(x.factors, y.factors);
  return x;
}

/// An elementwise operation whose result is at the index of its loops.
static linalg::GenericOp elementwise(Value tensor) {
  auto op = tensor.getDefiningOp<linalg::GenericOp>();
  return op && op.getNumResults() == 1 &&
                 op.getNumLoops() == op.getNumParallelLoops() &&
                 op.getIndexingMapsArray().back().isIdentity()
             ? op
             : linalg::GenericOp();
}

/// Other slices are tensors of their own, for what is read of them starts at 0.
static bool takesPlaces(tensor::ExtractSliceOp slice) {
  return llvm::all_of(
      llvm::zip(slice.getMixedOffsets(), slice.getStaticSizes()),
      [](auto pair) {
        auto [offset, size] = pair;
        return isConstantIntValue(offset, 0) || size == 1;
      });
}

bool ElementProducts::throughView(Value &tensor,
                                  SmallVectorImpl<AffineExpr> &index) {
  Operation *op = tensor.getDefiningOp();
  auto slice = dyn_cast_if_present<tensor::ExtractSliceOp>(op);
  if (!op || (slice && !takesPlaces(slice)))
    return false;
  std::optional<SmallVector<AffineExpr>> source =
      expressions.sourceIndex(op, index);
  if (!source)
    return false;
  tensor = op->getOperand(0);
  index.assign(source->begin(), source->end());
  return true;
}

ElementProduct ElementProducts::at(Value tensor, ArrayRef<AffineExpr> given) {
  SmallVector<AffineExpr> index(given);
  while (!whole.contains(tensor)) {
    DenseElementsAttr constant;
    if (matchPattern(tensor, m_Constant(&constant)) && constant.isSplat() &&
        isa<FloatType>(constant.getElementType()))
      return {constant.getSplatValue<APFloat>().convertToDouble(), {}};
    if (linalg::GenericOp op = elementwise(tensor))
      if (auto product =
              scalar(op, op.getBody()->getTerminator()->getOperand(0), index))
        return *product;
    if (!throughView(tensor, index))
      break;
  }
  return {1, {ProductFactor{tensor, index, nullptr}}};
}

SmallVector<ElementProduct>
ElementProducts::termsAt(Value tensor, ArrayRef<AffineExpr> given) {
  SmallVector<AffineExpr> index(given);
  while (throughView(tensor, index)) {
  }
  linalg::GenericOp op = elementwise(tensor);
  auto sum = op ? op.getBody()
                      ->getTerminator()
                      ->getOperand(0)
                      .getDefiningOp<arith::AddFOp>()
                : arith::AddFOp();
  if (!sum)
    return {at(tensor, index)};
  SmallVector<ElementProduct> terms;
  for (Value side : {sum.getLhs(), sum.getRhs()}) {
    std::optional<ElementProduct> term = scalar(op, side, index);
    if (!term)
      return {ElementProduct{1, {ProductFactor{tensor, index, nullptr}}}};
    terms.push_back(*term);
  }
  return terms;
}

std::optional<ElementProduct>
ElementProducts::scalar(linalg::LinalgOp op, Value value,
                        ArrayRef<AffineExpr> index) {
  FloatAttr number;
  if (matchPattern(value, m_Constant(&number)))
    return ElementProduct{number.getValueAsDouble(), {}};
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (argument.getOwner() != op.getBlock() ||
        argument.getArgNumber() >= op.getNumDpsInputs())
      return std::nullopt;
    OpOperand *operand = op.getDpsInputOperand(argument.getArgNumber());
    SmallVector<AffineExpr> place;
    for (AffineExpr expr : op.getMatchingIndexingMap(operand).getResults())
      place.push_back(expr.replaceDims(index));
    if (!isa<RankedTensorType>(operand->get().getType()))
      return std::nullopt;
    return at(operand->get(), place);
  }
  Operation *by = value.getDefiningOp();
  if (auto product = dyn_cast<arith::MulFOp>(by)) {
    auto x = scalar(op, product.getLhs(), index),
         y = scalar(op, product.getRhs(), index);
    return x && y ? std::optional(multiplied(*x, *y)) : std::nullopt;
  }
  if (auto negated = dyn_cast<arith::NegFOp>(by)) {
    auto x = scalar(op, negated.getOperand(), index);
    if (x)
      x->coefficient = -x->coefficient;
    return x;
  }
  // Widening is exact, rounding is not.
  if (auto wider = dyn_cast<arith::ExtFOp>(by))
    return scalar(op, wider.getIn(), index);
  if (auto exponential = dyn_cast<math::ExpOp>(by)) {
    auto x = scalar(op, exponential.getOperand(), index);
    if (!x)
      return std::nullopt;
    return ElementProduct{
        1, {ProductFactor{Value(), {}, std::make_shared<ElementProduct>(*x)}}};
  }
  return std::nullopt;
}
