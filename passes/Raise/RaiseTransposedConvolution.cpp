//===- RaiseTransposedConvolution.cpp - ConvTranspose, Col2Im ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Windows that are laid over an image and added up. Each pixel asks which
// windows reach it, so that pixels are independent of each other.
//
//===----------------------------------------------------------------------===//

#include "RaiseContext.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// How windows lie over the spatial dimensions of the result.
struct Layout {
  SmallVector<int64_t> kernel, strides, dilations, low;
  /// How many windows there are in each dimension, and the image's size.
  Sizes windows, image;
};

/// Which window's element `within` lies on pixel `pixel`: its number, and
/// whether there is one, dimension by dimension.
Value windowsAt(NodeContext &n, ImplicitLocOpBuilder &b, const Layout &layout,
                ArrayRef<Value> pixel, ArrayRef<Value> within,
                SmallVectorImpl<Value> &windows) {
  auto number = [&](int64_t x) -> Value {
    return arith::ConstantIndexOp::create(b, x);
  };
  using P = arith::CmpIPredicate;
  Value all;
  for (unsigned d = 0; d < pixel.size(); ++d) {
    Value offset =
        arith::MulIOp::create(b, within[d], number(layout.dilations[d]));
    Value position = arith::SubIOp::create(
        b, arith::AddIOp::create(b, pixel[d], number(layout.low[d])), offset);
    Value stride = number(layout.strides[d]);
    Value window = arith::DivSIOp::create(b, position, stride);
    Value exact = arith::CmpIOp::create(
        b, P::eq, arith::MulIOp::create(b, window, stride), position);
    Value there =
        arith::CmpIOp::create(b, P::ult, window, n.c.value(layout.windows[d]));
    // A negative position that is no multiple is cut towards zero.
    Value positive = arith::CmpIOp::create(b, P::sge, position, number(0));
    Value fits = arith::AndIOp::create(
        b, arith::AndIOp::create(b, exact, there), positive);
    all = all ? arith::AndIOp::create(b, all, fits).getResult() : fits;
    windows.push_back(window);
  }
  return all;
}

/// `sum` with what `term` gives added, where `condition` holds.
Value addWhere(OpBuilder &b, Location loc, Value condition, Value sum,
               llvm::function_ref<Value(OpBuilder &, Location)> term) {
  return scf::IfOp::create(
             b, loc, condition,
             [&](OpBuilder &b, Location loc) {
               Value x = widened(b, loc, term(b, loc), sum.getType());
               scf::YieldOp::create(
                   b, loc, arith::AddFOp::create(b, loc, sum, x).getResult());
             },
             [&](OpBuilder &b, Location loc) {
               scf::YieldOp::create(b, loc, sum);
             })
      .getResult(0);
}

LogicalResult raiseCol2Im(NodeContext &n) {
  Raised columns = n.input(0);
  std::optional<SmallVector<int64_t>> kernel = n.c.integers(n.input(2));
  std::optional<Sizes> image = n.c.elements(n.input(1));
  std::optional<Sizes> stated = n.declared();
  if (!image && stated && stated->size() > 2) {
    // The image's size is an input: the one that the model states.
    std::optional<Sizes> given = n.scalars(1);
    image = Sizes(stated->begin() + 2, stated->end());
    if (!given || given->size() != image->size())
      return n.fail("the number of its image's dimensions is not known");
    for (auto [size, value] : llvm::zip(*image, *given))
      n.requireEqual(value, size,
                     "its image has not the size that the model states");
  }
  if (!kernel && stated)
    return n.fail("the size of its blocks is not constant");
  if (!kernel || !image || kernel->size() != image->size() ||
      columns.rank() != 3 || !isFloat(columns.kind))
    return n.fail("it takes floating point of rank 3, and sizes of its image "
                  "and blocks that are known");
  unsigned spatial = kernel->size();
  Layout layout;
  layout.kernel = *kernel;
  layout.image = *image;
  layout.strides = n.list("strides").value_or(SmallVector<int64_t>(spatial, 1));
  layout.dilations =
      n.list("dilations").value_or(SmallVector<int64_t>(spatial, 1));
  SmallVector<int64_t> pads =
      n.list("pads").value_or(SmallVector<int64_t>(2 * spatial, 0));
  if (layout.strides.size() != spatial || layout.dilations.size() != spatial ||
      pads.size() != 2 * spatial)
    return n.fail("its attributes and its image differ in rank");
  layout.low.assign(pads.begin(), pads.begin() + spatial);
  OpFoldResult block = n.c.size(1), count = n.c.size(1);
  for (unsigned d = 0; d < spatial; ++d) {
    std::optional<int64_t> size = getConstantIntValue(layout.image[d]);
    int64_t reach = layout.dilations[d] * (layout.kernel[d] - 1) + 1;
    if (!size || layout.strides[d] < 1 ||
        *size + pads[d] + pads[spatial + d] < reach)
      return n.fail("its image must be of known size and hold a block");
    int64_t windows =
        (*size + pads[d] + pads[spatial + d] - reach) / layout.strides[d] + 1;
    layout.windows.push_back(n.c.size(windows));
    block = n.c.multiply(block, n.c.size(layout.kernel[d]));
    count = n.c.multiply(count, n.c.size(windows));
  }
  if (columns.shape[2] != count)
    return n.fail("the number of its columns is not that of the blocks");
  OpFoldResult channels = n.c.quotient({columns.shape[1]}, {block});
  Sizes split = {columns.shape[0], channels}, shape = split, kernelSizes;
  for (int64_t size : layout.kernel)
    kernelSizes.push_back(n.c.size(size));
  split.append(kernelSizes);
  split.append(layout.windows);
  shape.append(layout.image);
  Value source = n.c.reshape(n.c.tensor(columns), columns.shape, split);
  // Loops: batch, channel, pixels; then the elements of a block.
  MLIRContext *context = n.b.getContext();
  unsigned rank = 2 + spatial, loops = rank + spatial;
  SmallVector<AffineExpr> to, blocks;
  for (unsigned i = 0; i < loops; ++i)
    (i < rank ? to : blocks).push_back(getAffineDimExpr(i, context));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  iterators.append(spatial, utils::IteratorType::reduction);
  int32_t sums = accumulatorKind(columns.kind);
  Value init = n.c.filled(shape, n.c.zero(sums), sums),
        extent = n.c.empty(kernelSizes, Bool);
  auto generic = linalg::GenericOp::create(
      n.b, n.loc, init.getType(), extent, init,
      ArrayRef<AffineMap>{AffineMap::get(loops, 0, blocks, context),
                          AffineMap::get(loops, 0, to, context)},
      iterators, [&](OpBuilder &builder, Location loc, ValueRange v) {
        ImplicitLocOpBuilder b(loc, builder);
        SmallVector<Value> index, pixel, within, windows;
        for (unsigned i = 0; i < loops; ++i) {
          Value at = linalg::IndexOp::create(b, i);
          (i < 2 ? index : i < rank ? pixel : within).push_back(at);
        }
        Value fits = windowsAt(n, b, layout, pixel, within, windows);
        index.append(within);
        index.append(windows);
        Value next = addWhere(
            b, loc, fits, v[1], [&](OpBuilder &b, Location loc) -> Value {
              return tensor::ExtractOp::create(b, loc, source, index);
            });
        linalg::YieldOp::create(b, next);
      });
  return n.finish(n.c.rounded(n.c.fromTensor(generic.getResult(0), sums, shape),
                              columns.kind));
}

/// The padding and the image's size of a transposed convolution.
LogicalResult layOut(NodeContext &n, const Raised &x, Layout &layout) {
  unsigned spatial = layout.kernel.size();
  layout.strides = n.list("strides").value_or(SmallVector<int64_t>(spatial, 1));
  layout.dilations =
      n.list("dilations").value_or(SmallVector<int64_t>(spatial, 1));
  SmallVector<int64_t> pads = n.list("pads").value_or(
                           SmallVector<int64_t>(2 * spatial, 0)),
                       extra = n.list("output_padding")
                                   .value_or(SmallVector<int64_t>(spatial, 0));
  auto wanted = n.list("output_shape");
  StringRef automatic = n.text("auto_pad", "NOTSET");
  if (layout.strides.size() != spatial || layout.dilations.size() != spatial ||
      pads.size() != 2 * spatial || extra.size() != spatial)
    return n.fail("its attributes and its input differ in rank");
  bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (wanted && wanted->size() > spatial)
    wanted->erase(wanted->begin(), wanted->end() - spatial);
  for (unsigned d = 0; d < spatial; ++d) {
    OpFoldResult size = x.shape[2 + d];
    int64_t reach = (layout.kernel[d] - 1) * layout.dilations[d] + 1;
    layout.windows.push_back(size);
    if (wanted || same) {
      std::optional<int64_t> known = getConstantIntValue(size);
      if (!known)
        return n.fail(
            "padding of an open dimension to a size is not supported");
      int64_t target = wanted ? (*wanted)[d] : *known * layout.strides[d];
      int64_t total = std::max<int64_t>(0, layout.strides[d] * (*known - 1) +
                                               extra[d] + reach - target);
      layout.low.push_back(automatic == "SAME_UPPER" ? total / 2
                                                     : total - total / 2);
      layout.image.push_back(n.c.size(target));
      continue;
    }
    int64_t beside =
        extra[d] + reach - pads[d] - pads[spatial + d] - layout.strides[d];
    layout.low.push_back(pads[d]);
    layout.image.push_back(n.c.add(
        n.c.multiply(size, n.c.size(layout.strides[d])), n.c.size(beside)));
  }
  return success();
}

LogicalResult raiseConvTranspose(NodeContext &n) {
  Raised x = n.input(0), weight = n.input(1);
  if (x.rank() < 3 || weight.rank() != x.rank() || !isFloat(x.kind))
    return n.fail("it takes floating point images of rank 3 and more");
  unsigned spatial = x.rank() - 2;
  Layout layout;
  for (unsigned d = 0; d < spatial; ++d) {
    std::optional<int64_t> size = getConstantIntValue(weight.shape[2 + d]);
    if (!size)
      return n.fail("its kernel has an open size");
    layout.kernel.push_back(*size);
  }
  if (failed(layOut(n, x, layout)))
    return failure();
  int64_t group = n.integer("group", 1);
  std::optional<int64_t> channels = getConstantIntValue(x.shape[1]),
                         depth = getConstantIntValue(weight.shape[0]),
                         filters = getConstantIntValue(weight.shape[1]);
  if (!channels || !depth || !filters || *channels != *depth || group < 1 ||
      *channels % group != 0)
    return n.fail("its groups and channels do not fit");
  // Channels and filters in groups.
  OpFoldResult groups = n.c.size(group), each = n.c.size(*channels / group);
  Sizes from = {x.shape[0], groups, each},
        kernel = {groups, each, weight.shape[1]},
        shape = {x.shape[0], groups, weight.shape[1]};
  from.append(x.shape.begin() + 2, x.shape.end());
  kernel.append(weight.shape.begin() + 2, weight.shape.end());
  shape.append(layout.image);
  Value source = n.c.reshape(n.c.tensor(x), x.shape, from),
        weights = n.c.reshape(n.c.tensor(weight), weight.shape, kernel);
  // Loops: batch, group, filter, pixels; then channel and kernel.
  MLIRContext *context = n.b.getContext();
  unsigned rank = 3 + spatial, loops = rank + 1 + spatial;
  auto loop = [&](unsigned i) { return getAffineDimExpr(i, context); };
  SmallVector<AffineExpr> ks = {loop(1), loop(rank), loop(2)}, to;
  for (unsigned d = 0; d < spatial; ++d)
    ks.push_back(loop(rank + 1 + d));
  for (unsigned i = 0; i < rank; ++i)
    to.push_back(loop(i));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  iterators.append(1 + spatial, utils::IteratorType::reduction);
  int32_t sums = accumulatorKind(x.kind);
  Value init = n.c.filled(shape, n.c.zero(sums), sums);
  auto generic = linalg::GenericOp::create(
      n.b, n.loc, init.getType(), weights, init,
      ArrayRef<AffineMap>{AffineMap::get(loops, 0, ks, context),
                          AffineMap::get(loops, 0, to, context)},
      iterators, [&](OpBuilder &builder, Location loc, ValueRange v) {
        ImplicitLocOpBuilder b(loc, builder);
        SmallVector<Value> pixel, within, windows;
        for (unsigned d = 0; d < spatial; ++d) {
          pixel.push_back(linalg::IndexOp::create(b, 3 + d));
          within.push_back(linalg::IndexOp::create(b, rank + 1 + d));
        }
        Value fits = windowsAt(n, b, layout, pixel, within, windows);
        SmallVector<Value> index = {linalg::IndexOp::create(b, 0),
                                    linalg::IndexOp::create(b, 1),
                                    linalg::IndexOp::create(b, rank)};
        index.append(windows);
        Type wide = v[1].getType();
        Value next = addWhere(
            b, loc, fits, v[1], [&](OpBuilder &b, Location loc) -> Value {
              Value element = tensor::ExtractOp::create(b, loc, source, index);
              return arith::MulFOp::create(b, loc,
                                           widened(b, loc, element, wide),
                                           widened(b, loc, v[0], wide));
            });
        linalg::YieldOp::create(b, next);
      });
  Raised summed =
      n.c.rounded(n.c.fromTensor(generic.getResult(0), sums, shape), x.kind);
  Sizes merged = {x.shape[0], n.c.size(*filters * group)};
  merged.append(layout.image);
  Raised result =
      n.c.fromTensor(n.c.reshape(summed.tensor, shape, merged), x.kind, merged);
  if (!n.has(2))
    return n.finish(result);
  Sizes column = {merged[1]};
  column.append(spatial, n.c.size(1));
  SmallVector<Raised> operands = {
      result, n.c.fromTensor(n.c.reshape(n.tensor(2), n.input(2).shape, column),
                             x.kind, column)};
  return n.finish(
      n.c.elementwise(operands, merged, x.kind,
                      [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                        return arith::AddFOp::create(b, loc, v[0], v[1]);
                      }));
}

} // namespace

void tfc::raise::populateTransposedConvolutionRules(RuleSet &rules) {
  rules.add("Col2Im", raiseCol2Im);
  rules.add("ConvTranspose", raiseConvTranspose);
}
