//===- ExpandLongs.cpp - 64 bits and f32 without a library ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_EXPANDLONGSPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;

namespace {

Value constant(ImplicitLocOpBuilder &b, int64_t value, unsigned bits) {
  return arith::ConstantIntOp::create(b, value, bits);
}

/// Magnitude to f32: its upper 32 bits, the last of which stands for all that
/// were cut off, are rounded as the whole would be, for f32 keeps 24 of them.
Value magnitudeToSingle(ImplicitLocOpBuilder &b, Value magnitude) {
  Value leading = math::CountLeadingZerosOp::create(b, magnitude);
  Value thirtyTwo = constant(b, 32, 64), zero = constant(b, 0, 64);
  Value cut = arith::MaxSIOp::create(
      b, arith::SubIOp::create(b, thirtyTwo, leading), zero);
  Value upper = arith::ShRUIOp::create(b, magnitude, cut);
  Value back = arith::ShLIOp::create(b, upper, cut);
  Value lost =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ne, back, magnitude);
  Value sticky = arith::ExtUIOp::create(b, b.getI64Type(), lost);
  Value bits = arith::TruncIOp::create(b, b.getI32Type(),
                                       arith::OrIOp::create(b, upper, sticky));
  Value single = arith::UIToFPOp::create(b, b.getF32Type(), bits);
  Value exponent = arith::AddIOp::create(
      b, arith::TruncIOp::create(b, b.getI32Type(), cut), constant(b, 127, 32));
  Value power = arith::BitcastOp::create(
      b, b.getF32Type(),
      arith::ShLIOp::create(b, exponent, constant(b, 23, 32)));
  return arith::MulFOp::create(b, single, power);
}

template <typename Op>
struct LongToFloat : public OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!op.getIn().getType().isInteger(64) || !op.getType().isF32())
      return rewriter.notifyMatchFailure(op, "it is not from i64 to f32");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value x = op.getIn();
    if (std::is_same_v<Op, arith::UIToFPOp>) {
      rewriter.replaceOp(op, magnitudeToSingle(b, x));
      return success();
    }
    Value zero = constant(b, 0, 64);
    Value negative =
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, x, zero);
    Value magnitude = arith::SelectOp::create(
        b, negative, arith::SubIOp::create(b, zero, x), x);
    Value single = magnitudeToSingle(b, magnitude);
    rewriter.replaceOpWithNewOp<arith::SelectOp>(
        op, negative, arith::NegFOp::create(b, single), single);
    return success();
  }
};

/// From 2^31 on, f32 has no fraction: its 24 bits are shifted to their place.
template <typename Op>
struct FloatToLong : public OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!op.getIn().getType().isF32() || !op.getType().isInteger(64))
      return rewriter.notifyMatchFailure(op, "it is not from f32 to i64");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Type longType = b.getI64Type(), word = b.getI32Type();
    Value bits = arith::BitcastOp::create(b, word, op.getIn());
    Value exponent = arith::AndIOp::create(
        b, arith::ShRUIOp::create(b, bits, constant(b, 23, 32)),
        constant(b, 255, 32));
    Value mantissa = arith::OrIOp::create(
        b, arith::AndIOp::create(b, bits, constant(b, 0x7fffff, 32)),
        constant(b, 0x800000, 32));
    // What lies beyond 64 bits has no result; the shift must have one.
    Value shift = arith::MinSIOp::create(
        b,
        arith::MaxSIOp::create(
            b, arith::SubIOp::create(b, exponent, constant(b, 150, 32)),
            constant(b, 0, 32)),
        constant(b, 63, 32));
    Value magnitude =
        arith::ShLIOp::create(b, arith::ExtUIOp::create(b, longType, mantissa),
                              arith::ExtUIOp::create(b, longType, shift));
    Value negative = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, bits,
                                           constant(b, 0, 32));
    Value large = arith::SelectOp::create(
        b, negative, arith::SubIOp::create(b, constant(b, 0, 64), magnitude),
        magnitude);
    Value isSmall = arith::CmpIOp::create(b, arith::CmpIPredicate::slt,
                                          exponent, constant(b, 158, 32));
    // The smaller of both is converted only where it has a value.
    Value safe = arith::SelectOp::create(
        b, isSmall, op.getIn(),
        arith::ConstantFloatOp::create(b, b.getF32Type(), APFloat(0.0f)));
    Value small = arith::ExtSIOp::create(
        b, longType, arith::FPToSIOp::create(b, word, safe));
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, isSmall, small, large);
    return success();
  }
};

struct ExpandLongsPass
    : public tfc::m7::impl::ExpandLongsPassBase<ExpandLongsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<LongToFloat<arith::SIToFPOp>, LongToFloat<arith::UIToFPOp>,
                 FloatToLong<arith::FPToSIOp>, FloatToLong<arith::FPToUIOp>>(
        &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
