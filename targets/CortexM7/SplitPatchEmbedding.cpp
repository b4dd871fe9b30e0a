//===- SplitPatchEmbedding.cpp - an image by rows of patches ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FoldTransposes.h"
#include "WindowProduct.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_SPLITPATCHEMBEDDINGPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;
using namespace tfc;
using namespace tfc::m7;

namespace {

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
  fuseProducers(b, {strip});
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

/// The rows of patches of a convolution of f32 whose stride is its kernel's
/// height. Others read rows more than once, which nothing would be gained for.
std::optional<WindowRow> findPatchRow(linalg::GenericOp op) {
  unsigned parallel = op.getNumParallelLoops();
  if (!op.hasPureTensorSemantics() || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1 || parallel == op.getNumLoops() ||
      llvm::any_of(op->getOperandTypes(), [](Type type) {
        auto tensor = dyn_cast<RankedTensorType>(type);
        return !tensor || !tensor.hasStaticShape() ||
               !tensor.getElementType().isF32();
      }))
    return std::nullopt;
  for (auto [i, type] : llvm::enumerate(op.getIteratorTypesArray()))
    if ((type == utils::IteratorType::parallel) != (i < parallel))
      return std::nullopt;
  std::optional<WindowRow> row =
      findRow(op.getIndexingMapsArray()[0], parallel);
  if (!row || row->dilation != 1 ||
      row->stride != op.getStaticLoopRanges()[row->inner])
    return std::nullopt;
  return row;
}

/// Computes one row of patches at a time.
LogicalResult split(RewriterBase &b, linalg::GenericOp op, WindowRow row) {
  Value image = op.getInputs()[0];
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  dropUnitDimensions(image, maps[0]);
  Operation *source = op.getInputs()[0].getDefiningOp();
  b.modifyOpInPlace(op, [&] {
    op.getInputsMutable()[0].assign(image);
    op.setIndexingMapsAttr(b.getAffineMapArrayAttr(maps));
  });
  eraseIfDead(b, source);
  SmallVector<OpFoldResult> sizes(op.getNumLoops(), b.getIndexAttr(0));
  sizes[row.outer] = b.getIndexAttr(1);
  scf::SCFTilingOptions options;
  options.setTileSizes(sizes);
  b.setInsertionPoint(op);
  FailureOr<scf::SCFTilingResult> tiled =
      scf::tileUsingSCF(b, cast<TilingInterface>(op.getOperation()), options);
  if (failed(tiled) || tiled->loops.size() != 1)
    return op.emitOpError("cannot be computed by rows of patches");
  b.replaceOp(op, tiled->replacements);
  auto strip = tiled->tiledOps.front()
                   ->getOperand(0)
                   .getDefiningOp<tensor::ExtractSliceOp>();
  if (strip)
    fuseProducers(b, {strip});
  return success();
}

struct SplitPatchEmbeddingPass
    : public tfc::m7::impl::SplitPatchEmbeddingPassBase<
          SplitPatchEmbeddingPass> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<attn::PatchEmbedOp> embeddings;
    SmallVector<std::pair<linalg::GenericOp, WindowRow>> convolutions;
    std::vector<WindowProduct> products;
    getOperation().walk([&](Operation *op) {
      if (auto embedding = dyn_cast<attn::PatchEmbedOp>(op);
          embedding && isSplittable(embedding))
        embeddings.push_back(embedding);
      if (auto generic = dyn_cast<linalg::GenericOp>(op))
        if (std::optional<WindowRow> row = findPatchRow(generic))
          convolutions.push_back({generic, *row});
      if (auto product = dyn_cast<m7::ProductOp>(op))
        if (WindowProduct windows(product); windows.match())
          products.push_back(windows);
    });
    IRRewriter rewriter(&getContext());
    for (attn::PatchEmbedOp op : embeddings)
      split(rewriter, op);
    for (WindowProduct &product : products)
      product.split(rewriter, readsOnce);
    for (auto [op, row] : convolutions)
      if (failed(split(rewriter, op, row)))
        return signalPassFailure();
    if (products.empty() && embeddings.empty() && convolutions.empty())
      return;
    RewritePatternSet patterns(&getContext());
    // Strips of an image that is not made any more must not keep its memory.
    tensor::populateFoldTensorEmptyPatterns(patterns);
    m7::populateFoldTransposesPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
