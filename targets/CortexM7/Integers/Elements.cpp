//===- Elements.cpp - functions of int8 elements ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementFunction.h"
#include "GraphForms.h"
#include "IntegerGraph.h"

#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace tfc;
using namespace tfc::m7;

/// What `real` is of one int8 tensor of its shape, element by element;
/// functions of functions are one, with the rounding that lies between them.
std::optional<IntegerGraph::Function> IntegerGraph::functionOf(Value real) {
  auto known = functions.find(real);
  if (known != functions.end())
    return known->second;
  auto found = [&]() -> std::optional<Function> {
    Function result;
    if (std::optional<RealConstant> constant = realConstant(real)) {
      if (!constant->isUniform() || constant->values.empty())
        return std::nullopt;
      result.values.fill(static_cast<float>(constant->values[0]));
      return result;
    }
    Operation *op = real.getDefiningOp();
    if (auto dequantize = dyn_cast_or_null<attn::DequantizeOp>(op)) {
      auto from = quantizationOf(dequantize.getQuantizedType());
      if (!from)
        return std::nullopt;
      Value x = integersOf(dequantize.getX(),
                           isUnsignedByte(dequantize.getQuantizedType()));
      Table table = identityTable();
      auto origin = origins.find(x);
      if (origin != origins.end())
        std::tie(x, table) = origin->second;
      result.base = x;
      for (int i = 0; i < 256; ++i)
        result.values[i] = from->dequantize(table[i]);
      return result;
    }
    if (std::optional<Quantization> known = knownQuantization(real)) {
      FailureOr<Value> moved = select(real, *known);
      if (failed(moved))
        return std::nullopt;
      result.base = *moved;
      for (int i = 0; i < 256; ++i)
        result.values[i] = known->dequantize(static_cast<int8_t>(i));
      return result;
    }
    auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
    if (!generic || !isElementwise(generic))
      return std::nullopt;
    std::vector<Function> inputs;
    for (OpOperand *input : generic.getDpsInputOperands()) {
      if (!getElementTypeOrSelf(input->get().getType()).isF32())
        return std::nullopt;
      std::optional<Function> function = functionOf(input->get());
      if (!function || (function->base &&
                        !generic.getMatchingIndexingMap(input).isIdentity()))
        return std::nullopt;
      if (function->base && result.base && function->base != result.base)
        return std::nullopt;
      if (function->base)
        result.base = function->base;
      inputs.push_back(*function);
    }
    for (int i = 0; i < 256; ++i) {
      SmallVector<float> arguments;
      for (const Function &input : inputs)
        arguments.push_back(input.values[i]);
      std::optional<float> value = evaluateBody(*generic.getBody(), arguments);
      if (!value)
        return std::nullopt;
      result.values[i] = *value;
    }
    return result;
  }();
  functions[real] = found;
  return found;
}

FailureOr<Value> IntegerGraph::selectElements(linalg::GenericOp op,
                                              Quantization to) {
  if (!isElementwise(op)) {
    if (reductionOf(op.getResult(0)) == op && isSum(op))
      return selectMean(op, 1, to);
    if (auto value = selectInterpolation(op, to))
      return *value;
    return selectChoice(op, to);
  }
  if (std::optional<Function> function = functionOf(op.getResult(0))) {
    if (function->base) {
      Table table;
      for (int i = 0; i < 256; ++i)
        table[i] = to.quantize(function->values[i]);
      return tableOf(function->base, table);
    }
  }
  if (std::optional<SoftmaxForm> form = softmaxForm(op))
    return selectSoftmax(op, form->input, form->dimension, to);
  if (auto value = selectAffine(op, to))
    return *value;
  if (std::optional<std::pair<Value, double>> part = multipleOf(op)) {
    // A mean is a sum over a number.
    linalg::GenericOp sum = reductionOf(part->first);
    if (isSum(sum)) {
      FailureOr<Value> mean = selectMean(sum, part->second, to);
      if (failed(mean))
        return failure();
      return reshaped(*mean,
                      cast<ShapedType>(op->getResult(0).getType()).getShape());
    }
    if (!knownQuantization(part->first))
      return selectWithBias(op->getResult(0), {}, to);
  }
  // A constant beside a product is its bias.
  if (auto part = addedConstant(op); part && !knownQuantization(part->first))
    return selectWithBias(op->getResult(0), {}, to);
  if (FailureOr<Value> value = selectClamp(op, to); succeeded(value))
    return value;
  reason.reset();
  Operation *inner = onlyOperation(op);
  if (isa_and_nonnull<arith::DivFOp>(inner) && op.getNumDpsInputs() == 2 &&
      inner->getOperand(0) == op.getBody()->getArgument(0) &&
      inner->getOperand(1) == op.getBody()->getArgument(1))
    return isSum(op.getInputs()[0].getDefiningOp<linalg::GenericOp>())
               ? selectMeans(op, to)
               : selectQuotient(op, to);
  if (isa_and_nonnull<arith::AddFOp, arith::SubFOp, arith::MulFOp>(inner) &&
      inner->getOperand(0) == op.getBody()->getArgument(0) &&
      op.getNumDpsInputs() == 2 &&
      inner->getOperand(1) == op.getBody()->getArgument(1))
    return selectBinary(op, to);
  return selectChoice(op, to);
}

/// Limits of what needs the scale for itself, as max(x, 0) of a product:
/// rounding keeps the order.
FailureOr<Value> IntegerGraph::selectClamp(linalg::GenericOp op,
                                           Quantization to) {
  if (op.getNumDpsInputs() < 1 ||
      !op.getMatchingIndexingMap(op.getDpsInputOperand(0)).isIdentity())
    return failure();
  for (Operation &inner : op.getBody()->without_terminator())
    if (!isa<arith::MaximumFOp, arith::MaxNumFOp, arith::MinimumFOp,
             arith::MinNumFOp, arith::ConstantOp>(inner))
      return failure();
  SmallVector<float> arguments = {0};
  for (Value other : op.getInputs().drop_front()) {
    std::optional<RealConstant> constant = realConstant(other);
    if (!constant || constant->values.empty() || !constant->isUniform())
      return failure();
    arguments.push_back(static_cast<float>(constant->values[0]));
  }
  Table table;
  for (int i = 0; i < 256; ++i) {
    arguments[0] = to.dequantize(static_cast<int8_t>(i));
    std::optional<float> limited = evaluateBody(*op.getBody(), arguments);
    if (!limited || std::isnan(*limited))
      return failure();
    table[i] = to.quantize(*limited);
  }
  FailureOr<Value> x = select(op.getInputs()[0], to);
  if (failed(x))
    return failure();
  return tableOf(*x, table);
}

/// Input `input` of an elementwise operation, of the result's shape.
FailureOr<IntegerGraph::Source>
IntegerGraph::broadcastSource(linalg::GenericOp op, unsigned input) {
  OpOperand *operand = op.getDpsInputOperand(input);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  AffineMap map = op.getMatchingIndexingMap(operand);
  FailureOr<Source> source = sourceOf(operand->get());
  if (failed(source))
    return failure();
  if (map.isIdentity())
    return source;
  source->integers =
      linalg::GenericOp::create(
          b, loc, bytes(type.getShape()), source->integers,
          empty(type.getShape()),
          ArrayRef<AffineMap>{map, b.getMultiDimIdentityMap(type.getRank())},
          SmallVector<utils::IteratorType>(type.getRank(),
                                           utils::IteratorType::parallel),
          [](OpBuilder &inner, Location at, ValueRange arguments) {
            linalg::YieldOp::create(inner, at, arguments[0]);
          })
          .getResult(0);
  return source;
}

/// Whether `map` reads a row of the loops' last dimension, and nothing else.
static bool isLastDimension(AffineMap map, ShapedType type) {
  unsigned last = map.getNumDims() - 1;
  for (auto [size, expression] : llvm::zip(type.getShape(), map.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expression);
    if (size != 1 && (!dim || dim.getPosition() != last))
      return false;
  }
  if (map.getNumResults() == 0)
    return false;
  auto dim = dyn_cast<AffineDimExpr>(map.getResults().back());
  return dim && dim.getPosition() == last;
}

FailureOr<Value> IntegerGraph::selectBinary(linalg::GenericOp op,
                                            Quantization to) {
  Operation *inner = onlyOperation(op);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  // A sum takes one row for all as it is, on its right side.
  auto isRow = [&](unsigned i) {
    return isa<arith::AddFOp, arith::SubFOp>(inner) && type.getRank() > 1 &&
           isLastDimension(op.getMatchingIndexingMap(op.getDpsInputOperand(i)),
                           cast<ShapedType>(op.getInputs()[i].getType()));
  };
  unsigned left = isa<arith::AddFOp>(inner) && isRow(0) ? 1 : 0;
  FailureOr<Source> a = broadcastSource(op, left);
  if (failed(a))
    return failure();
  FailureOr<Source> c = isRow(1 - left) ? sourceOf(op.getInputs()[1 - left])
                                        : broadcastSource(op, 1 - left);
  if (failed(c))
    return failure();
  if (isRow(1 - left))
    c->integers = reshaped(c->integers, type.getShape().back());
  Value init = empty(type.getShape());
  if (isa<arith::MulFOp>(inner)) {
    auto factor =
        multiplierOf(a->quantization.scale * c->quantization.scale / to.scale);
    if (!factor)
      return fail(op, "the product's scales are not below half of the "
                      "result's");
    return MultiplyOp::create(b, loc, bytes(type.getShape()), a->integers,
                              c->integers, init, a->quantization.zero,
                              c->quantization.zero, *factor, to.zero)
        .getResult();
  }
  auto sum = sumParameters(a->quantization, c->quantization, to,
                           isa<arith::SubFOp>(inner));
  if (!sum)
    return fail(op, "the operands' scales are too far above the result's");
  return AddOp::create(b, loc, bytes(type.getShape()), a->integers, c->integers,
                       init, sum->factorA, sum->factorB, sum->offset)
      .getResult();
}
