//===- MaskValues.cpp - what becomes of an input of ones and zeros - C++ -*-==//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MaskValues.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tfc::optimize;

/// Added to a score, it leaves no weight in f32.
static constexpr double hidingNumber = -1e4;

Attribute MaskValues::at(Value tensor, ArrayRef<AffineExpr> index,
                         AffineExpr batchOfElement, AffineExpr tokenOfElement,
                         int64_t numberOfInput) {
  batch = batchOfElement;
  token = tokenOfElement;
  number = numberOfInput;
  return at(tensor, index);
}

Attribute MaskValues::atInput(Value tensor, ArrayRef<AffineExpr> index) {
  if (index.size() != 2 || index[0] != batch || index[1] != token)
    return {};
  if (found && found != tensor)
    return {};
  found = tensor;
  Builder b(tensor.getContext());
  Type element = cast<ShapedType>(tensor.getType()).getElementType();
  if (isa<FloatType>(element))
    return b.getFloatAttr(element, number);
  return b.getIntegerAttr(element, number);
}

/// Through a reshape that only adds sizes of 1, or takes them away; `wide` is
/// the shape on the side with more dimensions.
Attribute MaskValues::atView(Value source,
                             ArrayRef<ReassociationIndices> groups,
                             ArrayRef<int64_t> wide, bool expands,
                             ArrayRef<AffineExpr> index) {
  MLIRContext *context = source.getContext();
  SmallVector<AffineExpr> sourceIndex(expands ? groups.size() : wide.size(),
                                      getAffineConstantExpr(0, context));
  for (auto [narrow, group] : llvm::enumerate(groups)) {
    bool isFound = false;
    for (int64_t dim : group) {
      if (wide[dim] == 1)
        continue;
      if (isFound)
        return {};
      isFound = true;
      if (expands)
        sourceIndex[narrow] = index[dim];
      else
        sourceIndex[dim] = index[narrow];
    }
  }
  return at(source, sourceIndex);
}

Attribute MaskValues::atGeneric(linalg::GenericOp op,
                                ArrayRef<AffineExpr> index) {
  AffineMap result = op.getIndexingMapMatchingResult(op->getResult(0));
  if (op->getNumResults() != 1 ||
      op.getNumParallelLoops() != op.getNumLoops() || !result.isPermutation())
    return {};
  SmallVector<AffineExpr> loops(op.getNumLoops());
  for (auto [expr, place] : llvm::zip_equal(result.getResults(), index))
    loops[cast<AffineDimExpr>(expr).getPosition()] = place;
  DenseMap<Value, Attribute> known;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    SmallVector<AffineExpr> exprs;
    for (AffineExpr expr : op.getMatchingIndexingMap(operand).getResults())
      exprs.push_back(expr.replaceDims(loops));
    Value argument = op.getMatchingBlockArgument(operand);
    if (argument.use_empty())
      continue;
    known[argument] = at(operand->get(), exprs);
    if (!known[argument])
      return {};
  }
  auto numberOf = [&](Value value) {
    Attribute constant = known.lookup(value);
    if (!constant)
      matchPattern(value, m_Constant(&constant));
    return constant;
  };
  for (Operation &inner : op.getBody()->without_terminator()) {
    SmallVector<Attribute> operands(
        llvm::map_range(inner.getOperands(), numberOf));
    SmallVector<OpFoldResult> folded;
    if (failed(inner.fold(operands, folded)) || folded.size() != 1)
      return {};
    Attribute value = dyn_cast<Attribute>(folded.front());
    if (!value)
      value = numberOf(cast<Value>(folded.front()));
    if (!value)
      return {};
    known[inner.getResult(0)] = value;
  }
  return numberOf(op.getBody()->getTerminator()->getOperand(0));
}

Attribute MaskValues::at(Value tensor, ArrayRef<AffineExpr> index) {
  if (isa<BlockArgument>(tensor))
    return atInput(tensor, index);
  DenseElementsAttr constant;
  if (matchPattern(tensor, m_Constant(&constant)))
    return constant.isSplat() ? constant.getSplatValue<Attribute>()
                              : Attribute();
  Operation *op = tensor.getDefiningOp();
  if (auto view = dyn_cast<tensor::ExpandShapeOp>(op))
    return atView(view.getSrc(), view.getReassociationIndices(),
                  view.getResultType().getShape(), /*expands=*/true, index);
  if (auto view = dyn_cast<tensor::CollapseShapeOp>(op))
    return atView(view.getSrc(), view.getReassociationIndices(),
                  view.getSrcType().getShape(), /*expands=*/false, index);
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return at(cast.getSource(), index);
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op)) {
    SmallVector<AffineExpr> source(index.size());
    for (auto [place, dim] : llvm::enumerate(transpose.getPermutation()))
      source[dim] = index[place];
    return at(transpose.getInput(), source);
  }
  if (auto fill = dyn_cast<linalg::FillOp>(op)) {
    Attribute number;
    matchPattern(fill.getInputs()[0], m_Constant(&number));
    return number;
  }
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return atGeneric(generic, index);
  return {};
}

bool tfc::optimize::hidesMaskedKeys(MaskValues &values, Value tensor) {
  MLIRContext *context = tensor.getContext();
  auto shape = cast<ShapedType>(tensor.getType()).getShape();
  if (shape[3] == 1)
    return false;
  SmallVector<AffineExpr> index;
  for (unsigned d = 0; d < 4; ++d)
    index.push_back(getAffineDimExpr(d, context));
  AffineExpr batch = index[0], token = index[3];
  Attribute seen = values.at(tensor, index, batch, token, 1);
  Attribute hidden = values.at(tensor, index, batch, token, 0);
  if (!seen || !hidden || !values.input())
    return false;
  if (auto truth = dyn_cast<IntegerAttr>(seen))
    return truth.getValue().isOne() &&
           cast<IntegerAttr>(hidden).getValue().isZero();
  return cast<FloatAttr>(seen).getValue().isZero() &&
         cast<FloatAttr>(hidden).getValueAsDouble() <= hidingNumber;
}
