//===- RaiseConvolution.cpp - convolutions and pools ------------*- C++ -*-===//
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
#include <limits>

using namespace mlir;
using namespace tfc::raise;

namespace {

/// How windows lie over the spatial dimensions.
struct Windows {
  SmallVector<int64_t> kernel, strides, dilations, low, high;
  /// How far the last window of ceil_mode reaches beyond the padding.
  SmallVector<int64_t> beyond;
  Sizes output;
};

/// Reads the attributes that convolutions and pools share.
FailureOr<Windows> readWindows(NodeContext &n, Raised &image,
                               SmallVector<int64_t> kernel) {
  unsigned spatial = image.rank() - 2;
  Windows w;
  w.kernel = std::move(kernel);
  w.strides = n.list("strides").value_or(SmallVector<int64_t>(spatial, 1));
  w.dilations = n.list("dilations").value_or(SmallVector<int64_t>(spatial, 1));
  SmallVector<int64_t> pads =
      n.list("pads").value_or(SmallVector<int64_t>(2 * spatial, 0));
  if (w.kernel.size() != spatial || w.strides.size() != spatial ||
      w.dilations.size() != spatial || pads.size() != 2 * spatial)
    return n.fail("its attributes and its input differ in rank");
  w.low.assign(pads.begin(), pads.begin() + spatial);
  w.high.assign(pads.begin() + spatial, pads.end());
  w.beyond.assign(spatial, 0);
  StringRef automatic = n.text("auto_pad", "NOTSET");
  bool ceil = n.integer("ceil_mode", 0) != 0;
  for (unsigned d = 0; d < spatial; ++d) {
    int64_t reach = (w.kernel[d] - 1) * w.dilations[d] + 1;
    OpFoldResult size = image.shape[2 + d];
    std::optional<int64_t> known = getConstantIntValue(size);
    if (w.strides[d] < 1 || w.dilations[d] < 1 || w.kernel[d] < 1)
      return n.fail("a stride, dilation or kernel size is not positive");
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      if (!known)
        return n.fail(
            "automatic padding of an open dimension is not supported");
      int64_t count = (*known + w.strides[d] - 1) / w.strides[d];
      int64_t total =
          std::max<int64_t>(0, (count - 1) * w.strides[d] + reach - *known);
      w.low[d] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.high[d] = total - w.low[d];
    }
    if (ceil) {
      if (!known)
        return n.fail("ceil_mode over an open dimension is not supported");
      int64_t span = *known + w.low[d] + w.high[d] - reach;
      int64_t count = (span + w.strides[d] - 1) / w.strides[d] + 1;
      // A window that would start in the padding after the image is left out.
      if ((count - 1) * w.strides[d] >= *known + w.low[d])
        --count;
      w.beyond[d] = std::max<int64_t>(0, (count - 1) * w.strides[d] + reach -
                                             (*known + w.low[d] + w.high[d]));
      w.high[d] += w.beyond[d];
      w.output.push_back(n.c.size(count));
      continue;
    }
    if (known) {
      int64_t span = *known + w.low[d] + w.high[d] - reach;
      if (span < 0)
        return n.fail("its window is larger than its padded input");
      w.output.push_back(n.c.size(span / w.strides[d] + 1));
      continue;
    }
    Value span =
        n.c.value(n.c.add(size, n.c.size(w.low[d] + w.high[d] - reach)));
    Value fits = arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::sge,
                                       span, n.c.value(n.c.size(0)));
    n.c.require(fits,
                n.describe() + ": its window is larger than its padded input");
    Value steps = n.b.createOrFold<arith::DivUIOp>(
        n.loc, span, n.c.value(n.c.size(w.strides[d])));
    w.output.push_back(n.c.add(getAsOpFoldResult(steps), n.c.size(1)));
  }
  return w;
}

/// The image with `fill` around it.
Raised padded(NodeContext &n, Raised &image, const Windows &w, Value fill) {
  if (llvm::all_of(w.low, [](int64_t x) { return x == 0; }) &&
      llvm::all_of(w.high, [](int64_t x) { return x == 0; }))
    return n.c.fromTensor(n.c.tensor(image), image.kind, image.shape);
  Sizes shape = image.shape, offsets(image.rank(), n.c.size(0)),
        ones(image.rank(), n.c.size(1));
  for (unsigned d = 0; d < w.low.size(); ++d) {
    shape[2 + d] = n.c.add(shape[2 + d], n.c.size(w.low[d] + w.high[d]));
    offsets[2 + d] = n.c.size(w.low[d]);
  }
  Value whole = n.c.filled(shape, fill, image.kind);
  Value result = tensor::InsertSliceOp::create(
      n.b, n.loc, n.c.tensor(image), whole, offsets, image.shape, ones);
  return n.c.fromTensor(result, image.kind, shape);
}

AffineExpr windowExpr(const Windows &w, unsigned d, AffineExpr position,
                      AffineExpr within) {
  return position * w.strides[d] + within * w.dilations[d];
}

LogicalResult raiseConv(NodeContext &n) {
  Raised &image = n.input(0), &weight = n.input(1);
  if (image.rank() < 3 || weight.rank() != image.rank() || !isFloat(image.kind))
    return n.fail("it takes floating point images of rank 3 and more");
  unsigned spatial = image.rank() - 2;
  SmallVector<int64_t> kernel;
  for (unsigned d = 0; d < spatial; ++d) {
    std::optional<int64_t> size = getConstantIntValue(weight.shape[2 + d]);
    if (!size)
      return n.fail("its kernel has an open size");
    kernel.push_back(*size);
  }
  FailureOr<Windows> w = readWindows(n, image, kernel);
  if (failed(w))
    return failure();
  int64_t group = n.integer("group", 1);
  std::optional<int64_t> channels = getConstantIntValue(image.shape[1]),
                         filters = getConstantIntValue(weight.shape[0]);
  std::optional<int64_t> depth = getConstantIntValue(weight.shape[1]);
  if (!channels || !filters || !depth || group < 1 ||
      *channels != group * *depth || *filters % group != 0)
    return n.fail("its groups and channels do not fit");
  Raised source = padded(n, image, *w, n.c.zero(image.kind));
  // With groups, channels and filters are split in two dimensions.
  OpFoldResult groups = n.c.size(group), perGroup = n.c.size(*filters / group);
  Sizes sourceShape = {source.shape[0], groups, n.c.size(*depth)},
        weightShape = {groups, perGroup, n.c.size(*depth)};
  sourceShape.append(source.shape.begin() + 2, source.shape.end());
  weightShape.append(weight.shape.begin() + 2, weight.shape.end());
  Value x = n.c.reshape(source.tensor, source.shape, sourceShape),
        k = n.c.reshape(n.c.tensor(weight), weight.shape, weightShape);
  // Loops: batch, group, filter, positions; channel, window.
  MLIRContext *context = n.b.getContext();
  unsigned loops = 3 + spatial + 1 + spatial;
  auto loop = [&](unsigned i) { return getAffineDimExpr(i, context); };
  SmallVector<AffineExpr> xs = {loop(0), loop(1), loop(3 + spatial)},
                          ks = {loop(1), loop(2), loop(3 + spatial)},
                          out = {loop(0), loop(1), loop(2)};
  Sizes shape = {image.shape[0], groups, perGroup};
  for (unsigned d = 0; d < spatial; ++d) {
    xs.push_back(windowExpr(*w, d, loop(3 + d), loop(4 + spatial + d)));
    ks.push_back(loop(4 + spatial + d));
    out.push_back(loop(3 + d));
    shape.push_back(w->output[d]);
  }
  SmallVector<utils::IteratorType> iterators(3 + spatial,
                                             utils::IteratorType::parallel);
  iterators.append(1 + spatial, utils::IteratorType::reduction);
  int32_t sums = accumulatorKind(image.kind);
  Value init = n.c.filled(shape, n.c.zero(sums), sums);
  auto generic = linalg::GenericOp::create(
      n.b, n.loc, init.getType(), ValueRange{x, k}, init,
      ArrayRef<AffineMap>{AffineMap::get(loops, 0, xs, context),
                          AffineMap::get(loops, 0, ks, context),
                          AffineMap::get(loops, 0, out, context)},
      iterators, [&](OpBuilder &b, Location loc, ValueRange args) {
        Type wide = args[2].getType();
        Value product =
            arith::MulFOp::create(b, loc, widened(b, loc, args[0], wide),
                                  widened(b, loc, args[1], wide));
        linalg::YieldOp::create(
            b, loc,
            arith::AddFOp::create(b, loc, args[2], product).getResult());
      });
  Sizes merged = {image.shape[0], weight.shape[0]};
  merged.append(w->output.begin(), w->output.end());
  Raised summed = n.c.rounded(n.c.fromTensor(generic.getResult(0), sums, shape),
                              image.kind);
  Raised result = n.c.fromTensor(n.c.reshape(summed.tensor, shape, merged),
                                 image.kind, merged);
  if (!n.has(2))
    return n.finish(result);
  Sizes column = {weight.shape[0]};
  column.append(spatial, n.c.size(1));
  SmallVector<Raised> operands = {
      result, n.c.fromTensor(n.c.reshape(n.tensor(2), n.input(2).shape, column),
                             image.kind, column)};
  return n.finish(
      n.c.elementwise(operands, merged, image.kind,
                      [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                        return arith::AddFOp::create(b, loc, v[0], v[1]);
                      }));
}

/// Combines each window of `source`, whose padding is in place already.
Raised
pool(NodeContext &n, Raised &source, const Windows &w, Value initial,
     llvm::function_ref<Value(OpBuilder &, Location, Value, Value)> combine) {
  unsigned spatial = source.rank() - 2, loops = 2 + 2 * spatial;
  MLIRContext *context = n.b.getContext();
  auto loop = [&](unsigned i) { return getAffineDimExpr(i, context); };
  SmallVector<AffineExpr> xs = {loop(0), loop(1)}, windows,
                          out = {loop(0), loop(1)};
  Sizes shape = {source.shape[0], source.shape[1]}, kernel;
  for (unsigned d = 0; d < spatial; ++d) {
    xs.push_back(windowExpr(w, d, loop(2 + d), loop(2 + spatial + d)));
    windows.push_back(loop(2 + spatial + d));
    out.push_back(loop(2 + d));
    shape.push_back(w.output[d]);
    kernel.push_back(n.c.size(w.kernel[d]));
  }
  SmallVector<utils::IteratorType> iterators(2 + spatial,
                                             utils::IteratorType::parallel);
  iterators.append(spatial, utils::IteratorType::reduction);
  Value init = n.c.filled(shape, initial, source.kind);
  // Only its shape is used: it says how large the window is.
  Value window = n.c.empty(kernel, source.kind);
  auto generic = linalg::GenericOp::create(
      n.b, n.loc, init.getType(), ValueRange{source.tensor, window}, init,
      ArrayRef<AffineMap>{AffineMap::get(loops, 0, xs, context),
                          AffineMap::get(loops, 0, windows, context),
                          AffineMap::get(loops, 0, out, context)},
      iterators, [&](OpBuilder &b, Location loc, ValueRange args) {
        linalg::YieldOp::create(b, loc, combine(b, loc, args[0], args[2]));
      });
  return n.c.fromTensor(generic.getResult(0), source.kind, shape);
}

Value addition(OpBuilder &b, Location loc, Value x, Value y) {
  return arith::AddFOp::create(b, loc, x, y);
}

/// Whether element `x` of a window is its maximum; a NaN is.
Value isMaximum(OpBuilder &b, Location loc, Value x, Value maximum) {
  if (!isa<FloatType>(x.getType()))
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, x, maximum);
  return arith::OrIOp::create(
      b, loc,
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x, maximum),
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, x, x));
}

/// The pixel at hand in loops over windows, counted over the image row by row,
/// and whether it lies in the image and not in its padding.
std::pair<Value, Value> pixelOf(OpBuilder &b, Location loc, const Windows &w,
                                ArrayRef<Value> extents) {
  auto number = [&](int64_t x) -> Value {
    return arith::ConstantIndexOp::create(b, loc, x);
  };
  Value place = number(0), inside;
  unsigned spatial = extents.size();
  for (unsigned d = 0; d < spatial; ++d) {
    Value at = arith::MulIOp::create(
        b, loc, linalg::IndexOp::create(b, loc, 2 + d), number(w.strides[d]));
    Value within = arith::MulIOp::create(
        b, loc, linalg::IndexOp::create(b, loc, 2 + spatial + d),
        number(w.dilations[d]));
    at = arith::AddIOp::create(b, loc, at, within);
    at = arith::SubIOp::create(b, loc, at, number(w.low[d]));
    Value here = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, at,
                                       extents[d]);
    inside =
        inside ? arith::AndIOp::create(b, loc, inside, here).getResult() : here;
    place = arith::AddIOp::create(
        b, loc, arith::MulIOp::create(b, loc, place, extents[d]), at);
  }
  return {place, inside};
}

/// The first pixel of each window that is its maximum.
Raised firstMaxima(NodeContext &n, Raised &source, Raised &maxima,
                   const Windows &w, ArrayRef<Value> extents) {
  unsigned spatial = extents.size(), loops = 2 + 2 * spatial;
  OpBuilder &b = n.b;
  MLIRContext *context = b.getContext();
  auto loop = [&](unsigned i) { return getAffineDimExpr(i, context); };
  SmallVector<AffineExpr> xs = {loop(0), loop(1)}, windows,
                          out = {loop(0), loop(1)};
  Sizes kernel;
  for (unsigned d = 0; d < spatial; ++d) {
    xs.push_back(windowExpr(w, d, loop(2 + d), loop(2 + spatial + d)));
    windows.push_back(loop(2 + spatial + d));
    out.push_back(loop(2 + d));
    kernel.push_back(n.c.size(w.kernel[d]));
  }
  SmallVector<utils::IteratorType> iterators(2 + spatial,
                                             utils::IteratorType::parallel);
  iterators.append(spatial, utils::IteratorType::reduction);
  Value none = arith::ConstantOp::create(
      b, n.loc, b.getI64IntegerAttr(std::numeric_limits<int64_t>::max()));
  Value init = n.c.filled(maxima.shape, none, Int64);
  Value window = n.c.empty(kernel, Int64);
  AffineMap outMap = AffineMap::get(loops, 0, out, context);
  auto first = linalg::GenericOp::create(
      b, n.loc, init.getType(),
      ValueRange{source.tensor, maxima.tensor, window}, init,
      ArrayRef<AffineMap>{AffineMap::get(loops, 0, xs, context), outMap,
                          AffineMap::get(loops, 0, windows, context), outMap},
      iterators, [&](OpBuilder &b, Location loc, ValueRange v) {
        auto [place, inside] = pixelOf(b, loc, w, extents);
        Value here = arith::AndIOp::create(b, loc, inside,
                                           isMaximum(b, loc, v[0], v[1]));
        Value found = arith::IndexCastOp::create(b, loc, b.getI64Type(), place);
        found = arith::SelectOp::create(b, loc, here, found, v[3]);
        linalg::YieldOp::create(
            b, loc, arith::MinSIOp::create(b, loc, found, v[3]).getResult());
      });
  return n.c.fromTensor(first.getResult(0), Int64, maxima.shape);
}

/// Where each maximum lies, counted over the whole batch; along the first
/// dimension of the image first where `columnsFirst`.
Raised placesOfMaxima(NodeContext &n, Raised &image, Raised &source,
                      Raised &maxima, const Windows &w, bool columnsFirst) {
  SmallVector<Value> extents;
  for (OpFoldResult size : ArrayRef<OpFoldResult>(image.shape).drop_front(2))
    extents.push_back(n.c.value(size));
  Value channels = n.c.value(image.shape[1]),
        pixels = n.c.value(n.c.product(ArrayRef(image.shape).drop_front(2)));
  SmallVector<Raised> operands = {firstMaxima(n, source, maxima, w, extents)};
  return n.c.elementwise(
      operands, maxima.shape, Int64,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        auto times = [&](Value x, Value y, Value more) -> Value {
          return arith::AddIOp::create(
              b, loc, arith::MulIOp::create(b, loc, x, y), more);
        };
        Value place =
            arith::IndexCastOp::create(b, loc, b.getIndexType(), v[0]);
        if (columnsFirst) {
          // The coordinates again, and put together the other way round.
          Value turned = arith::ConstantIndexOp::create(b, loc, 0);
          for (Value extent : llvm::reverse(extents)) {
            Value at = arith::RemUIOp::create(b, loc, place, extent);
            place = arith::DivUIOp::create(b, loc, place, extent);
            turned = times(turned, extent, at);
          }
          place = turned;
        }
        Value channel = times(linalg::IndexOp::create(b, loc, 0), channels,
                              linalg::IndexOp::create(b, loc, 1));
        return arith::IndexCastOp::create(b, loc, b.getI64Type(),
                                          times(channel, pixels, place));
      });
}

/// The least value of a type.
Value leastOf(NodeContext &n, int32_t kind) {
  if (isFloat(kind))
    return n.c.constantOf(kind, -std::numeric_limits<double>::infinity());
  Type type = n.c.elementType(kind);
  unsigned width = type.getIntOrFloatBitWidth();
  return arith::ConstantOp::create(
      n.b, n.loc,
      n.b.getIntegerAttr(type, isUnsigned(kind)
                                   ? APInt::getZero(width)
                                   : APInt::getSignedMinValue(width)));
}

LogicalResult raiseMaxPool(NodeContext &n) {
  Raised image = n.input(0);
  auto kernel = n.list("kernel_shape");
  if (!kernel || image.rank() < 3 || image.kind == Bool ||
      isSmallFloat(image.kind) || smallIntegerWidth(image.kind))
    return n.fail("it takes images of rank 3 and more, of numbers to compute "
                  "with");
  FailureOr<Windows> w = readWindows(n, image, *kernel);
  if (failed(w))
    return failure();
  Value least = leastOf(n, image.kind);
  Raised source = padded(n, image, *w, least);
  Raised maxima =
      pool(n, source, *w, least,
           [&](OpBuilder &b, Location loc, Value x, Value y) -> Value {
             if (isFloat(image.kind))
               return arith::MaximumFOp::create(b, loc, x, y);
             if (isUnsigned(image.kind))
               return arith::MaxUIOp::create(b, loc, x, y);
             return arith::MaxSIOp::create(b, loc, x, y);
           });
  if (n.isUsed(1))
    n.c.set(n.node.getResult(1),
            placesOfMaxima(n, image, source, maxima, *w,
                           n.integer("storage_order", 0) != 0));
  return n.finish(maxima);
}

/// |x| ^ p.
Value power(OpBuilder &b, Location loc, Value x, double p) {
  if (p == 1)
    return x;
  if (p == 2)
    return arith::MulFOp::create(b, loc, x, x);
  if (p == 0.5)
    return math::SqrtOp::create(b, loc, x);
  Value exponent =
      arith::ConstantOp::create(b, loc, b.getFloatAttr(x.getType(), p));
  return math::PowFOp::create(b, loc, x, exponent);
}

/// The p-norm of each window.
LogicalResult raiseLpPool(NodeContext &n) {
  Raised image = n.input(0);
  auto kernel = n.list("kernel_shape");
  int64_t p = n.integer("p", 2);
  if (!kernel || image.rank() < 3 ||
      (image.kind != Float32 && image.kind != Float64) || p < 1)
    return n.fail("it takes images of rank 3 and more in float32 and float64, "
                  "and a positive p");
  FailureOr<Windows> w = readWindows(n, image, *kernel);
  if (failed(w))
    return failure();
  SmallVector<Raised> operands = {image};
  Raised powers = n.c.elementwise(
      operands, image.shape, image.kind,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        return power(b, loc, math::AbsFOp::create(b, loc, v[0]), p);
      });
  Value zero = n.c.zero(image.kind);
  Raised source = padded(n, powers, *w, zero);
  operands = {pool(n, source, *w, zero, addition)};
  return n.finish(
      n.c.elementwise(operands, operands[0].shape, image.kind,
                      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                        return power(b, loc, v[0], 1.0 / p);
                      }));
}

/// x / (bias + alpha / size * sum x^2) ^ beta, over `size` channels around.
LogicalResult raiseLrn(NodeContext &n) {
  Raised x = n.input(0);
  int64_t size = n.integer("size", 0);
  if (x.rank() < 3 || (x.kind != Float32 && x.kind != Float64) || size < 1)
    return n.fail("it takes images of rank 3 and more in float32 and float64, "
                  "and a positive size");
  SmallVector<Raised> operands = {x};
  Raised squares =
      n.c.elementwise(operands, x.shape, x.kind,
                      [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                        return arith::MulFOp::create(b, loc, v[0], v[0]);
                      });
  Sizes rows = {x.shape[0], n.c.size(1), x.shape[1],
                n.c.product(ArrayRef(x.shape).drop_front(2))};
  squares =
      n.c.fromTensor(n.c.reshape(squares.tensor, x.shape, rows), x.kind, rows);
  Windows w;
  w.kernel = {size, 1};
  w.strides = w.dilations = {1, 1};
  w.low = {(size - 1) / 2, 0};
  w.high = {size - 1 - w.low[0], 0};
  w.output = {rows[2], rows[3]};
  Value zero = n.c.zero(x.kind);
  Raised source = padded(n, squares, w, zero),
         sums = pool(n, source, w, zero, addition);
  operands = {x, n.c.fromTensor(n.c.reshape(sums.tensor, sums.shape, x.shape),
                                x.kind, x.shape)};
  Value bias = n.c.constantOf(x.kind, n.number("bias", 1)),
        share = n.c.constantOf(x.kind, n.number("alpha", 1e-4f) / size),
        beta = n.c.constantOf(x.kind, n.number("beta", 0.75f));
  return n.finish(n.c.elementwise(
      operands, x.shape, x.kind,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value scaled = arith::MulFOp::create(b, loc, share, v[1]);
        Value base = arith::AddFOp::create(b, loc, bias, scaled);
        return arith::DivFOp::create(b, loc, v[0],
                                     math::PowFOp::create(b, loc, base, beta));
      }));
}

LogicalResult raiseAveragePool(NodeContext &n) {
  Raised &image = n.input(0);
  auto kernel = n.list("kernel_shape");
  if (!kernel || image.rank() < 3 || !isFloat(image.kind))
    return n.fail("it takes floating point images of rank 3 and more");
  FailureOr<Windows> w = readWindows(n, image, *kernel);
  if (failed(w))
    return failure();
  bool includePads = n.integer("count_include_pad", 0) != 0;
  Value zero = n.c.zero(image.kind), one = n.c.constantOf(image.kind, 1);
  Raised source = padded(n, image, *w, zero),
         total = pool(n, source, *w, zero, addition);
  // How many elements each window has, padding counted or not.
  Raised ones;
  ones.kind = image.kind;
  ones.shape = {n.c.size(1), n.c.size(1)};
  const Sizes &spatialShape = includePads ? source.shape : image.shape;
  ones.shape.append(spatialShape.begin() + 2, spatialShape.end());
  Windows around = *w;
  if (includePads) {
    // What ceil_mode adds behind the padding does not count.
    for (unsigned d = 0; d < around.beyond.size(); ++d) {
      around.low[d] = 0;
      around.high[d] = around.beyond[d];
      ones.shape[2 + d] =
          n.c.add(ones.shape[2 + d], n.c.size(-around.beyond[d]));
    }
  }
  ones.tensor = n.c.filled(ones.shape, one, ones.kind);
  ones = padded(n, ones, around, zero);
  SmallVector<Raised> operands = {total, pool(n, ones, *w, zero, addition)};
  return n.finish(
      n.c.elementwise(operands, total.shape, image.kind,
                      [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                        return arith::DivFOp::create(b, loc, v[0], v[1]);
                      }));
}

/// The mean or maximum over all pixels of each channel, kept as size 1.
LogicalResult raiseGlobalPool(NodeContext &n, bool average) {
  Raised &image = n.input(0);
  if (image.rank() < 3 || !isFloat(image.kind))
    return n.fail("it takes floating point images of rank 3 and more");
  OpFoldResult pixels = n.c.product(ArrayRef(image.shape).drop_front(2));
  Sizes flat = {image.shape[0], image.shape[1], pixels},
        shape = {image.shape[0], image.shape[1]};
  MLIRContext *context = n.b.getContext();
  Raised source = n.c.fromTensor(
      n.c.reshape(n.c.tensor(image), image.shape, flat), image.kind, flat);
  Value start = average
                    ? n.c.zero(image.kind)
                    : n.c.constantOf(image.kind,
                                     -std::numeric_limits<double>::infinity());
  Value init = n.c.filled(shape, start, image.kind);
  SmallVector<AffineMap> maps = {AffineMap::getMultiDimIdentityMap(3, context),
                                 AffineMap::get(3, 0,
                                                {getAffineDimExpr(0, context),
                                                 getAffineDimExpr(1, context)},
                                                context)};
  SmallVector<utils::IteratorType> iterators = {utils::IteratorType::parallel,
                                                utils::IteratorType::parallel,
                                                utils::IteratorType::reduction};
  auto total = linalg::GenericOp::create(
      n.b, n.loc, init.getType(), source.tensor, init, maps, iterators,
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value next =
            average
                ? Value(arith::AddFOp::create(b, loc, args[0], args[1]))
                : Value(arith::MaximumFOp::create(b, loc, args[0], args[1]));
        linalg::YieldOp::create(b, loc, next);
      });
  Raised result = n.c.fromTensor(total.getResult(0), image.kind, shape);
  if (average) {
    Value count = arith::IndexCastOp::create(n.b, n.loc, n.b.getI64Type(),
                                             n.c.value(pixels));
    count =
        arith::SIToFPOp::create(n.b, n.loc, n.c.elementType(image.kind), count);
    SmallVector<Raised> operands = {result};
    result =
        n.c.elementwise(operands, shape, image.kind,
                        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                          return arith::DivFOp::create(b, loc, v[0], count);
                        });
  }
  Sizes ones = shape;
  ones.append(image.rank() - 2, n.c.size(1));
  return n.finish(n.c.fromTensor(n.c.reshape(result.tensor, shape, ones),
                                 image.kind, ones));
}

} // namespace

void tfc::raise::populateConvolutionRules(RuleSet &rules) {
  rules.add("Conv", raiseConv);
  rules.add("MaxPool", raiseMaxPool);
  rules.add("LpPool", raiseLpPool);
  rules.add("LRN", raiseLrn);
  rules.add("AveragePool", raiseAveragePool);
  rules.add("GlobalAveragePool",
            [](NodeContext &n) { return raiseGlobalPool(n, true); });
  rules.add("GlobalMaxPool",
            [](NodeContext &n) { return raiseGlobalPool(n, false); });
}
