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
  void describe(func::FuncOp function, const ArenaPlan &plan);

  SmallVector<memref::AllocOp> allocs;
  std::vector<LiveBuffer> buffers;
};

LogicalResult PlanArenaPass::collect(func::FuncOp function) {
  Block &block = function.getBody().front();
  DenseMap<Operation *, int64_t> position;
  for (auto [i, op] : llvm::enumerate(block))
    position[&op] = i;
  BufferViewFlowAnalysis aliases(function);
  WalkResult result = function.walk([&](memref::AllocOp alloc) {
    std::optional<int64_t> bytes =
        mostBytes(alloc.getType(), alloc.getDynamicSizes());
    if (!bytes) {
      alloc.emitError("the size of a temporary of type ")
          << alloc.getType()
          << " has no known bound; the cortex-m7 target has no heap";
      return WalkResult::interrupt();
    }
    LiveBuffer buffer;
    buffer.size = *bytes;
    buffer.first = buffer.last =
        position.lookup(block.findAncestorOpInBlock(*alloc));
    for (Value alias : aliases.resolve(alloc.getMemref()))
      for (Operation *user : alias.getUsers())
        if (!isa<memref::DeallocOp>(user))
          buffer.last = std::max(
              buffer.last, position.lookup(block.findAncestorOpInBlock(*user)));
    allocs.push_back(alloc);
    buffers.push_back(buffer);
    return WalkResult::advance();
  });
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

/// What the report says of the plan; steps are the operations of the function.
void PlanArenaPass::describe(func::FuncOp function, const ArenaPlan &plan) {
  Builder b(&getContext());
  SmallVector<Attribute> places;
  for (auto [i, alloc] : llvm::enumerate(allocs)) {
    std::string name;
    if (auto named = alloc->getLoc()->findInstanceOf<NameLoc>())
      name = named.getName().str();
    places.push_back(b.getDictionaryAttr(
        {b.getNamedAttr("bytes", b.getI64IntegerAttr(buffers[i].size)),
         b.getNamedAttr("first", b.getI64IntegerAttr(buffers[i].first)),
         b.getNamedAttr("last", b.getI64IntegerAttr(buffers[i].last)),
         b.getNamedAttr("node", b.getStringAttr(name)),
         b.getNamedAttr("offset", b.getI64IntegerAttr(plan.offsets[i]))}));
  }
  getOperation()->setAttr(
      "m7.plan",
      b.getDictionaryAttr(
          {b.getNamedAttr("bound_step", b.getI64IntegerAttr(plan.boundStep)),
           b.getNamedAttr("buffers", b.getArrayAttr(places)),
           b.getNamedAttr("bytes", b.getI64IntegerAttr(plan.bytes)),
           b.getNamedAttr("lower_bound",
                          b.getI64IntegerAttr(plan.lowerBound))}));
}

void PlanArenaPass::runOnOperation() {
  allocs.clear();
  buffers.clear();
  auto function = getOperation().lookupSymbol<func::FuncOp>(computeName);
  if (!function)
    return;
  if (failed(collect(function)))
    return signalPassFailure();
  function.walk([](memref::DeallocOp op) { op.erase(); });
  ArenaPlan plan = planArena(buffers, arenaAlignment, effort);
  describe(function, plan);
  place(function, plan);
}

} // namespace
