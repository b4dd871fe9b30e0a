//===- RaiseElementwise.cpp - elementwise operators -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RaiseContext.h"
#include "Recognise.h"
#include "ScalarArithmetic.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
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
        if (isFloat(kind)) {
          Value rest = arith::RemFOp::create(b, loc, x, y);
          if (fmod)
            return rest;
          // The divisor's sign, as for integers.
          using P = arith::CmpFPredicate;
          Value zero = constantLike(b, loc, x, 0);
          Value other = arith::XOrIOp::create(
              b, loc, arith::CmpFOp::create(b, loc, P::OLT, rest, zero),
              arith::CmpFOp::create(b, loc, P::OLT, y, zero));
          Value adjust = arith::AndIOp::create(
              b, loc, other, arith::CmpFOp::create(b, loc, P::ONE, rest, zero));
          return arith::SelectOp::create(
              b, loc, adjust, arith::AddFOp::create(b, loc, rest, y), rest);
        }
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

/// By repeated squaring, a step for each bit of the exponent; negative
/// exponents, for which ONNX gives no meaning, count as unsigned.
Value integerPower(OpBuilder &b, Location loc, Value base, Value exponent) {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0),
        step = arith::ConstantIndexOp::create(b, loc, 1),
        bits = arith::ConstantIndexOp::create(
            b, loc, base.getType().getIntOrFloatBitWidth());
  Value one = constantLike(b, loc, base, 1),
        none = constantLike(b, loc, base, 0);
  return scf::ForOp::create(
             b, loc, zero, bits, step, ValueRange{one, base, exponent},
             [&](OpBuilder &b, Location loc, Value, ValueRange state) {
               Value bit = arith::AndIOp::create(b, loc, state[2], one);
               Value set = arith::CmpIOp::create(
                   b, loc, arith::CmpIPredicate::ne, bit, none);
               Value product =
                   arith::MulIOp::create(b, loc, state[0], state[1]);
               Value square = arith::MulIOp::create(b, loc, state[1], state[1]);
               scf::YieldOp::create(
                   b, loc,
                   ValueRange{
                       arith::SelectOp::create(b, loc, set, product, state[0]),
                       square, arith::ShRUIOp::create(b, loc, state[2], one)});
             })
      .getResult(0);
}

/// An integer to a power: integers multiply, as their type wraps; a real
/// exponent is computed in double and cut.
LogicalResult raiseIntegerPower(NodeContext &n) {
  SmallVector<Raised> operands = {n.input(0), n.input(1)};
  int32_t kind = operands[0].kind, exponentKind = operands[1].kind;
  if (kind == Bool || isUnsigned(kind) || isUnsigned(exponentKind))
    return n.fail("powers of unsigned integers are not supported");
  FailureOr<Sizes> shape = n.broadcast(operands);
  if (failed(shape))
    return failure();
  Type type = n.c.elementType(kind);
  return n.finish(n.c.elementwise(
      operands, *shape, kind,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        if (!isFloat(exponentKind)) {
          Value exponent = v[1];
          unsigned from = exponent.getType().getIntOrFloatBitWidth(),
                   to = type.getIntOrFloatBitWidth();
          if (from < to)
            exponent = arith::ExtSIOp::create(b, loc, type, exponent);
          else if (from > to)
            exponent = arith::TruncIOp::create(b, loc, type, exponent);
          return integerPower(b, loc, v[0], exponent);
        }
        Type wide = b.getF64Type();
        Value base = arith::SIToFPOp::create(b, loc, wide, v[0]);
        Value exponent =
            v[1].getType() == wide
                ? v[1]
                : arith::ExtFOp::create(b, loc, wide, v[1]).getResult();
        return arith::FPToSIOp::create(
            b, loc, type, math::PowFOp::create(b, loc, base, exponent));
      }));
}

LogicalResult raisePow(NodeContext &n) {
  int32_t kind = n.input(0).kind;
  if (!isFloat(kind))
    return raiseIntegerPower(n);
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
  // Exporters round sizes in floating point.
  rules.add("Floor", [](NodeContext &n) {
    return raiseScalarUnary(
        n, [](float x) { return std::floor(x); }, mathOp<math::FloorOp>());
  });
  rules.add("Ceil", [](NodeContext &n) {
    return raiseScalarUnary(
        n, [](float x) { return std::ceil(x); }, mathOp<math::CeilOp>());
  });
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
      if (n.node.getOpType() == "Div") {
        if (std::optional<Raised> attention = recogniseLinearAttention(n))
          return n.finish(*attention);
        if (std::optional<Raised> attention = recogniseCausalLinearAttention(n))
          return n.finish(*attention);
      }
      if (n.node.getOpType() == "Mul")
        if (std::optional<Raised> gated = absorbGates(n))
          return n.finish(*gated);
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
    if (isFloat(n.input(0).kind) && !fmod && n.node.getOpset() < 28)
      return n.fail("Mod of floating point needs fmod = 1");
    return raiseBinary(n, fmod ? std::nullopt : std::optional(ScalarOp::Mod),
                       false, modulo(fmod));
  });
  rules.add("Add", [](NodeContext &n) {
    if (std::optional<Raised> norm = recogniseLayerNorm(n))
      return n.finish(*norm);
    if (std::optional<Raised> turned = recogniseRope(n))
      return n.finish(*turned);
    if (std::optional<Raised> experts = recogniseDenseExperts(n))
      return n.finish(*experts);
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
