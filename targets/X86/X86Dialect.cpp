//===- X86Dialect.cpp - the x86 dialect -------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

#include "tfc/Target/X86/X86Dialect.cpp.inc"
#include "tfc/Target/X86/X86Enums.cpp.inc"
#define GET_OP_CLASSES
#include "tfc/Target/X86/X86Ops.cpp.inc"

void tfc::x86::X86Dialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "tfc/Target/X86/X86Ops.cpp.inc"
      >();
}

LogicalResult tfc::x86::BufferOp::verify() {
  auto type = cast<MemRefType>(getResult().getType());
  if (!type.getLayout().isIdentity())
    return emitOpError("expected an identity layout, found ") << type;
  if (static_cast<size_t>(type.getNumDynamicDims()) != getSizes().size())
    return emitOpError("expected ")
           << type.getNumDynamicDims() << " sizes, found " << getSizes().size();
  if ((getSpace() == BufferSpace::Arena) != static_cast<bool>(getOffset()))
    return emitOpError("expected an offset for, and only for, the arena");
  return success();
}

LogicalResult
tfc::x86::BufferOp::reifyResultShapes(OpBuilder &b,
                                      ReifiedRankedShapedTypeDims &shapes) {
  auto type = cast<MemRefType>(getResult().getType());
  shapes.push_back(getMixedValues(type.getShape(), getSizes(), b));
  return success();
}

MutableOperandRange tfc::x86::PackedLinearOp::getDpsInitsMutable() {
  return getInitMutable();
}

LogicalResult tfc::x86::PackedLinearOp::reifyResultShapes(
    OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  if (getResult())
    shapes.push_back(tensor::getMixedSizes(b, getLoc(), getInit()));
  return success();
}

LogicalResult tfc::x86::PackedLinearOp::verify() {
  auto shape = [](Value value) {
    return cast<ShapedType>(value.getType()).getShape();
  };
  ArrayRef<int64_t> x = shape(getX()), panels = shape(getPanels()),
                    bias = shape(getBias()), init = shape(getInit());
  if (x.size() != 2 || panels.size() != 3 || bias.size() != 1 ||
      init.size() != 2)
    return emitOpError("expected ranks 2, 3, 1 and 2, found ")
           << x.size() << ", " << panels.size() << ", " << bias.size()
           << " and " << init.size();
  if (x[1] != panels[1])
    return emitOpError(
               "expected as many columns in x as rows in a panel, found ")
           << x[1] << " and " << panels[1];
  if (bias[0] != panels[0] * panels[2])
    return emitOpError("expected a bias of ")
           << panels[0] * panels[2] << ", found " << bias[0];
  if (init[1] > bias[0])
    return emitOpError("expected at most ")
           << bias[0] << " columns in init, found " << init[1];
  return success();
}
