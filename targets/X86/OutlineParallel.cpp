//===- OutlineParallel.cpp - regions to tasks -------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Frame.h"
#include "tfc/Target/Codegen/NodeOrigins.h"
#include "tfc/Target/X86/Passes.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/StringExtras.h"

namespace tfc::x86 {
#define GEN_PASS_DEF_X86OUTLINEPARALLELPASS
#include "tfc/Target/X86/Passes.h.inc"
} // namespace tfc::x86

using namespace mlir;
using namespace tfc::x86;

namespace {

struct OutlineParallelPass
    : public tfc::x86::impl::X86OutlineParallelPassBase<OutlineParallelPass> {
  using Base::Base;

  void runOnOperation() override;

private:
  /// The fields of a region's record in front of what it captures.
  SmallVector<Value> header(ParallelOp op, unsigned number, OpBuilder &b);
  void outline(ParallelOp op, unsigned number);
  LLVM::LLVMFuncOp makeTask(ParallelOp op, unsigned number,
                            ArrayRef<Value> captures,
                            LLVM::LLVMStructType record, unsigned firstCapture);
  void lowerCheck(CheckOp op);
  /// The nodes of each region, by its number.
  void nameRegions(ArrayRef<ParallelOp> regions);
};

/// Constants and addresses are cheaper made again than carried.
bool isRematerialisable(Value value) {
  Operation *op = value.getDefiningOp();
  return op && isa<LLVM::ConstantOp, LLVM::ZeroOp, LLVM::AddressOfOp,
                   LLVM::PoisonOp, LLVM::UndefOp>(op);
}

LLVM::LLVMFuncOp OutlineParallelPass::makeTask(ParallelOp op, unsigned number,
                                               ArrayRef<Value> captures,
                                               LLVM::LLVMStructType record,
                                               unsigned firstCapture) {
  MLIRContext *context = &getContext();
  OpBuilder b = OpBuilder::atBlockEnd(getOperation().getBody());
  Location loc = op.getLoc();
  Type pointer = LLVM::LLVMPointerType::get(context), i64 = b.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                          {pointer, i64, i64, i64});
  auto task =
      LLVM::LLVMFuncOp::create(b, loc, ("tfc_task_" + Twine(number)).str(),
                               type, LLVM::Linkage::Internal);
  Block *entry = task.addEntryBlock(b);
  Block *body = &op.getBody().front();
  task.getBody().getBlocks().splice(task.getBody().end(),
                                    op.getBody().getBlocks());

  b.setInsertionPointToStart(entry);
  for (unsigned i = 0; i < captures.size(); ++i) {
    Value value = captures[i], inside;
    if (isRematerialisable(value)) {
      inside = b.clone(*value.getDefiningOp())
                   ->getResult(cast<OpResult>(value).getResultNumber());
    } else {
      Value address = LLVM::GEPOp::create(
          b, loc, pointer, record, task.getArgument(0),
          ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(firstCapture + i)});
      auto load = LLVM::LoadOp::create(b, loc, value.getType(), address);
      load.setInvariant(true);
      inside = load;
    }
    value.replaceUsesWithIf(inside, [&](OpOperand &use) {
      return task->isAncestor(use.getOwner()) &&
             use.getOwner()->getBlock() != entry;
    });
  }
  LLVM::BrOp::create(
      b, loc,
      ValueRange{task.getArgument(1), task.getArgument(2), task.getArgument(3)},
      body);
  task.walk([](YieldOp yield) {
    OpBuilder inner(yield);
    LLVM::ReturnOp::create(inner, yield.getLoc(), ValueRange());
    yield.erase();
  });
  return task;
}

SmallVector<Value> OutlineParallelPass::header(ParallelOp op, unsigned number,
                                               OpBuilder &b) {
  if (!profile)
    return {};
  auto constant = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(b, op.getLoc(), b.getI64IntegerAttr(value));
  };
  SmallVector<Value> fields = {constant(number)};
  if (op.getWork().empty())
    fields.append({constant(0), constant(0)});
  else
    llvm::append_range(fields, op.getWork());
  return fields;
}

void OutlineParallelPass::outline(ParallelOp op, unsigned number) {
  MLIRContext *context = &getContext();
  Location loc = op.getLoc();
  auto function = op->getParentOfType<LLVM::LLVMFuncOp>();
  llvm::SetVector<Value> used;
  getUsedValuesDefinedAbove(op.getBody(), used);
  SmallVector<Value> captures = used.takeVector();
  // Carried values first, so that record fields and captures have one number.
  std::stable_partition(captures.begin(), captures.end(),
                        [](Value value) { return !isRematerialisable(value); });
  OpBuilder b(op);
  SmallVector<Value> carried = header(op, number, b);
  unsigned firstCapture = carried.size();
  llvm::copy_if(captures, std::back_inserter(carried),
                [](Value value) { return !isRematerialisable(value); });
  SmallVector<Type> fields(ValueRange(carried).getTypes());
  auto record = LLVM::LLVMStructType::getLiteral(context, fields);

  b.setInsertionPointToStart(&function.getBody().front());
  Type pointer = LLVM::LLVMPointerType::get(context);
  Value one =
      LLVM::ConstantOp::create(b, loc, b.getI64Type(), b.getI64IntegerAttr(1));
  Value storage =
      LLVM::AllocaOp::create(b, loc, pointer, record, one, /*alignment=*/16);

  b.setInsertionPoint(op);
  for (unsigned i = 0; i < fields.size(); ++i) {
    Value address =
        LLVM::GEPOp::create(b, loc, pointer, record, storage,
                            ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(i)});
    LLVM::StoreOp::create(b, loc, carried[i], address);
  }
  LLVM::LLVMFuncOp task = makeTask(op, number, captures, record, firstCapture);
  Value frame = function.getArgument(0);
  Value run = loadField(b, loc, pointer, frame, FrameField::ParallelFor);
  Value pool = loadField(b, loc, pointer, frame, FrameField::Pool);
  Value taskAddress = LLVM::AddressOfOp::create(b, loc, task);
  Type i64 = b.getI64Type();
  auto runType = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(context), {pointer, pointer, pointer, i64, i64});
  LLVM::CallOp::create(b, loc, runType,
                       ValueRange{run, pool, taskAddress, storage,
                                  op.getCount(), op.getGrain()});
  op.erase();
}

void OutlineParallelPass::lowerCheck(CheckOp op) {
  Location loc = op.getLoc();
  OpBuilder b(op);
  Block *block = op->getBlock();
  Block *rest = block->splitBlock(op->getNextNode());
  Block *fail = b.createBlock(block->getParent(), block->getParent()->end());
  Value code = LLVM::ConstantOp::create(b, loc, b.getI32Type(),
                                        b.getI32IntegerAttr(op.getIndex() + 1));
  LLVM::ReturnOp::create(b, loc, code);
  b.setInsertionPointToEnd(block);
  LLVM::CondBrOp::create(b, loc, op.getCondition(), rest, fail);
  op.erase();
}

void OutlineParallelPass::nameRegions(ArrayRef<ParallelOp> regions) {
  SmallVector<Attribute> nodes;
  for (ParallelOp op : regions)
    nodes.push_back(StringAttr::get(
        &getContext(), llvm::join(tfc::codegen::nodeNames(op.getLoc()), ", ")));
  getOperation()->setAttr("x86.regions", ArrayAttr::get(&getContext(), nodes));
}

void OutlineParallelPass::runOnOperation() {
  SmallVector<CheckOp> checks;
  getOperation().walk([&](CheckOp op) { checks.push_back(op); });
  for (CheckOp op : checks)
    lowerCheck(op);
  // Inner regions first: a nested region has no frame to call through.
  SmallVector<ParallelOp> regions;
  auto result = getOperation().walk([&](ParallelOp op) {
    if (op->getParentOfType<ParallelOp>()) {
      op.emitError("parallel regions cannot be nested");
      return WalkResult::interrupt();
    }
    regions.push_back(op);
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return signalPassFailure();
  if (profile)
    nameRegions(regions);
  for (auto [i, op] : llvm::enumerate(regions))
    outline(op, i);
}

} // namespace
