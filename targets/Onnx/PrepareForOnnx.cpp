//===- PrepareForOnnx.cpp - to forms that ONNX has --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"

#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Target/Onnx/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tfc::toonnx {
#define GEN_PASS_DEF_PREPAREFORONNXPASS
#include "tfc/Target/Onnx/Passes.h.inc"
} // namespace tfc::toonnx

using namespace mlir;
using namespace tfc;

namespace {

struct Decompose
    : public OpInterfaceRewritePattern<linalg::AggregatedOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::AggregatedOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (toonnx::hasOwnForm(op))
      return rewriter.notifyMatchFailure(op, "it is an operator of ONNX");
    FailureOr<SmallVector<Value>> values = op.decomposeOperation(rewriter);
    if (failed(values))
      return rewriter.notifyMatchFailure(op, "it does not decompose");
    rewriter.replaceOp(op, *values);
    return success();
  }
};

struct Generalize : public OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    if (isa<linalg::GenericOp, linalg::FillOp>(op.getOperation()) ||
        !op.hasPureTensorSemantics())
      return rewriter.notifyMatchFailure(op, "it is general, or a filling");
    return linalg::generalizeNamedOp(rewriter, op);
  }
};

struct RemoveAssert : public OpRewritePattern<cf::AssertOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(cf::AssertOp op,
                                PatternRewriter &rewriter) const override {
    rewriter.eraseOp(op);
    return success();
  }
};

/// for i = lower to upper step s -> for n = 0 to ceil((upper - lower) / s).
struct CountFromZero : public OpRewritePattern<scf::ForOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(scf::ForOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value lower = op.getLowerBound(), step = op.getStep();
    if (getConstantIntValue(lower) == 0 && getConstantIntValue(step) == 1)
      return rewriter.notifyMatchFailure(op, "it counts from 0 by 1");
    Type type = lower.getType();
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantOp::create(rewriter, loc,
                                       rewriter.getIntegerAttr(type, value));
    };
    Value zero = constant(0), one = constant(1);
    Value span =
        arith::SubIOp::create(rewriter, loc, op.getUpperBound(), lower);
    Value count = arith::CeilDivSIOp::create(rewriter, loc, span, step);
    rewriter.setInsertionPointToStart(op.getBody());
    Value scaled =
        arith::MulIOp::create(rewriter, loc, op.getInductionVar(), step);
    Value number = arith::AddIOp::create(rewriter, loc, scaled, lower);
    rewriter.replaceAllUsesExcept(op.getInductionVar(), number,
                                  scaled.getDefiningOp());
    rewriter.modifyOpInPlace(op, [&] {
      op.setLowerBound(zero);
      op.setUpperBound(count);
      op.setStep(one);
    });
    return success();
  }
};

/// Slices side by side that fill a tensor, each put into the one before.
struct FindConcat : public OpRewritePattern<tensor::InsertSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::InsertSliceOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<int64_t> axis = axisOf(op);
    if (!axis)
      return rewriter.notifyMatchFailure(op, "it is no part of one dimension");
    // Backwards from the end.
    SmallVector<Value> parts;
    int64_t end = op.getDestType().getDimSize(*axis);
    for (tensor::InsertSliceOp link = op; end > 0;
         link = link.getDest().getDefiningOp<tensor::InsertSliceOp>()) {
      if (!link || axisOf(link) != axis)
        return rewriter.notifyMatchFailure(op, "it is no end of a chain");
      int64_t size = link.getStaticSizes()[*axis];
      if (link.getStaticOffsets()[*axis] + size != end)
        return rewriter.notifyMatchFailure(op, "a gap is between slices");
      end -= size;
      parts.insert(parts.begin(), link.getSource());
    }
    auto concat = tensor::ConcatOp::create(rewriter, op.getLoc(), *axis, parts);
    if (concat.getType() == op.getType())
      rewriter.replaceOp(op, concat);
    else
      rewriter.replaceOpWithNewOp<tensor::CastOp>(op, op.getType(), concat);
    return success();
  }

private:
  /// The one dimension that a slice has a part of.
  static std::optional<int64_t> axisOf(tensor::InsertSliceOp op) {
    if (op.getSourceType().getRank() != op.getDestType().getRank())
      return std::nullopt;
    std::optional<int64_t> axis;
    for (auto [i, size] : llvm::enumerate(op.getStaticSizes())) {
      int64_t whole = op.getDestType().getDimSize(i);
      if (op.getStaticStrides()[i] != 1 ||
          ShapedType::isDynamic(op.getStaticOffsets()[i]))
        return std::nullopt;
      // Slices of whole dimensions start at 0.
      if (op.getStaticOffsets()[i] == 0 &&
          (size == whole && !ShapedType::isDynamic(size)))
        continue;
      bool isWhole = ShapedType::isDynamic(whole) &&
                     op.getStaticOffsets()[i] == 0 &&
                     ShapedType::isDynamic(size);
      if (isWhole)
        continue;
      if (axis || ShapedType::isDynamic(size) || ShapedType::isDynamic(whole) ||
          size == 0)
        return std::nullopt;
      axis = i;
    }
    return axis;
  }
};

struct PrepareForOnnxPass
    : public toonnx::impl::PrepareForOnnxPassBase<PrepareForOnnxPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<Decompose, Generalize, RemoveAssert, CountFromZero>(
        &getContext());
    tensor::GenerateOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    RewritePatternSet last(&getContext());
    last.add<FindConcat>(&getContext());
    SmallVector<tensor::GenerateOp> generated;
    getOperation()->walk(
        [&](tensor::GenerateOp op) { generated.push_back(op); });
    IRRewriter rewriter(&getContext());
    for (tensor::GenerateOp op : generated) {
      rewriter.setInsertionPoint(op);
      if (failed(linalg::rewriteInDestinationPassingStyle(rewriter, op)))
        return signalPassFailure();
    }
    if (failed(applyPatternsGreedily(getOperation(), std::move(last))))
      signalPassFailure();
  }
};

} // namespace
