//===- OnnxDialect.cpp - the onnx dialect -----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Dialect/Onnx/Onnx.h"
#include "tfc/Support/BytecodeVersion.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "tfc/Dialect/Onnx/OnnxDialect.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "tfc/Dialect/Onnx/OnnxTypes.cpp.inc"
#define GET_OP_CLASSES
#include "tfc/Dialect/Onnx/OnnxOps.cpp.inc"

void tfc::onnx::OnnxDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "tfc/Dialect/Onnx/OnnxTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "tfc/Dialect/Onnx/OnnxOps.cpp.inc"
      >();
  addInterfaces<VersionedBytecode<1>>();
}

LogicalResult tfc::onnx::NodeOp::verify() {
  if (getOutputNames().size() != getOutputs().size())
    return emitOpError("expected ")
           << getOutputs().size() << " output names, found "
           << getOutputNames().size();
  if (getSubgraphNames().size() != getSubgraphs().size())
    return emitOpError("expected ")
           << getSubgraphs().size() << " subgraph names, found "
           << getSubgraphNames().size();
  for (Region &region : getSubgraphs())
    if (!llvm::hasSingleElement(region) ||
        !isa<YieldOp>(region.front().getTerminator()))
      return emitOpError(
          "expected subgraphs of one block that ends in onnx.yield");
  return success();
}
