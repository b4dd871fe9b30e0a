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
  populateUnaryRules(rules);
  rules.add("Clip", raiseClip);
}
