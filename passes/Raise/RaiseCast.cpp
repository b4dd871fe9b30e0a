//===- RaiseCast.cpp - casts ----------------------------------- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RaiseContext.h"
#include "ScalarArithmetic.h"
#include "SmallTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc::raise;

namespace {

/// Between types that the machine computes with.
Value convertWide(OpBuilder &b, Location loc, Value x, int32_t from, int32_t to,
                  Type type) {
  if (x.getType() == type && isUnsigned(from) == isUnsigned(to))
    return x;
  bool fromFloat = isFloat(from), toFloat = isFloat(to);
  unsigned fromWidth = x.getType().getIntOrFloatBitWidth(),
           toWidth = type.getIntOrFloatBitWidth();
  if (to == Bool) {
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(x.getType()));
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

/// Small floats are stored as their bits and small integers as bytes: they are
/// widened before and narrowed after.
Value convert(OpBuilder &b, Location loc, Value x, int32_t from, int32_t to,
              Type type, bool saturates) {
  if (isSmallFloat(from)) {
    x = decodeSmallFloat(b, loc, x, from);
    from = Float32;
  }
  if (isSmallFloat(to)) {
    x = convertWide(b, loc, x, from, Float32, b.getF32Type());
    return encodeSmallFloat(b, loc, x, to, saturates);
  }
  unsigned width = smallIntegerWidth(to);
  if (!width)
    return convertWide(b, loc, x, from, to, type);
  // As a C cast does: the low bits count.
  x = convertWide(b, loc, x, from, Int32, b.getI32Type());
  Value shift =
      arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(32 - width));
  x = arith::ShLIOp::create(b, loc, x, shift);
  x = isUnsigned(to) ? arith::ShRUIOp::create(b, loc, x, shift).getResult()
                     : arith::ShRSIOp::create(b, loc, x, shift).getResult();
  return arith::TruncIOp::create(b, loc, type, x);
}

LogicalResult raiseCastTo(NodeContext &n, int32_t to) {
  Raised &input = n.input(0);
  int32_t from = input.kind;
  if (!isKnownKind(to))
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
          if (integerToInteger && !isSmallFloat(from) && !isSmallFloat(to) &&
              !smallIntegerWidth(to) && to != Bool && to != Int8 && to != UInt8)
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
  if (isSmallFloat(to) && from == Float64)
    return n.fail(
        "casts of double to a float of 8 bits are not supported: they "
        "would be rounded twice");
  bool saturates = n.integer("saturate", 1) != 0;
  SmallVector<Raised> operands = {input};
  Type type = n.c.elementType(to);
  return n.finish(n.c.elementwise(
      operands, input.shape, to, [&](OpBuilder &b, Location loc, ValueRange v) {
        return convert(b, loc, v[0], from, to, type, saturates);
      }));
}

/// The same bits as another type of the same width.
LogicalResult raiseBitCast(NodeContext &n) {
  Raised input = n.input(0);
  int32_t from = input.kind, to = n.integer("to", 0);
  for (int32_t kind : {from, to})
    if (!isKnownKind(kind) || smallIntegerWidth(kind) || kind == Float4E2M1)
      return n.fail("types of less than eight bits are not supported");
  if (to == Bool && from != Bool)
    return n.fail("bits as booleans are not supported");
  Type type = n.c.elementType(to);
  unsigned width =
      from == Bool ? 8 : n.c.elementType(from).getIntOrFloatBitWidth();
  if (to != from && width != type.getIntOrFloatBitWidth())
    return n.fail("its types differ in width");
  SmallVector<Raised> operands = {input};
  return n.finish(
      n.c.elementwise(operands, input.shape, to,
                      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                        if (v[0].getType() == type)
                          return v[0];
                        if (from == Bool)
                          return arith::ExtUIOp::create(b, loc, type, v[0]);
                        return arith::BitcastOp::create(b, loc, type, v[0]);
                      }));
}

} // namespace

void tfc::raise::populateCastRules(RuleSet &rules) {
  rules.add("BitCast", raiseBitCast);
  rules.add("Cast",
            [](NodeContext &n) { return raiseCastTo(n, n.integer("to", 0)); });
  rules.add("CastLike",
            [](NodeContext &n) { return raiseCastTo(n, n.input(1).kind); });
}
