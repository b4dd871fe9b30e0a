//===- TileTokens.cpp - wide layers a few rows at a time --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowChain.h"
#include "tfc/Passes/Memory/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tfc::memory {
#define GEN_PASS_DEF_TILETOKENSPASS
#include "tfc/Passes/Memory/Passes.h.inc"
} // namespace tfc::memory

using namespace mlir;
using namespace tfc::memory;

namespace {

/// At most `most` of `size` rows: a number that divides them, if there is one
/// that is not much smaller.
int64_t tileOf(int64_t size, int64_t most) {
  if (size <= most)
    return size;
  for (int64_t tile = most; 2 * tile > most; --tile)
    if (size % tile == 0)
      return tile;
  return most;
}

/// A tile of a filled tensor is filled by itself. Upstream's pattern wants the
/// tensor to have one use; here all tiles start from equal ones.
struct FillTile : public OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp slice,
                                PatternRewriter &rewriter) const override {
    auto fill = slice.getSource().getDefiningOp<linalg::FillOp>();
    if (!fill || !fill.output().getDefiningOp<tensor::EmptyOp>())
      return rewriter.notifyMatchFailure(slice, "not of a filled tensor");
    if (slice.getType().getRank() != slice.getSourceType().getRank())
      return rewriter.notifyMatchFailure(slice, "it drops dimensions");
    Value empty =
        tensor::EmptyOp::create(rewriter, slice.getLoc(), slice.getMixedSizes(),
                                slice.getType().getElementType());
    rewriter.replaceOpWithNewOp<linalg::FillOp>(slice, fill.value(), empty);
    return success();
  }
};

struct TileTokensPass
    : public tfc::memory::impl::TileTokensPassBase<TileTokensPass> {
  using Base::Base;

  void runOnOperation() override;

private:
  SmallVector<OpFoldResult> tileSizes(const RowChain &chain, int64_t rows);
  LogicalResult tile(const RowChain &chain, int64_t rows);
};

/// Sizes by loops of the chain's end: as many rows as there may be, those next
/// to each other first.
SmallVector<OpFoldResult> TileTokensPass::tileSizes(const RowChain &chain,
                                                    int64_t rows) {
  Builder b(&getContext());
  SmallVector<OpFoldResult> sizes(chain.loopCount(), b.getIndexAttr(0));
  for (const RowChain::Loop &loop : llvm::reverse(chain.rowLoops())) {
    int64_t tile = tileOf(loop.size, rows);
    rows = std::max<int64_t>(rows / tile, 1);
    if (tile < loop.size)
      sizes[loop.number] = b.getIndexAttr(tile);
  }
  return sizes;
}

LogicalResult TileTokensPass::tile(const RowChain &chain, int64_t rows) {
  IRRewriter rewriter(&getContext());
  TilingInterface end = chain.end();
  rewriter.setInsertionPoint(end);
  scf::SCFTileAndFuseOptions options;
  options.tilingOptions.setTileSizes(tileSizes(chain, rows));
  options.setFusionControlFn(
      [&](tensor::ExtractSliceOp, OpResult producer,
          bool) -> std::optional<scf::SCFTileAndFuseOptions::ControlFnResult> {
        if (!chain.contains(producer.getOwner()))
          return std::nullopt;
        return scf::SCFTileAndFuseOptions::ControlFnResult{};
      });
  FailureOr<scf::SCFTileAndFuseResult> tiled =
      scf::tileConsumerAndFuseProducersUsingSCF(rewriter, end, options);
  if (failed(tiled))
    return failure();
  for (auto [from, to] : tiled->replacements)
    rewriter.replaceAllUsesWith(from, to);
  // The rows that are left over get a loop of their own, so that both have
  // known sizes.
  for (LoopLikeOpInterface loop : llvm::reverse(tiled->loops))
    if (auto forOp = dyn_cast<scf::ForOp>(loop.getOperation())) {
      scf::ForOp rest;
      (void)scf::peelForLoopAndSimplifyBounds(rewriter, forOp, rest);
    }
  return success();
}

void TileTokensPass::runOnOperation() {
  func::FuncOp function = getOperation();
  int64_t most = rows;
  if (auto asked = function->getAttrOfType<IntegerAttr>("memory.tile_rows")) {
    function->removeAttr("memory.tile_rows");
    most = asked.getInt();
  }
  if (most <= 0)
    return;
  for (Block &block : function.getBody()) {
    SmallVector<Operation *> order;
    for (Operation &op : block)
      order.push_back(&op);
    // Ends of chains come last: what an earlier one fused is gone by then.
    for (Operation *op : order) {
      auto chain = RowChain::endingAt(op);
      if (!chain || !chain->isWorthTiles(most))
        continue;
      if (failed(tile(*chain, most))) {
        op->emitError("cannot be computed by tiles of rows");
        return signalPassFailure();
      }
    }
  }
  // Sums start from a tile of zeros, not from a tile of all zeros.
  RewritePatternSet patterns(&getContext());
  patterns.add<FillTile>(&getContext());
  tensor::populateFoldTensorEmptyPatterns(patterns);
  tensor::ExtractSliceOp::getCanonicalizationPatterns(patterns, &getContext());
  if (failed(applyPatternsGreedily(function, std::move(patterns))))
    signalPassFailure();
}

} // namespace
