//===- SmallTypes.cpp - types of eight bits and fewer ---------- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SmallTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace tfc::raise;

namespace {

/// How a small float is laid out: a sign, then exponent and mantissa.
struct Format {
  const llvm::fltSemantics &semantics;
  unsigned width, mantissa;
  int bias;
  double largest;
  int largestCode, notANumber, infinity; // codes without the sign
  bool negativeZero;
};

Format formatOf(int32_t kind) {
  switch (kind) {
  case Float8E4M3FN:
    return {
        llvm::APFloat::Float8E4M3FN(), 8, 3, 7, 448, 0x7e, 0x7f, 0x7f, true};
  case Float8E4M3FNUZ:
    return {
        llvm::APFloat::Float8E4M3FNUZ(), 8, 3, 8, 240, 0x7f, 0x80, 0x80, false};
  case Float8E5M2:
    return {
        llvm::APFloat::Float8E5M2(), 8, 2, 15, 57344, 0x7b, 0x7f, 0x7c, true};
  case Float8E5M2FNUZ:
    return {llvm::APFloat::Float8E5M2FNUZ(),
            8,
            2,
            16,
            57344,
            0x7f,
            0x80,
            0x80,
            false};
  default:
    // It has no NaN; ONNX's table leaves open what becomes of one. Zero.
    return {llvm::APFloat::Float4E2M1FN(), 4, 1, 1, 6, 0x7, 0x8, 0x7, true};
  }
}

} // namespace

Value tfc::raise::decodeSmallFloat(OpBuilder &b, Location loc, Value x,
                                   int32_t kind) {
  Format format = formatOf(kind);
  SmallVector<float> values;
  for (unsigned code = 0; code < (1u << format.width); ++code) {
    llvm::APFloat value(format.semantics, APInt(format.width, code));
    bool inexact;
    value.convert(llvm::APFloat::IEEEsingle(),
                  llvm::APFloat::rmNearestTiesToEven, &inexact);
    values.push_back(value.convertToFloat());
  }
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    b.getF32Type());
  Value table = arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(type, ArrayRef(values)));
  Value code = arith::IndexCastUIOp::create(b, loc, b.getIndexType(), x);
  return tensor::ExtractOp::create(b, loc, table, code);
}

Value tfc::raise::encodeSmallFloat(OpBuilder &builder, Location loc, Value x,
                                   int32_t kind, bool saturates) {
  ImplicitLocOpBuilder b(loc, builder);
  Format format = formatOf(kind);
  Type i32 = b.getI32Type(), f32 = b.getF32Type();
  auto integer = [&](int64_t v) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(v));
  };
  auto real = [&](double v) -> Value {
    return arith::ConstantOp::create(b, b.getF32FloatAttr(v));
  };
  using P = arith::CmpIPredicate;
  // The exponent, no less than that of the smallest normal number.
  Value size = math::AbsFOp::create(b, x);
  Value bits = arith::BitcastOp::create(b, i32, size);
  Value exponent = arith::SubIOp::create(
      b, arith::ShRUIOp::create(b, bits, integer(23)), integer(127));
  exponent = arith::MaxSIOp::create(b, exponent, integer(1 - format.bias));
  // x in units of the last place, rounded to even; a power of two scales
  // exactly.
  Value places =
      arith::SubIOp::create(b, integer(127 + format.mantissa), exponent);
  Value scale = arith::BitcastOp::create(
      b, f32, arith::ShLIOp::create(b, places, integer(23)));
  Value units =
      math::RoundEvenOp::create(b, arith::MulFOp::create(b, size, scale));
  Value count = arith::FPToSIOp::create(b, i32, units);
  // Rounding up to the next power of two carries into the exponent.
  Value code = arith::AddIOp::create(
      b,
      arith::ShLIOp::create(
          b, arith::AddIOp::create(b, exponent, integer(format.bias - 1)),
          integer(format.mantissa)),
      count);
  Value beyond =
      arith::CmpIOp::create(b, P::sgt, code, integer(format.largestCode));
  // The conversion above means nothing for what is huge.
  beyond = arith::OrIOp::create(
      b, beyond,
      arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, size,
                            real(2 * format.largest)));
  int limit = saturates ? format.largestCode : format.infinity;
  code = arith::SelectOp::create(b, beyond, integer(limit), code);
  Value undefined = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
  code =
      arith::SelectOp::create(b, undefined, integer(format.notANumber), code);
  Value whole = arith::BitcastOp::create(b, i32, x);
  Value sign =
      arith::ShLIOp::create(b, arith::ShRUIOp::create(b, whole, integer(31)),
                            integer(format.width - 1));
  if (!format.negativeZero) {
    // Its pattern is NaN's, and zero has no sign.
    Value none = arith::OrIOp::create(
        b, undefined, arith::CmpIOp::create(b, P::eq, code, integer(0)));
    if (!saturates)
      none = arith::OrIOp::create(b, none, beyond);
    sign = arith::SelectOp::create(b, none, integer(0), sign);
  }
  code = arith::OrIOp::create(b, code, sign);
  return arith::TruncIOp::create(b, b.getI8Type(), code);
}
