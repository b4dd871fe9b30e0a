//===- DenseOperands.cpp - copies of buffers that lie elsewise --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Lower/DenseOperands.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace tfc;

void tfc::lower::makeOperandsDense(
    Operation *op, OpOperand &init, OpBuilder &b,
    llvm::function_ref<bool(MemRefType)> isGood,
    llvm::function_ref<bool(OpOperand &, int64_t)> hasSizeOfInit) {
  OpBuilder::InsertionGuard guard(b);
  Location loc = op->getLoc();
  Value result = init.get();
  for (OpOperand &operand : op->getOpOperands()) {
    Value buffer = operand.get();
    auto type = dyn_cast<MemRefType>(buffer.getType());
    if (!type || isGood(type))
      continue;
    b.setInsertionPoint(op);
    SmallVector<Value> sizes;
    for (int64_t d = 0; d < type.getRank(); ++d) {
      bool isResults = hasSizeOfInit && hasSizeOfInit(operand, d);
      if (type.isDynamicDim(d))
        sizes.push_back(
            b.createOrFold<memref::DimOp>(loc, isResults ? result : buffer, d));
    }
    Value dense = memref::AllocOp::create(
        b, loc, MemRefType::get(type.getShape(), type.getElementType()), sizes);
    if (&operand == &init) {
      b.setInsertionPointAfter(op);
      linalg::CopyOp::create(b, loc, dense, buffer);
    } else {
      linalg::CopyOp::create(b, loc, buffer, dense);
    }
    operand.set(dense);
  }
}
