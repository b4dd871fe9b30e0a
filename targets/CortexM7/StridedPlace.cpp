//===- StridedPlace.cpp - where a tensor's elements lie ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StridedPlace.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace tfc::m7;

bool tfc::m7::isPlaceView(Operation *op) {
  return isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp,
             tensor::ExtractSliceOp>(op);
}

static void expand(StridedPlace &place, tensor::ExpandShapeOp op) {
  ArrayRef<int64_t> shape = op.getResultType().getShape();
  SmallVector<int64_t> strides(shape.size());
  for (auto [stride, group] :
       llvm::zip(place.strides, op.getReassociationIndices()))
    for (int64_t dim : llvm::reverse(group)) {
      strides[dim] = stride;
      stride *= shape[dim];
    }
  place.strides = strides;
}

static LogicalResult collapse(StridedPlace &place, tensor::CollapseShapeOp op) {
  ArrayRef<int64_t> shape = op.getSrcType().getShape();
  SmallVector<int64_t> strides;
  for (const ReassociationIndices &group : op.getReassociationIndices()) {
    // Dimensions of one element lie anywhere.
    std::optional<int64_t> innermost, next;
    for (int64_t dim : llvm::reverse(group)) {
      if (shape[dim] == 1)
        continue;
      if (next && place.strides[dim] != *next)
        return failure();
      if (!innermost)
        innermost = place.strides[dim];
      next = place.strides[dim] * shape[dim];
    }
    strides.push_back(innermost.value_or(1));
  }
  place.strides = strides;
  return success();
}

static LogicalResult cut(StridedPlace &place, tensor::ExtractSliceOp op) {
  llvm::SmallBitVector dropped = op.getDroppedDims();
  SmallVector<int64_t> strides;
  for (auto [dim, offset, step] :
       llvm::enumerate(op.getStaticOffsets(), op.getStaticStrides())) {
    if (ShapedType::isDynamic(offset) || ShapedType::isDynamic(step))
      return failure();
    place.offset += offset * place.strides[dim];
    if (!dropped[dim])
      strides.push_back(step * place.strides[dim]);
  }
  place.strides = strides;
  return success();
}

std::optional<StridedPlace> tfc::m7::placeOf(Value value) {
  SmallVector<Operation *> views;
  while (value.getDefiningOp() && isPlaceView(value.getDefiningOp())) {
    views.push_back(value.getDefiningOp());
    value = views.back()->getOperand(0);
  }
  auto isKnown = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.hasStaticShape();
  };
  if (!isKnown(value.getType()))
    return std::nullopt;
  StridedPlace place;
  place.root = value;
  place.strides =
      computeStrides(cast<RankedTensorType>(value.getType()).getShape());
  for (Operation *view : llvm::reverse(views)) {
    if (!isKnown(view->getResult(0).getType()))
      return std::nullopt;
    if (auto reshape = dyn_cast<tensor::ExpandShapeOp>(view))
      expand(place, reshape);
    else if (auto reshape = dyn_cast<tensor::CollapseShapeOp>(view)) {
      if (failed(collapse(place, reshape)))
        return std::nullopt;
    } else if (failed(cut(place, cast<tensor::ExtractSliceOp>(view))))
      return std::nullopt;
  }
  return place;
}
