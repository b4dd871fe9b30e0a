//===- RaiseGridSample.cpp - samples between pixels -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RaiseContext.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

enum class Mode { Nearest, Linear, Cubic };
enum class Padding { Zeros, Border, Reflection };

/// A pixel along one dimension: its index, its share, and whether it lies in
/// the image (null where it always does).
struct Tap {
  Value index, weight, inside;
};

/// The arithmetic for one element, in `type`.
class Sampler {
public:
  Sampler(OpBuilder &builder, Location loc, FloatType type, Mode mode,
          Padding padding, bool alignsCorners)
      : b(loc, builder), type(type), mode(mode), padding(padding),
        alignsCorners(alignsCorners) {}

  /// The pixels that a coordinate of the grid, -1 to 1, takes from `extent`.
  SmallVector<Tap> taps(Value coordinate, Value extent);

  Value number(double value) {
    return arith::ConstantOp::create(b, b.getFloatAttr(type, value));
  }

private:
  Value add(Value x, Value y) { return arith::AddFOp::create(b, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, x, y); }
  Value select(Value c, Value x, Value y) {
    return arith::SelectOp::create(b, c, x, y);
  }
  Value less(Value x, Value y) {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, y);
  }
  Value clamp(Value x, Value low, Value high) {
    return arith::MinNumFOp::create(b, arith::MaxNumFOp::create(b, x, low),
                                    high);
  }
  Value reflect(Value x);
  Value outside(Value x);
  Tap tap(Value position, Value weight);
  SmallVector<Value> cubicWeights(Value fraction);

  ImplicitLocOpBuilder b;
  FloatType type;
  Mode mode;
  Padding padding;
  bool alignsCorners;
  /// Of the dimension at hand: the number of pixels, as a real one too, and the
  /// ends of the image.
  Value extent, size, low, high;
};

/// `x` turned round at the ends as often as it takes.
Value Sampler::reflect(Value x) {
  Value range = sub(high, low);
  Value isBelow = less(x, low);
  Value beyond = select(isBelow, sub(low, x), sub(x, high));
  Value turns =
      math::TruncOp::create(b, arith::DivFOp::create(b, beyond, range));
  Value rest = sub(beyond, mul(turns, range));
  Value half = mul(turns, number(0.5));
  Value isEven = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                       math::FloorOp::create(b, half), half);
  // From the end at which it left, or from the other.
  Value fromLow =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, isBelow, isEven);
  Value turned = select(fromLow, add(low, rest), sub(high, rest));
  Value isOutside = arith::OrIOp::create(b, isBelow, less(high, x));
  // One pixel, whose ends are one.
  Value isPoint =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, range, number(0));
  return select(isPoint, low, select(isOutside, turned, x));
}

/// A coordinate beyond the ends, put where its padding says.
Value Sampler::outside(Value x) {
  if (padding == Padding::Reflection)
    return reflect(x);
  // With cubic interpolation each pixel is put on the border, not the place
  // between them: so PyTorch and onnxruntime, from which ONNX's evaluator
  // differs.
  if (padding == Padding::Zeros || mode == Mode::Cubic)
    return x;
  Value isOutside = arith::OrIOp::create(b, less(x, low), less(high, x));
  return select(isOutside, clamp(x, number(0), sub(size, number(1))), x);
}

Tap Sampler::tap(Value position, Value weight) {
  if (padding == Padding::Reflection)
    position = reflect(position);
  Value last = sub(size, number(1)), zero = number(0);
  Tap out;
  out.weight = weight;
  if (padding == Padding::Zeros)
    out.inside = arith::AndIOp::create(
        b, arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, position, zero),
        arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, position, last));
  Value whole =
      arith::FPToSIOp::create(b, b.getI64Type(), clamp(position, zero, last));
  out.index = arith::IndexCastOp::create(b, b.getIndexType(), whole);
  return out;
}

/// The kernel of Keys with a = -0.75.
SmallVector<Value> Sampler::cubicWeights(Value fraction) {
  constexpr double a = -0.75;
  Value one = number(1);
  auto outer = [&](Value x) {
    Value sum = mul(sub(mul(number(a), x), number(5 * a)), x);
    return sub(mul(add(sum, number(8 * a)), x), number(4 * a));
  };
  auto inner = [&](Value x) {
    Value sum = sub(mul(number(a + 2), x), number(a + 3));
    return add(mul(mul(sum, x), x), one);
  };
  Value rest = sub(one, fraction);
  return {outer(add(fraction, one)), inner(fraction), inner(rest),
          outer(add(rest, one))};
}

SmallVector<Tap> Sampler::taps(Value coordinate, Value length) {
  extent = length;
  Value one = number(1), half = number(0.5);
  size = arith::SIToFPOp::create(
      b, type, arith::IndexCastOp::create(b, b.getI64Type(), extent));
  low = alignsCorners ? number(0) : number(-0.5);
  high = alignsCorners ? sub(size, one) : sub(size, half);
  Value shifted = add(coordinate, one);
  Value x = alignsCorners ? mul(mul(shifted, half), sub(size, one))
                          : mul(sub(mul(shifted, size), one), half);
  // Far beyond any image, and a number.
  x = clamp(x, number(-1e9), number(1e9));
  if (mode == Mode::Nearest)
    return {tap(outside(math::RoundEvenOp::create(b, x)), Value())};
  x = outside(x);
  Value first = math::FloorOp::create(b, x), fraction = sub(x, first);
  if (mode == Mode::Linear)
    return {tap(first, sub(one, fraction)), tap(add(first, one), fraction)};
  SmallVector<Tap> out;
  for (auto [i, weight] : llvm::enumerate(cubicWeights(fraction)))
    out.push_back(tap(add(first, number(static_cast<double>(i) - 1)), weight));
  return out;
}

/// The weighted sum over the pixels of the dimensions from `d` on.
Value sumOver(Sampler &sampler, OpBuilder &b, Location loc,
              ArrayRef<SmallVector<Tap>> taps, Value inside,
              llvm::function_ref<Value(Value inside)> pixel,
              SmallVectorImpl<Value> &index, int64_t d) {
  if (taps.empty())
    return pixel(inside);
  Value sum;
  for (const Tap &tap : taps.front()) {
    index[d] = tap.index;
    Value both = inside;
    if (tap.inside)
      both = inside
                 ? arith::AndIOp::create(b, loc, inside, tap.inside).getResult()
                 : tap.inside;
    Value part =
        sumOver(sampler, b, loc, taps.drop_front(), both, pixel, index, d + 1);
    if (tap.weight)
      part = arith::MulFOp::create(b, loc, part, tap.weight);
    sum = sum ? arith::AddFOp::create(b, loc, sum, part).getResult() : part;
  }
  return sum;
}

struct Settings {
  Mode mode = Mode::Linear;
  Padding padding = Padding::Zeros;
  bool alignsCorners = false;
};

FailureOr<Settings> settingsOf(NodeContext &n) {
  Settings out;
  StringRef mode = n.text("mode", "linear"),
            padding = n.text("padding_mode", "zeros");
  if (mode == "nearest")
    out.mode = Mode::Nearest;
  else if (mode == "cubic" || mode == "bicubic")
    out.mode = Mode::Cubic;
  else if (mode != "linear" && mode != "bilinear")
    return n.fail("its mode '" + mode + "' is not supported");
  if (padding == "border")
    out.padding = Padding::Border;
  else if (padding == "reflection")
    out.padding = Padding::Reflection;
  else if (padding != "zeros")
    return n.fail("its padding_mode '" + padding + "' is not supported");
  out.alignsCorners = n.integer("align_corners", 0) != 0;
  return out;
}

/// The shapes fit, and there are pixels to read.
LogicalResult checkShapes(NodeContext &n, Raised &image, Raised &grid,
                          Settings settings) {
  int64_t rank = image.rank(), spatial = rank - 2;
  if (rank < 3 || rank > 5 || grid.rank() != rank ||
      !isConstantIntValue(grid.shape[rank - 1], spatial))
    return n.fail("its image must have one to three dimensions of space, and "
                  "its grid as many coordinates");
  if (!isFloat(grid.kind) ||
      (settings.mode != Mode::Nearest && !isFloat(image.kind)))
    return n.fail("it mixes numbers that are not real");
  if (image.shape[0] != grid.shape[0]) {
    if (getConstantIntValue(image.shape[0]) &&
        getConstantIntValue(grid.shape[0]))
      return n.fail("its image and its grid differ in batch");
    n.requireEqual(grid.shape[0], image.shape[0],
                   "its image and its grid differ in batch");
  }
  for (OpFoldResult size : ArrayRef<OpFoldResult>(image.shape).drop_front(2)) {
    if (isConstantIntValue(size, 0))
      return n.fail("its image has no pixels");
    if (!getConstantIntValue(size))
      n.c.require(arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::sgt,
                                        n.c.value(size),
                                        n.c.value(n.c.size(0))),
                  n.describe() + ": its image has no pixels");
  }
  return success();
}

/// (image [N, C, spatial...], grid [N, out..., r]) to [N, C, out...]; the last
/// coordinate of the grid is that of the first dimension of space.
LogicalResult raiseGridSample(NodeContext &n) {
  Raised image = n.input(0), grid = n.input(1);
  FailureOr<Settings> settings = settingsOf(n);
  if (failed(settings) || failed(checkShapes(n, image, grid, *settings)))
    return failure();
  int64_t rank = image.rank(), spatial = rank - 2;
  Sizes shape = {image.shape[0], image.shape[1]};
  shape.append(grid.shape.begin() + 1, grid.shape.end() - 1);
  SmallVector<Value> extents;
  for (int64_t d = 2; d < rank; ++d)
    extents.push_back(n.c.value(image.shape[d]));
  bool wide = image.kind == Float64 || grid.kind == Float64;
  auto type = cast<FloatType>(n.c.elementType(wide ? Float64 : Float32));
  Value source = n.c.tensor(image), places = n.c.tensor(grid);
  Type element = n.c.elementType(image.kind);
  return n.finish(n.c.elementwise(
      {}, shape, image.kind,
      [&](OpBuilder &b, Location loc, ValueRange) -> Value {
        SmallVector<Value> index, at;
        for (int64_t d = 0; d < rank; ++d)
          index.push_back(linalg::IndexOp::create(b, loc, d));
        at = {index[0]};
        at.append(index.begin() + 2, index.end());
        at.push_back(Value());
        Sampler sampler(b, loc, type, settings->mode, settings->padding,
                        settings->alignsCorners);
        SmallVector<SmallVector<Tap>> taps;
        for (int64_t d = 0; d < spatial; ++d) {
          at.back() = arith::ConstantIndexOp::create(b, loc, spatial - 1 - d);
          Value coordinate = widened(
              b, loc, tensor::ExtractOp::create(b, loc, places, at), type);
          taps.push_back(sampler.taps(coordinate, extents[d]));
        }
        bool nearest = settings->mode == Mode::Nearest;
        auto pixel = [&](Value inside) -> Value {
          Value read = tensor::ExtractOp::create(b, loc, source, index);
          if (!nearest)
            read = widened(b, loc, read, type);
          if (!inside)
            return read;
          Value zero =
              arith::ConstantOp::create(b, loc, b.getZeroAttr(read.getType()));
          return arith::SelectOp::create(b, loc, inside, read, zero);
        };
        Value sum = sumOver(sampler, b, loc, taps, Value(), pixel, index, 2);
        if (!nearest && sum.getType() != element)
          sum = arith::TruncFOp::create(b, loc, element, sum);
        return sum;
      }));
}

} // namespace

void tfc::raise::populateGridSampleRules(RuleSet &rules) {
  rules.add("GridSample", raiseGridSample);
}
