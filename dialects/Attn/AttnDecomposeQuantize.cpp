//===- AttnDecomposeQuantize.cpp - quantisation as linalg -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decomposer.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace tfc::attn;

namespace {

/// Elements of an operation, with the scale and the zero point of each.
class DecomposeElements : public Decomposer {
public:
  DecomposeElements(OpBuilder &b, Location loc, Type type)
      : Decomposer(b, loc), type(cast<quant::QuantizedType>(type)) {}

  using Element = llvm::function_ref<Value(OpBuilder &, Location, Value x,
                                           Value scale, Value zero)>;

  /// `zero` has type `zeroType` in `element`.
  Value build(Value x, Value init, Type zeroType, Element element) {
    unsigned rank = cast<ShapedType>(x.getType()).getRank();
    SmallVector<Value> inputs = {x};
    AffineMap whole = map(rank, range(rank));
    SmallVector<AffineMap> maps = {whole};
    if (auto blocks = dyn_cast<quant::UniformQuantizedSubChannelType>(type))
      return buildBlocks(x, init, zeroType, element, blocks);
    SmallVector<Attribute> scales, zeros;
    for (auto [scale, zero] : parameters()) {
      scales.push_back(b.getF32FloatAttr(scale));
      zeros.push_back(isa<FloatType>(zeroType)
                          ? TypedAttr(b.getFloatAttr(zeroType, zero))
                          : TypedAttr(b.getIntegerAttr(zeroType, zero)));
    }
    if (auto slices = dyn_cast<quant::UniformQuantizedPerAxisType>(type)) {
      unsigned axis = slices.getQuantizedDimension();
      inputs.append({row(scales), row(zeros)});
      maps.append(2, map(rank, axis));
    }
    maps.push_back(whole);
    return generic(inputs, init, maps, rank,
                   [&](OpBuilder &inner, Location at, ValueRange v) {
                     if (inputs.size() > 1)
                       return element(inner, at, v[0], v[1], v[2]);
                     return element(inner, at, v[0], scalar(inner, scales[0]),
                                    scalar(inner, zeros[0]));
                   });
  }

private:
  /// A scale and a zero point for each block of x, read by index.
  Value buildBlocks(Value x, Value init, Type zeroType, Element element,
                    quant::UniformQuantizedSubChannelType blocks) {
    unsigned rank = cast<ShapedType>(x.getType()).getRank();
    SmallVector<int64_t> sizes(rank, 0);
    for (auto [axis, size] : blocks.getBlockSizeInfo())
      sizes[axis] = size;
    auto widened = [&](const APInt &zero) {
      return type.isSigned() ? zero.sext(32) : zero.zext(32);
    };
    DenseElementsAttr zeroPoints =
        blocks.getZeroPoints().mapValues(b.getI32Type(), widened);
    Value scales = arith::ConstantOp::create(b, loc, blocks.getScales()), zeros;
    if (!zeroPoints.isSplat())
      zeros = arith::ConstantOp::create(b, loc, zeroPoints);
    AffineMap whole = map(rank, range(rank));
    return generic(
        x, init, {whole, whole}, rank,
        [&](OpBuilder &inner, Location at, ValueRange v) {
          auto index = [&](int64_t number) -> Value {
            return arith::ConstantIndexOp::create(inner, at, number);
          };
          SmallVector<Value> block;
          for (unsigned d = 0; d < rank; ++d)
            block.push_back(sizes[d] == 0
                                ? index(0)
                                : arith::DivUIOp::create(
                                      inner, at,
                                      linalg::IndexOp::create(inner, at, d),
                                      index(sizes[d])));
          Value scale = tensor::ExtractOp::create(inner, at, scales, block);
          Value zero =
              zeros ? tensor::ExtractOp::create(inner, at, zeros, block)
                          .getResult()
                    : scalar(inner, zeroPoints.getSplatValue<Attribute>());
          if (isa<FloatType>(zeroType))
            zero = arith::SIToFPOp::create(inner, at, zeroType, zero);
          return element(inner, at, v[0], scale, zero);
        });
  }

  SmallVector<std::pair<double, int64_t>> parameters() {
    SmallVector<std::pair<double, int64_t>> all;
    if (auto one = dyn_cast<quant::UniformQuantizedType>(type))
      all.push_back({one.getScale(), one.getZeroPoint()});
    else if (auto many = dyn_cast<quant::UniformQuantizedPerAxisType>(type))
      for (auto [scale, zero] :
           llvm::zip(many.getScales(), many.getZeroPoints()))
        all.push_back({scale, zero});
    return all;
  }

  Value row(ArrayRef<Attribute> values) {
    auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                      cast<TypedAttr>(values[0]).getType());
    return arith::ConstantOp::create(b, loc,
                                     DenseElementsAttr::get(type, values));
  }

  Value scalar(OpBuilder &inner, Attribute value) {
    return arith::ConstantOp::create(inner, loc, cast<TypedAttr>(value));
  }

  quant::QuantizedType type;
};

} // namespace

FailureOr<SmallVector<Value>> QuantizeOp::decomposeOperation(OpBuilder &b) {
  if (!getResult())
    return failure();
  auto type = cast<quant::QuantizedType>(getQuantizedType());
  Type wide = b.getF32Type(), stored = getElementTypeOrSelf(getInit());
  DecomposeElements elements(b, getLoc(), type);
  Value y = elements.build(
      getX(), getInit(), wide,
      [&](OpBuilder &b, Location loc, Value x, Value scale,
          Value zero) -> Value {
        auto number = [&](double value) -> Value {
          return arith::ConstantOp::create(b, loc, b.getFloatAttr(wide, value));
        };
        Value rounded = math::RoundEvenOp::create(
            b, loc, arith::DivFOp::create(b, loc, x, scale));
        // Limited before the zero point is added, with room for it: then all
        // is exact.
        rounded = arith::MaxNumFOp::create(b, loc, rounded, number(-200000));
        rounded = arith::MinNumFOp::create(b, loc, rounded, number(200000));
        rounded = arith::AddFOp::create(b, loc, rounded, zero);
        rounded = arith::MaxNumFOp::create(b, loc, rounded,
                                           number(type.getStorageTypeMin()));
        rounded = arith::MinNumFOp::create(b, loc, rounded,
                                           number(type.getStorageTypeMax()));
        Value integer =
            arith::FPToSIOp::create(b, loc, b.getI32Type(), rounded);
        return arith::TruncIOp::create(b, loc, stored, integer);
      });
  return SmallVector<Value>{y};
}

FailureOr<SmallVector<Value>> DequantizeOp::decomposeOperation(OpBuilder &b) {
  if (!getResult())
    return failure();
  auto type = cast<quant::QuantizedType>(getQuantizedType());
  Type integer = b.getI32Type();
  DecomposeElements elements(b, getLoc(), type);
  Value y = elements.build(
      getX(), getInit(), integer,
      [&](OpBuilder &b, Location loc, Value x, Value scale,
          Value zero) -> Value {
        if (x.getType() != integer)
          x = type.isSigned()
                  ? arith::ExtSIOp::create(b, loc, integer, x).getResult()
                  : arith::ExtUIOp::create(b, loc, integer, x).getResult();
        Value difference = arith::SubIOp::create(b, loc, x, zero);
        return arith::MulFOp::create(
            b, loc, arith::SIToFPOp::create(b, loc, b.getF32Type(), difference),
            scale);
      });
  return SmallVector<Value>{y};
}
