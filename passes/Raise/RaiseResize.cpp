//===- RaiseResize.cpp - interpolation --------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Resize, Upsample: one dimension after the other, each a sum of a few elements
// of the input (the taps) with weights. Positions and weights of a dimension
// are tables, constants where sizes and scales are known, else computed when
// the call runs; their formulas are those of ONNX's specification of Resize.
//
//===----------------------------------------------------------------------===//

#include "ConstantTables.h"
#include "RaiseContext.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <cmath>

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

enum class Interpolation { Nearest, Linear, Cubic };

/// What the node asks for, besides sizes.
struct Method {
  Interpolation interpolation;
  StringRef coordinates, rounding;
  float cubic = -0.75f;
  bool excludesOutside = false, antialiases = false;
  Value extrapolated; // null where positions outside repeat the border
};

/// One resized dimension.
struct Axis {
  int64_t dimension;
  OpFoldResult from, to;
  Value scale;                 // f64
  Value cropBegin, cropEnd;    // f64, of tf_crop_and_resize
  std::optional<double> ratio; // the scale, as far as known, for the taps
};

/// Arithmetic on f64 that says little more than the formula.
struct Real {
  ImplicitLocOpBuilder *b;
  Value v;
  Real operator()(double x) const {
    return {b, arith::ConstantOp::create(*b, b->getF64FloatAttr(x))};
  }
  Real operator+(Real o) const {
    return {b, arith::AddFOp::create(*b, v, o.v)};
  }
  Real operator-(Real o) const {
    return {b, arith::SubFOp::create(*b, v, o.v)};
  }
  Real operator*(Real o) const {
    return {b, arith::MulFOp::create(*b, v, o.v)};
  }
  Real operator/(Real o) const {
    return {b, arith::DivFOp::create(*b, v, o.v)};
  }
  Value less(Real o) const {
    return arith::CmpFOp::create(*b, arith::CmpFPredicate::OLT, v, o.v);
  }
  Real floor() const { return {b, math::FloorOp::create(*b, v)}; }
  Real ceil() const { return {b, math::CeilOp::create(*b, v)}; }
  Real abs() const { return {b, math::AbsFOp::create(*b, v)}; }
  /// `o` where the condition holds.
  Real orIf(Value condition, Real o) const {
    return {b, arith::SelectOp::create(*b, condition, o.v, v)};
  }
};

Real fromIndex(ImplicitLocOpBuilder &b, Value index) {
  Value number = arith::IndexCastOp::create(b, b.getI64Type(), index);
  return {&b, arith::SIToFPOp::create(b, b.getF64Type(), number)};
}

Value toIndex(Real x) {
  Value number = arith::FPToSIOp::create(*x.b, x.b->getI64Type(), x.v);
  return arith::IndexCastOp::create(*x.b, x.b->getIndexType(), number);
}

/// Where in the input position `o` of the output lies.
Real sourcePosition(NodeContext &n, ImplicitLocOpBuilder &b, const Method &m,
                    const Axis &axis, Real o) {
  Real scale = {&b, axis.scale}, from = fromIndex(b, n.c.value(axis.from)),
       to = fromIndex(b, n.c.value(axis.to)), one = o(1), half = o(0.5);
  Real whole = from * scale;
  Value single = to.less(o(1.5));
  if (m.coordinates == "asymmetric")
    return o / scale;
  if (m.coordinates == "align_corners")
    return (o * (from - one) / (whole - one)).orIf(single, o(0));
  if (m.coordinates == "tf_crop_and_resize") {
    Real begin = {&b, axis.cropBegin}, end = {&b, axis.cropEnd},
         last = from - one;
    Real spread = begin * last + o * (end - begin) * last / (to - one);
    return spread.orIf(single, half * (begin + end) * last);
  }
  Real centred = (o + half) / scale - half;
  if (m.coordinates == "pytorch_half_pixel")
    return centred.orIf(single, o(0));
  if (m.coordinates == "half_pixel_symmetric")
    return from * half * (one - to / whole) + centred;
  return centred;
}

/// Keys' cubic kernel with parameter `a`.
Real cubicKernel(Real distance, float a) {
  Real d = distance.abs();
  Real near = (d(a + 2) * d - d(a + 3)) * d * d + d(1),
       far = ((d(a) * d - d(5 * a)) * d + d(8 * a)) * d - d(4 * a);
  return d(0).orIf(d.less(d(2)), far).orIf(d.less(d(1)), near);
}

/// Taps left of and including floor(position), and right of it, each.
int64_t reachOf(const Method &m, const Axis &axis) {
  if (m.interpolation == Interpolation::Nearest)
    return 0;
  double reach = m.interpolation == Interpolation::Linear ? 1 : 2;
  if (m.antialiases && axis.ratio && *axis.ratio < 1)
    reach = std::ceil(reach / *axis.ratio);
  return static_cast<int64_t>(reach);
}

/// Positions i64 [to, taps] and weights f64 [to, taps] of one dimension.
std::pair<Value, Value> makeTables(NodeContext &n, const Method &m,
                                   const Axis &axis) {
  int64_t reach = reachOf(m, axis), taps = std::max<int64_t>(1, 2 * reach);
  Sizes shape = {axis.to, n.c.size(taps)};
  MLIRContext *context = n.b.getContext();
  AffineMap map = AffineMap::getMultiDimIdentityMap(2, context);
  Value places = n.c.empty(shape, Int64), weights = n.c.empty(shape, Float64);
  auto table = linalg::GenericOp::create(
      n.b, n.loc, TypeRange{places.getType(), weights.getType()}, ValueRange{},
      ValueRange{places, weights}, ArrayRef<AffineMap>{map, map},
      SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
      [&](OpBuilder &builder, Location loc, ValueRange) {
        ImplicitLocOpBuilder b(loc, builder);
        Real o = fromIndex(b, linalg::IndexOp::create(b, 0)),
             tap = fromIndex(b, linalg::IndexOp::create(b, 1));
        Real x = sourcePosition(n, b, m, axis, o);
        Real last = fromIndex(b, n.c.value(axis.from)) - o(1);
        Real place = x, weight = o(1);
        if (m.interpolation == Interpolation::Nearest) {
          if (m.rounding == "floor")
            place = x.floor();
          else if (m.rounding == "ceil")
            place = x.ceil();
          else if (m.rounding == "round_prefer_ceil")
            place = (x + o(0.5)).floor();
          else
            place = (x - o(0.5)).ceil();
        } else {
          place = x.floor() + tap - o(reach - 1);
          Real distance = place - x;
          if (m.antialiases) {
            Real scale = {&b, axis.scale};
            distance = distance * scale.orIf(o(1).less(scale), o(1));
          }
          if (m.interpolation == Interpolation::Cubic)
            weight = cubicKernel(distance, m.cubic);
          else
            weight =
                (o(1) - distance.abs()).orIf(o(1).less(distance.abs()), o(0));
        }
        Real inside = place.orIf(place.less(o(0)), o(0));
        inside = inside.orIf(last.less(inside), last);
        if (m.excludesOutside)
          weight =
              weight.orIf(place.less(o(0)), o(0)).orIf(last.less(place), o(0));
        Value number =
            arith::IndexCastOp::create(b, b.getI64Type(), toIndex(inside));
        linalg::YieldOp::create(b, ValueRange{number, weight.v});
      });
  return {table.getResult(0), table.getResult(1)};
}

/// The weights of each position divided by their sum.
Value normalised(NodeContext &n, Value weights, const Sizes &shape) {
  MLIRContext *context = n.b.getContext();
  Raised table = n.c.fromTensor(weights, Float64, shape);
  AffineMap whole = AffineMap::getMultiDimIdentityMap(2, context),
            row = AffineMap::get(2, 0, getAffineDimExpr(0, context));
  Value zero = n.c.filled({shape[0]}, n.c.zero(Float64), Float64);
  auto sums = linalg::GenericOp::create(
      n.b, n.loc, zero.getType(), weights, zero,
      ArrayRef<AffineMap>{whole, row},
      ArrayRef<utils::IteratorType>{utils::IteratorType::parallel,
                                    utils::IteratorType::reduction},
      [](OpBuilder &b, Location loc, ValueRange v) {
        linalg::YieldOp::create(
            b, loc, arith::AddFOp::create(b, loc, v[0], v[1]).getResult());
      });
  Value init = n.c.empty(shape, Float64);
  return linalg::GenericOp::create(
             n.b, n.loc, init.getType(), ValueRange{weights, sums.getResult(0)},
             init, ArrayRef<AffineMap>{whole, row, whole},
             SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
             [](OpBuilder &b, Location loc, ValueRange v) {
               linalg::YieldOp::create(
                   b, loc,
                   arith::DivFOp::create(b, loc, v[0], v[1]).getResult());
             })
      .getResult(0);
}

/// `image` with one dimension resized.
Raised resizeAxis(NodeContext &n, Raised image, const Method &m,
                  const Axis &axis) {
  auto [places, weights] = makeTables(n, m, axis);
  int64_t rank = image.rank(),
          taps = std::max<int64_t>(1, 2 * reachOf(m, axis));
  Sizes shape = image.shape;
  shape[axis.dimension] = axis.to;
  Value source = n.c.tensor(image);
  bool nearest = m.interpolation == Interpolation::Nearest;
  if (!nearest && (m.excludesOutside || m.antialiases))
    weights = normalised(n, weights, {axis.to, n.c.size(taps)});
  places = knownTable(places, cast<RankedTensorType>(places.getType()));
  if (!nearest)
    weights = knownTable(
        weights,
        RankedTensorType::get(cast<ShapedType>(weights.getType()).getShape(),
                              n.c.elementType(image.kind)));
  auto element = [&](OpBuilder &b, Location loc, Value place) -> Value {
    SmallVector<Value> index;
    for (int64_t d = 0; d < rank; ++d)
      index.push_back(linalg::IndexOp::create(b, loc, d));
    index[axis.dimension] =
        arith::IndexCastOp::create(b, loc, b.getIndexType(), place);
    return tensor::ExtractOp::create(b, loc, source, index);
  };
  MLIRContext *context = n.b.getContext();
  AffineExpr here = getAffineDimExpr(axis.dimension, context),
             tap = getAffineDimExpr(rank, context);
  AffineMap tableMap = AffineMap::get(rank + 1, 0, {here, tap}, context),
            out = AffineMap::getMultiDimIdentityMap(rank + 1, context)
                      .getMajorSubMap(rank);
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  Value init = n.c.filled(shape, n.c.zero(image.kind), image.kind);
  SmallVector<Value> tables = {places};
  SmallVector<AffineMap> maps = {tableMap};
  if (!nearest) {
    tables.push_back(weights);
    maps.push_back(tableMap);
  }
  maps.push_back(out);
  auto generic = linalg::GenericOp::create(
      n.b, n.loc, init.getType(), tables, init, maps, iterators,
      [&](OpBuilder &b, Location loc, ValueRange v) {
        Value x = element(b, loc, v[0]);
        if (!nearest) {
          Value weight = v[1];
          if (x.getType() != weight.getType())
            weight = arith::TruncFOp::create(b, loc, x.getType(), weight);
          x = arith::AddFOp::create(b, loc, v[2],
                                    arith::MulFOp::create(b, loc, x, weight));
        }
        linalg::YieldOp::create(b, loc, x);
      });
  return n.c.fromTensor(generic.getResult(0), image.kind, shape);
}

/// What lies outside of the input becomes the value asked for.
Raised extrapolate(NodeContext &n, Raised image, const Method &m,
                   ArrayRef<Axis> axes) {
  SmallVector<Raised> operands = {image};
  return n.c.elementwise(
      operands, image.shape, image.kind,
      [&](OpBuilder &builder, Location loc, ValueRange v) -> Value {
        ImplicitLocOpBuilder b(loc, builder);
        Value result = v[0];
        for (const Axis &axis : axes) {
          Real o = fromIndex(b, linalg::IndexOp::create(b, axis.dimension));
          Real x = sourcePosition(n, b, m, axis, o);
          Real last = fromIndex(b, n.c.value(axis.from)) - o(1);
          Value outside = arith::OrIOp::create(b, x.less(o(0)), last.less(x));
          result = arith::SelectOp::create(b, outside, m.extrapolated, result);
        }
        return result;
      });
}

/// Numbers of a list of floats: constants, or read when the call runs.
struct RealList {
  SmallVector<Value> values;
  SmallVector<std::optional<double>> known;
};

std::optional<RealList> readReals(NodeContext &n, unsigned i) {
  Raised &list = n.input(i);
  std::optional<int64_t> count =
      list.rank() == 1 ? getConstantIntValue(list.shape[0]) : std::nullopt;
  if (!count || *count > 16)
    return std::nullopt;
  RealList out;
  std::optional<Sizes> elements = n.c.elements(list);
  for (int64_t k = 0; k < *count; ++k) {
    auto real = elements ? dyn_cast_if_present<FloatAttr>(
                               dyn_cast<Attribute>((*elements)[k]))
                         : FloatAttr();
    if (real) {
      out.known.push_back(real.getValueAsDouble());
      out.values.push_back(n.c.constantOf(Float64, real.getValueAsDouble()));
      continue;
    }
    Value value = tensor::ExtractOp::create(n.b, n.loc, n.c.tensor(list),
                                            n.c.value(n.c.size(k)));
    if (!value.getType().isF64())
      value = arith::ExtFOp::create(n.b, n.loc, n.b.getF64Type(), value);
    out.known.push_back(std::nullopt);
    out.values.push_back(value);
  }
  return out;
}

/// floor(size * scale) as the size of a dimension: known, or the one that the
/// model states, compared when the call runs.
FailureOr<OpFoldResult> scaledSize(NodeContext &n, OpFoldResult from,
                                   Value scale, std::optional<double> known,
                                   std::optional<OpFoldResult> stated) {
  std::optional<int64_t> number = getConstantIntValue(from);
  if (number && known)
    return n.c.size(static_cast<int64_t>(std::floor(*number * *known)));
  ImplicitLocOpBuilder b(n.loc, n.b);
  if (known && *known == 1)
    return from;
  if (known && *known == std::floor(*known) && *known > 0)
    return n.c.multiply(from, n.c.size(static_cast<int64_t>(*known)));
  Real product = fromIndex(b, n.c.value(from)) * Real{&b, scale};
  Value size = toIndex(product.floor());
  if (stated) {
    n.requireEqual(size, *stated,
                   "its scales do not give the sizes that the "
                   "model states for its output");
    return *stated;
  }
  if (known)
    // A bound that the memory plan understands: no larger than by the next
    // whole factor.
    return OpFoldResult(
        arith::MinUIOp::create(
            b, size,
            n.c.value(n.c.multiply(
                from, n.c.size(static_cast<int64_t>(std::ceil(*known))))))
            .getResult());
  return n.fail("its scales depend on data, and the model states no sizes for "
                "its output");
}

/// One scale for all dimensions.
struct CommonScale {
  Value value;
  std::optional<double> known;
};

/// The smallest or largest of the scales that `sizes` give, for all of the
/// dimensions; `sizes` become what it makes of them.
FailureOr<CommonScale> keepAspectRatio(NodeContext &n, Raised &image,
                                       ArrayRef<int64_t> dimensions,
                                       Sizes &sizes,
                                       const std::optional<Sizes> &stated,
                                       StringRef policy) {
  bool smallest = policy == "not_larger";
  if (!smallest && policy != "not_smaller")
    return n.fail("its keep_aspect_ratio_policy '" + policy +
                  "' is not supported");
  ImplicitLocOpBuilder b(n.loc, n.b);
  CommonScale common;
  bool isKnown = true;
  for (auto [size, d] : llvm::zip(sizes, dimensions)) {
    std::optional<int64_t> to = getConstantIntValue(size),
                           from = getConstantIntValue(image.shape[d]);
    isKnown &= to && from && *from > 0;
    if (isKnown) {
      double scale = static_cast<double>(*to) / *from, so = scale;
      if (common.known)
        so = smallest ? std::min(*common.known, scale)
                      : std::max(*common.known, scale);
      common.known = so;
    }
    Value scale = (fromIndex(b, n.c.value(size)) /
                   fromIndex(b, n.c.value(image.shape[d])))
                      .v;
    if (!common.value)
      common.value = scale;
    else if (smallest)
      common.value = arith::MinimumFOp::create(b, common.value, scale);
    else
      common.value = arith::MaximumFOp::create(b, common.value, scale);
  }
  if (!isKnown && !stated)
    return n.fail("its sizes depend on data, and the model states none for its "
                  "output");
  if (!isKnown)
    common.known = std::nullopt;
  for (auto [size, d] : llvm::zip(sizes, dimensions)) {
    if (isKnown) {
      int64_t from = *getConstantIntValue(image.shape[d]);
      size = n.c.size(
          static_cast<int64_t>(std::floor(*common.known * from + 0.5)));
      continue;
    }
    Real from = fromIndex(b, n.c.value(image.shape[d]));
    Real whole = from * Real{&b, common.value} + from(0.5);
    n.requireEqual(toIndex(whole.floor()), (*stated)[d],
                   "its sizes are not those that the model states");
    size = (*stated)[d];
  }
  return common;
}

/// The dimensions that change, by `sizes` or `scales`.
FailureOr<SmallVector<Axis>> readAxes(NodeContext &n, unsigned scalesAt,
                                      std::optional<unsigned> sizesAt) {
  Raised &image = n.input(0);
  SmallVector<int64_t> dimensions =
      llvm::to_vector(llvm::seq<int64_t>(0, image.rank()));
  if (auto given = n.list("axes")) {
    dimensions.clear();
    for (int64_t axis : *given) {
      FailureOr<int64_t> normal = n.normalAxis(axis, image.rank());
      if (failed(normal))
        return failure();
      dimensions.push_back(*normal);
    }
  }
  std::optional<Sizes> stated = n.declared();
  if (stated && static_cast<int64_t>(stated->size()) != image.rank())
    return n.fail("the model states another rank for its output");
  RealList scales;
  std::optional<Sizes> sizes;
  if (auto list = dyn_cast_or_null<DenseF32ArrayAttr>(
          n.node.getNodeAttrs().get("scales"))) {
    for (float scale : list.asArrayRef()) {
      scales.known.push_back(scale);
      scales.values.push_back(n.c.constantOf(Float64, scale));
    }
  } else if (sizesAt && n.has(*sizesAt)) {
    sizes = n.scalars(*sizesAt);
    if (!sizes)
      return n.fail("the number of its sizes is not known");
  } else if (n.has(scalesAt)) {
    std::optional<RealList> list = readReals(n, scalesAt);
    if (!list)
      return n.fail("the number of its scales is not known");
    scales = *list;
  }
  StringRef policy = n.text("keep_aspect_ratio_policy", "stretch");
  if ((sizes ? sizes->size() : scales.values.size()) != dimensions.size())
    return n.fail("it has " + Twine(dimensions.size()) +
                  " dimensions to resize and another number of sizes");
  std::optional<CommonScale> common;
  if (policy != "stretch" && sizes) {
    FailureOr<CommonScale> scale =
        keepAspectRatio(n, image, dimensions, *sizes, stated, policy);
    if (failed(scale))
      return failure();
    common = *scale;
  }
  bool crops = n.text("coordinate_transformation_mode", "half_pixel") ==
               "tf_crop_and_resize";
  std::optional<RealList> roi;
  if (crops && (!n.has(1) || !(roi = readReals(n, 1)) ||
                roi->values.size() != 2 * dimensions.size()))
    return n.fail("its region of interest does not fit");
  ImplicitLocOpBuilder b(n.loc, n.b);
  SmallVector<Axis> axes;
  for (auto [i, d] : llvm::enumerate(dimensions)) {
    Axis axis{d, image.shape[d], {}, {}, {}, {}, std::nullopt};
    std::optional<OpFoldResult> expected;
    if (stated)
      expected = (*stated)[d];
    if (sizes) {
      axis.to = (*sizes)[i];
      if (!n.c.elements(n.input(*sizesAt))) {
        if (!expected)
          return n.fail("its sizes depend on data, and the model states none "
                        "for its output");
        n.requireEqual(axis.to, *expected,
                       "its sizes are not those that the model states");
        axis.to = *expected;
      }
      axis.scale = common ? common->value
                          : (fromIndex(b, n.c.value(axis.to)) /
                             fromIndex(b, n.c.value(axis.from)))
                                .v;
      if (common)
        axis.ratio = common->known;
    } else {
      FailureOr<OpFoldResult> to =
          scaledSize(n, axis.from, scales.values[i], scales.known[i], expected);
      if (failed(to))
        return failure();
      axis.to = *to;
      axis.scale = scales.values[i];
      axis.ratio = scales.known[i];
    }
    std::optional<int64_t> from = getConstantIntValue(axis.from),
                           to = getConstantIntValue(axis.to);
    if (!axis.ratio && !common && from && to && *from > 0)
      axis.ratio = static_cast<double>(*to) / *from;
    if (crops) {
      axis.cropBegin = roi->values[i];
      axis.cropEnd = roi->values[i + dimensions.size()];
    }
    bool keeps = axis.from == axis.to &&
                 (sizes ? !common || common->known == std::optional(1.0)
                        : scales.known[i] && *scales.known[i] == 1);
    if (!keeps || crops)
      axes.push_back(axis);
  }
  return axes;
}

LogicalResult raiseResizeBy(NodeContext &n, const Method &method,
                            unsigned scalesAt,
                            std::optional<unsigned> sizesAt) {
  Raised image = n.input(0);
  int32_t kind = image.kind;
  bool nearest = method.interpolation == Interpolation::Nearest;
  if (!nearest && kind != Float32 && kind != Float64)
    return n.fail("it interpolates float32 and float64 only");
  FailureOr<SmallVector<Axis>> axes = readAxes(n, scalesAt, sizesAt);
  if (failed(axes))
    return failure();
  if (method.antialiases)
    for (const Axis &axis : *axes)
      if (!axis.ratio)
        return n.fail("antialias needs sizes or scales that are known");
  for (const Axis &axis : *axes)
    image = resizeAxis(n, image, method, axis);
  if (method.extrapolated)
    image = extrapolate(n, image, method, *axes);
  return n.finish(image);
}

LogicalResult raiseResize(NodeContext &n) {
  int64_t opset = n.node.getOpset();
  Method method;
  StringRef mode = n.text("mode", "nearest");
  if (mode == "nearest")
    method.interpolation = Interpolation::Nearest;
  else if (mode == "linear")
    method.interpolation = Interpolation::Linear;
  else if (mode == "cubic")
    method.interpolation = Interpolation::Cubic;
  else
    return n.fail("mode '" + mode + "' is not supported");
  bool old = opset < 11;
  method.coordinates = n.text("coordinate_transformation_mode",
                              old ? "asymmetric" : "half_pixel");
  method.rounding =
      n.text("nearest_mode", old ? "floor" : "round_prefer_floor");
  static constexpr StringRef known[] = {
      "half_pixel",    "half_pixel_symmetric", "pytorch_half_pixel",
      "align_corners", "asymmetric",           "tf_crop_and_resize"};
  if (!llvm::is_contained(known, method.coordinates))
    return n.fail("coordinate_transformation_mode '" + method.coordinates +
                  "' is not supported");
  method.cubic = n.number("cubic_coeff_a", -0.75f);
  method.excludesOutside = n.integer("exclude_outside", 0) != 0;
  method.antialiases = n.integer("antialias", 0) != 0;
  if (method.coordinates == "tf_crop_and_resize")
    method.extrapolated =
        n.c.constantOf(n.input(0).kind, n.number("extrapolation_value", 0));
  return old ? raiseResizeBy(n, method, 1, std::nullopt)
             : raiseResizeBy(n, method, 2, 3);
}

LogicalResult raiseUpsample(NodeContext &n) {
  Method method;
  StringRef mode = n.text("mode", "nearest");
  if (mode != "nearest" && mode != "linear")
    return n.fail("mode '" + mode + "' is not supported");
  method.interpolation =
      mode == "nearest" ? Interpolation::Nearest : Interpolation::Linear;
  method.coordinates = "asymmetric";
  method.rounding = "floor";
  return raiseResizeBy(n, method, 1, std::nullopt);
}

} // namespace

void tfc::raise::populateResizeRules(RuleSet &rules) {
  rules.add("Resize", raiseResize);
  rules.add("Upsample", raiseUpsample);
}
