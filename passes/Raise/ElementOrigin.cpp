//===- ElementOrigin.cpp - where elements of a tensor come from -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementOrigin.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <set>

using namespace mlir;
using namespace tfc::raise;

Origin::Origin(Value tensor)
    : tensor(tensor), expressions(tensor.getContext()) {
  for (unsigned d = 0; d < 4; ++d)
    index.push_back(getAffineDimExpr(d, tensor.getContext()));
  normalise();
}

bool Origin::step() {
  Operation *op = tensor.getDefiningOp();
  bool further = false;
  if (auto collapse = dyn_cast_if_present<tensor::CollapseShapeOp>(op))
    further = throughCollapse(collapse);
  else if (auto expand = dyn_cast_if_present<tensor::ExpandShapeOp>(op))
    further = throughExpand(expand);
  else if (auto insert = dyn_cast_if_present<tensor::InsertSliceOp>(op))
    further = throughCopies(insert);
  else if (auto transpose = dyn_cast_if_present<linalg::TransposeOp>(op))
    further = throughTranspose(transpose);
  else if (auto generic = dyn_cast_if_present<linalg::GenericOp>(op))
    further = throughGeneric(generic);
  if (further)
    normalise();
  return further;
}

/// The only index of a dimension of size 1 is 0.
void Origin::normalise() {
  for (auto [at, size] : llvm::zip_equal(
           index, cast<RankedTensorType>(tensor.getType()).getShape()))
    at = size == 1 ? getAffineConstantExpr(0, tensor.getContext())
                   : simplified(at);
}

bool Origin::throughCollapse(tensor::CollapseShapeOp op) {
  ArrayRef<int64_t> shape = op.getSrcType().getShape();
  SmallVector<AffineExpr> source(shape.size(),
                                 getAffineConstantExpr(0, tensor.getContext()));
  for (auto [rest, group] :
       llvm::zip_equal(index, op.getReassociationIndices())) {
    SmallVector<int64_t> dims(llvm::make_filter_range(
        group, [&](int64_t dim) { return shape[dim] != 1; }));
    for (size_t i = dims.size(); i-- > 0;) {
      int64_t size = shape[dims[i]];
      if (i > 0 && ShapedType::isDynamic(size))
        return false;
      source[dims[i]] = i > 0 ? rest % size : rest;
      if (i > 0)
        rest = rest.floorDiv(size);
    }
  }
  tensor = op.getSrc();
  index = source;
  return true;
}

bool Origin::throughExpand(tensor::ExpandShapeOp op) {
  ArrayRef<int64_t> shape = op.getResultType().getShape();
  SmallVector<AffineExpr> source;
  for (const ReassociationIndices &group : op.getReassociationIndices()) {
    AffineExpr whole = getAffineConstantExpr(0, tensor.getContext());
    bool first = true;
    for (int64_t dim : group) {
      if (shape[dim] == 1)
        continue;
      if (!first && ShapedType::isDynamic(shape[dim]))
        return false;
      whole = first ? index[dim] : whole * shape[dim] + index[dim];
      first = false;
    }
    source.push_back(whole);
  }
  tensor = op.getSrc();
  index = source;
  return true;
}

/// Copies of one tensor beside each other, along a dimension that has one of
/// each.
bool Origin::throughCopies(tensor::InsertSliceOp last) {
  Value source = last.getSource();
  auto type = last.getSourceType(), whole = last.getDestType();
  if (type.getRank() != whole.getRank())
    return false;
  std::optional<int64_t> along;
  for (int64_t d = 0; d < type.getRank(); ++d)
    if (type.getDimSize(d) != whole.getDimSize(d) || type.isDynamicDim(d)) {
      if (along || type.getDimSize(d) != 1 || whole.isDynamicDim(d))
        return false;
      along = d;
    }
  if (!along)
    return false;
  std::set<int64_t> places;
  for (tensor::InsertSliceOp insert = last; insert;
       insert = insert.getDest().getDefiningOp<tensor::InsertSliceOp>()) {
    std::optional<int64_t> place =
        getConstantIntValue(insert.getMixedOffsets()[*along]);
    if (insert.getSource() != source || !place || !places.insert(*place).second)
      return false;
  }
  if (static_cast<int64_t>(places.size()) != whole.getDimSize(*along))
    return false;
  tensor = source;
  return true;
}

bool Origin::throughGeneric(linalg::GenericOp op) {
  if (op.getNumResults() != 1 || op.getNumParallelLoops() != op.getNumLoops() ||
      !op.getIndexingMapsArray().back().isIdentity())
    return false;
  Value yielded = op.getBody()->getTerminator()->getOperand(0);
  SmallVector<AffineExpr> source;
  if (auto argument = dyn_cast<BlockArgument>(yielded)) {
    if (argument.getOwner() != op.getBody() ||
        argument.getArgNumber() >= op.getNumDpsInputs())
      return false;
    AffineMap map = op.getIndexingMapsArray()[argument.getArgNumber()];
    for (AffineExpr at : map.getResults())
      source.push_back(at.replaceDims(index));
    tensor = op.getDpsInputs()[argument.getArgNumber()];
    index = source;
    return true;
  }
  auto extract = yielded.getDefiningOp<tensor::ExtractOp>();
  if (!extract || !op.getBody()->findAncestorOpInBlock(*extract))
    return false;
  for (Value at : extract.getIndices()) {
    Element element = expressions.inBody(op, at, index);
    if (element.kind != Element::Integer)
      return false;
    source.push_back(element.integer);
  }
  tensor = extract.getTensor();
  index = source;
  return true;
}

bool Origin::throughTranspose(linalg::TransposeOp op) {
  SmallVector<AffineExpr> source(index.size());
  for (auto [result, input] : llvm::enumerate(op.getPermutation()))
    source[input] = index[result];
  tensor = op.getInput();
  index = source;
  return true;
}
