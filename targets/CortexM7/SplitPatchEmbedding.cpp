//===- SplitPatchEmbedding.cpp - an image by rows of patches ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_SPLITPATCHEMBEDDINGPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;
using namespace tfc;

namespace {

SmallVector<OpFoldResult> numbers(Builder &b, ArrayRef<int64_t> values) {
  return getAsIndexOpFoldResult(b.getContext(), values);
}

/// The rows of `shape` from `first` on, where dimension `axis` counts rows and
/// `sizes` are the slice's.
tensor::ExtractSliceOp extractRows(RewriterBase &b, Location loc, Value from,
                                   unsigned axis, OpFoldResult first,
                                   ArrayRef<int64_t> sizes) {
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0)),
      strides(sizes.size(), b.getIndexAttr(1));
  offsets[axis] = first;
  return tensor::ExtractSliceOp::create(b, loc, from, offsets,
                                        numbers(b, sizes), strides);
}

Value insertRows(RewriterBase &b, Location loc, Value part, Value into,
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
bool isElementwise(Operation *op) {
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

/// Moves what makes `strip`'s source element by element into `loop`, so that
/// only a strip of it exists at a time. Others that use the source keep it.
void fuseProducers(RewriterBase &b, tensor::ExtractSliceOp strip,
                   scf::ForOp loop) {
  SmallVector<LoopLikeOpInterface> loops = {loop};
  while (strip) {
    Operation *producer = strip.getSource().getDefiningOp();
    if (!producer || !producer->hasOneUse() || !isElementwise(producer))
      return;
    auto fused = scf::tileAndFuseProducerOfSlice(b, strip, loops);
    if (!fused || fused->tiledOps.empty())
      return;
    b.eraseOp(strip);
    // Of its operands the largest is the image's.
    tensor::ExtractSliceOp next;
    for (Value operand : fused->tiledOps.front()->getOperands()) {
      auto slice = operand.getDefiningOp<tensor::ExtractSliceOp>();
      if (slice && (!next || slice.getType().getNumElements() >
                                 next.getType().getNumElements()))
        next = slice;
    }
    if (producer->use_empty())
      b.eraseOp(producer);
    strip = next;
  }
}

/// The tokens of one strip, added to `init`, which holds the biases: the sum
/// reads the pixels where they lie.
Value embed(RewriterBase &b, attn::PatchEmbedOp op, Value strip, Value init) {
  MLIRContext *context = b.getContext();
  auto d = [&](unsigned i) { return getAffineDimExpr(i, context); };
  int64_t width = cast<ShapedType>(op.getWeight().getType()).getDimSize(3);
  // Loops: batch, token, embedding; channel, row, column.
  auto map = [&](ArrayRef<AffineExpr> results) {
    return AffineMap::get(6, 0, results, context);
  };
  SmallVector<AffineMap> maps = {map({d(0), d(3), d(4), d(1) * width + d(5)}),
                                 map({d(2), d(3), d(4), d(5)}),
                                 map({d(0), d(1), d(2)})};
  SmallVector<utils::IteratorType> iterators(6, utils::IteratorType::parallel);
  std::fill(iterators.begin() + 3, iterators.end(),
            utils::IteratorType::reduction);
  return linalg::GenericOp::create(
             b, op.getLoc(), init.getType(), ValueRange{strip, op.getWeight()},
             init, maps, iterators,
             [](OpBuilder &b, Location loc, ValueRange v) {
               Value term = arith::MulFOp::create(b, loc, v[0], v[1]);
               Value sum = arith::AddFOp::create(b, loc, v[2], term);
               linalg::YieldOp::create(b, loc, sum);
             })
      ->getResult(0);
}

/// What the sums of `embed` start from.
Value startOf(RewriterBase &b, attn::PatchEmbedOp op, Value init) {
  if (op.getBias())
    return linalg::BroadcastOp::create(b, op.getLoc(), op.getBias(), init,
                                       ArrayRef<int64_t>{0, 1})
        ->getResult(0);
  Value zero = arith::ConstantOp::create(
      b, op.getLoc(), b.getZeroAttr(getElementTypeOrSelf(init.getType())));
  return linalg::FillOp::create(b, op.getLoc(), zero, init)->getResult(0);
}

bool isSplittable(attn::PatchEmbedOp op) {
  auto image = dyn_cast<RankedTensorType>(op.getImage().getType()),
       weight = dyn_cast<RankedTensorType>(op.getWeight().getType());
  return image && weight && image.hasStaticShape() && weight.hasStaticShape() &&
         image.getElementType().isF32() && weight.getElementType().isF32() &&
         image.getDimSize(2) >= weight.getDimSize(2);
}

void split(RewriterBase &b, attn::PatchEmbedOp op) {
  Location loc = op.getLoc();
  ArrayRef<int64_t> image =
                        cast<ShapedType>(op.getImage().getType()).getShape(),
                    weight =
                        cast<ShapedType>(op.getWeight().getType()).getShape();
  int64_t height = weight[2], rows = image[2] / height,
          columns = image[3] / weight[3];
  b.setInsertionPoint(op);
  auto index = [&](int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value).getResult();
  };
  auto loop = scf::ForOp::create(b, loc, index(0), index(rows * height),
                                 index(height), op.getInit());
  b.setInsertionPointToStart(loop.getBody());
  Value row = loop.getInductionVar(), tokens = loop.getRegionIterArg(0);
  tensor::ExtractSliceOp strip = extractRows(
      b, loc, op.getImage(), 2, row, {image[0], image[1], height, image[3]});
  OpFoldResult token = affine::makeComposedFoldedAffineApply(
      b, loc, b.getAffineDimExpr(0).floorDiv(height) * columns, {row});
  Value part =
      extractRows(b, loc, tokens, 1, token, {image[0], columns, weight[0]});
  Value made = embed(b, op, strip, startOf(b, op, part));
  scf::YieldOp::create(b, loc, insertRows(b, loc, made, tokens, 1, token));
  b.replaceOp(op, loop);
  fuseProducers(b, strip, loop);
}

struct SplitPatchEmbeddingPass
    : public tfc::m7::impl::SplitPatchEmbeddingPassBase<
          SplitPatchEmbeddingPass> {
  void runOnOperation() override {
    SmallVector<tfc::attn::PatchEmbedOp> ops;
    getOperation().walk([&](tfc::attn::PatchEmbedOp op) {
      if (isSplittable(op))
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (tfc::attn::PatchEmbedOp op : ops)
      split(rewriter, op);
  }
};

} // namespace
