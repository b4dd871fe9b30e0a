//===- ObserveFit.cpp - sums for fitting a layer ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Layers.h"
#include "LinalgBuilder.h"
#include "RowSums.h"
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
    attn::LinearOp was = before ? layerOf(before, layer) : attn::LinearOp(),
                   is = now ? layerOf(now, layer) : attn::LinearOp();
    if (!was || !is) {
      module.emitError(
          "attn-observe-fit: expected two functions, one of them '")
          << std::string(original) << "', both with a linear layer of "
          << layerName << " " << int64_t(layer);
      return signalPassFailure();
    }
    observe(now, is, before, was);
    before.erase();
    IRRewriter rewriter(module.getContext());
    (void)runRegionDCE(rewriter, now->getRegions());
  }

private:
  /// The sum that follows `layer` directly; null where none does.
  static std::optional<ResidualBlock> blockOf(func::FuncOp function,
                                              attn::LinearOp layer) {
    for (ResidualBlock &block : findResidualBlocks(function))
      if (block.last == layer &&
          llvm::is_contained(block.sum->getOperands(), layer.getResult()))
        return block;
    return std::nullopt;
  }

  static void observe(func::FuncOp now, attn::LinearOp is, func::FuncOp before,
                      attn::LinearOp was) {
    std::optional<ResidualBlock> block = blockOf(now, is),
                                 oldBlock = blockOf(before, was);
    Operation *end = now.front().getTerminator();
    OpBuilder b(end);
    IRMapping copies;
    copies.map(before.getArguments(), now.getArguments());
    for (Operation &op : before.front().without_terminator())
      b.clone(op, copies);
    Value target = copies.lookup(was.getResult());
    if (block && oldBlock) {
      LinalgBuilder l(b, is.getLoc());
      target = difference(l, copies.lookup(oldBlock->sum->getResult(0)),
                          block->input);
    }
    Value x = is.getX();
    SmallVector<Value> results{sumOfProducts(b, x, x),
                               sumOfProducts(b, x, target), sumOfRows(b, x),
                               sumOfRows(b, target), numberOfRows(b, x)};
    end->setOperands(results);
    now.setFunctionType(
        b.getFunctionType(now.getArgumentTypes(), TypeRange(results)));
    now.setAllResultAttrs(SmallVector<DictionaryAttr>(results.size()));
  }

  static Value difference(LinalgBuilder &l, Value a, Value b) {
    return l.zipped(a, b,
                    [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                      return arith::SubFOp::create(b, loc, v[0], v[1]);
                    });
  }
};

} // namespace
