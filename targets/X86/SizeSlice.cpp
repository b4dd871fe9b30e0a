//===- SizeSlice.cpp - sizes as functions of the inputs' sizes --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SizeSlice.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

/// Scalars computed from scalars, anywhere in the function.
static bool isScalarComputation(Operation *op) {
  return op->getNumRegions() == 0 && isPure(op) &&
         llvm::all_of(op->getOperandTypes(),
                      [](Type t) { return t.isIntOrIndexOrFloat(); }) &&
         llvm::all_of(op->getResultTypes(),
                      [](Type t) { return t.isIntOrIndexOrFloat(); });
}

bool tfc::x86::isSizeExpression(Value value, Operation **culprit) {
  llvm::SetVector<Value> worklist;
  worklist.insert(value);
  for (unsigned i = 0; i < worklist.size(); ++i) {
    Operation *op = worklist[i].getDefiningOp();
    if (!op || !isScalarComputation(op)) {
      if (culprit)
        *culprit = op;
      return false;
    }
    worklist.insert(op->operand_begin(), op->operand_end());
  }
  return true;
}

Value tfc::x86::cloneSizeExpression(Value value, OpBuilder &b,
                                    IRMapping &mapping) {
  if (Value known = mapping.lookupOrNull(value))
    return known;
  Operation *op = value.getDefiningOp();
  for (Value operand : op->getOperands())
    cloneSizeExpression(operand, b, mapping);
  b.clone(*op, mapping);
  return mapping.lookup(value);
}
