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

MutableOperandRange tfc::x86::PackedQuantizedLinearOp::getDpsInitsMutable() {
  return getInitMutable();
}

LogicalResult tfc::x86::PackedQuantizedLinearOp::reifyResultShapes(
    OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  if (getResult())
    shapes.push_back(tensor::getMixedSizes(b, getLoc(), getInit()));
  return success();
}

LogicalResult tfc::x86::PackedQuantizedLinearOp::verify() {
  auto shape = [](Value value) {
    return cast<ShapedType>(value.getType()).getShape();
  };
  ArrayRef<int64_t> x = shape(getX()), panels = shape(getPanels()),
                    scales = shape(getScales()), bias = shape(getBias()),
                    init = shape(getInit());
  if (x.size() != 2 || panels.size() != 3 || scales.size() != 3 ||
      bias.size() != 1 || init.size() != 2)
    return emitOpError("expected ranks 2, 3, 3, 1 and 2, found ")
           << x.size() << ", " << panels.size() << ", " << scales.size() << ", "
           << bias.size() << " and " << init.size();
  int64_t bits = getBits(), group = getGroup(), depth = x[1];
  if ((bits != 4 && bits != 8) || group < 1)
    return emitOpError("expected 4 or 8 bits and a group of 1 at least, found ")
           << bits << " and " << group;
  if (bits == 4 && group % 2 != 0 && group < depth)
    return emitOpError("expected a group with an even number of rows, found ")
           << group;
  SmallVector<int64_t> expected = {
      scales[0], bits == 4 ? (depth + 1) / 2 : depth, scales[2]};
  if (panels != ArrayRef(expected))
    return emitOpError("expected panels of ")
           << expected[0] << "x" << expected[1] << "x" << expected[2]
           << ", found " << getPanels().getType();
  if (scales[1] != static_cast<int64_t>(llvm::divideCeil(depth, group)))
    return emitOpError("expected ")
           << llvm::divideCeil(depth, group) << " scales for a column, found "
           << scales[1];
  if (getZeroPoints() && shape(getZeroPoints()) != scales)
    return emitOpError("expected as many zero points as scales, found ")
           << getZeroPoints().getType() << " and " << getScales().getType();
  if (bias[0] != scales[0] * scales[2] || init[1] > bias[0])
    return emitOpError("expected a bias of ")
           << scales[0] * scales[2] << " and at most as many columns, found "
           << bias[0] << " and " << init[1];
  return success();
}

MutableOperandRange tfc::x86::PackedIntegerLinearOp::getDpsInitsMutable() {
  return getInitMutable();
}

LogicalResult tfc::x86::PackedIntegerLinearOp::reifyResultShapes(
    OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  if (getResult())
    shapes.push_back(tensor::getMixedSizes(b, getLoc(), getInit()));
  return success();
}

LogicalResult tfc::x86::PackedIntegerLinearOp::verify() {
  auto shape = [](Value value) {
    return cast<ShapedType>(value.getType()).getShape();
  };
  ArrayRef<int64_t> x = shape(getX()), panels = shape(getPanels()),
                    corrections = shape(getCorrections()),
                    scales = shape(getScales()), bias = shape(getBias()),
                    init = shape(getInit());
  if (x.size() != 2 || panels.size() != 3 || corrections.size() != 3 ||
      scales.size() != 3 || bias.size() != 1 || init.size() != 2)
    return emitOpError("expected ranks 2, 3, 3, 3, 1 and 2, found ")
           << x.size() << ", " << panels.size() << ", " << corrections.size()
           << ", " << scales.size() << ", " << bias.size() << " and "
           << init.size();
  if (x[1] % 4 != 0 || panels[1] != x[1] / 4)
    return emitOpError("expected a quarter of the columns of x as rows in a "
                       "panel, found ")
           << panels[1] << " of " << x[1];
  SmallVector<int64_t> perColumn = {panels[0], 1, panels[2] / 4};
  if (panels[2] % 4 != 0 || corrections != ArrayRef(perColumn) ||
      scales != ArrayRef(perColumn))
    return emitOpError("expected a correction and a scale for each column of "
                       "the panels, found ")
           << getCorrections().getType() << " and " << getScales().getType();
  if (bias[0] != perColumn[0] * perColumn[2] || init[1] > bias[0])
    return emitOpError("expected a bias of ")
           << perColumn[0] * perColumn[2]
           << " and at most as many columns, found " << bias[0] << " and "
           << init[1];
  return success();
}
