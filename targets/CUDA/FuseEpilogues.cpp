//===- FuseEpilogues.cpp - what follows a product goes into it --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/CUDA/Cuda.h"
#include "tfc/Target/CUDA/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDAFUSEEPILOGUESPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

/// Whether `map` has the loops m and n as indices, if at all.
bool hasPlainRowsAndColumns(AffineMap map) {
  for (unsigned loop : {map.getNumDims() - 3, map.getNumDims() - 2}) {
    AffineExpr dim = getAffineDimExpr(loop, map.getContext());
    for (AffineExpr result : map.getResults())
      if (result != dim && result.isFunctionOfDim(loop))
        return false;
    if (llvm::count(map.getResults(), dim) > 1)
      return false;
  }
  return true;
}

class FuseEpilogue : public OpRewritePattern<linalg::GenericOp> {
public:
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics() || op.getNumDpsInits() != 1 ||
        op.getNumParallelLoops() != op.getNumLoops())
      return rewriter.notifyMatchFailure(op, "it is not elementwise");
    for (OpOperand &operand : op->getOpOperands()) {
      auto product = operand.get().getDefiningOp<ProductOp>();
      if (product && operand.get().hasOneUse())
        return fuse(op, operand, product, rewriter);
    }
    return rewriter.notifyMatchFailure(op, "it alone reads no product");
  }

private:
  static LogicalResult fuse(linalg::GenericOp op, OpOperand &operand,
                            ProductOp product, PatternRewriter &rewriter) {
    AffineMap read = op.getMatchingIndexingMap(&operand);
    OpOperand *destination = op.getDpsInitOperand(0);
    AffineMap written = op.getMatchingIndexingMap(destination);
    if (!read.isPermutation() || !written.isPermutation())
      return rewriter.notifyMatchFailure(op, "it repeats the product");
    if (op.hasIndexSemantics())
      return rewriter.notifyMatchFailure(op, "it needs indices");
    bool inPlace = &operand == destination;
    if (!inPlace && op.payloadUsesValueFromOperand(destination))
      return rewriter.notifyMatchFailure(op, "it updates another tensor");
    if (!isa<FloatType>(getElementTypeOrSelf(destination->get())))
      return rewriter.notifyMatchFailure(op, "its result is no float");

    // The loops of op in terms of those of the product.
    AffineMap loops = inversePermutation(read).compose(product.getInitMap());
    AffineMap result = written.compose(loops);
    if (result.getNumResults() &&
        result.getResults().back() != product.getInitMap().getResults().back())
      return rewriter.notifyMatchFailure(op, "it transposes the product");
    SmallVector<Value> others = llvm::to_vector(product.getOthers());
    SmallVector<AffineMap> maps;
    for (unsigned i = 0, e = product.getMaps().size() - 1; i < e; ++i)
      maps.push_back(product.getMap(i));
    for (OpOperand *input : op.getDpsInputOperands()) {
      if (input == &operand)
        continue;
      if (!isa<RankedTensorType>(input->get().getType()))
        return rewriter.notifyMatchFailure(op, "it reads a scalar");
      others.push_back(input->get());
      maps.push_back(op.getMatchingIndexingMap(input).compose(loops));
      if (!hasPlainRowsAndColumns(maps.back()))
        return rewriter.notifyMatchFailure(
            op, "it reads an operand in another order than by rows");
    }
    maps.push_back(result);
    auto fused = ProductOp::create(
        rewriter, op.getLoc(), op->getResult(0).getType(),
        product.getMultiply(), rewriter.getAffineMapArrayAttr(maps),
        product.getA(), product.getB(), others,
        inPlace ? product.getInit() : destination->get(),
        product.getTileAttr(), product.getPartsAttr());
    buildEpilogue(op, operand, product, fused, rewriter);
    rewriter.replaceOp(op, fused.getResult());
    rewriter.eraseOp(product);
    return success();
  }

  /// The epilogue of `product`, then the body of `op`.
  static void buildEpilogue(linalg::GenericOp op, OpOperand &operand,
                            ProductOp product, ProductOp fused,
                            PatternRewriter &rewriter) {
    SmallVector<Type> types = {rewriter.getF32Type()};
    for (Value other : fused.getOthers())
      types.push_back(getElementTypeOrSelf(other.getType()));
    SmallVector<Location> locations(types.size(), op.getLoc());
    OpBuilder::InsertionGuard guard(rewriter);
    Block *body =
        rewriter.createBlock(&fused.getEpilogue(), {}, types, locations);
    Block *first = &product.getEpilogue().front(), *second = op.getBody();
    IRMapping mapping;
    unsigned next = 0;
    for (BlockArgument argument : first->getArguments())
      mapping.map(argument, body->getArgument(next++));
    for (Operation &inner : first->without_terminator())
      rewriter.clone(inner, mapping);
    Value element =
        mapping.lookupOrDefault(first->getTerminator()->getOperand(0));
    for (BlockArgument argument : second->getArguments()) {
      OpOperand *source = op.getMatchingOpOperand(argument);
      if (source == &operand)
        mapping.map(argument, element);
      else if (op.isDpsInput(source))
        mapping.map(argument, body->getArgument(next++));
    }
    for (Operation &inner : second->without_terminator())
      rewriter.clone(inner, mapping);
    YieldOp::create(
        rewriter, op.getLoc(),
        mapping.lookupOrDefault(second->getTerminator()->getOperand(0)));
  }
};

class FuseEpiloguesPass
    : public cuda::impl::CudaFuseEpiloguesPassBase<FuseEpiloguesPass> {
public:
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseEpilogue>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
