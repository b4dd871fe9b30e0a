//===- Sums.cpp - sums of int8 in loops -------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphForms.h"
#include "IntegerGraph.h"
#include "ProductLoops.h"

#include <cmath>

using namespace tfc;
using namespace tfc::m7;

/// The largest shift up to 32 with which the greatest of `scales` is below
/// 2^31.
static std::optional<unsigned> shiftFor(ArrayRef<double> scales) {
  double greatest = *llvm::max_element(scales);
  if (!(*llvm::min_element(scales) > 0 && greatest < 256))
    return std::nullopt;
  unsigned shift = 32;
  while (std::nearbyint(std::ldexp(greatest, shift)) >= std::ldexp(1.0, 31))
    --shift;
  return shift;
}

Value IntegerGraph::rounded(Value sums, const Numbers &multipliers,
                            std::optional<Numbers> bias, int64_t zero,
                            unsigned shift) {
  auto type = cast<RankedTensorType>(sums.getType());
  AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
  SmallVector<Value> inputs = {sums};
  SmallVector<AffineMap> maps = {identity};
  auto take = [&](const Numbers &numbers) {
    auto constant = DenseElementsAttr::get(
        RankedTensorType::get(numbers.shape, b.getI32Type()),
        ArrayRef<int32_t>(numbers.values));
    inputs.push_back(arith::ConstantOp::create(b, loc, constant));
    maps.push_back(numbers.map);
  };
  take(multipliers);
  if (bias)
    take(*bias);
  maps.push_back(identity);
  return linalg::GenericOp::create(
             b, loc, bytes(type.getShape()), inputs, empty(type.getShape()),
             maps,
             SmallVector<utils::IteratorType>(type.getRank(),
                                              utils::IteratorType::parallel),
             [&](OpBuilder &inner, Location at, ValueRange arguments) {
               Type wide = inner.getI64Type();
               auto number = [&](int64_t value) -> Value {
                 return arith::ConstantIntOp::create(inner, at, wide, value);
               };
               Value sum = arguments[0];
               if (bias)
                 sum = arith::AddIOp::create(inner, at, sum, arguments[2]);
               sum = arith::ExtSIOp::create(inner, at, wide, sum);
               Value factor =
                   arith::ExtSIOp::create(inner, at, wide, arguments[1]);
               sum = arith::MulIOp::create(inner, at, sum, factor);
               sum = arith::AddIOp::create(inner, at, sum,
                                           number(int64_t(1) << (shift - 1)));
               sum = arith::ShRSIOp::create(inner, at, sum, number(shift));
               sum =
                   arith::MaxSIOp::create(inner, at, sum, number(-128 - zero));
               sum = arith::MinSIOp::create(inner, at, sum, number(127 - zero));
               sum = arith::AddIOp::create(inner, at, sum, number(zero));
               sum = arith::TruncIOp::create(inner, at, inner.getI8Type(), sum);
               linalg::YieldOp::create(inner, at, sum);
             })
      .getResult(0);
}

/// x times `y`, where given, added up into int32 from `start` on.
static Value addedUp(OpBuilder &b, Location loc, Value x, Value y, Value window,
                     ArrayRef<AffineMap> maps,
                     ArrayRef<utils::IteratorType> kinds,
                     ArrayRef<int64_t> shape, int64_t start) {
  Type sums = b.getI32Type();
  Value first = arith::ConstantIntOp::create(b, loc, sums, start);
  Value init = linalg::FillOp::create(
                   b, loc, first,
                   tensor::EmptyOp::create(b, loc, shape, sums).getResult())
                   .result();
  SmallVector<Value> inputs = {x};
  if (Value second = y ? y : window)
    inputs.push_back(second);
  return linalg::GenericOp::create(
             b, loc, init.getType(), inputs, init, maps, kinds,
             [&](OpBuilder &inner, Location at, ValueRange arguments) {
               Value term =
                   arith::ExtSIOp::create(inner, at, sums, arguments[0]);
               if (y)
                 term = arith::MulIOp::create(
                     inner, at, term,
                     arith::ExtSIOp::create(inner, at, sums, arguments[1]));
               term = arith::AddIOp::create(inner, at, arguments.back(), term);
               linalg::YieldOp::create(inner, at, term);
             })
      .getResult(0);
}

FailureOr<Value> IntegerGraph::sumsOf(linalg::GenericOp reduce,
                                      const Source &x) {
  auto type = cast<RankedTensorType>(reduce.getResult(0).getType());
  int64_t terms = 1;
  for (auto [size, kind] : llvm::zip(reduce.getStaticLoopRanges(),
                                     reduce.getIteratorTypesArray())) {
    if (ShapedType::isDynamic(size))
      return fail(reduce, "expected known sizes");
    if (kind == utils::IteratorType::reduction)
      terms *= size;
  }
  if (terms >= (1 << 23) || reduce.getNumDpsInputs() > 2)
    return fail(reduce, "its sums leave 32 bits");
  Value window;
  if (reduce.getNumDpsInputs() == 2)
    window =
        empty(cast<ShapedType>(reduce.getInputs()[1].getType()).getShape());
  return addedUp(b, loc, x.integers, Value(), window,
                 reduce.getIndexingMapsArray(), reduce.getIteratorTypesArray(),
                 type.getShape(), -terms * x.quantization.zero);
}

FailureOr<Value> IntegerGraph::selectSum(linalg::GenericOp reduce,
                                         double factor, Quantization to) {
  FailureOr<Source> x = sourceOf(reduce.getInputs()[0]);
  if (failed(x))
    return failure();
  double scale = x->quantization.scale * factor / to.scale;
  std::optional<unsigned> shift = shiftFor(scale);
  if (!shift)
    return fail(reduce, "the scale of what is summed is too far above the "
                        "result's");
  FailureOr<Value> sums = sumsOf(reduce, *x);
  if (failed(sums))
    return failure();
  int64_t rank = cast<RankedTensorType>(sums->getType()).getRank();
  Numbers multiplier{
      {static_cast<int32_t>(std::nearbyint(std::ldexp(scale, *shift)))},
      {},
      AffineMap::get(rank, 0, b.getContext())};
  return rounded(*sums, multiplier, std::nullopt, to.zero, *shift);
}

/// A sum over constants that differ: a mean of windows, which have fewer
/// elements at the border.
FailureOr<Value> IntegerGraph::selectMeans(linalg::GenericOp divide,
                                           Quantization to) {
  auto reduce = divide.getInputs()[0].getDefiningOp<linalg::GenericOp>();
  std::optional<RealConstant> by = realConstant(divide.getInputs()[1]);
  if (!by || by->values.empty() || reductionOf(reduce.getResult(0)) != reduce ||
      !divide.getMatchingIndexingMap(divide.getDpsInputOperand(0)).isIdentity())
    return fail(divide, "divides by something in f32 that is not constant");
  FailureOr<Source> x = sourceOf(reduce.getInputs()[0]);
  if (failed(x))
    return failure();
  SmallVector<double> scales;
  for (double value : by->values)
    scales.push_back(x->quantization.scale / value / to.scale);
  std::optional<unsigned> shift = shiftFor(scales);
  if (!shift)
    return fail(divide, "the scale of what is summed is too far above the "
                        "result's");
  FailureOr<Value> sums = sumsOf(reduce, *x);
  if (failed(sums))
    return failure();
  Numbers multipliers{
      {},
      by->shape,
      divide.getMatchingIndexingMap(divide.getDpsInputOperand(1))};
  for (double scale : scales)
    multipliers.values.push_back(
        static_cast<int32_t>(std::nearbyint(std::ldexp(scale, *shift))));
  return rounded(*sums, multipliers, std::nullopt, to.zero, *shift);
}

/// sat8(zero + x rounded to 2^shift steps) where y is not 0; what is divided by
/// 0 goes to an end of int8, 0 / 0 to the lower one.
static Value roundedQuotient(OpBuilder &b, Location at, Value x, Value y,
                             int32_t factor, unsigned shift, int64_t zero) {
  Type sums = b.getI32Type();
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantIntOp::create(b, at, sums, value);
  };
  Value none = number(0);
  Value isNone =
      arith::CmpIOp::create(b, at, arith::CmpIPredicate::eq, y, none);
  Value by = arith::SelectOp::create(b, at, isNone, number(1), y);
  Value result = arith::MulIOp::create(b, at, x, number(factor));
  result = arith::DivSIOp::create(b, at, result, by);
  result = arith::AddIOp::create(b, at, result, number(1 << (shift - 1)));
  result = arith::ShRSIOp::create(b, at, result, number(shift));
  result = arith::MaxSIOp::create(b, at, result, number(-128 - zero));
  result = arith::MinSIOp::create(b, at, result, number(127 - zero));
  result = arith::AddIOp::create(b, at, result, number(zero));
  Value isAbove =
      arith::CmpIOp::create(b, at, arith::CmpIPredicate::sgt, x, none);
  Value end =
      arith::SelectOp::create(b, at, isAbove, number(127), number(-128));
  result = arith::SelectOp::create(b, at, isNone, end, result);
  return arith::TruncIOp::create(b, at, b.getI8Type(), result);
}

FailureOr<Value> IntegerGraph::selectQuotient(linalg::GenericOp divide,
                                              Quantization to) {
  FailureOr<Source> x = broadcastSource(divide, 0);
  if (failed(x))
    return failure();
  FailureOr<Source> y = broadcastSource(divide, 1);
  if (failed(y))
    return failure();
  // 255 times the factor fits 31 bits.
  double scale = x->quantization.scale / y->quantization.scale / to.scale;
  int shift = 22 - std::max(0, static_cast<int>(std::ceil(std::log2(scale))));
  if (!(scale > 0) || shift < 12)
    return fail(divide, "the quotient's scale is too far above the result's");
  auto factor = static_cast<int32_t>(std::nearbyint(std::ldexp(scale, shift)));
  auto type = cast<RankedTensorType>(divide.getResult(0).getType());
  AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
  return linalg::GenericOp::create(
             b, loc, bytes(type.getShape()),
             ValueRange{x->integers, y->integers}, empty(type.getShape()),
             ArrayRef<AffineMap>{identity, identity, identity},
             SmallVector<utils::IteratorType>(type.getRank(),
                                              utils::IteratorType::parallel),
             [&](OpBuilder &inner, Location at, ValueRange arguments) {
               auto centred = [&](Value value, int64_t zero) -> Value {
                 value = arith::ExtSIOp::create(inner, at, inner.getI32Type(),
                                                value);
                 return arith::SubIOp::create(
                     inner, at, value,
                     arith::ConstantIntOp::create(inner, at, inner.getI32Type(),
                                                  zero));
               };
               Value quotient = roundedQuotient(
                   inner, at, centred(arguments[0], x->quantization.zero),
                   centred(arguments[1], y->quantization.zero), factor, shift,
                   to.zero);
               linalg::YieldOp::create(inner, at, quotient);
             })
      .getResult(0);
}

FailureOr<Value> IntegerGraph::selectGroups(Operation *op, const Contraction &c,
                                            const RealConstant &weights,
                                            const Addition &addition,
                                            Quantization to) {
  std::optional<LoopKinds> kinds = kindsOf(c.xMap, c.yMap, c.outMap);
  FailureOr<Source> x = sourceOf(c.x);
  if (failed(x))
    return failure();
  SmallVector<unsigned> channelLoops = concat(kinds->batch, kinds->columns);
  FailureOr<Channels> channels =
      channelsOf(op, c, weights, addition, channelLoops, kinds->rows,
                 kinds->depth, x->quantization, to);
  if (failed(channels))
    return failure();
  // Weights as [channels, depth].
  MLIRContext *context = b.getContext();
  SmallVector<AffineExpr> weightAt, channelAt;
  SmallVector<int64_t> weightShape, channelShape;
  SmallVector<unsigned> places = loopsOf(c.outMap);
  for (unsigned loop : concat(channelLoops, kinds->depth)) {
    weightAt.push_back(getAffineDimExpr(loop, context));
    weightShape.push_back(c.sizes[loop]);
  }
  for (unsigned loop : channelLoops) {
    const unsigned *place = llvm::find(places, loop);
    channelAt.push_back(getAffineDimExpr(place - places.begin(), context));
    channelShape.push_back(c.sizes[loop]);
  }
  Type stored = channels->parts == 1 ? b.getI8Type() : b.getI16Type();
  SmallVector<APInt> numbers;
  for (int16_t weight : channels->weights)
    numbers.push_back(APInt(stored.getIntOrFloatBitWidth(), weight,
                            /*isSigned=*/true));
  Value constant = arith::ConstantOp::create(
      b, loc,
      DenseElementsAttr::get(RankedTensorType::get(weightShape, stored),
                             numbers));
  unsigned loops = c.sizes.size();
  SmallVector<utils::IteratorType> iterators(loops,
                                             utils::IteratorType::parallel);
  for (unsigned loop : kinds->depth)
    iterators[loop] = utils::IteratorType::reduction;
  Value sums =
      addedUp(b, loc, x->integers, constant, Value(),
              {c.xMap, AffineMap::get(loops, 0, weightAt, context), c.outMap},
              iterators, c.resultShape, 0);
  AffineMap byChannel = AffineMap::get(places.size(), 0, channelAt, context);
  return rounded(sums, {channels->multipliers, channelShape, byChannel},
                 Numbers{channels->bias, channelShape, byChannel}, to.zero, 32);
}
