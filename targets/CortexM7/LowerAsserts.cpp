//===- LowerAsserts.cpp - checks to statuses --------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_LOWERASSERTSPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;

namespace {

/// TFC_BAD_INPUT of the header.
constexpr int64_t badInput = 2;

struct LowerAssertsPass
    : public tfc::m7::impl::LowerAssertsPassBase<LowerAssertsPass> {
  void runOnOperation() override {
    SmallVector<cf::AssertOp> asserts;
    getOperation().walk([&](cf::AssertOp op) { asserts.push_back(op); });
    if (asserts.empty())
      return;
    OpBuilder b(&getContext());
    Region &body = getOperation().getBody();
    Block *refused = b.createBlock(&body, body.end());
    Location loc = asserts.front().getLoc();
    Value status = arith::ConstantIntOp::create(b, loc, badInput, 32);
    func::ReturnOp::create(b, loc, status);
    for (cf::AssertOp op : asserts) {
      Block *block = op->getBlock();
      Block *rest = block->splitBlock(op->getNextNode());
      b.setInsertionPointToEnd(block);
      cf::CondBranchOp::create(b, op.getLoc(), op.getArg(), rest, refused);
      op.erase();
    }
  }
};

} // namespace
