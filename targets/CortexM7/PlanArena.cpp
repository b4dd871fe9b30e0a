//===- PlanArena.cpp - temporary buffers in a static arena ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ArenaPlan.h"
#include "BufferSize.h"
#include "Interface.h"
#include "Schedule.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_PLANARENAPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;
using namespace tfc::m7;

namespace {

struct PlanArenaPass : public tfc::m7::impl::PlanArenaPassBase<PlanArenaPass> {
  using Base::Base;

  void runOnOperation() override;

private:
  LogicalResult collect(func::FuncOp function);
  void place(func::FuncOp function, const ArenaPlan &plan);
  void describe(const ArenaPlan &plan);

  SmallVector<memref::AllocOp> allocs;
  std::vector<LiveBuffer> buffers;
  /// Operation and node of each step.
  std::vector<std::pair<std::string, std::string>> steps;
};

LogicalResult PlanArenaPass::collect(func::FuncOp function) {
  Schedule schedule(function,
                    [](Operation *op) { return isa<memref::AllocOp>(op); });
  BufferViewFlowAnalysis flow(function);
  WalkResult result = function.walk([&](memref::AllocOp alloc) {
    std::optional<int64_t> bytes =
        mostBytes(alloc.getType(), alloc.getDynamicSizes());
    if (!bytes) {
      alloc.emitError("the size of a temporary of type ")
          << alloc.getType()
          << " has no known bound; the cortex-m7 target has no heap";
      return WalkResult::interrupt();
    }
    Schedule::Life life =
        schedule.lifeOf(llvm::to_vector(flow.resolve(alloc.getMemref())));
    if (life.last < 0)
      life = {0, 0};
    allocs.push_back(alloc);
    buffers.push_back({*bytes, life.first, life.last});
    return WalkResult::advance();
  });
  for (Operation *op : schedule.steps())
    steps.push_back(
        {op->getName().getStringRef().str(), nodeName(op->getLoc())});
  return failure(result.wasInterrupted());
}

void PlanArenaPass::place(func::FuncOp function, const ArenaPlan &plan) {
  Block &block = function.getBody().front();
  OpBuilder b(&getContext());
  auto arenaType = MemRefType::get({plan.bytes}, b.getI8Type());
  Value arena = block.addArgument(arenaType, function.getLoc());
  function.setFunctionType(b.getFunctionType(
      block.getArgumentTypes(), function.getFunctionType().getResults()));
  for (auto [alloc, offset] : llvm::zip(allocs, plan.offsets)) {
    b.setInsertionPoint(alloc);
    Value at = arith::ConstantIndexOp::create(b, alloc.getLoc(), offset);
    Value view = memref::ViewOp::create(b, alloc.getLoc(), alloc.getType(),
                                        arena, at, alloc.getDynamicSizes());
    alloc.replaceAllUsesWith(view);
    alloc.erase();
  }
}

/// "1x37x32xf32"
std::string typeText(MemRefType type) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (int64_t size : type.getShape())
    stream << (ShapedType::isDynamic(size) ? "?" : std::to_string(size)) << "x";
  stream << type.getElementType();
  return text;
}

/// What the report says of the plan.
void PlanArenaPass::describe(const ArenaPlan &plan) {
  Builder b(&getContext());
  auto number = [&](StringRef name, int64_t value) {
    return b.getNamedAttr(name, b.getI64IntegerAttr(value));
  };
  auto text = [&](StringRef name, StringRef value) {
    return b.getNamedAttr(name, b.getStringAttr(value));
  };
  SmallVector<Attribute> places, work;
  for (auto [i, alloc] : llvm::enumerate(allocs))
    places.push_back(b.getDictionaryAttr(
        {number("bytes", buffers[i].size), number("first", buffers[i].first),
         number("last", buffers[i].last),
         // The node that writes it first; that of the allocation may be another
         // one's which asked for an equal buffer.
         text("node", steps.empty() ? "" : steps[buffers[i].first].second),
         number("offset", plan.offsets[i]),
         text("type", typeText(alloc.getType()))}));
  for (const auto &[op, node] : steps)
    work.push_back(b.getDictionaryAttr({text("node", node), text("op", op)}));
  bool proven = plan.bytes == plan.lowerBound;
  double gap = proven ? 0.0 : double(plan.bytes) / plan.lowerBound - 1.0;
  SmallVector<NamedAttribute> entries = {
      number("bound_step", plan.boundStep),
      b.getNamedAttr("buffers", b.getArrayAttr(places)),
      number("bytes", plan.bytes),
      b.getNamedAttr("gap", b.getF64FloatAttr(gap)),
      number("live_bytes", plan.liveBytes),
      number("lower_bound", plan.lowerBound),
      b.getNamedAttr("proven", b.getBoolAttr(proven)),
      b.getNamedAttr("steps", b.getArrayAttr(work))};
  if (Attribute tiles = getOperation()->getAttr("m7.tiles"))
    entries.push_back(b.getNamedAttr("tiles", tiles));
  getOperation()->setAttr("m7.plan", b.getDictionaryAttr(entries));
}

void PlanArenaPass::runOnOperation() {
  allocs.clear();
  buffers.clear();
  steps.clear();
  auto function = getOperation().lookupSymbol<func::FuncOp>(computeName);
  if (!function)
    return;
  if (failed(collect(function)))
    return signalPassFailure();
  function.walk([](memref::DeallocOp op) { op.erase(); });
  ArenaPlan plan = planArena(buffers, arenaAlignment, {orders, nodes});
  describe(plan);
  place(function, plan);
}

} // namespace
