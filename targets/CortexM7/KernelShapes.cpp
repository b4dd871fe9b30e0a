//===- KernelShapes.cpp - what kernels ask of their buffers -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelShapes.h"
#include "tfc/Target/CortexM7/CortexM7.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tfc::m7;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<ShapedType>(value.getType()).getShape();
}

int64_t tfc::m7::rowsOf(Value value) {
  return ShapedType::getNumElements(shapeOf(value).drop_back());
}

int64_t tfc::m7::columnsOf(Value value) { return shapeOf(value).back(); }

/// The distances of `buffer`'s dimensions; dimensions of one element have none.
static std::optional<SmallVector<int64_t>> distances(Value buffer) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(cast<MemRefType>(buffer.getType())
                 .getStridesAndOffset(strides, offset)))
    return std::nullopt;
  return strides;
}

/// Whether dimensions `first` to the last but `skipped` are dense, the
/// innermost having distance `stride`; a single element has any distance.
static bool isDenseFrom(ArrayRef<int64_t> shape, ArrayRef<int64_t> strides,
                        int64_t stride) {
  for (size_t d = shape.size(); d-- > 0;) {
    if (shape[d] != 1 && strides[d] != stride)
      return false;
    stride *= shape[d];
  }
  return true;
}

bool tfc::m7::isDense(Value buffer) {
  auto strides = distances(buffer);
  return strides && isDenseFrom(shapeOf(buffer), *strides, 1);
}

std::optional<int64_t> tfc::m7::rowStride(Value buffer) {
  ArrayRef<int64_t> shape = shapeOf(buffer);
  auto strides = distances(buffer);
  if (!strides || shape.size() < 2 ||
      !isDenseFrom(shape.take_back(1), ArrayRef(*strides).take_back(1), 1))
    return std::nullopt;
  ArrayRef<int64_t> outer = shape.drop_back(),
                    outerStrides = ArrayRef(*strides).drop_back();
  // The innermost dimension of more than one row has their distance.
  int64_t distance = shape.back();
  for (size_t d = outer.size(); d-- > 0;)
    if (outer[d] != 1) {
      distance = outerStrides[d];
      break;
    }
  if (ShapedType::isDynamic(distance) ||
      !isDenseFrom(outer, outerStrides, distance))
    return std::nullopt;
  return distance;
}

bool tfc::m7::takesAsItLies(OpOperand &operand) {
  Operation *op = operand.getOwner();
  if (isDense(operand.get()))
    return true;
  bool apart = isa<ActivationProductOp, AttentionOp>(op);
  if (auto product = dyn_cast<ProductOp>(op))
    apart = product.isDpsInit(&operand);
  return apart && rowStride(operand.get()).has_value();
}

int64_t tfc::m7::rowBlock(int64_t rows) { return std::min<int64_t>(rows, 3); }

int64_t tfc::m7::scratchBytes(Operation *op) {
  if (auto product = dyn_cast<ProductOp>(op))
    return 2 * rowBlock(rowsOf(product.getX())) * columnsOf(product.getX());
  if (auto product = dyn_cast<ActivationProductOp>(op))
    return 2 * rowBlock(rowsOf(product.getX())) * columnsOf(product.getX());
  if (auto attention = dyn_cast<AttentionOp>(op)) {
    int64_t depth = columnsOf(attention.getQ());
    int64_t keys = llvm::alignTo(rowsOf(attention.getKeys()), 8);
    int64_t rows = rowBlock(rowsOf(attention.getQ()));
    return 3 * rows * std::max(depth, keys) + keys * depth;
  }
  return 0;
}
