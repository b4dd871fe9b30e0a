//===- RaiseUnary.cpp - elementwise operators of one tensor -----*- C++ -*-===//
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

} // namespace

void tfc::raise::populateUnaryRules(RuleSet &rules) {
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
  rules.add("Where", raiseWhere);
}
