//===- WindowProduct.cpp - products of windows of an image ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WindowProduct.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include <numeric>

using namespace mlir;
using namespace tfc::m7;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

std::optional<WindowProduct::Border> WindowProduct::borderOf(Value image) {
  Border border;
  Value number;
  if (auto pad = image.getDefiningOp<tensor::PadOp>()) {
    number = pad.getConstantPaddingValue();
    border.image = pad.getSource();
    border.low = llvm::to_vector(pad.getStaticLow());
  } else if (auto insert = image.getDefiningOp<tensor::InsertSliceOp>()) {
    auto fill = insert.getDest().getDefiningOp<linalg::FillOp>();
    if (!fill || !insert.hasUnitStride() ||
        insert.getSourceType().getRank() != insert.getType().getRank())
      return std::nullopt;
    number = fill.value();
    border.image = insert.getSource();
    border.low = llvm::to_vector(insert.getStaticOffsets());
  }
  if (!number || !matchPattern(number, m_Constant(&border.number)) ||
      !image.hasOneUse() || !typeOf(border.image).hasStaticShape() ||
      llvm::any_of(border.low, [](int64_t low) { return low < 0; }))
    return std::nullopt;
  return border;
}

bool WindowProduct::match() {
  Value x = product.getX();
  if (auto pad = x.getDefiningOp<tensor::PadOp>())
    if (pad->hasOneUse() && pad.getConstantPaddingValue() &&
        llvm::all_of(pad.getStaticLow(), [](int64_t n) { return n == 0; }) &&
        pad.getStaticHigh()[0] == 0) {
      padded = pad;
      x = pad.getSource();
    }
  flat = x.getDefiningOp<tensor::CollapseShapeOp>();
  if (!flat || !flat->hasOneUse() || flat.getResultType().getRank() != 2)
    return false;
  copy = flat.getSrc().getDefiningOp<linalg::GenericOp>();
  if (!copy || !copy->hasOneUse() || copy.getNumDpsInputs() != 1 ||
      copy.getNumDpsInits() != 1 ||
      copy.getNumParallelLoops() != copy.getNumLoops() ||
      !flat.getSrcType().hasStaticShape() ||
      !copy.getIndexingMapsArray()[1].isIdentity() ||
      cast<linalg::YieldOp>(copy.getBlock()->getTerminator()).getOperand(0) !=
          copy.getBlock()->getArgument(0))
    return false;
  image = copy.getInputs()[0];
  map = copy.getIndexingMapsArray()[0];
  dropUnitDimensions(image, map);
  unsigned inside = flat.getReassociationIndices().front().size();
  std::optional<WindowRow> found = findRow(map, inside);
  if (!found)
    return false;
  row = *found;
  shape = llvm::to_vector(flat.getSrcType().getShape());
  for (auto [axis, expr] : llvm::enumerate(map.getResults()))
    if (axis != row.axis && expr.isFunctionOfDim(row.outer))
      return false;
  // Windows of one row must be neighbours among all.
  return llvm::all_of(ArrayRef(shape).take_front(row.outer),
                      [](int64_t size) { return size == 1; });
}

int64_t WindowProduct::imageRows() const {
  return typeOf(border.image).getDimSize(row.axis);
}

int64_t WindowProduct::whole() const {
  int64_t count = (imageRows() - ahead()) / row.stride;
  return std::clamp<int64_t>(count, 0, shape[row.outer]);
}

/// Whether a strip is carried from one row of windows to the next, which only
/// adds the rows that no window had before: of images with a border, which need
/// not be made then, and of others where no row may be read twice. The last
/// rows of windows, which reach below the image, are code of their own.
bool WindowProduct::carriesRows(bool readsOnce) {
  constexpr int64_t mostRowsBelow = 4;
  std::optional<Border> found = borderOf(image);
  bool overlaps = reach() > row.stride;
  if (!found && !(readsOnce && overlaps))
    return false;
  border = found.value_or(
      Border{image, SmallVector<int64_t>(typeOf(image).getRank(), 0), {}});
  if (reach() < row.stride || ahead() < 0 || ahead() > imageRows() ||
      rows() - whole() > mostRowsBelow)
    return false;
  // A stream has as many rows at a time from its first to its last.
  int64_t rest = rows() > whole() ? (imageRows() - ahead()) % row.stride : 0;
  if (readsOnce)
    unit = std::gcd(std::gcd(row.stride, ahead()), rest);
  return true;
}

void WindowProduct::split(RewriterBase &b, bool readsOnce) {
  b.setInsertionPoint(product);
  if (carriesRows(readsOnce))
    splitCarrying(b);
  else
    splitStrips(b);
  fuseProducers(b, strips);
}

void WindowProduct::splitStrips(RewriterBase &b) {
  Location loc = product.getLoc();
  auto index = [&](int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value).getResult();
  };
  auto loop = scf::ForOp::create(b, loc, index(0), index(rows() * row.stride),
                                 index(row.stride), product.getInit());
  b.setInsertionPointToStart(loop.getBody());
  tensor::ExtractSliceOp strip = takeStrip(b, loop.getInductionVar());
  OpFoldResult token = affine::makeComposedFoldedAffineApply(
      b, loc, b.getAffineDimExpr(0).floorDiv(row.stride) * columns(),
      {loop.getInductionVar()});
  Value tokens = multiply(b, strip, token, loop.getRegionIterArg(0));
  scf::YieldOp::create(b, loc, tokens);
  strips = {strip};
  replace(b, loop.getResult(0));
}

/// `count` rows of the image, from `first` on behind `start` if there is one,
/// as the rows of `strip` from `to` on.
Value WindowProduct::take(RewriterBase &b, Value start, int64_t first,
                          int64_t count, Value strip, int64_t to) {
  Location loc = product.getLoc();
  auto numbers = [&](ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(b.getContext(), values);
  };
  SmallVector<int64_t> sizes = llvm::to_vector(typeOf(border.image).getShape()),
                       offsets = border.low;
  int64_t step = unit ? unit : count;
  sizes[row.axis] = step;
  for (int64_t done = 0; done < count; done += step) {
    OpFoldResult at = b.getIndexAttr(first + done);
    if (start)
      at = affine::makeComposedFoldedAffineApply(
          b, loc, b.getAffineDimExpr(0) + (first + done), {start});
    strips.push_back(extractRows(b, loc, border.image, row.axis, at, sizes));
    offsets[row.axis] = to + done;
    strip = tensor::InsertSliceOp::create(
        b, loc, strips.back(), strip, numbers(offsets), numbers(sizes),
        numbers(SmallVector<int64_t>(sizes.size(), 1)));
  }
  return strip;
}

/// The strip before the first window: what is the border all over, and the rows
/// of the image that the window shares with it.
Value WindowProduct::startStrip(RewriterBase &b) {
  Location loc = product.getLoc();
  SmallVector<int64_t> sizes = llvm::to_vector(typeOf(image).getShape());
  sizes[row.axis] = reach();
  Type element = typeOf(image).getElementType();
  Value strip = tensor::EmptyOp::create(b, loc, sizes, element);
  if (border.number) {
    Value number =
        arith::ConstantOp::create(b, loc, cast<TypedAttr>(border.number));
    strip = linalg::FillOp::create(b, loc, number, strip).getResult(0);
  }
  return take(b, Value(), 0, ahead(), strip, row.stride + border.low[row.axis]);
}

/// The rows of `strip` that the next row of windows shares, where it has them.
Value WindowProduct::carried(RewriterBase &b, Value strip) {
  if (reach() == row.stride)
    return strip;
  SmallVector<int64_t> sizes = llvm::to_vector(typeOf(strip).getShape());
  sizes[row.axis] = reach() - row.stride;
  Value shared = extractRows(b, product.getLoc(), strip, row.axis,
                             b.getIndexAttr(row.stride), sizes);
  return insertRows(b, product.getLoc(), shared, strip, row.axis,
                    b.getIndexAttr(0));
}

/// The strip of a row of windows that reaches below the image.
Value WindowProduct::endStrip(RewriterBase &b, int64_t window, Value strip) {
  Location loc = product.getLoc();
  int64_t first = ahead() + window * row.stride,
          count = std::clamp<int64_t>(imageRows() - first, 0, row.stride),
          to = reach() - row.stride;
  SmallVector<int64_t> sizes = llvm::to_vector(typeOf(strip).getShape());
  sizes[row.axis] = row.stride - count;
  OpFoldResult below = b.getIndexAttr(to + count);
  Value rest = extractRows(b, loc, strip, row.axis, below, sizes);
  Value number =
      arith::ConstantOp::create(b, loc, cast<TypedAttr>(border.number));
  rest = linalg::FillOp::create(b, loc, number, rest).getResult(0);
  strip = insertRows(b, loc, rest, strip, row.axis, below);
  return take(b, Value(), first, count, strip, to);
}

void WindowProduct::splitCarrying(RewriterBase &b) {
  Location loc = product.getLoc();
  auto index = [&](int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value).getResult();
  };
  Value strip = startStrip(b), tokens = product.getInit();
  if (whole() > 0) {
    auto loop =
        scf::ForOp::create(b, loc, index(0), index(whole() * row.stride),
                           index(row.stride), ValueRange{tokens, strip});
    b.setInsertionPointToStart(loop.getBody());
    Value at = loop.getInductionVar();
    OpFoldResult token = affine::makeComposedFoldedAffineApply(
        b, loc, b.getAffineDimExpr(0).floorDiv(row.stride) * columns(), {at});
    Value own =
        take(b, at, ahead(), row.stride, carried(b, loop.getRegionIterArg(1)),
             reach() - row.stride);
    Value made = multiply(b, own, token, loop.getRegionIterArg(0));
    scf::YieldOp::create(b, loc, ValueRange{made, own});
    tokens = loop.getResult(0);
    strip = loop.getResult(1);
    b.setInsertionPointAfter(loop);
  }
  for (int64_t window = whole(); window < rows(); ++window) {
    strip = endStrip(b, window, carried(b, strip));
    tokens = multiply(b, strip, b.getIndexAttr(window * columns()), tokens);
  }
  replace(b, tokens);
}

void WindowProduct::replace(RewriterBase &b, Value tokens) {
  b.replaceOp(product, tokens);
  if (padded)
    b.eraseOp(padded);
  Operation *reshape = copy.getInputs()[0].getDefiningOp();
  Operation *whole = image.getDefiningOp();
  b.eraseOp(flat);
  b.eraseOp(copy);
  if (reshape != whole)
    eraseIfDead(b, reshape);
  if (border.image && border.image != image)
    eraseIfDead(b, whole);
}

tensor::ExtractSliceOp WindowProduct::takeStrip(RewriterBase &b, Value first) {
  SmallVector<int64_t> sizes = llvm::to_vector(typeOf(image).getShape());
  sizes[row.axis] = reach();
  return extractRows(b, product.getLoc(), image, row.axis, first, sizes);
}

/// The windows of a strip as rows of the product.
Value WindowProduct::copyWindows(RewriterBase &b, Value strip) {
  SmallVector<int64_t> sizes = shape;
  sizes[row.outer] = 1;
  Location loc = copy.getLoc();
  Type element = getElementTypeOrSelf(strip.getType());
  Value init = tensor::EmptyOp::create(b, loc, sizes, element);
  SmallVector<AffineMap> maps = {map, copy.getIndexingMapsArray()[1]};
  Value windows =
      linalg::GenericOp::create(b, loc, init.getType(), strip, init, maps,
                                copy.getIteratorTypesArray(),
                                [](OpBuilder &b, Location loc, ValueRange v) {
                                  linalg::YieldOp::create(b, loc, v[0]);
                                })
          ->getResult(0);
  auto type = RankedTensorType::get(
      {columns(), flat.getResultType().getDimSize(1)}, element);
  Value matrix = tensor::CollapseShapeOp::create(
      b, loc, type, windows, flat.getReassociationIndices());
  if (!padded)
    return matrix;
  SmallVector<OpFoldResult> none(2, b.getIndexAttr(0));
  SmallVector<OpFoldResult> high = {b.getIndexAttr(0),
                                    b.getIndexAttr(padded.getStaticHigh()[1])};
  return tensor::PadOp::create(
      b, loc,
      RankedTensorType::get({columns(), padded.getType().getDimSize(1)},
                            element),
      matrix, none, high, padded.getConstantPaddingValue());
}

/// `tokens` with those of a strip, from `token` on.
Value WindowProduct::multiply(RewriterBase &b, Value strip, OpFoldResult token,
                              Value tokens) {
  Location loc = product.getLoc();
  Value windows = copyWindows(b, strip);
  Value part = extractRows(b, loc, tokens, 0, token,
                           {columns(), typeOf(tokens).getDimSize(1)});
  auto made = cast<ProductOp>(b.clone(*product));
  made.getXMutable().assign(windows);
  made.getInitMutable().assign(part);
  made.getResult().setType(typeOf(part));
  return insertRows(b, loc, made.getResult(), tokens, 0, token);
}
