//===- Orders.cpp - what the order of numbers decides -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers of one scale are in the order of their integers, so that where the
// greatest of them is, and which of two is greater, needs no f32.
//
//===----------------------------------------------------------------------===//

#include "IntegerGraph.h"

#include "mlir/IR/IRMapping.h"
#include <cmath>
#include <limits>

using namespace tfc;
using namespace tfc::m7;

static bool isReal(Value value) {
  return getElementTypeOrSelf(value.getType()).isF32();
}

/// `number` among the integers of `type`, in their order; infinities are beyond
/// them. None for numbers between two integers.
static std::optional<int32_t> placeOf(float number, Quantization type) {
  if (std::isinf(number))
    return number > 0 ? std::numeric_limits<int32_t>::max()
                      : std::numeric_limits<int32_t>::min();
  int8_t nearest = type.quantize(number);
  if (type.dequantize(nearest) != number)
    return std::nullopt;
  return nearest;
}

static std::optional<arith::CmpIPredicate>
integerPredicate(arith::CmpFPredicate predicate) {
  using Real = arith::CmpFPredicate;
  using Integer = arith::CmpIPredicate;
  switch (predicate) {
  case Real::OEQ:
  case Real::UEQ:
    return Integer::eq;
  case Real::ONE:
  case Real::UNE:
    return Integer::ne;
  case Real::OGT:
  case Real::UGT:
    return Integer::sgt;
  case Real::OGE:
  case Real::UGE:
    return Integer::sge;
  case Real::OLT:
  case Real::ULT:
    return Integer::slt;
  case Real::OLE:
  case Real::ULE:
    return Integer::sle;
  default:
    return std::nullopt;
  }
}

/// Whether `op` compares, chooses or does nothing with numbers.
static bool keepsOrder(Operation &op, Quantization type, Block *body) {
  bool reads = llvm::any_of(op.getOperands(), isReal),
       gives = llvm::any_of(op.getResults(), isReal);
  if (op.hasTrait<OpTrait::ConstantLike>() || (!reads && !gives))
    return true;
  if (auto compare = dyn_cast<arith::CmpFOp>(op)) {
    if (!integerPredicate(compare.getPredicate()))
      return false;
  } else if (!isa<arith::SelectOp, arith::MaximumFOp, arith::MaxNumFOp,
                  arith::MinimumFOp, arith::MinNumFOp, linalg::YieldOp>(op)) {
    return false;
  }
  return llvm::all_of(op.getOperands(), [&](Value operand) {
    if (!isReal(operand) ||
        (operand.getParentBlock() == body && !realNumber(operand)))
      return true;
    std::optional<float> number = realNumber(operand);
    return number && placeOf(*number, type);
  });
}

/// Writes the body of `op` with integers of 32 bits for numbers.
static void writeBody(OpBuilder &b, linalg::GenericOp op, Quantization type,
                      ValueRange arguments) {
  IRMapping mapping;
  Type wide = b.getI32Type();
  for (auto [old, argument] :
       llvm::zip(op.getBody()->getArguments(), arguments))
    mapping.map(
        old,
        argument.getType().isInteger(8) && isReal(old)
            ? arith::ExtSIOp::create(b, op.getLoc(), wide, argument).getResult()
            : argument);
  auto integer = [&](Value value) -> Value {
    std::optional<float> number = isReal(value) && !mapping.contains(value)
                                      ? realNumber(value)
                                      : std::nullopt;
    if (!number)
      return mapping.lookupOrDefault(value);
    return arith::ConstantIntOp::create(b, op.getLoc(), wide,
                                        *placeOf(*number, type));
  };
  for (Operation &inner : *op.getBody()) {
    Location loc = inner.getLoc();
    SmallVector<Value> in;
    for (Value operand : inner.getOperands())
      in.push_back(integer(operand));
    Value result;
    if (auto compare = dyn_cast<arith::CmpFOp>(inner))
      result = arith::CmpIOp::create(
          b, loc, *integerPredicate(compare.getPredicate()), in[0], in[1]);
    else if (isa<arith::MaximumFOp, arith::MaxNumFOp>(inner))
      result = arith::MaxSIOp::create(b, loc, in[0], in[1]);
    else if (isa<arith::MinimumFOp, arith::MinNumFOp>(inner))
      result = arith::MinSIOp::create(b, loc, in[0], in[1]);
    else if (isa<arith::SelectOp>(inner))
      result = arith::SelectOp::create(b, loc, in[0], in[1], in[2]);
    else if (isa<linalg::YieldOp>(inner))
      linalg::YieldOp::create(b, loc, in);
    else if (!llvm::any_of(inner.getResults(), isReal))
      b.clone(inner, mapping);
    if (result)
      mapping.map(inner.getResult(0), result);
  }
}

bool IntegerGraph::selectOrder(linalg::GenericOp op) {
  std::optional<Quantization> type;
  SmallVector<Value> inputs, inits;
  for (OpOperand *input : op.getDpsInputOperands()) {
    inputs.push_back(input->get());
    if (!isReal(input->get()))
      continue;
    std::optional<Quantization> known = knownQuantization(input->get());
    if (!known || (type && !(*type == *known)))
      return false;
    type = known;
  }
  if (!type || !llvm::all_of(*op.getBody(), [&](Operation &inner) {
        return keepsOrder(inner, *type, op.getBody());
      }))
    return false;
  SmallVector<Type> types;
  for (Value &input : inputs)
    if (isReal(input)) {
      FailureOr<Value> selected = select(input, *type);
      if (failed(selected))
        return false;
      input = *selected;
    }
  for (auto [init, result] : llvm::zip(op.getDpsInits(), op.getResults())) {
    Value replaced = init;
    if (isReal(init)) {
      auto shape = cast<ShapedType>(init.getType()).getShape();
      auto fill = init.getDefiningOp<linalg::FillOp>();
      auto first = fill ? realNumber(fill.getInputs()[0]) : std::nullopt;
      auto place = first ? placeOf(*first, *type) : std::nullopt;
      // Numbers that go elsewhere would have to be numbers again.
      if (!result.use_empty() || (fill && !place))
        return false;
      replaced = tensor::EmptyOp::create(b, loc, shape, b.getI32Type());
      if (place)
        replaced = linalg::FillOp::create(b, loc,
                                          arith::ConstantIntOp::create(
                                              b, loc, b.getI32Type(), *place)
                                              .getResult(),
                                          replaced)
                       .result();
    }
    inits.push_back(replaced);
    types.push_back(replaced.getType());
  }
  auto ordered = linalg::GenericOp::create(
      b, loc, types, inputs, inits, op.getIndexingMapsArray(),
      op.getIteratorTypesArray(),
      [&](OpBuilder &inner, Location, ValueRange arguments) {
        writeBody(inner, op, *type, arguments);
      });
  for (auto [old, result] : llvm::zip(op.getResults(), ordered.getResults()))
    if (!isReal(old))
      old.replaceAllUsesWith(result);
  return true;
}

void IntegerGraph::selectOrders() {
  SmallVector<linalg::GenericOp> orders;
  function.walk([&](linalg::GenericOp op) {
    bool gives = llvm::any_of(op.getResults(), [](Value result) {
      return !isReal(result) && !result.use_empty();
    });
    if (gives && op.hasPureTensorSemantics() &&
        llvm::any_of(op.getInputs(), isReal))
      orders.push_back(op);
  });
  for (linalg::GenericOp op : orders) {
    b.setInsertionPoint(op);
    loc = op.getLoc();
    (void)selectOrder(op);
    reason.reset();
  }
}
