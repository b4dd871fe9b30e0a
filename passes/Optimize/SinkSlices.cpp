//===- SinkSlices.cpp - rows that nobody reads ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SlicePosition.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Passes/Optimize/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/ViewLikeInterfaceUtils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/TypeSwitch.h"

namespace tfc::optimize {
#define GEN_PASS_DEF_SINKSLICESPASS
#include "tfc/Passes/Optimize/Passes.h.inc"
} // namespace tfc::optimize

using namespace mlir;
using namespace tfc;
using namespace tfc::optimize;

namespace {

bool isReshape(Operation *op) {
  return isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op);
}

/// The slices of `value`, each part once, if nothing else uses it, from the
/// first in the block on; empty otherwise. All are in the block of its
/// producer.
SmallVector<tensor::ExtractSliceOp> slicesOf(OpResult value) {
  SmallVector<tensor::ExtractSliceOp> slices;
  for (Operation *user : value.getUsers()) {
    auto slice = dyn_cast<tensor::ExtractSliceOp>(user);
    if (!slice || slice.getSource() != value || !hasUnitStrides(slice) ||
        slice->getBlock() != value.getOwner()->getBlock())
      return {};
    slices.push_back(slice);
  }
  llvm::sort(slices,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  SmallVector<tensor::ExtractSliceOp> parts;
  for (tensor::ExtractSliceOp slice : slices)
    if (llvm::none_of(parts, [&](tensor::ExtractSliceOp part) {
          return isSamePart(part, slice);
        }))
      parts.push_back(slice);
  return parts;
}

/// Whether above reshapes that nothing else uses there is an operation whose
/// result is only sliced: else a slice in front of them saves nothing.
bool leadsToProducer(tensor::ExtractSliceOp slice) {
  Value value = slice.getSource();
  while (value.hasOneUse() && value.getDefiningOp() &&
         isReshape(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  Operation *op = value.getDefiningOp();
  return op && !isReshape(op) && op->getBlock() == slice->getBlock() &&
         llvm::all_of(value.getUsers(), [](Operation *user) {
           return isa<tensor::ExtractSliceOp>(user) || isReshape(user);
         });
}

/// What has no effect and no other result in use may be made in part.
bool mayBePart(OpResult value) {
  Operation *op = value.getOwner();
  return isMemoryEffectFree(op) &&
         llvm::all_of(op->getResults(), [&](OpResult other) {
           return other == value || other.use_empty();
         });
}

/// Slices that are the only uses of a result become the operation on slices.
struct SinkIntoProducer : public OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp slice,
                                PatternRewriter &rewriter) const override {
    auto producer = dyn_cast<OpResult>(slice.getSource());
    if (!producer || !isa<TilingInterface>(producer.getOwner()))
      return rewriter.notifyMatchFailure(slice, "its producer has no tiles");
    if (!mayBePart(producer))
      return rewriter.notifyMatchFailure(
          slice, "its producer has effects or other results");
    SmallVector<tensor::ExtractSliceOp> slices = slicesOf(producer);
    if (slices.empty() || slices.size() > 1)
      return rewriter.notifyMatchFailure(slice, "something else is read");
    if (!areFewerElements(slices))
      return rewriter.notifyMatchFailure(slice, "all is read");
    slice = slices.front();
    if (cutsWeights(slice))
      return rewriter.notifyMatchFailure(slice, "it would cut weights");
    rewriter.setInsertionPoint(slice);
    FailureOr<TilingResult> tiled =
        tensor::replaceExtractSliceWithTiledProducer(rewriter, slice, producer);
    if (failed(tiled))
      return rewriter.notifyMatchFailure(slice, "there is no such tile");
    Value part = tiled->tiledValues.front();
    if (part.getType() != slice.getType())
      part = tensor::CastOp::create(rewriter, slice.getLoc(), slice.getType(),
                                    part);
    for (Operation *user : llvm::make_early_inc_range(producer.getUsers()))
      rewriter.replaceOp(user, part);
    return success();
  }

private:
  /// Kernels want weights as they are in the file.
  static bool cutsWeights(tensor::ExtractSliceOp slice) {
    auto linear = slice.getSource().getDefiningOp<attn::LinearOp>();
    return linear && !isWholeAlong(slice, slice.getSourceType().getRank() - 1);
  }
};

/// A slice without dimensions that it drops, which are dropped afterwards.
template <typename Build>
LogicalResult replaceSlice(PatternRewriter &rewriter,
                           tensor::ExtractSliceOp slice, Build build) {
  FailureOr<Value> part = build();
  if (failed(part))
    return failure();
  if (slice.getDroppedDims().any()) {
    auto zeros = SmallVector<OpFoldResult>(slice.getSourceType().getRank(),
                                           rewriter.getIndexAttr(0));
    rewriter.replaceOpWithNewOp<tensor::ExtractSliceOp>(
        slice, slice.getType(), *part, zeros, slice.getMixedSizes(),
        slice.getMixedStrides());
    return success();
  }
  if (part->getType() == slice.getType())
    rewriter.replaceOp(slice, *part);
  else
    rewriter.replaceOpWithNewOp<tensor::CastOp>(slice, slice.getType(), *part);
  return success();
}

struct SinkThroughReshape : public OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp slice,
                                PatternRewriter &rewriter) const override {
    Operation *reshape = slice.getSource().getDefiningOp();
    if (!reshape || !isReshape(reshape))
      return rewriter.notifyMatchFailure(slice, "not of a reshape");
    if (!hasUnitStrides(slice) || !areFewerElements(slice) ||
        !leadsToProducer(slice))
      return rewriter.notifyMatchFailure(slice, "nothing would be saved");
    return replaceSlice(rewriter, slice, [&]() -> FailureOr<Value> {
      if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(reshape))
        return before(rewriter, slice, collapse);
      return before(rewriter, slice, cast<tensor::ExpandShapeOp>(reshape));
    });
  }

private:
  static FailureOr<Value> before(PatternRewriter &rewriter,
                                 tensor::ExtractSliceOp slice,
                                 tensor::CollapseShapeOp collapse) {
    SmallVector<OpFoldResult> offsets, sizes, strides;
    SmallVector<ReassociationIndices> groups =
        collapse.getReassociationIndices();
    if (failed(tensor::getExpandedExtractSliceInfo(
            rewriter, slice, groups, collapse.getSrcType().getShape(), offsets,
            sizes, strides)))
      return failure();
    Value part = tensor::ExtractSliceOp::create(
        rewriter, slice.getLoc(), collapse.getSrc(), offsets, sizes, strides);
    return Value(tensor::CollapseShapeOp::create(rewriter, collapse.getLoc(),
                                                 part, groups));
  }

  static FailureOr<Value> before(PatternRewriter &rewriter,
                                 tensor::ExtractSliceOp slice,
                                 tensor::ExpandShapeOp expand) {
    SmallVector<OpFoldResult> offsets, sizes, strides;
    SmallVector<ReassociationIndices> groups = expand.getReassociationIndices();
    if (failed(tensor::getCollapsedExtractSliceInfo(rewriter, slice, groups,
                                                    offsets, sizes, strides)))
      return failure();
    Value part = tensor::ExtractSliceOp::create(
        rewriter, slice.getLoc(), expand.getSrc(), offsets, sizes, strides);
    auto type = tensor::ExtractSliceOp::inferResultType(slice.getSourceType(),
                                                        slice.getMixedSizes());
    return Value(tensor::ExpandShapeOp::create(
        rewriter, expand.getLoc(), cast<RankedTensorType>(type), part, groups,
        slice.getMixedSizes()));
  }
};

/// A slice of a slice is a slice of its source.
struct MergeSlices : public OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp slice,
                                PatternRewriter &rewriter) const override {
    auto outer = slice.getSource().getDefiningOp<tensor::ExtractSliceOp>();
    if (!outer || outer->getBlock() != slice->getBlock())
      return rewriter.notifyMatchFailure(slice, "not of a slice");
    if (slicesOf(cast<OpResult>(slice.getSource())).size() != 1 ||
        !areFewerElements(slice) || !hasUnitStrides(outer))
      return rewriter.notifyMatchFailure(slice, "nothing would be saved");
    SmallVector<OpFoldResult> offsets, sizes, strides;
    if (failed(affine::mergeOffsetsSizesAndStrides(
            rewriter, slice.getLoc(), outer, slice, outer.getDroppedDims(),
            offsets, sizes, strides)))
      return rewriter.notifyMatchFailure(slice, "positions do not add up");
    rewriter.replaceOpWithNewOp<tensor::ExtractSliceOp>(
        slice, slice.getType(), outer.getSource(), offsets, sizes, strides);
    return success();
  }
};

/// A slice that lies in one part of a concatenation is a slice of that part.
struct SliceOfPart : public OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp slice,
                                PatternRewriter &rewriter) const override {
    auto insert = slice.getSource().getDefiningOp<tensor::InsertSliceOp>();
    if (!insert || insert->getBlock() != slice->getBlock())
      return rewriter.notifyMatchFailure(slice, "not of a concatenation");
    InsertedPart part = partOfInsert(slice, insert);
    if (part == InsertedPart::Unknown)
      return rewriter.notifyMatchFailure(slice, "it is made of more parts");
    if (part == InsertedPart::Outside) {
      rewriter.modifyOpInPlace(
          slice, [&] { slice.getSourceMutable().assign(insert.getDest()); });
      return success();
    }
    SmallVector<OpFoldResult> offsets = slice.getMixedOffsets();
    for (auto [offset, from] : llvm::zip(offsets, insert.getMixedOffsets()))
      if (!isZeroInteger(from))
        offset = rewriter.getIndexAttr(*getConstantIntValue(offset) -
                                       *getConstantIntValue(from));
    rewriter.replaceOpWithNewOp<tensor::ExtractSliceOp>(
        slice, slice.getType(), insert.getSource(), offsets,
        slice.getMixedSizes(), slice.getMixedStrides());
    return success();
  }
};

/// What is cut along open sizes only to be whole is not cut; upstream knows it
/// of known sizes.
struct DropWholeSlice : public OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp slice,
                                PatternRewriter &rewriter) const override {
    if (slice.getType() != slice.getSourceType() || !isWhole(slice))
      return rewriter.notifyMatchFailure(slice, "it is not the whole source");
    rewriter.replaceOp(slice, slice.getSource());
    return success();
  }
};

/// A slice of a filled tensor is filled itself, whoever fills others like it.
struct SliceOfFill : public OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp slice,
                                PatternRewriter &rewriter) const override {
    auto fill = slice.getSource().getDefiningOp<linalg::FillOp>();
    if (!fill || !fill.output().getDefiningOp<tensor::EmptyOp>())
      return rewriter.notifyMatchFailure(slice, "not of a filled tensor");
    if (slice.getDroppedDims().any())
      return rewriter.notifyMatchFailure(slice, "it drops dimensions");
    Value empty =
        tensor::EmptyOp::create(rewriter, slice.getLoc(), slice.getMixedSizes(),
                                slice.getType().getElementType());
    rewriter.replaceOpWithNewOp<linalg::FillOp>(slice, fill.value(), empty);
    return success();
  }
};

struct SinkSlicesPass
    : public optimize::impl::SinkSlicesPassBase<SinkSlicesPass> {
  using Base::Base;

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    patterns.add<SinkIntoProducer, SinkThroughReshape, MergeSlices, SliceOfPart,
                 DropWholeSlice, SliceOfFill>(context);
    tensor::ExtractSliceOp::getCanonicalizationPatterns(patterns, context);
    tensor::populateFoldTensorEmptyPatterns(patterns);
    // Sizes that are asked of a value would be uses of it.
    memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
    memref::populateResolveShapedTypeResultDimsPatterns(patterns);
    // A chain is as long as a layer, and is walked in one iteration. Operations
    // that find late that they have no tile leave sizes behind, which are
    // cleared away and made again: that must end, and what is left is right.
    GreedyRewriteConfig config;
    config.setMaxIterations(64);
    (void)applyPatternsGreedily(getOperation(), std::move(patterns), config);
  }
};

} // namespace
