//===- AttnDecompose.cpp - attn to linalg -----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Passes/Decompose/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tfc::decompose {
#define GEN_PASS_DEF_ATTNDECOMPOSEPASS
#include "tfc/Passes/Decompose/Passes.h.inc"
} // namespace tfc::decompose

using namespace mlir;
using namespace tfc;

namespace {

struct DecomposeAggregate
    : public OpInterfaceRewritePattern<linalg::AggregatedOpInterface> {
  DecomposeAggregate(MLIRContext *context, ArrayRef<std::string> keep)
      : OpInterfaceRewritePattern(context), keep(keep) {}

  LogicalResult matchAndRewrite(linalg::AggregatedOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (!isa_and_nonnull<attn::AttnDialect>(op->getDialect()))
      return rewriter.notifyMatchFailure(op, "not an operation of attn");
    if (llvm::is_contained(keep, op->getName().getStringRef()))
      return rewriter.notifyMatchFailure(op, "it was asked to be kept");
    FailureOr<SmallVector<Value>> values = op.decomposeOperation(rewriter);
    if (failed(values))
      return rewriter.notifyMatchFailure(op,
                                         "it works on buffers, or a number of "
                                         "heads or an image's size is open");
    rewriter.replaceOp(op, *values);
    return success();
  }

private:
  ArrayRef<std::string> keep;
};

struct AttnDecomposePass
    : public decompose::impl::AttnDecomposePassBase<AttnDecomposePass> {
  using Base::Base;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<DecomposeAggregate>(&getContext(),
                                     ArrayRef<std::string>(*keep));
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
