//===- RaiseQuantize.cpp - quantisation and bits ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizedType.h"
#include "RaiseContext.h"
#include "SmallTypes.h"

#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// Scale or zero point `i` of x: one number, one for each slice along `axis`,
/// or one for each block of `block` along it, as something that broadcasts over
/// x.
FailureOr<Raised> alongAxis(NodeContext &n, unsigned i, Raised &x, int64_t axis,
                            int64_t block) {
  Raised parameter = n.input(i);
  if (block > 0) {
    if (parameter.rank() != x.rank())
      return n.fail("a blocked scale must have the rank of its input");
    // Each number is repeated along the axis.
    Value source = n.c.tensor(parameter);
    SmallVector<Raised> none;
    return n.c.elementwise(
        none, x.shape, parameter.kind,
        [&](OpBuilder &b, Location loc, ValueRange) -> Value {
          SmallVector<Value> at;
          for (int64_t d = 0; d < x.rank(); ++d) {
            Value index = linalg::IndexOp::create(b, loc, d);
            at.push_back(
                d == axis ? arith::DivUIOp::create(
                                b, loc, index,
                                arith::ConstantIndexOp::create(b, loc, block))
                          : index);
          }
          return tensor::ExtractOp::create(b, loc, source, at);
        });
  }
  if (parameter.rank() == 0 ||
      (parameter.rank() == 1 && isConstantIntValue(parameter.shape[0], 1))) {
    if (parameter.rank() == 1 && x.rank() == 0)
      parameter = n.c.fromTensor(
          n.c.reshape(n.c.tensor(parameter), parameter.shape, {}),
          parameter.kind, {});
    return parameter;
  }
  if (parameter.rank() != 1 || axis < 0 || axis >= x.rank())
    return n.fail("its scale must be a number or a row along its axis");
  std::optional<int64_t> have = getConstantIntValue(parameter.shape[0]),
                         want = getConstantIntValue(x.shape[axis]);
  if (have && want && *have != *want)
    return n.fail("it has " + Twine(*have) + " scales for " + Twine(*want) +
                  " slices");
  if (!have || !want)
    n.c.require(arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::eq,
                                      n.c.value(parameter.shape[0]),
                                      n.c.value(x.shape[axis])),
                n.describe() +
                    ": the number of its scales is not the size of its axis");
  Sizes shape = {x.shape[axis]};
  shape.append(x.rank() - axis - 1, n.c.size(1));
  return n.c.fromTensor(
      n.c.reshape(n.c.tensor(parameter), parameter.shape, shape),
      parameter.kind, shape);
}

/// The axis and block of the node.
LogicalResult axisAndBlock(NodeContext &n, Raised &x, int64_t &axis,
                           int64_t &block) {
  axis = n.integer("axis", 1);
  block = n.integer("block_size", 0);
  bool single = n.input(1).rank() == 0;
  if (axis < 0)
    axis += x.rank();
  if (!single && (axis < 0 || axis >= x.rank()) && n.input(1).rank() > 0 &&
      !isConstantIntValue(n.input(1).shape[0], 1))
    return n.fail("its axis lies outside rank " + Twine(x.rank()));
  return success();
}

/// Whether `scale` has a number for each block of x, all sizes being known.
bool fitsBlocks(const Raised &scale, const Raised &x, int64_t axis,
                int64_t block) {
  if (scale.rank() != x.rank() || axis < 0 || axis >= x.rank())
    return false;
  for (int64_t d = 0; d < x.rank(); ++d) {
    std::optional<int64_t> size = getConstantIntValue(x.shape[d]),
                           count = getConstantIntValue(scale.shape[d]);
    int64_t wanted =
        size ? (d == axis ? (*size + block - 1) / block : *size) : -1;
    if (count != wanted)
      return false;
  }
  return true;
}

/// The node's scales and zero points, where they are known; `stored` is the
/// element type on the integer side.
quant::QuantizedType knownQuantization(NodeContext &n, const Raised &x,
                                       int32_t stored, int64_t axis,
                                       int64_t block) {
  Raised *zero = n.has(2) ? &n.input(2) : nullptr;
  if (zero && zero->kind != stored)
    return {};
  if (block > 0 && !fitsBlocks(n.input(1), x, axis, block))
    return {};
  quant::QuantizedType type = constantQuantization(
      n.b.getContext(), stored, n.input(1), zero, x.rank(), axis, block);
  auto slices = dyn_cast_if_present<quant::UniformQuantizedPerAxisType>(type);
  if (slices && getConstantIntValue(x.shape[axis]) !=
                    static_cast<int64_t>(slices.getScales().size()))
    return {};
  return type;
}

/// One operation for the node, whose parameters are known.
template <typename Op>
LogicalResult finishKnown(NodeContext &n, Raised &x, int32_t kind,
                          quant::QuantizedType type) {
  Value init = n.c.empty(x.shape, kind);
  auto op = Op::create(n.b, n.loc, init.getType(), n.c.tensor(x), init, type);
  return n.finish(n.c.fromTensor(op->getResult(0), kind, x.shape));
}

Value asReal(OpBuilder &b, Location loc, Value x, int32_t kind, Type type) {
  if (isFloat(kind))
    return x.getType() == type ? x
           : x.getType().getIntOrFloatBitWidth() < type.getIntOrFloatBitWidth()
               ? arith::ExtFOp::create(b, loc, type, x).getResult()
               : arith::TruncFOp::create(b, loc, type, x).getResult();
  return isUnsigned(kind)
             ? arith::UIToFPOp::create(b, loc, type, x).getResult()
             : arith::SIToFPOp::create(b, loc, type, x).getResult();
}

/// (x - zero point) * scale. The difference is exact: integers of 32 bits.
LogicalResult raiseDequantize(NodeContext &n) {
  Raised x = n.input(0);
  int64_t axis, block;
  if (failed(axisAndBlock(n, x, axis, block)))
    return failure();
  if (isFloat(x.kind) || x.kind == Bool || x.kind == Int64 || x.kind == UInt64)
    return n.fail("inputs of this type are not supported");
  int64_t stated = n.integer("output_dtype", 0);
  if (quant::QuantizedType type =
          stated == 0 || stated == Float32
              ? knownQuantization(n, x, x.kind, axis, block)
              : quant::QuantizedType())
    return finishKnown<attn::DequantizeOp>(n, x, Float32, type);
  FailureOr<Raised> scale = alongAxis(n, 1, x, axis, block);
  if (failed(scale))
    return failure();
  SmallVector<Raised> operands = {x, *scale};
  int32_t zeroKind = 0;
  if (n.has(2)) {
    FailureOr<Raised> zero = alongAxis(n, 2, x, axis, block);
    if (failed(zero))
      return failure();
    zeroKind = zero->kind;
    operands.push_back(*zero);
  }
  int64_t outputType = n.integer("output_dtype", 0);
  int32_t kind = outputType ? outputType : scale->kind;
  if (!isFloat(kind) || !isFloat(scale->kind))
    return n.fail("its scale and result must be floating point");
  Type type = n.c.elementType(kind), wide = n.b.getF32Type(),
       integer = n.b.getI32Type();
  auto widen = [&](OpBuilder &b, Location loc, Value v, int32_t from) -> Value {
    if (v.getType() == integer)
      return v;
    return isUnsigned(from)
               ? arith::ExtUIOp::create(b, loc, integer, v).getResult()
               : arith::ExtSIOp::create(b, loc, integer, v).getResult();
  };
  return n.finish(n.c.elementwise(
      operands, x.shape, kind,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        if (isSmallFloat(x.kind)) {
          Value real = decodeSmallFloat(b, loc, v[0], x.kind);
          if (zeroKind)
            real = arith::SubFOp::create(
                b, loc, real, decodeSmallFloat(b, loc, v[2], zeroKind));
          Value product = arith::MulFOp::create(
              b, loc, real, asReal(b, loc, v[1], scale->kind, wide));
          return asReal(b, loc, product, Float32, type);
        }
        Value difference = widen(b, loc, v[0], x.kind);
        if (zeroKind)
          difference = arith::SubIOp::create(b, loc, difference,
                                             widen(b, loc, v[2], zeroKind));
        Value real = arith::SIToFPOp::create(b, loc, wide, difference);
        Value product = arith::MulFOp::create(
            b, loc, real, asReal(b, loc, v[1], scale->kind, wide));
        return asReal(b, loc, product, Float32, type);
      }));
}

/// Lowest and highest number of an integer kind of at most 16 bits.
std::optional<std::pair<int64_t, int64_t>> rangeOf(int32_t kind) {
  switch (kind) {
  case Int8:
    return std::pair<int64_t, int64_t>{-128, 127};
  case UInt8:
    return std::pair<int64_t, int64_t>{0, 255};
  case Int16:
    return std::pair<int64_t, int64_t>{-32768, 32767};
  case UInt16:
    return std::pair<int64_t, int64_t>{0, 65535};
  case Int4:
    return std::pair<int64_t, int64_t>{-8, 7};
  case UInt4:
    return std::pair<int64_t, int64_t>{0, 15};
  case Int2:
    return std::pair<int64_t, int64_t>{-2, 1};
  case UInt2:
    return std::pair<int64_t, int64_t>{0, 3};
  default:
    return std::nullopt;
  }
}

/// round(x / scale) to even, plus the zero point, within the result's range.
LogicalResult raiseQuantize(NodeContext &n) {
  Raised x = n.input(0);
  int64_t axis, block;
  if (failed(axisAndBlock(n, x, axis, block)))
    return failure();
  int32_t kind = n.has(2) ? n.input(2).kind : n.integer("output_dtype", UInt8);
  std::optional<std::pair<int64_t, int64_t>> range = rangeOf(kind);
  bool small = isSmallFloat(kind);
  if (!range && !small)
    return n.fail("results of this type are not supported; accepted are "
                  "integers of 2 to 16 bits and floats of 4 and 8");
  if (quant::QuantizedType type =
          x.kind == Float32 ? knownQuantization(n, x, kind, axis, block)
                            : quant::QuantizedType())
    return finishKnown<attn::QuantizeOp>(n, x, kind, type);
  FailureOr<Raised> scale = alongAxis(n, 1, x, axis, block);
  if (failed(scale))
    return failure();
  if (!isFloat(scale->kind))
    return n.fail("its scale must be floating point");
  SmallVector<Raised> operands = {x, *scale};
  if (n.has(2)) {
    FailureOr<Raised> zero = alongAxis(n, 2, x, axis, block);
    if (failed(zero))
      return failure();
    operands.push_back(*zero);
  }
  Type wide = n.b.getF32Type(), type = n.c.elementType(kind);
  bool saturates = n.integer("saturate", 1) != 0;
  return n.finish(n.c.elementwise(
      operands, x.shape, kind,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        auto number = [&](double value) -> Value {
          return arith::ConstantOp::create(b, loc, b.getFloatAttr(wide, value));
        };
        Value quotient =
            arith::DivFOp::create(b, loc, asReal(b, loc, v[0], x.kind, wide),
                                  asReal(b, loc, v[1], scale->kind, wide));
        if (small) {
          if (n.has(2))
            quotient = arith::AddFOp::create(
                b, loc, quotient, decodeSmallFloat(b, loc, v[2], kind));
          return encodeSmallFloat(b, loc, quotient, kind, saturates);
        }
        Value rounded = math::RoundEvenOp::create(b, loc, quotient);
        // Clamped before the zero point is added, with room for it: then all is
        // exact.
        rounded = arith::MaxNumFOp::create(b, loc, rounded, number(-200000));
        rounded = arith::MinNumFOp::create(b, loc, rounded, number(200000));
        if (n.has(2))
          rounded = arith::AddFOp::create(b, loc, rounded,
                                          asReal(b, loc, v[2], kind, wide));
        rounded =
            arith::MaxNumFOp::create(b, loc, rounded, number(range->first));
        rounded =
            arith::MinNumFOp::create(b, loc, rounded, number(range->second));
        Value integer =
            arith::FPToSIOp::create(b, loc, b.getI32Type(), rounded);
        return arith::TruncIOp::create(b, loc, type, integer);
      }));
}

//===----------------------------------------------------------------------===//
// Bits
//===----------------------------------------------------------------------===//

using BitBody = Value (*)(OpBuilder &, Location, Value, Value);

LogicalResult raiseBits(NodeContext &n, BitBody body) {
  SmallVector<Raised> operands = {n.input(0), n.input(1)};
  FailureOr<Sizes> shape = n.broadcast(operands);
  if (failed(shape))
    return failure();
  int32_t kind = operands[0].kind;
  return n.finish(n.c.elementwise(
      operands, *shape, kind, [&](OpBuilder &b, Location loc, ValueRange v) {
        return body(b, loc, v[0], v[1]);
      }));
}

/// Shifts by the width or more leave nothing.
template <typename Shift>
Value shifted(OpBuilder &b, Location loc, Value x, Value by) {
  Type type = x.getType();
  Value width = arith::ConstantOp::create(
      b, loc, b.getIntegerAttr(type, type.getIntOrFloatBitWidth()));
  Value zero = arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, 0));
  Value fits =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, by, width);
  Value safe = arith::SelectOp::create(b, loc, fits, by, zero);
  return arith::SelectOp::create(b, loc, fits, Shift::create(b, loc, x, safe),
                                 zero);
}

/// To the right, with copies of the sign: by the width or more leaves the sign.
Value shiftedBySign(OpBuilder &b, Location loc, Value x, Value by) {
  Type type = x.getType();
  Value most = arith::ConstantOp::create(
      b, loc, b.getIntegerAttr(type, type.getIntOrFloatBitWidth() - 1));
  // As unsigned, a negative amount is a large one.
  return arith::ShRSIOp::create(b, loc, x,
                                arith::MinUIOp::create(b, loc, by, most));
}

LogicalResult raiseBitShift(NodeContext &n) {
  StringRef direction = n.text("direction", "");
  if (isFloat(n.input(0).kind) || n.input(0).kind == Bool)
    return n.fail("only integers are shifted");
  if (direction == "RIGHT" && !isUnsigned(n.input(0).kind))
    return raiseBits(n, shiftedBySign);
  if (direction == "LEFT")
    return raiseBits(n, shifted<arith::ShLIOp>);
  if (direction == "RIGHT")
    return raiseBits(n, shifted<arith::ShRUIOp>);
  return n.fail("its direction must be LEFT or RIGHT");
}

template <typename Op>
LogicalResult raiseBitwise(NodeContext &n) {
  return raiseBits(n,
                   [](OpBuilder &b, Location loc, Value x, Value y) -> Value {
                     return Op::create(b, loc, x, y);
                   });
}

LogicalResult raiseBitwiseNot(NodeContext &n) {
  SmallVector<Raised> operands = {n.input(0)};
  Sizes shape = operands[0].shape;
  return n.finish(
      n.c.elementwise(operands, shape, operands[0].kind,
                      [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                        Value ones = arith::ConstantOp::create(
                            b, loc, b.getIntegerAttr(v[0].getType(), -1));
                        return arith::XOrIOp::create(b, loc, v[0], ones);
                      }));
}

} // namespace

void tfc::raise::populateQuantizeRules(RuleSet &rules) {
  rules.add("DequantizeLinear", raiseDequantize);
  rules.add("QuantizeLinear", raiseQuantize);
  rules.add("BitShift", raiseBitShift);
  rules.add("BitwiseAnd", raiseBitwise<arith::AndIOp>);
  rules.add("BitwiseOr", raiseBitwise<arith::OrIOp>);
  rules.add("BitwiseXor", raiseBitwise<arith::XOrIOp>);
  rules.add("BitwiseNot", raiseBitwiseNot);
}
