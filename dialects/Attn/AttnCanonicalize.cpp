//===- AttnCanonicalize.cpp - simpler forms of attn -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace tfc::attn;

namespace {

bool isSplatOf(Value value, double expected) {
  DenseElementsAttr constant;
  if (!value || !matchPattern(value, m_Constant(&constant)) ||
      !constant.isSplat() || !isa<FloatType>(constant.getElementType()))
    return false;
  return constant.getSplatValue<APFloat>().isExactlyValue(expected);
}

/// A bias of zeros adds nothing.
template <typename Op>
struct DropZeroBias : public OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!isSplatOf(op.getBias(), 0.0))
      return rewriter.notifyMatchFailure(op,
                                         "the bias is not a constant of zeros");
    rewriter.modifyOpInPlace(op, [&] { op.getBiasMutable().clear(); });
    return success();
  }
};

/// A scale of ones changes nothing.
struct DropUnitScale : public OpRewritePattern<NormOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NormOp op,
                                PatternRewriter &rewriter) const override {
    if (!isSplatOf(op.getScale(), 1.0))
      return rewriter.notifyMatchFailure(op,
                                         "the scale is not a constant of ones");
    rewriter.modifyOpInPlace(op, [&] { op.getScaleMutable().clear(); });
    return success();
  }
};

/// One query, the last, sees all keys: a decoder's step needs no mask.
struct DropCausalOfOneQuery : public OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getCausal() || op.getQueryOffset() ||
        cast<ShapedType>(op.getQuery().getType()).getDimSize(2) != 1)
      return rewriter.notifyMatchFailure(op, "not causal, or not of one query");
    rewriter.modifyOpInPlace(op, [&] { op.setCausal(false); });
    return success();
  }
};

/// Biases of zeros, that all experts have, add nothing.
struct DropZeroExpertBiases : public OpRewritePattern<RouteOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RouteOp op,
                                PatternRewriter &rewriter) const override {
    bool first = isSplatOf(op.getB1(), 0.0),
         second = isSplatOf(op.getB2(), 0.0);
    if (!first && !second)
      return rewriter.notifyMatchFailure(op, "no bias is a constant of zeros");
    rewriter.modifyOpInPlace(op, [&] {
      if (first)
        op.getB1Mutable().clear();
      if (second)
        op.getB2Mutable().clear();
    });
    return success();
  }
};

/// A number that stands for an integer of the same scale becomes that integer:
/// the product's rounding is far below half a step. A stored number outside a
/// narrower range would be limited, which only full ranges exclude.
struct DropRoundTrip : public OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(QuantizeOp op,
                                PatternRewriter &rewriter) const override {
    auto from = op.getX().getDefiningOp<DequantizeOp>();
    if (!op.getResult() || !from ||
        from.getQuantizedType() != op.getQuantizedType())
      return rewriter.notifyMatchFailure(op, "x is not dequantised so");
    auto type = cast<quant::QuantizedType>(op.getQuantizedType());
    if (type.getStorageTypeIntegralWidth() > 16 || type.hasStorageTypeBounds())
      return rewriter.notifyMatchFailure(op, "the range is not a whole type's");
    rewriter.replaceOp(op, from.getX());
    return success();
  }
};

} // namespace

void LinearOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<DropZeroBias<LinearOp>>(context);
}

void NormOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<DropUnitScale, DropZeroBias<NormOp>>(context);
}

void AttentionOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<DropCausalOfOneQuery, DropZeroBias<AttentionOp>>(context);
}

void RopeOp::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}

void PatchEmbedOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                               MLIRContext *context) {
  patterns.add<DropZeroBias<PatchEmbedOp>>(context);
}

void RouteOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                          MLIRContext *context) {
  patterns.add<DropZeroExpertBiases>(context);
}

void QuantizeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                             MLIRContext *context) {
  patterns.add<DropRoundTrip>(context);
}
