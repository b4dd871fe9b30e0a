//===- Moves.cpp - int8 moved as f32 was ------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerGraph.h"

#include "mlir/IR/IRMapping.h"
#include <cmath>

using namespace tfc;
using namespace tfc::m7;

/// Operations that only move the elements of their first operand.
bool IntegerGraph::isMove(Operation *op) {
  return isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::CastOp,
             tensor::ExtractSliceOp, linalg::TransposeOp, linalg::BroadcastOp,
             tensor::PadOp, tensor::InsertSliceOp>(op);
}

bool IntegerGraph::isFilledWith(Value value, Quantization type) {
  auto isExact = [&](Value number) {
    std::optional<float> known = realNumber(number);
    return known && type.dequantize(type.quantize(*known)) == *known;
  };
  Operation *op = value.getDefiningOp();
  if (auto insert = dyn_cast_or_null<tensor::InsertSliceOp>(op)) {
    std::optional<Quantization> source = knownQuantization(insert.getSource());
    return source && *source == type && isFilledWith(insert.getDest(), type);
  }
  if (auto fill = dyn_cast_or_null<linalg::FillOp>(op))
    return isExact(fill.getInputs()[0]);
  if (auto pad = dyn_cast_or_null<tensor::PadOp>(op)) {
    Value number = pad.getConstantPaddingValue();
    return number && isExact(number);
  }
  return isa_and_nonnull<tensor::EmptyOp>(op);
}

FailureOr<Value> IntegerGraph::selectMove(Operation *op, Quantization to) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return selectPad(pad, to);
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return selectInsert(insert, to);
  FailureOr<Value> source = select(op->getOperand(0), to);
  if (failed(source))
    return failure();
  if (!type.hasStaticShape())
    return fail(op, "expected known sizes");
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op)) {
    // As a product arranges its operands: moves of moves are one.
    SmallVector<AffineExpr> loops(type.getRank());
    SmallVector<unsigned> order;
    for (auto [i, dim] : llvm::enumerate(transpose.getPermutation())) {
      loops[dim] = b.getAffineDimExpr(i);
      order.push_back(i);
    }
    return arranged(*source,
                    AffineMap::get(type.getRank(), 0, loops, b.getContext()),
                    type.getShape(), order);
  }
  if (auto broadcast = dyn_cast<linalg::BroadcastOp>(op))
    return linalg::BroadcastOp::create(b, loc, *source, empty(type.getShape()),
                                       broadcast.getDimensions())
        ->getResult(0);
  IRMapping mapping;
  mapping.map(op->getOperand(0), *source);
  Operation *moved = b.clone(*op, mapping);
  moved->getResult(0).setType(type.clone(b.getI8Type()));
  return moved->getResult(0);
}

FailureOr<Value> IntegerGraph::selectPad(tensor::PadOp op, Quantization to) {
  Value value = op.getConstantPaddingValue();
  std::optional<float> fill = value ? realNumber(value) : std::nullopt;
  if (!fill)
    return fail(op.getOperation(), "expected a constant padding");
  FailureOr<Value> source = select(op.getSource(), to);
  if (failed(source))
    return failure();
  Value byte = arith::ConstantOp::create(
      b, loc, b.getIntegerAttr(b.getI8Type(), to.quantize(*fill)));
  return tensor::PadOp::create(
             b, loc, cast<RankedTensorType>(op.getType()).clone(b.getI8Type()),
             *source, op.getMixedLowPad(), op.getMixedHighPad(), byte)
      .getResult();
}

FailureOr<Value> IntegerGraph::selectInsert(tensor::InsertSliceOp op,
                                            Quantization to) {
  FailureOr<Value> source = select(op.getSource(), to);
  if (failed(source))
    return failure();
  Value destination;
  auto type = cast<RankedTensorType>(op.getDest().getType());
  if (op.getDest().getDefiningOp<tensor::EmptyOp>()) {
    destination = empty(type.getShape());
  } else if (auto fill = op.getDest().getDefiningOp<linalg::FillOp>()) {
    std::optional<float> value = realNumber(fill.getInputs()[0]);
    if (!value)
      return this->fail(op.getOperation(), "expected to be put into constants");
    Value byte = arith::ConstantOp::create(
        b, loc, b.getIntegerAttr(b.getI8Type(), to.quantize(*value)));
    destination =
        linalg::FillOp::create(b, loc, byte, empty(type.getShape())).result();
  } else {
    FailureOr<Value> before = select(op.getDest(), to);
    if (failed(before))
      return failure();
    destination = *before;
  }
  return tensor::InsertSliceOp::create(b, loc, *source, destination,
                                       op.getMixedOffsets(), op.getMixedSizes(),
                                       op.getMixedStrides())
      .getResult();
}

/// Whether the operation is one that rounding to integers goes through: what it
/// gives is one of its operands, chosen by their order or by something else.
static bool isChoice(Operation *op) {
  return isa<arith::MaximumFOp, arith::MaxNumFOp, arith::MinimumFOp,
             arith::MinNumFOp, arith::SelectOp, tensor::ExtractOp>(op) ||
         op->hasTrait<OpTrait::ConstantLike>() ||
         (isa<arith::UIToFPOp>(op) && op->getOperand(0).getType().isInteger(1));
}

/// Writes `op`, a choice among f32, as one among int8 with `to`.
static void chooseInteger(OpBuilder &b, Operation *op, Quantization to,
                          IRMapping &mapping) {
  auto number = [&](Value value) -> Value {
    std::optional<float> number =
        mapping.contains(value) ? std::nullopt : realNumber(value);
    if (!number)
      return mapping.lookup(value);
    return arith::ConstantOp::create(
        b, op->getLoc(), b.getIntegerAttr(b.getI8Type(), to.quantize(*number)));
  };
  Value result;
  if (auto select = dyn_cast<arith::SelectOp>(op))
    result = arith::SelectOp::create(
        b, op->getLoc(), mapping.lookupOrDefault(select.getCondition()),
        number(select.getTrueValue()), number(select.getFalseValue()));
  else if (isa<arith::MaximumFOp, arith::MaxNumFOp>(op))
    result = arith::MaxSIOp::create(b, op->getLoc(), number(op->getOperand(0)),
                                    number(op->getOperand(1)));
  else if (isa<arith::MinimumFOp, arith::MinNumFOp>(op))
    result = arith::MinSIOp::create(b, op->getLoc(), number(op->getOperand(0)),
                                    number(op->getOperand(1)));
  else if (isa<arith::UIToFPOp>(op))
    result = arith::SelectOp::create(
        b, op->getLoc(), mapping.lookupOrDefault(op->getOperand(0)),
        arith::ConstantIntOp::create(b, op->getLoc(), b.getI8Type(),
                                     to.quantize(1)),
        arith::ConstantIntOp::create(b, op->getLoc(), b.getI8Type(),
                                     to.quantize(0)));
  else if (auto yield = dyn_cast<linalg::YieldOp>(op))
    linalg::YieldOp::create(b, op->getLoc(), number(yield.getOperand(0)));
  else {
    Operation *clone = b.clone(*op, mapping);
    clone->getResult(0).setType(b.getI8Type());
    return;
  }
  if (result)
    mapping.map(op->getResult(0), result);
}

/// Whether `value`, which `body` uses, is one of its own or a number.
static bool isKnownIn(Block *body, Value value) {
  if (!value.getType().isF32() || value.getParentBlock() == body)
    return true;
  std::optional<float> number = realNumber(value);
  return number && !std::isnan(*number);
}

/// A body that only chooses among elements: its inputs', those that it reads
/// from tensors by index, and constants. Maxima and minima are of this kind,
/// also of windows and of whole rows.
FailureOr<Value> IntegerGraph::selectChoice(linalg::GenericOp op,
                                            Quantization to) {
  IRMapping mapping;
  if (op.getNumResults() != 1)
    return fail(op, "the Cortex-M7 has no int8 form of several results");
  for (Operation &inner : *op.getBody()) {
    if (!llvm::all_of(inner.getOperands(), [&](Value value) {
          return isKnownIn(op.getBody(), value);
        }))
      return fail(op, "reads a number in f32 that is not constant");
    if (inner.hasTrait<OpTrait::IsTerminator>())
      continue;
    bool isReal = llvm::any_of(inner.getResultTypes(),
                               [](Type type) { return type.isF32(); });
    if (isReal ? !isChoice(&inner)
               : llvm::any_of(inner.getOperandTypes(),
                              [](Type type) { return type.isF32(); }))
      return fail(op, "computes '" + inner.getName().getStringRef() +
                          "' in f32, of several quantised values or of one "
                          "that has no scale");
    auto extract = dyn_cast<tensor::ExtractOp>(inner);
    if (!extract || !isReal)
      continue;
    FailureOr<Value> table = select(extract.getTensor(), to);
    if (failed(table))
      return failure();
    mapping.map(extract.getTensor(), *table);
  }
  SmallVector<Value> inputs;
  for (OpOperand *input : op.getDpsInputOperands()) {
    auto type = dyn_cast<RankedTensorType>(input->get().getType());
    if (!type || !type.getElementType().isF32()) {
      inputs.push_back(input->get());
      continue;
    }
    FailureOr<Value> value = op.payloadUsesValueFromOperand(input)
                                 ? select(input->get(), to)
                                 : empty(type.getShape());
    if (failed(value))
      return failure();
    inputs.push_back(*value);
  }
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  Value init = empty(type.getShape());
  if (op.payloadUsesValueFromOperand(op.getDpsInitOperand(0))) {
    auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
    std::optional<float> first =
        fill ? realNumber(fill.getInputs()[0]) : std::nullopt;
    if (!first)
      return this->fail(op, "expected to begin with a constant");
    Value byte = arith::ConstantOp::create(
        b, loc, b.getIntegerAttr(b.getI8Type(), to.quantize(*first)));
    init = linalg::FillOp::create(b, loc, byte, init).result();
  }
  return linalg::GenericOp::create(
             b, loc, bytes(type.getShape()), inputs, init,
             op.getIndexingMapsArray(), op.getIteratorTypesArray(),
             [&](OpBuilder &inner, Location, ValueRange arguments) {
               mapping.map(op.getBody()->getArguments(), arguments);
               for (Operation &old : *op.getBody()) {
                 bool isReal =
                     llvm::any_of(old.getResultTypes(),
                                  [](Type type) { return type.isF32(); });
                 if (isa<linalg::YieldOp>(old) ||
                     (isReal && !old.hasTrait<OpTrait::ConstantLike>()))
                   chooseInteger(inner, &old, to, mapping);
                 else if (!isReal)
                   inner.clone(old, mapping);
               }
             })
      .getResult(0);
}
