//===- ExtractPlan.cpp - sizes before a call --------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SizeSlice.h"
#include "tfc/Target/X86/Passes.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace tfc::x86 {
#define GEN_PASS_DEF_X86EXTRACTPLANPASS
#include "tfc/Target/X86/Passes.h.inc"
} // namespace tfc::x86

using namespace mlir;
using namespace tfc::x86;

namespace {

/// The plan's arguments: input_dims, num_threads, output_dims, arena_bytes.
enum PlanArgument { InputDims, NumThreads, OutputDims, ArenaBytes };

struct ExtractPlanPass
    : public tfc::x86::impl::X86ExtractPlanPassBase<ExtractPlanPass> {
  void runOnOperation() override;

private:
  func::FuncOp declarePlan(OpBuilder &b);
  Value sizeInPlan(Value value, OpBuilder &b);
  void mapLeaves(func::FuncOp entry, OpBuilder &b);
  void storeIndex(Value index, Value pointer, int64_t position, OpBuilder &b);
  LogicalResult returnOutputDims(OutputDimsOp op, OpBuilder &b);
  void markDataDependent(int64_t position);

  func::FuncOp plan;
  IRMapping mapping;
};

func::FuncOp ExtractPlanPass::declarePlan(OpBuilder &b) {
  Type pointer = LLVM::LLVMPointerType::get(&getContext());
  auto type = b.getFunctionType({pointer, b.getI64Type(), pointer, pointer},
                                {b.getI32Type()});
  auto function = func::FuncOp::create(b, getOperation().getLoc(),
                                       "tfc_generated_plan", type);
  function.addEntryBlock();
  return function;
}

/// What the computation starts from is an argument here.
void ExtractPlanPass::mapLeaves(func::FuncOp entry, OpBuilder &b) {
  Location loc = plan.getLoc();
  entry.walk([&](Operation *op) {
    if (auto dim = dyn_cast<InputDimOp>(op)) {
      Value address = LLVM::GEPOp::create(
          b, loc, LLVM::LLVMPointerType::get(&getContext()), b.getI64Type(),
          plan.getArgument(InputDims),
          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(dim.getPosition())});
      Value loaded = LLVM::LoadOp::create(b, loc, b.getI64Type(), address);
      mapping.map(dim.getResult(),
                  arith::IndexCastOp::create(b, loc, b.getIndexType(), loaded)
                      .getResult());
    } else if (auto threads = dyn_cast<NumThreadsOp>(op)) {
      mapping.map(threads.getResult(),
                  arith::IndexCastOp::create(b, loc, b.getIndexType(),
                                             plan.getArgument(NumThreads))
                      .getResult());
    }
  });
}

void ExtractPlanPass::storeIndex(Value index, Value pointer, int64_t position,
                                 OpBuilder &b) {
  Location loc = plan.getLoc();
  Value number = arith::IndexCastOp::create(b, loc, b.getI64Type(), index);
  Value address = LLVM::GEPOp::create(
      b, loc, pointer.getType(), b.getI64Type(), pointer,
      ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(position)});
  LLVM::StoreOp::create(b, loc, number, address);
}

/// A size that data decides is bounded here and told when the call ends.
LogicalResult ExtractPlanPass::returnOutputDims(OutputDimsOp op, OpBuilder &b) {
  for (auto [i, dim] : llvm::enumerate(op.getDims())) {
    Operation *culprit = nullptr;
    if (!hasUpperBound(dim, &culprit)) {
      InFlightDiagnostic diag = op.emitError(
          "a size of an output depends on data and has no known bound");
      if (culprit)
        diag.attachNote(culprit->getLoc())
            << "on the result of '" << culprit->getName() << "'";
      return failure();
    }
    storeIndex(cloneUpperBound(dim, b, mapping), plan.getArgument(OutputDims),
               i, b);
    if (isSizeExpression(dim))
      continue;
    OpBuilder inCall(op);
    OutputDimOp::create(inCall, op.getLoc(), i, dim);
    markDataDependent(i);
  }
  return success();
}

/// Says so in the description of the output that dimension `position` of all
/// outputs belongs to.
void ExtractPlanPass::markDataDependent(int64_t position) {
  Builder b(&getContext());
  auto interface =
      getOperation()->getAttrOfType<DictionaryAttr>("x86.interface");
  if (!interface)
    return;
  SmallVector<Attribute> outputs =
      llvm::to_vector(interface.getAs<ArrayAttr>("outputs"));
  for (Attribute &output : outputs) {
    auto description = cast<DictionaryAttr>(output);
    int64_t rank = description.getAs<DenseI64ArrayAttr>("dims").size();
    if (position < rank) {
      NamedAttrList list(description);
      list.set("data_dependent", b.getUnitAttr());
      output = list.getDictionary(&getContext());
      break;
    }
    position -= rank;
  }
  NamedAttrList list(interface);
  list.set("outputs", b.getArrayAttr(outputs));
  getOperation()->setAttr("x86.interface", list.getDictionary(&getContext()));
}

void ExtractPlanPass::runOnOperation() {
  auto entry =
      getOperation().lookupSymbol<func::FuncOp>("tfc_generated_compute");
  if (!entry) {
    getOperation().emitError("expected @tfc_generated_compute");
    return signalPassFailure();
  }
  mapping.clear();
  OpBuilder b = OpBuilder::atBlockEnd(getOperation().getBody());
  plan = declarePlan(b);
  b.setInsertionPointToStart(&plan.getBody().front());
  mapLeaves(entry, b);

  for (Operation &op : llvm::make_early_inc_range(entry.getBody().front())) {
    if (auto check = dyn_cast<CheckOp>(op)) {
      if (!isSizeExpression(check.getCondition()))
        continue;
      // Known before the call: tested once, in the plan.
      Value condition = cloneSizeExpression(check.getCondition(), b, mapping);
      CheckOp::create(b, check.getLoc(), condition, check.getIndex());
      check.erase();
    } else if (auto dims = dyn_cast<OutputDimsOp>(op)) {
      if (failed(returnOutputDims(dims, b)))
        return signalPassFailure();
      dims.erase();
    } else if (auto arena = dyn_cast<ArenaBytesOp>(op)) {
      storeIndex(cloneSizeExpression(arena.getBytes(), b, mapping),
                 plan.getArgument(ArenaBytes), 0, b);
      arena.erase();
    }
  }
  Value ok = arith::ConstantIntOp::create(b, plan.getLoc(), 0, 32);
  func::ReturnOp::create(b, plan.getLoc(), ok);
}

} // namespace
