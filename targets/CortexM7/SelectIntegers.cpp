//===- SelectIntegers.cpp - quantised graphs in integers --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Integers/FoldPads.h"
#include "Integers/FoldReshapes.h"
#include "Integers/FoldSlices.h"
#include "Integers/IntegerGraph.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_SELECTINTEGERSPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;
using namespace tfc;
using namespace tfc::m7;

namespace {

struct SelectIntegersPass
    : public tfc::m7::impl::SelectIntegersPassBase<SelectIntegersPass> {
  using Base::Base;

  void runOnOperation() override {
    bool isQuantized = false;
    getOperation().walk([&](attn::QuantizeOp op) {
      isQuantized = true;
      return WalkResult::interrupt();
    });
    if (!isQuantized || getOperation().isDeclaration())
      return;
    generalizeElementwise();
    IntegerGraph graph(getOperation());
    graph.run();
    if (allowFloat || graph.refused.empty())
      return simplify();
    DenseSet<Operation *> said;
    for (const IntegerGraph::Refusal &refusal : graph.refused)
      if (said.insert(refusal.op).second)
        refusal.op->emitError(refusal.reason)
            << "; --allow-float computes what has no int8 form in f32";
    signalPassFailure();
  }

  /// Elementwise operations that have a name are functions of elements too.
  void generalizeElementwise() {
    SmallVector<linalg::LinalgOp> named;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (!isa<linalg::GenericOp, linalg::FillOp, linalg::TransposeOp,
               linalg::BroadcastOp>(op.getOperation()) &&
          op.getNumParallelLoops() == op.getNumLoops() &&
          op.hasPureTensorSemantics())
        named.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : named) {
      rewriter.setInsertionPoint(op);
      (void)linalg::generalizeNamedOp(rewriter, op);
    }
  }

  void simplify() {
    RewritePatternSet patterns(&getContext());
    populateFoldPadPatterns(patterns);
    populateFoldSlicePatterns(patterns);
    populateFoldReshapePatterns(patterns);
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns,
                                                         &getContext());
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
