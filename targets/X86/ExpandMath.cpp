//===- ExpandMath.cpp - transcendental functions as arithmetic ---------------------------------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/X86/Passes.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tfc::x86 {
#define GEN_PASS_DEF_X86EXPANDMATHPASS
#include "tfc/Target/X86/Passes.h.inc"
} // namespace tfc::x86

using namespace mlir;

namespace {

struct ExpandMathPass : public tfc::x86::impl::X86ExpandMathPassBase<ExpandMathPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    auto wanted = [](StringRef name) {
      // The vectoriser has instructions for these.
      return name != "math.sqrt" && name != "math.rsqrt" && name != "math.floor" &&
             name != "math.ceil" && name != "math.absf" && name != "math.fma" &&
             name != "math.powf";
    };
    populateMathPolynomialApproximationPatterns(patterns, wanted);
    populateMathF32ExpansionPatterns(patterns, wanted);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
