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
#include "tfc/Target/Codegen/NodeOrigins.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/StringExtras.h"
#include <set>

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
    // The entry point says how to fix open sizes: nothing here can be done
    // before.
    if (llvm::any_of(getOperation().getArgumentTypes(), [](Type type) {
          auto shaped = dyn_cast<ShapedType>(type);
          return shaped && !shaped.hasStaticShape();
        }))
      return;
    generalizeElementwise();
    IntegerGraph graph(getOperation());
    graph.run();
    if (graph.refused.empty() || mayStay(graph))
      return simplify();
    signalPassFailure();
  }

  /// Whether all that is left in f32 may be; says what may not.
  bool mayStay(const IntegerGraph &graph) {
    if (allowFloat && floatOperators.empty())
      return true;
    std::string hint = optionFor(floatOperations());
    DenseSet<Operation *> said;
    auto refuse = [&](Operation *op, const Twine &reason) {
      if (said.insert(op).second)
        op->emitError(reason)
            << "; " << hint << " computes what has no int8 form in f32";
    };
    if (floatOperators.empty()) {
      for (const IntegerGraph::Refusal &refusal : graph.refused)
        refuse(refusal.op, refusal.reason);
      return false;
    }
    SmallVector<Operation *> others = floatOperations();
    llvm::erase_if(others, [&](Operation *op) { return isListed(op); });
    for (const IntegerGraph::Refusal &refusal : graph.refused)
      if (llvm::is_contained(others, refusal.op))
        refuse(refusal.op, refusal.reason);
    if (said.empty())
      for (Operation *op : others)
        refuse(op, "would be computed in f32, as what it works with is");
    return others.empty();
  }

  /// What computes with f32, but for conversions and what moves nothing.
  SmallVector<Operation *> floatOperations() {
    SmallVector<Operation *> found;
    auto isFloat = [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return tensor && isa<FloatType>(tensor.getElementType());
    };
    getOperation().walk([&](Operation *op) {
      if ((llvm::any_of(op->getResultTypes(), isFloat) ||
           llvm::any_of(op->getOperandTypes(), isFloat)) &&
          !op->hasTrait<OpTrait::ConstantLike>() &&
          !op->hasTrait<OpTrait::IsTerminator>() &&
          !isa<attn::QuantizeOp, attn::DequantizeOp, linalg::FillOp,
               tensor::EmptyOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp,
               tensor::CastOp, tensor::ExtractSliceOp>(op))
        found.push_back(op);
    });
    return found;
  }

  SmallVector<StringRef> operatorsOf(Operation *op) {
    return codegen::operatorsOf(op->getParentOfType<ModuleOp>(), op->getLoc());
  }

  /// Whether an operation comes from listed operators alone.
  bool isListed(Operation *op) {
    SmallVector<StringRef> operators = operatorsOf(op);
    return !operators.empty() && llvm::all_of(operators, [&](StringRef name) {
      return llvm::is_contained(floatOperators, name);
    });
  }

  /// The option that leaves all of `operations` in f32, as far as it can be
  /// said by operators.
  std::string optionFor(ArrayRef<Operation *> operations) {
    std::set<StringRef> names;
    for (Operation *op : operations) {
      SmallVector<StringRef> operators = operatorsOf(op);
      if (operators.empty())
        return "--allow-float";
      names.insert(operators.begin(), operators.end());
    }
    return names.empty() ? "--allow-float"
                         : "--allow-float=" + llvm::join(names, ",");
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
