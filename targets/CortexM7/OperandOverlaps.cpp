//===- OperandOverlaps.cpp - kernels that overwrite operands ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OperandOverlaps.h"
#include "KernelShapes.h"
#include "tfc/Target/CortexM7/CortexM7.h"

#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace tfc::m7;

bool tfc::m7::isReadBeforeResult(OpOperand &operand) {
  // Keys and values are read for all rows.
  if (auto attention = dyn_cast<AttentionOp>(operand.getOwner()))
    return operand == attention.getQMutable();
  return isa<TableOp, AddOp, MultiplyOp, SoftmaxOp, NormOp>(operand.getOwner());
}

namespace {

/// Elements of a buffer that has a place of its own.
struct Elements {
  Value base;
  int64_t offset;
  SmallVector<int64_t> strides;
  ArrayRef<int64_t> shape;

  bool operator==(const Elements &other) const {
    return base == other.base && offset == other.offset &&
           strides == other.strides && shape == other.shape;
  }

  void forEach(llvm::function_ref<void(int64_t)> use) const {
    visit(0, offset, use);
  }

private:
  void visit(size_t dim, int64_t at,
             llvm::function_ref<void(int64_t)> use) const {
    if (dim == shape.size())
      return use(at);
    for (int64_t i = 0; i < shape[dim]; ++i)
      visit(dim + 1, at + i * strides[dim], use);
  }
};

} // namespace

static Value baseOf(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>()) {
    // A view of the arena has a place of its own, which the plan gave it.
    if (isa<memref::ViewOp>(view.getOperation()))
      break;
    buffer = view.getViewSource();
  }
  return buffer;
}

static std::optional<Elements> elementsOf(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  Elements elements;
  elements.base = baseOf(buffer);
  elements.shape = type.getShape();
  if (!type.hasStaticShape() ||
      failed(type.getStridesAndOffset(elements.strides, elements.offset)) ||
      ShapedType::isDynamic(elements.offset) ||
      llvm::any_of(elements.strides, ShapedType::isDynamic))
    return std::nullopt;
  return elements;
}

static bool overlap(Value a, Value b) {
  if (baseOf(a) != baseOf(b))
    return false;
  std::optional<Elements> first = elementsOf(a), second = elementsOf(b);
  if (!first || !second)
    return a == b;
  DenseSet<int64_t> taken;
  bool found = false;
  first->forEach([&](int64_t at) { taken.insert(at); });
  second->forEach([&](int64_t at) { found |= taken.contains(at); });
  return found;
}

/// Whether element after element lies at the same place.
static bool isSamePlace(Value a, Value b) {
  if (a == b)
    return true;
  if (baseOf(a) != baseOf(b))
    return false;
  std::optional<Elements> first = elementsOf(a), second = elementsOf(b);
  if (!first || !second)
    return false;
  return *first == *second ||
         (isDense(a) && isDense(b) && first->offset == second->offset &&
          rowsOf(a) * columnsOf(a) == rowsOf(b) * columnsOf(b));
}

LogicalResult tfc::m7::checkOverlaps(Operation *op) {
  auto destination = dyn_cast<DestinationStyleOpInterface>(op);
  if (!destination || !destination.hasPureBufferSemantics())
    return success();
  for (OpOperand &init : destination.getDpsInitsMutable())
    for (OpOperand &operand : op->getOpOperands()) {
      if (&operand == &init || !overlap(init.get(), operand.get()) ||
          (isReadBeforeResult(operand) &&
           isSamePlace(init.get(), operand.get())))
        continue;
      return op->emitOpError("writes its result over operand ")
             << operand.getOperandNumber() << ", which it still reads";
    }
  return success();
}
