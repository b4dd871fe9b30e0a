//===- CallRows.cpp - calls that deliver rows of an input -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/CortexM7/CortexM7.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_CALLROWSPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;

namespace {

/// INPUT_ENDED of the header.
constexpr int64_t inputEnded = 3;

struct CallRowsPass : public tfc::m7::impl::CallRowsPassBase<CallRowsPass> {
  void runOnOperation() override {
    SmallVector<tfc::m7::ReadRowsOp> reads;
    getOperation().walk([&](tfc::m7::ReadRowsOp op) { reads.push_back(op); });
    if (reads.empty())
      return;
    OpBuilder b(&getContext());
    Region &body = getOperation().getBody();
    Block *ended = b.createBlock(&body, body.end());
    Location loc = reads.front().getLoc();
    func::ReturnOp::create(
        b, loc,
        arith::ConstantIntOp::create(b, loc, inputEnded, 32).getResult());
    for (tfc::m7::ReadRowsOp op : reads)
      call(b, op, ended);
  }

private:
  void call(OpBuilder &b, tfc::m7::ReadRowsOp op, Block *ended) {
    Location loc = op.getLoc();
    Block *block = op->getBlock();
    Block *rest = block->splitBlock(op->getNextNode());
    b.setInsertionPoint(op);
    Value first =
        arith::IndexCastOp::create(b, loc, b.getI32Type(), op.getFirst());
    Value count = arith::ConstantIntOp::create(b, loc, op.count(), 32);
    Value status = func::CallIndirectOp::create(
                       b, loc, op.getRows(),
                       ValueRange{op.getContext(), first, count, op.getInit()})
                       .getResult(0);
    Value zero = arith::ConstantIntOp::create(b, loc, 0, 32);
    Value good =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, status, zero);
    cf::CondBranchOp::create(b, loc, good, rest, ended);
    op.erase();
  }
};

} // namespace
