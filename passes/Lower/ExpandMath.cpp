//===- ExpandMath.cpp - transcendental functions as arithmetic --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Lower/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tfc::lower {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "tfc/Passes/Lower/Passes.h.inc"
} // namespace tfc::lower

using namespace mlir;

namespace {

/// Integers become bf16 by way of f32, as LLVM has it too.
template <typename Op>
struct ConvertByF32 : public OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!op.getType().isBF16())
      return rewriter.notifyMatchFailure(op, "its result is not bf16");
    Value single =
        Op::create(rewriter, op.getLoc(), rewriter.getF32Type(), op.getIn());
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), single);
    return success();
  }
};

struct ExpandMathPass
    : public tfc::lower::impl::ExpandMathPassBase<ExpandMathPass> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(extendHalfPrecision()))
      return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    auto wanted = [&](StringRef name) {
      // The vectoriser has instructions for these.
      return name != "math.sqrt" && name != "math.rsqrt" &&
             name != "math.floor" && name != "math.ceil" &&
             name != "math.absf" && name != "math.fma" &&
             (power || name != "math.powf");
    };
    populateMathPolynomialApproximationPatterns(patterns, wanted);
    populateMathF32ExpansionPatterns(patterns, wanted);
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    arith::populateExpandBFloat16Patterns(patterns);
    patterns.add<ConvertByF32<arith::SIToFPOp>, ConvertByF32<arith::UIToFPOp>>(
        &getContext());
    // Upstream's patterns are for scalars and vectors. What is on tensors is for
    // others to make loops of.
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (llvm::none_of(op->getOperandTypes(), llvm::IsaPred<TensorType>))
        ops.push_back(op);
    });
    GreedyRewriteConfig config;
    config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
    if (failed(applyOpPatternsGreedily(ops, std::move(patterns), config)))
      signalPassFailure();
  }

private:
  /// Functions of f16 and bf16 are computed in f32 and rounded once.
  LogicalResult extendHalfPrecision() {
    TypeConverter converter;
    Type single = Float32Type::get(&getContext());
    // The converter keeps a reference to the list of types to leave alone.
    SetVector<Type> supported;
    supported.insert(Float64Type::get(&getContext()));
    math::populateExtendToSupportedTypesTypeConverter(converter, supported,
                                                      single);
    ConversionTarget target(getContext());
    // As upstream's function has it, which crashes at operations of dialects
    // that are not registered.
    target.addDynamicallyLegalDialect<math::MathDialect>(
        [&](Operation *op) { return converter.isLegal(op); });
    target.addLegalOp<math::FmaOp, arith::ExtFOp, arith::TruncFOp>();
    RewritePatternSet patterns(&getContext());
    math::populateExtendToSupportedTypesPatterns(patterns, converter);
    return applyPartialConversion(getOperation(), target, std::move(patterns));
  }
};

} // namespace
