//===- RaiseElementwise.cpp - elementwise operators -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RaiseContext.h"
#include "Recognise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <cmath>

using namespace mlir;
using namespace tfc::raise;

namespace {

Value constantLike(OpBuilder &b, Location loc, Value like, double value) {
  Type type = like.getType();
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  return arith::ConstantOp::create(
      b, loc, b.getIntegerAttr(type, static_cast<int64_t>(value)));
}

//===----------------------------------------------------------------------===//
// Scalars of shape arithmetic
//===----------------------------------------------------------------------===//

enum class ScalarOp {
  Add,
  Sub,
  Mul,
  Div,
  Mod,
  Min,
  Max,
  Equal,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  And,
  Or,
  Xor,
  Pow
};

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

/// One scalar of shape arithmetic; a null result asks for the tensor way.
OpFoldResult combine(RaiseContext &c, ScalarOp op, OpFoldResult x,
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

/// Evaluates on scalars when every operand is a list of them.
using ScalarFunction = llvm::function_ref<OpFoldResult(ArrayRef<OpFoldResult>)>;
std::optional<Raised> onElements(NodeContext &n, ArrayRef<unsigned> inputs,
                                 int32_t kind, ScalarFunction function) {
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

//===----------------------------------------------------------------------===//
// Binary operators
//===----------------------------------------------------------------------===//

using BinaryBody =
    std::function<Value(OpBuilder &, Location, Value, Value, int32_t kind)>;

LogicalResult raiseBinary(NodeContext &n, std::optional<ScalarOp> scalar,
                          bool compares, const BinaryBody &body) {
  int32_t kind = n.input(0).kind;
  int32_t resultKind = compares ? static_cast<int32_t>(Bool) : kind;
  if (n.input(1).kind != kind && n.node.getOpType() != "Pow" &&
      n.node.getOpType() != "BitShift")
    return n.fail("its inputs have different element types");
  if (scalar)
    if (auto folded =
            onElements(n, {0, 1}, resultKind, [&](ArrayRef<OpFoldResult> s) {
              return combine(n.c, *scalar, s[0], s[1]);
            }))
      return n.finish(*folded);
  SmallVector<Raised> operands = {n.input(0), n.input(1)};
  FailureOr<Sizes> shape = n.broadcast(operands);
  if (failed(shape))
    return failure();
  return n.finish(
      n.c.elementwise(operands, *shape, resultKind,
                      [&](OpBuilder &b, Location loc, ValueRange v) {
                        return body(b, loc, v[0], v[1], kind);
                      }));
}

template <typename FloatOp, typename IntegerOp, typename UnsignedOp = IntegerOp>
BinaryBody arithmetic() {
  return
      [](OpBuilder &b, Location loc, Value x, Value y, int32_t kind) -> Value {
        if (isFloat(kind))
          return FloatOp::create(b, loc, x, y);
        if (isUnsigned(kind))
          return UnsignedOp::create(b, loc, x, y);
        return IntegerOp::create(b, loc, x, y);
      };
}

BinaryBody comparison(arith::CmpFPredicate floats,
                      arith::CmpIPredicate integers,
                      arith::CmpIPredicate unsigneds) {
  return [=](OpBuilder &b, Location loc, Value x, Value y,
             int32_t kind) -> Value {
    if (isFloat(kind))
      return arith::CmpFOp::create(b, loc, floats, x, y);
    return arith::CmpIOp::create(
        b, loc, isUnsigned(kind) || kind == Bool ? unsigneds : integers, x, y);
  };
}

/// ONNX's Mod has the sign of the divisor, as Python's; fmod that of the
/// dividend.
BinaryBody modulo(bool fmod) {
  return
      [=](OpBuilder &b, Location loc, Value x, Value y, int32_t kind) -> Value {
        if (isFloat(kind))
          return arith::RemFOp::create(b, loc, x, y);
        if (isUnsigned(kind))
          return arith::RemUIOp::create(b, loc, x, y);
        Value rest = arith::RemSIOp::create(b, loc, x, y);
        if (fmod)
          return rest;
        Value zero = constantLike(b, loc, x, 0);
        using P = arith::CmpIPredicate;
        Value nonzero = arith::CmpIOp::create(b, loc, P::ne, rest, zero);
        Value restNegative = arith::CmpIOp::create(b, loc, P::slt, rest, zero);
        Value yNegative = arith::CmpIOp::create(b, loc, P::slt, y, zero);
        Value differ =
            arith::CmpIOp::create(b, loc, P::ne, restNegative, yNegative);
        Value adjust = arith::AndIOp::create(b, loc, nonzero, differ);
        Value sum = arith::AddIOp::create(b, loc, rest, y);
        return arith::SelectOp::create(b, loc, adjust, sum, rest);
      };
}

LogicalResult raisePow(NodeContext &n) {
  int32_t kind = n.input(0).kind;
  if (!isFloat(kind))
    return n.fail("integer powers are not supported");
  if (std::optional<Sizes> exponent = n.c.elements(n.input(1));
      exponent && exponent->size() == 1) {
    std::optional<double> number;
    if (auto attr = dyn_cast<Attribute>(exponent->front())) {
      if (auto real = dyn_cast<FloatAttr>(attr))
        number = real.getValueAsDouble();
      else
        number = cast<IntegerAttr>(attr).getInt();
    }
    // Small powers as products, as every runtime does: exact squares.
    if (number && (*number == 2 || *number == 3) &&
        n.input(1).rank() <= n.input(0).rank()) {
      SmallVector<Raised> operands = {n.input(0)};
      return n.finish(n.c.elementwise(
          operands, n.input(0).shape, kind,
          [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
            Value square = arith::MulFOp::create(b, loc, v[0], v[0]);
            return *number == 2
                       ? square
                       : Value(arith::MulFOp::create(b, loc, square, v[0]));
          }));
    }
  }
  return raiseBinary(
      n, ScalarOp::Pow, false,
      [](OpBuilder &b, Location loc, Value x, Value y, int32_t) -> Value {
        if (y.getType() == x.getType())
          return math::PowFOp::create(b, loc, x, y);
        if (isa<IntegerType>(y.getType()))
          y = arith::SIToFPOp::create(b, loc, x.getType(), y);
        else if (y.getType().getIntOrFloatBitWidth() <
                 x.getType().getIntOrFloatBitWidth())
          y = arith::ExtFOp::create(b, loc, x.getType(), y);
        else
          y = arith::TruncFOp::create(b, loc, x.getType(), y);
        return math::PowFOp::create(b, loc, x, y);
      });
}

/// Min, Max, Sum, Mean of any number of inputs.
LogicalResult raiseVariadic(NodeContext &n, std::optional<ScalarOp> scalar,
                            const BinaryBody &body, bool divide = false) {
  SmallVector<Raised> operands;
  SmallVector<unsigned> numbers;
  for (unsigned i = 0; i < n.numInputs(); ++i) {
    operands.push_back(n.input(i));
    numbers.push_back(i);
  }
  int32_t kind = operands.front().kind;
  if (scalar)
    if (auto folded =
            onElements(n, numbers, kind, [&](ArrayRef<OpFoldResult> s) {
              OpFoldResult result = s.front();
              for (OpFoldResult next : s.drop_front())
                result = result ? combine(n.c, *scalar, result, next) : result;
              return result;
            }))
      return n.finish(*folded);
  FailureOr<Sizes> shape = n.broadcast(operands);
  if (failed(shape))
    return failure();
  return n.finish(n.c.elementwise(
      operands, *shape, kind, [&](OpBuilder &b, Location loc, ValueRange v) {
        Value result = v.front();
        for (Value next : v.drop_front())
          result = body(b, loc, result, next, kind);
        if (divide)
          result = arith::DivFOp::create(
              b, loc, result, constantLike(b, loc, result, v.size()));
        return result;
      }));
}

//===----------------------------------------------------------------------===//
// Unary operators
//===----------------------------------------------------------------------===//

using UnaryBody = std::function<Value(OpBuilder &, Location, Value)>;

LogicalResult raiseUnary(NodeContext &n, const UnaryBody &body,
                         bool integersToo = false) {
  int32_t kind = n.input(0).kind;
  if (!isFloat(kind) && !integersToo)
    return n.fail("only floating point is supported");
  SmallVector<Raised> operands = {n.input(0)};
  return n.finish(
      n.c.elementwise(operands, n.input(0).shape, kind,
                      [&](OpBuilder &b, Location loc, ValueRange v) {
                        return body(b, loc, v[0]);
                      }));
}

template <typename Op>
UnaryBody mathOp() {
  return [](OpBuilder &b, Location loc, Value x) -> Value {
    return Op::create(b, loc, x);
  };
}

Value sigmoid(OpBuilder &b, Location loc, Value x) {
  Value one = constantLike(b, loc, x, 1);
  Value e = math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, x));
  return arith::DivFOp::create(b, loc, one,
                               arith::AddFOp::create(b, loc, one, e));
}

/// x where `condition(x > 0)`, else `otherwise`.
Value wherePositive(OpBuilder &b, Location loc, Value x, Value yes, Value no) {
  Value positive = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x,
                                         constantLike(b, loc, x, 0));
  return arith::SelectOp::create(b, loc, positive, yes, no);
}

/// alpha * (exp(x) - 1) for x <= 0.
Value elu(OpBuilder &b, Location loc, Value x, double alpha) {
  Value e = math::ExpM1Op::create(b, loc, x);
  Value scaled =
      arith::MulFOp::create(b, loc, constantLike(b, loc, x, alpha), e);
  return wherePositive(b, loc, x, x, scaled);
}

/// log(1 + exp(x)) without overflow: max(x, 0) + log1p(exp(-|x|)).
Value softplus(OpBuilder &b, Location loc, Value x) {
  Value e = math::ExpOp::create(
      b, loc, arith::NegFOp::create(b, loc, math::AbsFOp::create(b, loc, x)));
  Value zero = constantLike(b, loc, x, 0);
  return arith::AddFOp::create(b, loc,
                               arith::MaximumFOp::create(b, loc, x, zero),
                               math::Log1pOp::create(b, loc, e));
}

Value gelu(OpBuilder &b, Location loc, Value x, bool tanhForm) {
  Value half = constantLike(b, loc, x, 0.5), one = constantLike(b, loc, x, 1),
        inner;
  if (tanhForm) {
    Value cube =
        arith::MulFOp::create(b, loc, x, arith::MulFOp::create(b, loc, x, x));
    Value sum = arith::AddFOp::create(
        b, loc, x,
        arith::MulFOp::create(b, loc, constantLike(b, loc, x, 0.044715), cube));
    inner = math::TanhOp::create(
        b, loc,
        arith::MulFOp::create(
            b, loc, constantLike(b, loc, x, 0.79788456080286535588), sum));
  } else {
    inner = math::ErfOp::create(
        b, loc,
        arith::MulFOp::create(b, loc, x,
                              constantLike(b, loc, x, 0.70710678118654752440)));
  }
  return arith::MulFOp::create(b, loc, arith::MulFOp::create(b, loc, half, x),
                               arith::AddFOp::create(b, loc, one, inner));
}

Value sign(OpBuilder &b, Location loc, Value x) {
  Value zero = constantLike(b, loc, x, 0), one = constantLike(b, loc, x, 1),
        minus = constantLike(b, loc, x, -1);
  if (isa<FloatType>(x.getType())) {
    Value positive =
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x, zero);
    Value negative =
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, zero);
    // NaN keeps its place: neither comparison holds.
    return arith::SelectOp::create(
        b, loc, positive, one,
        arith::SelectOp::create(b, loc, negative, minus,
                                arith::MulFOp::create(b, loc, x, zero)));
  }
  Value positive =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt, x, zero);
  Value negative =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, x, zero);
  return arith::SelectOp::create(
      b, loc, positive, one,
      arith::SelectOp::create(b, loc, negative, minus, zero));
}

Value convert(OpBuilder &b, Location loc, Value x, int32_t from, int32_t to,
              Type type) {
  if (x.getType() == type && isUnsigned(from) == isUnsigned(to))
    return x;
  bool fromFloat = isFloat(from), toFloat = isFloat(to);
  unsigned fromWidth = x.getType().getIntOrFloatBitWidth(),
           toWidth = type.getIntOrFloatBitWidth();
  if (to == Bool) {
    Value zero = constantLike(b, loc, x, 0);
    if (fromFloat)
      return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, x, zero);
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, x, zero);
  }
  if (fromFloat && toFloat) {
    if (fromWidth < toWidth)
      return arith::ExtFOp::create(b, loc, type, x);
    if (fromWidth > toWidth)
      return arith::TruncFOp::create(b, loc, type, x);
    return arith::TruncFOp::create(
        b, loc, type, arith::ExtFOp::create(b, loc, b.getF32Type(), x));
  }
  if (fromFloat)
    return isUnsigned(to) ? Value(arith::FPToUIOp::create(b, loc, type, x))
                          : Value(arith::FPToSIOp::create(b, loc, type, x));
  bool zeroExtends = isUnsigned(from) || from == Bool;
  if (toFloat)
    return zeroExtends ? Value(arith::UIToFPOp::create(b, loc, type, x))
                       : Value(arith::SIToFPOp::create(b, loc, type, x));
  if (fromWidth < toWidth)
    return zeroExtends ? Value(arith::ExtUIOp::create(b, loc, type, x))
                       : Value(arith::ExtSIOp::create(b, loc, type, x));
  if (fromWidth > toWidth)
    return arith::TruncIOp::create(b, loc, type, x);
  return x;
}

LogicalResult raiseCastTo(NodeContext &n, int32_t to) {
  Raised &input = n.input(0);
  int32_t from = input.kind;
  if (n.c.elementType(to).isInteger(64) && to != Int64 && to != UInt64)
    return n.fail("casts to element type number " + Twine(to) +
                  " are not supported");
  if (from == to)
    return n.finish(input);
  auto folded =
      onElements(n, {0}, to, [&](ArrayRef<OpFoldResult> s) -> OpFoldResult {
        auto attr = dyn_cast<Attribute>(s[0]);
        bool integerToInteger = !isFloat(from) && !isFloat(to);
        if (!attr) {
          // A size as f32: exact for what a tensor's size can be in practice,
          // and rounded as the model's own Cast rounds.
          if (integerToInteger && to != Bool && to != Int8 && to != UInt8)
            return s[0];
          return {};
        }
        if (auto integer = dyn_cast<IntegerAttr>(attr)) {
          int64_t value = integer.getInt();
          if (to == Float32)
            return n.b.getF32FloatAttr(static_cast<float>(value));
          if (to == Bool)
            return n.c.size(value != 0);
          return to == Int64 || to == Int32 ? OpFoldResult(attr)
                                            : OpFoldResult();
        }
        double value = cast<FloatAttr>(attr).getValueAsDouble();
        if (to == Bool)
          return n.c.size(value != 0);
        if ((to == Int64 || to == Int32) && std::abs(value) < 1e9)
          return n.c.size(static_cast<int64_t>(value));
        return {};
      });
  if (folded)
    return n.finish(*folded);
  SmallVector<Raised> operands = {input};
  Type type = n.c.elementType(to);
  return n.finish(n.c.elementwise(
      operands, input.shape, to, [&](OpBuilder &b, Location loc, ValueRange v) {
        return convert(b, loc, v[0], from, to, type);
      }));
}

LogicalResult raiseWhere(NodeContext &n) {
  int32_t kind = n.input(1).kind;
  if (auto folded = onElements(
          n, {0, 1, 2}, kind, [&](ArrayRef<OpFoldResult> s) -> OpFoldResult {
            std::optional<int64_t> condition = getConstantIntValue(s[0]);
            if (condition)
              return *condition ? s[1] : s[2];
            return s[1] == s[2] ? s[1] : OpFoldResult();
          }))
    return n.finish(*folded);
  SmallVector<Raised> operands = {n.input(0), n.input(1), n.input(2)};
  FailureOr<Sizes> shape = n.broadcast(operands);
  if (failed(shape))
    return failure();
  return n.finish(n.c.elementwise(
      operands, *shape, kind, [&](OpBuilder &b, Location loc, ValueRange v) {
        return arith::SelectOp::create(b, loc, v[0], v[1], v[2]).getResult();
      }));
}

LogicalResult raiseClip(NodeContext &n) {
  int32_t kind = n.input(0).kind;
  SmallVector<Raised> operands = {n.input(0)};
  bool low = n.has(1), high = n.has(2);
  if (low)
    operands.push_back(n.input(1));
  if (high)
    operands.push_back(n.input(2));
  auto least = arithmetic<arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp>();
  auto most = arithmetic<arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp>();
  return n.finish(n.c.elementwise(
      operands, n.input(0).shape, kind,
      [&](OpBuilder &b, Location loc, ValueRange v) {
        Value x = v[0];
        if (low)
          x = most(b, loc, x, v[1], kind);
        else if (n.hasAttr("min"))
          x = most(b, loc, x, constantLike(b, loc, x, n.number("min", 0)),
                   kind);
        if (high)
          x = least(b, loc, x, v[low ? 2 : 1], kind);
        else if (n.hasAttr("max"))
          x = least(b, loc, x, constantLike(b, loc, x, n.number("max", 0)),
                    kind);
        return x;
      }));
}

/// Unary operators that are folded on scalars of shape arithmetic too.
LogicalResult raiseScalarUnary(NodeContext &n, std::function<float(float)> fold,
                               const UnaryBody &body) {
  if (auto folded = onElements(
          n, {0}, n.input(0).kind,
          [&](ArrayRef<OpFoldResult> s) -> OpFoldResult {
            auto attr =
                dyn_cast_if_present<FloatAttr>(dyn_cast<Attribute>(s[0]));
            return attr ? OpFoldResult(n.b.getF32FloatAttr(
                              fold(attr.getValue().convertToFloat())))
                        : OpFoldResult();
          }))
    return n.finish(*folded);
  return raiseUnary(n, body);
}

LogicalResult raiseNegation(NodeContext &n) {
  if (auto folded = onElements(
          n, {0}, n.input(0).kind,
          [&](ArrayRef<OpFoldResult> s) -> OpFoldResult {
            std::optional<int64_t> number = getConstantIntValue(s[0]);
            return number ? OpFoldResult(n.c.size(-*number)) : OpFoldResult();
          }))
    return n.finish(*folded);
  return raiseUnary(
      n,
      [](OpBuilder &b, Location loc, Value x) -> Value {
        if (isa<FloatType>(x.getType()))
          return arith::NegFOp::create(b, loc, x);
        return arith::SubIOp::create(b, loc, constantLike(b, loc, x, 0), x);
      },
      true);
}

LogicalResult raiseIsInf(NodeContext &n) {
  Raised &x = n.input(0);
  if (!isFloat(x.kind))
    return n.fail("only floating point can be infinite");
  bool positive = n.integer("detect_positive", 1) != 0,
       negative = n.integer("detect_negative", 1) != 0;
  SmallVector<Raised> operands = {x};
  return n.finish(n.c.elementwise(
      operands, x.shape, Bool,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        auto equals = [&](double sign) -> Value {
          Value infinity = arith::ConstantOp::create(
              b, loc,
              b.getFloatAttr(v[0].getType(),
                             sign * std::numeric_limits<double>::infinity()));
          return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, v[0],
                                       infinity);
        };
        Value found = arith::ConstantOp::create(b, loc, b.getBoolAttr(false));
        if (positive)
          found = arith::OrIOp::create(b, loc, found, equals(1));
        if (negative)
          found = arith::OrIOp::create(b, loc, found, equals(-1));
        return found;
      }));
}

void populateUnary(RuleSet &rules) {
  auto add = [&](StringRef name, UnaryBody body) {
    rules.add(name, [body](NodeContext &n) { return raiseUnary(n, body); });
  };
  add("Exp", mathOp<math::ExpOp>());
  add("Log", mathOp<math::LogOp>());
  add("Tanh", mathOp<math::TanhOp>());
  add("Erf", mathOp<math::ErfOp>());
  add("Sin", mathOp<math::SinOp>());
  add("Cos", mathOp<math::CosOp>());
  add("Tan", mathOp<math::TanOp>());
  add("Acos", mathOp<math::AcosOp>());
  add("Acosh", mathOp<math::AcoshOp>());
  add("Asin", mathOp<math::AsinOp>());
  add("Asinh", mathOp<math::AsinhOp>());
  add("Atan", mathOp<math::AtanOp>());
  add("Atanh", mathOp<math::AtanhOp>());
  add("Cosh", mathOp<math::CoshOp>());
  add("Sinh", mathOp<math::SinhOp>());
  add("Floor", mathOp<math::FloorOp>());
  add("Ceil", mathOp<math::CeilOp>());
  add("Round", mathOp<math::RoundEvenOp>());
  add("Sigmoid", sigmoid);
  add("Softplus", softplus);
  add("Softsign", [](OpBuilder &b, Location loc, Value x) -> Value {
    return arith::DivFOp::create(
        b, loc, x,
        arith::AddFOp::create(b, loc, constantLike(b, loc, x, 1),
                              math::AbsFOp::create(b, loc, x)));
  });
  add("Relu", [](OpBuilder &b, Location loc, Value x) -> Value {
    return arith::MaximumFOp::create(b, loc, x, constantLike(b, loc, x, 0));
  });
  add("Mish", [](OpBuilder &b, Location loc, Value x) -> Value {
    return arith::MulFOp::create(
        b, loc, x, math::TanhOp::create(b, loc, softplus(b, loc, x)));
  });
  rules.add("IsInf", raiseIsInf);
  rules.add("Elu", [](NodeContext &n) {
    double alpha = n.number("alpha", 1);
    return raiseUnary(n, [=](OpBuilder &b, Location loc, Value x) {
      return elu(b, loc, x, alpha);
    });
  });
  rules.add("LeakyRelu", [](NodeContext &n) {
    double alpha = n.number("alpha", 0.01f);
    return raiseUnary(n, [=](OpBuilder &b, Location loc, Value x) {
      return wherePositive(
          b, loc, x, x,
          arith::MulFOp::create(b, loc, constantLike(b, loc, x, alpha), x));
    });
  });
  rules.add("HardSigmoid", [](NodeContext &n) {
    double alpha = n.number("alpha", 0.2f), beta = n.number("beta", 0.5f);
    return raiseUnary(n, [=](OpBuilder &b, Location loc, Value x) -> Value {
      Value line = arith::AddFOp::create(
          b, loc,
          arith::MulFOp::create(b, loc, constantLike(b, loc, x, alpha), x),
          constantLike(b, loc, x, beta));
      Value low =
          arith::MaximumFOp::create(b, loc, line, constantLike(b, loc, x, 0));
      return arith::MinimumFOp::create(b, loc, low, constantLike(b, loc, x, 1));
    });
  });
  rules.add("Gelu", [](NodeContext &n) {
    bool tanhForm = n.text("approximate", "none") == "tanh";
    return raiseUnary(n, [=](OpBuilder &b, Location loc, Value x) {
      return gelu(b, loc, x, tanhForm);
    });
  });
  rules.add("Sqrt", [](NodeContext &n) {
    return raiseScalarUnary(
        n, [](float x) { return std::sqrt(x); }, mathOp<math::SqrtOp>());
  });
  rules.add("Reciprocal", [](NodeContext &n) {
    return raiseScalarUnary(
        n, [](float x) { return 1 / x; },
        [](OpBuilder &b, Location loc, Value x) -> Value {
          return arith::DivFOp::create(b, loc, constantLike(b, loc, x, 1), x);
        });
  });
  rules.add("Neg", raiseNegation);
  rules.add("Sign", [](NodeContext &n) { return raiseUnary(n, sign, true); });
  rules.add("Abs", [](NodeContext &n) {
    return raiseUnary(
        n,
        [](OpBuilder &b, Location loc, Value x) -> Value {
          if (isa<FloatType>(x.getType()))
            return math::AbsFOp::create(b, loc, x);
          return math::AbsIOp::create(b, loc, x);
        },
        true);
  });
  rules.add("Not", [](NodeContext &n) {
    if (auto folded = onElements(
            n, {0}, Bool, [&](ArrayRef<OpFoldResult> s) -> OpFoldResult {
              std::optional<int64_t> bit = getConstantIntValue(s[0]);
              return bit ? OpFoldResult(n.c.size(!*bit)) : OpFoldResult();
            }))
      return n.finish(*folded);
    return raiseUnary(
        n,
        [](OpBuilder &b, Location loc, Value x) -> Value {
          return arith::XOrIOp::create(b, loc, x, constantLike(b, loc, x, 1));
        },
        true);
  });
  rules.add("IsNaN", [](NodeContext &n) {
    SmallVector<Raised> operands = {n.input(0)};
    return n.finish(n.c.elementwise(
        operands, n.input(0).shape, Bool,
        [](OpBuilder &b, Location loc, ValueRange v) {
          return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, v[0],
                                       v[0])
              .getResult();
        }));
  });
}

} // namespace

void tfc::raise::populateElementwiseRules(RuleSet &rules) {
  auto add = [&](StringRef name, std::optional<ScalarOp> scalar, bool compares,
                 BinaryBody body) {
    rules.add(name, [=](NodeContext &n) {
      return raiseBinary(n, scalar, compares, body);
    });
  };
  using FP = arith::CmpFPredicate;
  using IP = arith::CmpIPredicate;
  add("Sub", ScalarOp::Sub, false, arithmetic<arith::SubFOp, arith::SubIOp>());
  auto addWithNorm = [&](StringRef name, ScalarOp scalar, BinaryBody body) {
    rules.add(name, [=](NodeContext &n) {
      if (std::optional<Raised> norm = recogniseLayerNorm(n))
        return n.finish(*norm);
      return raiseBinary(n, scalar, false, body);
    });
  };
  addWithNorm("Mul", ScalarOp::Mul, arithmetic<arith::MulFOp, arith::MulIOp>());
  addWithNorm("Div", ScalarOp::Div,
              arithmetic<arith::DivFOp, arith::DivSIOp, arith::DivUIOp>());
  add("Equal", ScalarOp::Equal, true, comparison(FP::OEQ, IP::eq, IP::eq));
  add("Less", ScalarOp::Less, true, comparison(FP::OLT, IP::slt, IP::ult));
  add("LessOrEqual", ScalarOp::LessEqual, true,
      comparison(FP::OLE, IP::sle, IP::ule));
  add("Greater", ScalarOp::Greater, true,
      comparison(FP::OGT, IP::sgt, IP::ugt));
  add("GreaterOrEqual", ScalarOp::GreaterEqual, true,
      comparison(FP::OGE, IP::sge, IP::uge));
  add("And", ScalarOp::And, true, arithmetic<arith::AddFOp, arith::AndIOp>());
  add("Or", ScalarOp::Or, true, arithmetic<arith::AddFOp, arith::OrIOp>());
  add("Xor", ScalarOp::Xor, true, arithmetic<arith::AddFOp, arith::XOrIOp>());
  rules.add("Mod", [](NodeContext &n) {
    bool fmod = n.integer("fmod", 0) != 0;
    if (isFloat(n.input(0).kind) && !fmod)
      return n.fail("Mod of floating point needs fmod = 1");
    return raiseBinary(n, fmod ? std::nullopt : std::optional(ScalarOp::Mod),
                       false, modulo(fmod));
  });
  rules.add("Add", [](NodeContext &n) {
    if (std::optional<Raised> norm = recogniseLayerNorm(n))
      return n.finish(*norm);
    for (unsigned side = 0; side < 2; ++side)
      if (n.isUsedOnce(side))
        if (std::optional<Raised> biased =
                addBiasToLinear(n, n.input(side), n.input(1 - side)))
          return n.finish(*biased);
    return raiseBinary(n, ScalarOp::Add, false,
                       arithmetic<arith::AddFOp, arith::AddIOp>());
  });
  rules.add("Pow", raisePow);
  rules.add("Where", raiseWhere);
  rules.add("Clip", raiseClip);
  rules.add("Cast",
            [](NodeContext &n) { return raiseCastTo(n, n.integer("to", 0)); });
  rules.add("CastLike",
            [](NodeContext &n) { return raiseCastTo(n, n.input(1).kind); });
  rules.add("Min", [](NodeContext &n) {
    return raiseVariadic(
        n, ScalarOp::Min,
        arithmetic<arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp>());
  });
  rules.add("Max", [](NodeContext &n) {
    return raiseVariadic(
        n, ScalarOp::Max,
        arithmetic<arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp>());
  });
  rules.add("Sum", [](NodeContext &n) {
    return raiseVariadic(n, std::nullopt,
                         arithmetic<arith::AddFOp, arith::AddIOp>());
  });
  rules.add("Mean", [](NodeContext &n) {
    return raiseVariadic(n, std::nullopt,
                         arithmetic<arith::AddFOp, arith::AddIOp>(), true);
  });
  populateUnary(rules);
}
