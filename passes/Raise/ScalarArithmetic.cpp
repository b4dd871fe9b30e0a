//===- ScalarArithmetic.cpp - arithmetic of sizes -------------- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarArithmetic.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <cmath>

using namespace mlir;
using namespace tfc::raise;

namespace {

std::optional<int64_t> foldIntegers(ScalarOp op, int64_t x, int64_t y) {
  switch (op) {
  case ScalarOp::Add:
    return x + y;
  case ScalarOp::Sub:
    return x - y;
  case ScalarOp::Mul:
    return x * y;
  case ScalarOp::Div:
    return y == 0 ? std::nullopt : std::optional<int64_t>(x / y);
  case ScalarOp::Mod:
    if (y == 0)
      return std::nullopt;
    return (x % y != 0 && (x < 0) != (y < 0)) ? x % y + y : x % y;
  case ScalarOp::Min:
    return std::min(x, y);
  case ScalarOp::Max:
    return std::max(x, y);
  case ScalarOp::Equal:
    return x == y;
  case ScalarOp::Less:
    return x < y;
  case ScalarOp::LessEqual:
    return x <= y;
  case ScalarOp::Greater:
    return x > y;
  case ScalarOp::GreaterEqual:
    return x >= y;
  case ScalarOp::And:
    return x && y;
  case ScalarOp::Or:
    return x || y;
  case ScalarOp::Xor:
    return (x != 0) != (y != 0);
  case ScalarOp::Pow:
    return std::nullopt;
  }
  return std::nullopt;
}

std::optional<float> foldFloats(ScalarOp op, float x, float y) {
  switch (op) {
  case ScalarOp::Add:
    return x + y;
  case ScalarOp::Sub:
    return x - y;
  case ScalarOp::Mul:
    return x * y;
  case ScalarOp::Div:
    return x / y;
  case ScalarOp::Pow:
    return std::pow(x, y);
  default:
    return std::nullopt;
  }
}

Value buildIntegers(RaiseContext &c, ScalarOp op, Value x, Value y) {
  OpBuilder &b = c.b;
  auto compare = [&](arith::CmpIPredicate predicate) -> Value {
    Value bit = b.createOrFold<arith::CmpIOp>(c.loc, predicate, x, y);
    Value one = c.value(c.size(1)), zero = c.value(c.size(0));
    return b.createOrFold<arith::SelectOp>(c.loc, bit, one, zero);
  };
  switch (op) {
  case ScalarOp::Add:
    return b.createOrFold<arith::AddIOp>(c.loc, x, y);
  case ScalarOp::Sub:
    return b.createOrFold<arith::SubIOp>(c.loc, x, y);
  case ScalarOp::Mul:
    return b.createOrFold<arith::MulIOp>(c.loc, x, y);
  case ScalarOp::Div:
    return b.createOrFold<arith::DivSIOp>(c.loc, x, y);
  case ScalarOp::Min:
    return b.createOrFold<arith::MinSIOp>(c.loc, x, y);
  case ScalarOp::Max:
    return b.createOrFold<arith::MaxSIOp>(c.loc, x, y);
  case ScalarOp::Equal:
    return compare(arith::CmpIPredicate::eq);
  case ScalarOp::Less:
    return compare(arith::CmpIPredicate::slt);
  case ScalarOp::LessEqual:
    return compare(arith::CmpIPredicate::sle);
  case ScalarOp::Greater:
    return compare(arith::CmpIPredicate::sgt);
  case ScalarOp::GreaterEqual:
    return compare(arith::CmpIPredicate::sge);
  default:
    return nullptr;
  }
}

/// Sizes of the broadcast of static shapes, as numbers.
std::optional<SmallVector<int64_t>> staticShape(const Sizes &shape) {
  SmallVector<int64_t> out;
  for (OpFoldResult size : shape) {
    std::optional<int64_t> number = getConstantIntValue(size);
    if (!number)
      return std::nullopt;
    out.push_back(*number);
  }
  return out;
}

/// The element of `operand` that element `flat` of the broadcast result takes.
int64_t sourceIndex(int64_t flat, ArrayRef<int64_t> result,
                    ArrayRef<int64_t> operand) {
  int64_t index = 0, stride = 1;
  for (int64_t i = static_cast<int64_t>(result.size()) - 1; i >= 0; --i) {
    int64_t position = flat % result[i];
    flat /= result[i];
    int64_t d = i - static_cast<int64_t>(result.size() - operand.size());
    if (d < 0)
      continue;
    if (operand[d] != 1)
      index += position * stride;
    stride *= operand[d];
  }
  return index;
}

} // namespace

OpFoldResult tfc::raise::combine(RaiseContext &c, ScalarOp op, OpFoldResult x,
                                 OpFoldResult y) {
  auto xFloat = dyn_cast_if_present<FloatAttr>(dyn_cast<Attribute>(x));
  auto yFloat = dyn_cast_if_present<FloatAttr>(dyn_cast<Attribute>(y));
  if (xFloat && yFloat) {
    std::optional<float> folded =
        foldFloats(op, xFloat.getValue().convertToFloat(),
                   yFloat.getValue().convertToFloat());
    return folded ? OpFoldResult(c.b.getF32FloatAttr(*folded)) : OpFoldResult();
  }
  if (xFloat || yFloat)
    return {};
  for (OpFoldResult operand : {x, y})
    if (auto value = dyn_cast<Value>(operand);
        value && !value.getType().isIndex())
      return {};
  std::optional<int64_t> a = getConstantIntValue(x), d = getConstantIntValue(y);
  if (a && d) {
    std::optional<int64_t> folded = foldIntegers(op, *a, *d);
    return folded ? OpFoldResult(c.size(*folded)) : OpFoldResult();
  }
  if (op == ScalarOp::Mul)
    return c.multiply(x, y);
  // Sizes are never negative; a size is never -1.
  if (op == ScalarOp::Equal && ((a && *a < 0) || (d && *d < 0)))
    return c.size(0);
  if (op == ScalarOp::Equal && x == y)
    return c.size(1);
  Value result = buildIntegers(c, op, c.value(x), c.value(y));
  return result ? getAsOpFoldResult(result) : OpFoldResult();
}

std::optional<Raised> tfc::raise::onElements(NodeContext &n,
                                             ArrayRef<unsigned> inputs,
                                             int32_t kind,
                                             ScalarFunction function) {
  SmallVector<Raised> operands;
  SmallVector<Sizes> elements;
  SmallVector<SmallVector<int64_t>> shapes;
  for (unsigned i : inputs) {
    std::optional<Sizes> known = n.c.elements(n.input(i));
    std::optional<SmallVector<int64_t>> shape = staticShape(n.input(i).shape);
    if (!known || !shape)
      return std::nullopt;
    operands.push_back(n.input(i));
    elements.push_back(*known);
    shapes.push_back(*shape);
  }
  FailureOr<Sizes> shape = n.broadcast(operands);
  if (failed(shape))
    return std::nullopt;
  SmallVector<int64_t> dims = *staticShape(*shape);
  int64_t count = 1;
  for (int64_t dim : dims)
    count *= dim;
  if (count > maxElements)
    return std::nullopt;
  Sizes results;
  for (int64_t flat = 0; flat < count; ++flat) {
    SmallVector<OpFoldResult> scalars;
    for (unsigned i = 0; i < elements.size(); ++i)
      scalars.push_back(elements[i][sourceIndex(flat, dims, shapes[i])]);
    OpFoldResult result = function(scalars);
    if (!result)
      return std::nullopt;
    results.push_back(result);
  }
  return n.c.fromElements(results, kind, dims);
}
