//===- AssignScratch.cpp - what kernels need around them --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelShapes.h"
#include "tfc/Target/CortexM7/CortexM7.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_ASSIGNSCRATCHPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;
using namespace tfc::m7;

namespace {

class Preparation {
public:
  explicit Preparation(Operation *op) : op(op), before(op), after(op) {
    after.setInsertionPointAfter(op);
  }

  void run() {
    for (OpOperand &operand : op->getOpOperands()) {
      bool isInit = cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
      if (!takesAsItLies(operand))
        replace(operand, isInit);
    }
    if (int64_t bytes = scratchBytes(op))
      addScratch(bytes);
  }

private:
  Value temporary(MemRefType type) {
    auto alloc = memref::AllocOp::create(before, op->getLoc(), type,
                                         before.getI64IntegerAttr(8));
    memref::DeallocOp::create(after, op->getLoc(), alloc);
    return alloc;
  }

  void replace(OpOperand &operand, bool isInit) {
    auto type = cast<MemRefType>(operand.get().getType());
    Value copy =
        temporary(MemRefType::get(type.getShape(), type.getElementType()));
    // Copying out comes before the temporary ends.
    after.setInsertionPointAfter(op);
    if (isInit)
      memref::CopyOp::create(after, op->getLoc(), copy, operand.get());
    else
      memref::CopyOp::create(before, op->getLoc(), operand.get(), copy);
    operand.set(copy);
  }

  void addScratch(int64_t bytes) {
    Value scratch =
        temporary(MemRefType::get({bytes}, before.getIntegerType(8)));
    if (auto product = dyn_cast<ProductOp>(op))
      product.getScratchMutable().assign(scratch);
    else if (auto product = dyn_cast<ActivationProductOp>(op))
      product.getScratchMutable().assign(scratch);
    else
      cast<AttentionOp>(op).getScratchMutable().assign(scratch);
  }

  Operation *op;
  OpBuilder before, after;
};

struct AssignScratchPass
    : public tfc::m7::impl::AssignScratchPassBase<AssignScratchPass> {
  void runOnOperation() override {
    SmallVector<Operation *> operations;
    getOperation().walk([&](Operation *op) {
      if (isa_and_nonnull<M7Dialect>(op->getDialect()) &&
          op->getNumResults() == 0 && !isa<ReadRowsOp>(op))
        operations.push_back(op);
    });
    for (Operation *op : operations)
      Preparation(op).run();
  }
};

} // namespace
