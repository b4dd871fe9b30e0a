//===- Interpolation.cpp - images of int8 resized ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphForms.h"
#include "IntegerGraph.h"

#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace tfc;
using namespace tfc::m7;

/// Bits behind the point of what lies between two dimensions, and of weights.
static constexpr int fraction = 20, weightBits = 15;

namespace {

/// One dimension of `source` resized: each position is a sum of `taps` elements
/// with weights.
struct Stage {
  Value source;
  unsigned axis = 0;
  int64_t taps = 0;
  /// By position and tap.
  std::vector<int64_t> places;
  std::vector<double> weights;
};

} // namespace

/// The dimension along which `extract` reads at the place `number`, where all
/// others are the loops' own.
static std::optional<unsigned> axisOf(tensor::ExtractOp extract, Value number) {
  std::optional<unsigned> axis;
  auto shape = cast<ShapedType>(extract.getTensor().getType()).getShape();
  for (auto [d, index] : llvm::enumerate(extract.getIndices())) {
    auto loop = index.getDefiningOp<linalg::IndexOp>();
    auto cast = index.getDefiningOp<arith::IndexCastOp>();
    if (loop ? loop.getDim() == d
             : shape[d] == 1 && matchPattern(index, m_Zero()))
      continue;
    if (!cast || cast.getIn() != number || axis)
      return std::nullopt;
    axis = d;
  }
  return axis;
}

/// Whether the body is out + element * weight.
static tensor::ExtractOp elementOf(linalg::GenericOp op) {
  Block *body = op.getBody();
  auto add =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add)
    return {};
  for (unsigned i : {0u, 1u}) {
    auto product = add->getOperand(i).getDefiningOp<arith::MulFOp>();
    if (!product || add->getOperand(1 - i) != body->getArgument(2))
      continue;
    for (unsigned j : {0u, 1u})
      if (product->getOperand(1 - j) == body->getArgument(1))
        return product->getOperand(j).getDefiningOp<tensor::ExtractOp>();
  }
  return {};
}

static std::optional<Stage> stageOf(linalg::GenericOp op) {
  if (!op || op.getNumDpsInputs() != 2 || op.getNumResults() != 1 ||
      op.getNumReductionLoops() != 1 || !isFilledWithZero(op.getDpsInits()[0]))
    return std::nullopt;
  tensor::ExtractOp extract = elementOf(op);
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  DenseIntElementsAttr places;
  std::optional<RealConstant> weights = realConstant(op.getInputs()[1]);
  if (!extract || !weights ||
      !matchPattern(op.getInputs()[0], m_Constant(&places)))
    return std::nullopt;
  std::optional<unsigned> axis = axisOf(extract, op.getBody()->getArgument(0));
  unsigned rank = type.getRank();
  MLIRContext *context = op.getContext();
  if (!axis || op.getNumLoops() != rank + 1)
    return std::nullopt;
  AffineMap table = AffineMap::get(rank + 1, 0,
                                   {getAffineDimExpr(*axis, context),
                                    getAffineDimExpr(rank, context)},
                                   context),
            out = AffineMap::getMultiDimIdentityMap(rank + 1, context)
                      .getMajorSubMap(rank);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  if (maps[0] != table || maps[1] != table || maps[2] != out)
    return std::nullopt;
  Stage stage{
      extract.getTensor(), *axis, weights->shape[1], {}, weights->values};
  for (const APInt &place : places.getValues<APInt>())
    stage.places.push_back(place.getSExtValue());
  return stage;
}

Value IntegerGraph::interpolated(Value x, int64_t zero, ArrayRef<int64_t> shape,
                                 unsigned axis, int64_t taps,
                                 ArrayRef<int64_t> places,
                                 ArrayRef<double> weights) {
  AffineMap along = AffineMap::get(shape.size(), 0, b.getAffineDimExpr(axis),
                                   b.getContext()),
            identity = b.getMultiDimIdentityMap(shape.size());
  int64_t size = shape[axis];
  auto column = [&](auto of, Type element) -> Value {
    SmallVector<APInt> numbers;
    for (int64_t i = 0; i < size; ++i)
      numbers.push_back(
          APInt(element.getIntOrFloatBitWidth(), of(i), /*isSigned=*/true));
    return arith::ConstantOp::create(
        b, loc,
        DenseElementsAttr::get(RankedTensorType::get({size}, element),
                               numbers));
  };
  SmallVector<Value> tables;
  for (int64_t tap = 0; tap < taps; ++tap) {
    tables.push_back(column([&](int64_t i) { return places[i * taps + tap]; },
                            b.getI32Type()));
    tables.push_back(column(
        [&](int64_t i) {
          return static_cast<int64_t>(
              std::nearbyint(std::ldexp(weights[i * taps + tap], weightBits)));
        },
        b.getI32Type()));
  }
  SmallVector<AffineMap> maps(tables.size(), along);
  maps.push_back(identity);
  Value init = tensor::EmptyOp::create(b, loc, shape, b.getI32Type());
  bool isFirst = cast<ShapedType>(x.getType()).getElementType().isInteger(8);
  // Rounded to `fraction` bits; of bytes none are to be lost.
  int shift = isFirst ? weightBits - fraction : weightBits;
  return linalg::GenericOp::create(
             b, loc, init.getType(), tables, init, maps,
             SmallVector<utils::IteratorType>(shape.size(),
                                              utils::IteratorType::parallel),
             [&](OpBuilder &inner, Location at, ValueRange v) {
               Type wide = inner.getI64Type();
               auto number = [&](int64_t value) -> Value {
                 return arith::ConstantIntOp::create(inner, at, wide, value);
               };
               Value sum = number(shift > 0 ? int64_t(1) << (shift - 1) : 0);
               for (int64_t tap = 0; tap < taps; ++tap) {
                 SmallVector<Value> index;
                 for (unsigned d = 0; d < shape.size(); ++d)
                   index.push_back(
                       d == axis
                           ? arith::IndexCastOp::create(
                                 inner, at, inner.getIndexType(), v[2 * tap])
                                 .getResult()
                           : linalg::IndexOp::create(inner, at, d).getResult());
                 Value element = arith::ExtSIOp::create(
                     inner, at, wide,
                     tensor::ExtractOp::create(inner, at, x, index));
                 if (isFirst)
                   element =
                       arith::SubIOp::create(inner, at, element, number(zero));
                 Value weight =
                     arith::ExtSIOp::create(inner, at, wide, v[2 * tap + 1]);
                 sum = arith::AddIOp::create(
                     inner, at, sum,
                     arith::MulIOp::create(inner, at, element, weight));
               }
               sum = shift > 0
                         ? arith::ShRSIOp::create(inner, at, sum, number(shift))
                               .getResult()
                         : arith::ShLIOp::create(inner, at, sum, number(-shift))
                               .getResult();
               linalg::YieldOp::create(
                   inner, at,
                   arith::TruncIOp::create(inner, at, inner.getI32Type(), sum)
                       .getResult());
             })
      .getResult(0);
}

std::optional<FailureOr<Value>>
IntegerGraph::selectInterpolation(linalg::GenericOp op, Quantization to) {
  SmallVector<std::pair<Stage, SmallVector<int64_t>>> stages;
  Value base = op.getResult(0);
  while (!knownQuantization(base)) {
    std::optional<Stage> stage =
        stageOf(base.getDefiningOp<linalg::GenericOp>());
    if (!stage)
      break;
    auto shape = cast<RankedTensorType>(base.getType()).getShape();
    base = stage->source;
    stages.push_back({std::move(*stage), llvm::to_vector(shape)});
  }
  if (stages.empty())
    return std::nullopt;
  // Sums stay below 4 times the greatest element, which has 8 bits and
  // `fraction`.
  for (auto &[stage, shape] : stages)
    for (size_t i = 0; i < stage.weights.size(); i += stage.taps) {
      double sum = 0;
      for (int64_t tap = 0; tap < stage.taps; ++tap)
        sum += std::abs(stage.weights[i + tap]);
      if (!(sum < 1.5) || stage.taps > 16 || stages.size() > 3)
        return FailureOr<Value>(fail(
            op, "interpolates with more or greater weights than has a form"));
    }
  FailureOr<Source> x = sourceOf(base);
  if (failed(x))
    return FailureOr<Value>(failure());
  double scale = x->quantization.scale / to.scale;
  if (!(scale > 0 && scale < 256))
    return FailureOr<Value>(
        fail(op, "the scale of what is interpolated is too far above the "
                 "result's"));
  unsigned shift = 32;
  while (std::nearbyint(std::ldexp(scale, shift)) >= std::ldexp(1.0, 31))
    --shift;
  Value value = x->integers;
  for (auto &[stage, shape] : llvm::reverse(stages))
    value = interpolated(value, x->quantization.zero, shape, stage.axis,
                         stage.taps, stage.places, stage.weights);
  int64_t rank = cast<RankedTensorType>(value.getType()).getRank();
  Numbers multiplier{
      {static_cast<int32_t>(std::nearbyint(std::ldexp(scale, shift)))},
      {},
      AffineMap::get(rank, 0, b.getContext())};
  return FailureOr<Value>(
      rounded(value, multiplier, std::nullopt, to.zero, shift + fraction));
}
