//===- TanhGelu.cpp - a pass of one's own -----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TanhGelu.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace {

struct ErfToTanh : OpRewritePattern<math::ErfOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::ErfOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!isa<FloatType>(type))
      return rewriter.notifyMatchFailure(op, "not a scalar");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto number = [&](double value) -> Value {
      return arith::ConstantOp::create(b, b.getFloatAttr(type, value));
    };
    Value z = op.getOperand();
    Value square = arith::MulFOp::create(b, z, z);
    // 2/sqrt(pi) (1 + 0.08943 z^2); 0.08943 is 2 * 0.044715.
    Value slope = arith::AddFOp::create(
        b, arith::MulFOp::create(b, square, number(0.1009110)),
        number(1.1283792));
    rewriter.replaceOpWithNewOp<math::TanhOp>(
        op, arith::MulFOp::create(b, z, slope));
    return success();
  }
};

struct TanhGeluPass : PassWrapper<TanhGeluPass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TanhGeluPass)

  StringRef getArgument() const override { return "embed-tanh-gelu"; }
  StringRef getDescription() const override { return "erf by tanh"; }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ErfToTanh>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

std::unique_ptr<Pass> embed::createTanhGeluPass() {
  return std::make_unique<TanhGeluPass>();
}
