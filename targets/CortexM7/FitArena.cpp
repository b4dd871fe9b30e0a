//===- FitArena.cpp - tiles that make a model fit ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interface.h"
#include "PlanPipeline.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_FITARENAPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;
using namespace tfc::m7;

namespace {

struct FitArenaPass : public tfc::m7::impl::FitArenaPassBase<FitArenaPass> {
  using Base::Base;

  void getDependentDialects(DialectRegistry &registry) const override {
    OpPassManager pm(ModuleOp::getOperationName());
    addPlanPasses(pm);
    pm.getDependentDialects(registry);
  }

  void runOnOperation() override;

private:
  std::optional<int64_t> arenaWith(int64_t rows);
};

/// The bytes of the arena that tiles of `rows` rows lead to; 0: no tiles.
std::optional<int64_t> FitArenaPass::arenaWith(int64_t rows) {
  auto planned = planCopy(
      getOperation(),
      [&](OpPassManager &pm, Operation *op) { return runPipeline(pm, op); },
      [&](ModuleOp copy) {
        copy.lookupSymbol<func::FuncOp>(computeName)
            ->setAttr("memory.tile_rows",
                      Builder(&getContext()).getI64IntegerAttr(rows));
        return success();
      });
  if (!planned)
    return std::nullopt;
  return planned->plan.getAs<IntegerAttr>("bytes").getInt();
}

void FitArenaPass::runOnOperation() {
  auto function = getOperation().lookupSymbol<func::FuncOp>(computeName);
  if (!function || sram == 0)
    return;
  Builder b(&getContext());
  int64_t held = 0;
  if (getOperation()->hasAttr("m7.interface")) {
    Interface interface = readInterface(getOperation());
    held = interface.inputBytes(/*whole=*/false) + interface.outputBytes();
  }
  SmallVector<Attribute> tried;
  std::optional<int64_t> least, last;
  int64_t chosen = 0;
  for (int64_t rows : {0, 256, 128, 64, 32, 16, 8, 4}) {
    std::optional<int64_t> bytes = arenaWith(rows);
    // Tiles that are larger than all layers change nothing.
    if (!bytes || bytes == last)
      continue;
    last = bytes;
    tried.push_back(b.getDictionaryAttr(
        {b.getNamedAttr("bytes", b.getI64IntegerAttr(*bytes)),
         b.getNamedAttr("rows", b.getI64IntegerAttr(rows))}));
    if (!least || *bytes < *least) {
      least = bytes;
      chosen = rows;
    }
    if (*bytes + held + stackReserve <= sram)
      break;
  }
  if (chosen > 0)
    function->setAttr("memory.tile_rows", b.getI64IntegerAttr(chosen));
  getOperation()->setAttr(
      "m7.tiles",
      b.getDictionaryAttr({b.getNamedAttr("held", b.getI64IntegerAttr(held)),
                           b.getNamedAttr("rows", b.getI64IntegerAttr(chosen)),
                           b.getNamedAttr("tried", b.getArrayAttr(tried))}));
}

} // namespace
