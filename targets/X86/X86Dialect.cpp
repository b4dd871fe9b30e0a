//===- X86Dialect.cpp ---------------------------------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/X86/X86.h"

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

LogicalResult tfc::x86::BufferOp::reifyResultShapes(OpBuilder &b,
                                                    ReifiedRankedShapedTypeDims &shapes) {
  auto type = cast<MemRefType>(getResult().getType());
  shapes.push_back(getMixedValues(type.getShape(), getSizes(), b));
  return success();
}
