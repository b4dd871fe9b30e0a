//===- ImageStrips.cpp - rows of an image at a time -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImageStrips.h"
#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Interfaces/TilingInterface.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::m7;

static SmallVector<OpFoldResult> numbers(Builder &b, ArrayRef<int64_t> values) {
  return getAsIndexOpFoldResult(b.getContext(), values);
}

tensor::ExtractSliceOp tfc::m7::extractRows(RewriterBase &b, Location loc,
                                            Value from, unsigned axis,
                                            OpFoldResult first,
                                            ArrayRef<int64_t> sizes) {
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0)),
      strides(sizes.size(), b.getIndexAttr(1));
  offsets[axis] = first;
  return tensor::ExtractSliceOp::create(b, loc, from, offsets,
                                        numbers(b, sizes), strides);
}

Value tfc::m7::insertRows(RewriterBase &b, Location loc, Value part, Value into,
                          unsigned axis, OpFoldResult first) {
  ArrayRef<int64_t> sizes = cast<RankedTensorType>(part.getType()).getShape();
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0)),
      strides(sizes.size(), b.getIndexAttr(1));
  offsets[axis] = first;
  return tensor::InsertSliceOp::create(b, loc, part, into, offsets,
                                       numbers(b, sizes), strides);
}

/// Whether each element of `op`'s result comes from one of each operand, so
/// that nothing is computed twice where the result is cut.
static bool isElementwise(Operation *op) {
  if (isa<attn::QuantizeOp, attn::DequantizeOp>(op))
    return true;
  auto generic = dyn_cast<linalg::LinalgOp>(op);
  return generic && generic->getNumResults() == 1 &&
         generic.getNumParallelLoops() == generic.getNumLoops() &&
         !generic.hasIndexSemantics() &&
         llvm::all_of(generic.getIndexingMapsArray(), [](AffineMap map) {
           return map.isProjectedPermutation(/*allowZeroInResults=*/true);
         });
}

void tfc::m7::eraseIfDead(RewriterBase &b, Operation *op) {
  if (op && isOpTriviallyDead(op))
    b.eraseOp(op);
}

/// Of what a tile reads the largest slice, which is the image's.
static tensor::ExtractSliceOp imageOf(Operation *tile) {
  tensor::ExtractSliceOp largest;
  for (Value operand : tile->getOperands()) {
    auto slice = operand.getDefiningOp<tensor::ExtractSliceOp>();
    if (slice && (!largest || slice.getType().getNumElements() >
                                  largest.getType().getNumElements()))
      largest = slice;
  }
  return largest;
}

void tfc::m7::fuseProducers(RewriterBase &b,
                            SmallVector<tensor::ExtractSliceOp> strips) {
  while (!strips.empty() && llvm::all_of(strips, [](auto strip) {
    return static_cast<bool>(strip);
  })) {
    auto source = dyn_cast<OpResult>(strips.front().getSource());
    if (!source || !isElementwise(source.getOwner()) ||
        !llvm::all_of(source.getUsers(), [&](Operation *user) {
          return llvm::is_contained(strips, user);
        }))
      return;
    SmallVector<tensor::ExtractSliceOp> next;
    for (tensor::ExtractSliceOp strip : strips) {
      b.setInsertionPoint(strip);
      FailureOr<TilingResult> tile =
          tensor::replaceExtractSliceWithTiledProducer(b, strip, source);
      if (failed(tile) || tile->tiledValues.size() != 1)
        return;
      next.push_back(imageOf(tile->tiledOps.front()));
      b.replaceOp(strip, tile->tiledValues);
    }
    b.eraseOp(source.getOwner());
    strips = next;
  }
}

/// The loop and its factor in `expr`, a multiple of one loop.
static std::optional<std::pair<unsigned, int64_t>> multipleOf(AffineExpr expr) {
  int64_t factor = 1;
  if (auto product = dyn_cast<AffineBinaryOpExpr>(expr);
      product && product.getKind() == AffineExprKind::Mul) {
    auto constant = dyn_cast<AffineConstantExpr>(product.getRHS());
    if (!constant)
      return std::nullopt;
    factor = constant.getValue();
    expr = product.getLHS();
  }
  auto dim = dyn_cast<AffineDimExpr>(expr);
  if (!dim || factor <= 0)
    return std::nullopt;
  return std::pair(dim.getPosition(), factor);
}

std::optional<WindowRow> tfc::m7::findRow(AffineMap map, unsigned inside) {
  for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
    auto sum = dyn_cast<AffineBinaryOpExpr>(expr);
    if (!sum || sum.getKind() != AffineExprKind::Add)
      continue;
    auto a = multipleOf(sum.getLHS()), b = multipleOf(sum.getRHS());
    if (!a || !b)
      return std::nullopt;
    if (a->first > b->first)
      std::swap(a, b);
    if (a->first >= inside || b->first < inside)
      return std::nullopt;
    return WindowRow{static_cast<unsigned>(axis), a->first, b->first, a->second,
                     b->second};
  }
  return std::nullopt;
}

void tfc::m7::dropUnitDimensions(Value &image, AffineMap &map) {
  auto expand = image.getDefiningOp<tensor::ExpandShapeOp>();
  if (!expand || !expand.getResultType().hasStaticShape())
    return;
  SmallVector<int64_t> kept;
  for (const ReassociationIndices &group : expand.getReassociationIndices()) {
    int64_t chosen = group.front();
    for (int64_t dim : group)
      if (expand.getResultType().getDimSize(dim) != 1)
        chosen = dim;
    for (int64_t dim : group)
      if (dim != chosen && expand.getResultType().getDimSize(dim) != 1)
        return;
    kept.push_back(chosen);
  }
  map = map.getSubMap(SmallVector<unsigned>(kept.begin(), kept.end()));
  image = expand.getSrc();
}
