//===- ObserveFit.cpp - what layers are fitted by ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AddedResults.h"
#include "Layers.h"
#include "LinalgBuilder.h"
#include "tfc/Passes/Compress/LayerFit.h"
#include "tfc/Passes/Compress/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"

namespace tfc::compress {
#define GEN_PASS_DEF_OBSERVEFITPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

namespace {

struct ObserveFitPass
    : public compress::impl::ObserveFitPassBase<ObserveFitPass> {
  using ObserveFitPassBase::ObserveFitPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto before = module.lookupSymbol<func::FuncOp>(original);
    func::FuncOp now;
    for (auto function : module.getOps<func::FuncOp>())
      if (function != before && !function.isDeclaration())
        now = function;
    if (!before || !now) {
      module.emitError(
          "attn-observe-fit: expected two functions, one of them '")
          << std::string(original) << "'";
      return signalPassFailure();
    }
    SmallVector<std::pair<attn::LinearOp, attn::LinearOp>> pairs;
    for (int64_t layer : layers) {
      pairs.emplace_back(layerOf(now, layer), layerOf(before, layer));
      if (pairs.back().first && pairs.back().second)
        continue;
      module.emitError("attn-observe-fit: expected in both functions a linear "
                       "layer of ")
          << layerName << " " << layer;
      return signalPassFailure();
    }
    observe(now, before, pairs);
    before.erase();
    IRRewriter rewriter(module.getContext());
    (void)runRegionDCE(rewriter, now->getRegions());
  }

private:
  using Pairs = ArrayRef<std::pair<attn::LinearOp, attn::LinearOp>>;

  static void observe(func::FuncOp now, func::FuncOp before, Pairs pairs) {
    OpBuilder b(now.front().getTerminator());
    IRMapping copies;
    copies.map(before.getArguments(), now.getArguments());
    for (Operation &op : before.front().without_terminator())
      b.clone(op, copies);
    std::vector<ResidualBlock> blocks = findResidualBlocks(now),
                               oldBlocks = findResidualBlocks(before);
    AddedResults results(now);
    for (auto [is, was] : pairs) {
      const ResidualBlock *block = blockOf(blocks, is),
                          *oldBlock = blockOf(oldBlocks, was);
      Value target = copies.lookup(was.getResult());
      if (block && oldBlock) {
        LinalgBuilder l(b, is.getLoc());
        target = difference(l, copies.lookup(oldBlock->sum->getResult(0)),
                            block->input);
      }
      results.add(is.getX());
      results.add(target);
    }
    results.finish();
    for (auto [is, was] : pairs)
      takeNumbers(now, is);
  }

  /// Makes weight and bias of `layer` arguments.
  static void takeNumbers(func::FuncOp function, attn::LinearOp layer) {
    SmallVector<OpOperand *> numbers{&layer.getWeightMutable()};
    for (OpOperand &bias : layer.getBiasMutable())
      numbers.push_back(&bias);
    for (OpOperand *operand : numbers) {
      unsigned at = function.getNumArguments();
      (void)function.insertArgument(at, operand->get().getType(), {},
                                    layer.getLoc());
      operand->set(function.getArgument(at));
    }
  }

  /// The sum that follows `layer` directly; null where none does.
  static const ResidualBlock *blockOf(ArrayRef<ResidualBlock> blocks,
                                      attn::LinearOp layer) {
    auto found = llvm::find_if(blocks, [&](const ResidualBlock &block) {
      return block.last == layer &&
             llvm::is_contained(block.sum->getOperands(), layer.getResult());
    });
    return found == blocks.end() ? nullptr : &*found;
  }

  static Value difference(LinalgBuilder &l, Value a, Value b) {
    return l.zipped(a, b,
                    [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                      return arith::SubFOp::create(b, loc, v[0], v[1]);
                    });
  }
};

} // namespace
