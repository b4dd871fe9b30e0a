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
    return n.fail("its attributes and its input differ in rank"), failure();
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
      return n.fail("a stride, dilation or kernel size is not positive"),
             failure();
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      if (!known)
        return n.fail(
                   "automatic padding of an open dimension is not supported"),
               failure();
      int64_t count = (*known + w.strides[d] - 1) / w.strides[d];
      int64_t total =
          std::max<int64_t>(0, (count - 1) * w.strides[d] + reach - *known);
      w.low[d] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.high[d] = total - w.low[d];
    }
    if (ceil) {
      if (!known)
        return n.fail("ceil_mode over an open dimension is not supported"),
               failure();
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
        return n.fail("its window is larger than its padded input"), failure();
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

LogicalResult raiseMaxPool(NodeContext &n) {
  Raised &image = n.input(0);
  if (n.isUsed(1))
    return n.fail("its indices are not supported");
  auto kernel = n.list("kernel_shape");
  if (!kernel || image.rank() < 3 || !isFloat(image.kind))
    return n.fail("it takes floating point images of rank 3 and more");
  FailureOr<Windows> w = readWindows(n, image, *kernel);
  if (failed(w))
    return failure();
  Value least =
      n.c.constantOf(image.kind, -std::numeric_limits<double>::infinity());
  Raised source = padded(n, image, *w, least);
  return n.finish(
      pool(n, source, *w, least,
           [](OpBuilder &b, Location loc, Value x, Value y) -> Value {
             return arith::MaximumFOp::create(b, loc, x, y);
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
  rules.add("AveragePool", raiseAveragePool);
  rules.add("GlobalAveragePool",
            [](NodeContext &n) { return raiseGlobalPool(n, true); });
  rules.add("GlobalMaxPool",
            [](NodeContext &n) { return raiseGlobalPool(n, false); });
}
