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
#include "mlir/IR/ImplicitLocOpBuilder.h"
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

/// e^x - 1 of f32 without the logarithm that upstream's expansion takes: with
/// n the integer next to x / ln 2 and r what is left, 2^n (e^r - 1) + (2^n -
/// 1), whose terms do not cancel. e^r - 1 by Taylor's series to the seventh
/// power, whose rest is below a quarter of a rounding error for |r| of at most
/// ln 2 / 2.
struct ExpandExpM1 : public OpRewritePattern<math::ExpM1Op> {
  ExpandExpM1(MLIRContext *context)
      : OpRewritePattern(context, /*benefit=*/2) {}

  LogicalResult matchAndRewrite(math::ExpM1Op op,
                                PatternRewriter &rewriter) const override;
};

LogicalResult ExpandExpM1::matchAndRewrite(math::ExpM1Op op,
                                           PatternRewriter &rewriter) const {
  Type type = op.getType();
  if (!getElementTypeOrSelf(type).isF32())
    return rewriter.notifyMatchFailure(op, "it is not f32");
  ImplicitLocOpBuilder b(op.getLoc(), rewriter);
  Type integers = b.getI32Type();
  if (auto vector = dyn_cast<VectorType>(type))
    integers = vector.clone(integers);
  auto number = [&](double value) -> Value {
    auto attr = b.getF32FloatAttr(value);
    if (auto vector = dyn_cast<VectorType>(type))
      return arith::ConstantOp::create(b, DenseElementsAttr::get(vector, attr));
    return arith::ConstantOp::create(b, attr);
  };
  auto integer = [&](int32_t value) -> Value {
    auto attr = b.getI32IntegerAttr(value);
    if (auto vector = dyn_cast<VectorType>(integers))
      return arith::ConstantOp::create(b, DenseElementsAttr::get(vector, attr));
    return arith::ConstantOp::create(b, attr);
  };
  // A CPU without the fused operation has both.
  auto fused = arith::FastMathFlagsAttr::get(b.getContext(),
                                             arith::FastMathFlags::contract);
  auto add = [&](Value x, Value y) -> Value {
    return arith::AddFOp::create(b, x, y, fused);
  };
  auto multiply = [&](Value x, Value y) -> Value {
    return arith::MulFOp::create(b, x, y, fused);
  };
  auto choose = [&](arith::CmpFPredicate predicate, Value x, Value y,
                    Value then, Value otherwise) -> Value {
    return arith::SelectOp::create(b, arith::CmpFOp::create(b, predicate, x, y),
                                   then, otherwise);
  };
  Value x = op.getOperand(), low = number(-20), high = number(89);
  // Below, the result is -1, and above, infinite. A NaN is put back at the end.
  Value inside = choose(arith::CmpFPredicate::OGT, x, low, x, low);
  inside = choose(arith::CmpFPredicate::OLT, inside, high, inside, high);
  Value n = math::RoundEvenOp::create(
      b, multiply(inside, number(1.44269504088896341)));
  // The first part of ln 2 has so few bits that its multiples are exact.
  Value r = add(inside, multiply(n, number(-0.693359375)));
  r = add(r, multiply(n, number(2.12194440e-4)));
  Value series = number(1.0 / 5040);
  for (double factor : {1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5})
    series = add(multiply(series, r), number(factor));
  series = add(multiply(multiply(r, r), series), r);
  // 2^(n - 1), as 2^128 is no number of f32.
  Value exponent = arith::AddIOp::create(
      b, arith::FPToSIOp::create(b, integers, n), integer(126));
  Value power = arith::BitcastOp::create(
      b, type, arith::ShLIOp::create(b, exponent, integer(23)));
  Value half = add(multiply(power, series), add(power, number(-0.5)));
  Value result = add(half, half);
  // The square of a number so small is below its rounding error, and half of
  // the least numbers is none. A NaN is no larger either.
  Value magnitude = math::AbsFOp::create(b, x);
  rewriter.replaceOp(op, choose(arith::CmpFPredicate::ULT, magnitude,
                                number(0x1p-25), x, result));
  return success();
}

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
    patterns.add<ExpandExpM1>(&getContext());
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    arith::populateExpandBFloat16Patterns(patterns);
    patterns.add<ConvertByF32<arith::SIToFPOp>, ConvertByF32<arith::UIToFPOp>>(
        &getContext());
    // Upstream's patterns are for scalars and vectors. What is on tensors is
    // for others to make loops of.
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
