//===- Moves.cpp - int8 moved as f32 was ------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerGraph.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace tfc;
using namespace tfc::m7;

/// Operations that only move the elements of their first operand.
bool IntegerGraph::isMove(Operation *op) {
  return isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::CastOp,
             tensor::ExtractSliceOp, linalg::TransposeOp, linalg::BroadcastOp,
             tensor::PadOp, tensor::InsertSliceOp>(op);
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
  FloatAttr fill;
  Value value = op.getConstantPaddingValue();
  if (!value || !matchPattern(value, m_Constant(&fill)))
    return fail(op.getOperation(), "expected a constant padding");
  FailureOr<Value> source = select(op.getSource(), to);
  if (failed(source))
    return failure();
  Value byte = arith::ConstantOp::create(
      b, loc,
      b.getIntegerAttr(b.getI8Type(),
                       to.quantize(fill.getValue().convertToFloat())));
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
    FloatAttr value;
    if (!matchPattern(fill.getInputs()[0], m_Constant(&value)))
      return fail(op.getOperation(), "expected to be put into constants");
    SmallVector<int8_t> filled(type.getNumElements(),
                               to.quantize(value.getValue().convertToFloat()));
    destination = constant(type.getShape(), filled);
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

/// A body that only chooses among elements: its inputs', those that it reads
/// from tensors by index, and constants.
FailureOr<Value> IntegerGraph::selectGather(linalg::GenericOp op,
                                            Quantization to) {
  IRMapping mapping;
  SmallVector<Value> inputs;
  for (Value input : op.getInputs()) {
    if (!getElementTypeOrSelf(input.getType()).isF32()) {
      inputs.push_back(input);
      continue;
    }
    FailureOr<Value> value = select(input, to);
    if (failed(value))
      return failure();
    inputs.push_back(*value);
  }
  SmallVector<Operation *> body;
  for (Operation &inner : op.getBody()->without_terminator()) {
    body.push_back(&inner);
    bool isReal = llvm::any_of(inner.getResultTypes(),
                               [](Type type) { return type.isF32(); });
    if (!isReal) {
      if (llvm::any_of(inner.getOperandTypes(),
                       [](Type type) { return type.isF32(); }))
        return fail(op, "compares or converts numbers in f32");
      continue;
    }
    auto extract = dyn_cast<tensor::ExtractOp>(inner);
    if (!extract) {
      if (isa<arith::SelectOp>(inner) ||
          inner.hasTrait<OpTrait::ConstantLike>())
        continue;
      return fail(op, "computes '" + inner.getName().getStringRef() +
                          "' in f32, of several quantised values or of one "
                          "that has no scale");
    }
    FailureOr<Value> table = select(extract.getTensor(), to);
    if (failed(table))
      return failure();
    mapping.map(extract.getTensor(), *table);
  }
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  auto number = [&](OpBuilder &inner, Value value) -> Value {
    FloatAttr constant;
    if (!matchPattern(value, m_Constant(&constant)))
      return mapping.lookupOrDefault(value);
    return arith::ConstantOp::create(
        inner, loc,
        inner.getIntegerAttr(
            inner.getI8Type(),
            to.quantize(constant.getValue().convertToFloat())));
  };
  auto moved = linalg::GenericOp::create(
      b, loc, bytes(type.getShape()), inputs, empty(type.getShape()),
      op.getIndexingMapsArray(), op.getIteratorTypesArray(),
      [&](OpBuilder &inner, Location at, ValueRange arguments) {
        for (auto [old, argument] :
             llvm::zip(op.getBody()->getArguments(), arguments))
          mapping.map(old, argument);
        for (Operation *copied : body) {
          if (isa<FloatType>(copied->getNumResults() == 1
                                 ? copied->getResult(0).getType()
                                 : Type(inner.getNoneType())) &&
              copied->hasTrait<OpTrait::ConstantLike>())
            continue;
          if (auto select = dyn_cast<arith::SelectOp>(copied);
              select && select.getType().isF32()) {
            mapping.map(select.getResult(),
                        arith::SelectOp::create(
                            inner, at,
                            mapping.lookupOrDefault(select.getCondition()),
                            number(inner, select.getTrueValue()),
                            number(inner, select.getFalseValue()))
                            .getResult());
            continue;
          }
          Operation *clone = inner.clone(*copied, mapping);
          for (Value result : clone->getResults())
            if (result.getType().isF32())
              result.setType(inner.getI8Type());
        }
        linalg::YieldOp::create(
            inner, at,
            number(inner, op.getBody()->getTerminator()->getOperand(0)));
      });
  return moved.getResult(0);
}
