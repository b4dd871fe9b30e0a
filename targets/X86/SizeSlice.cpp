//===- SizeSlice.cpp - sizes as functions of the inputs' sizes --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SizeSlice.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
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

/// A minimum, which is no larger than either operand.
static bool isMinimum(Operation *op) {
  return isa<arith::MinUIOp, arith::MinSIOp>(op);
}

/// Operations that grow with each operand in `growing`, as sizes go.
static bool growsWithOperands(Operation *op) {
  return isa<arith::AddIOp, arith::MulIOp, arith::MaxUIOp, arith::MaxSIOp,
             arith::IndexCastOp, arith::ExtUIOp, arith::ExtSIOp>(op);
}

/// Operations that grow with the first operand; the others must be exact.
static bool growsWithFirst(Operation *op) {
  return isa<arith::SubIOp, arith::DivUIOp, arith::DivSIOp, arith::CeilDivSIOp,
             arith::CeilDivUIOp>(op);
}

bool tfc::x86::hasUpperBound(Value value, Operation **culprit) {
  Operation *blame = nullptr;
  if (isSizeExpression(value, &blame))
    return true;
  if (culprit)
    *culprit = blame;
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  auto bounded = [](Value operand) { return hasUpperBound(operand); };
  if (isMinimum(op))
    return llvm::any_of(op->getOperands(), bounded);
  if (growsWithOperands(op))
    return llvm::all_of(op->getOperands(), bounded);
  if (growsWithFirst(op))
    return hasUpperBound(op->getOperand(0)) &&
           isSizeExpression(op->getOperand(1));
  if (auto select = dyn_cast<arith::SelectOp>(op))
    return hasUpperBound(select.getTrueValue()) &&
           hasUpperBound(select.getFalseValue());
  return false;
}

Value tfc::x86::cloneUpperBound(Value value, OpBuilder &b, IRMapping &mapping) {
  if (isSizeExpression(value))
    return cloneSizeExpression(value, b, mapping);
  if (Value known = mapping.lookupOrNull(value))
    return known;
  Operation *op = value.getDefiningOp();
  Value bound;
  auto select = dyn_cast<arith::SelectOp>(op);
  if (isMinimum(op) || select) {
    SmallVector<Value> bounds;
    for (Value operand : ArrayRef<Value>(llvm::to_vector(op->getOperands()))
                             .drop_front(select ? 1 : 0))
      if (hasUpperBound(operand))
        bounds.push_back(cloneUpperBound(operand, b, mapping));
    bound = bounds.front();
    for (Value other : ArrayRef(bounds).drop_front())
      bound = select
                  ? b.createOrFold<arith::MaxUIOp>(op->getLoc(), bound, other)
                  : b.createOrFold<arith::MinUIOp>(op->getLoc(), bound, other);
  } else {
    IRMapping operands;
    for (Value operand : op->getOperands())
      operands.map(operand, cloneUpperBound(operand, b, mapping));
    bound = b.clone(*op, operands)->getResult(0);
  }
  mapping.map(value, bound);
  return bound;
}
