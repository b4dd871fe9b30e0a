//===- LowerAsserts.cpp - number the run-time checks ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/X86/Passes.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "llvm/ADT/MapVector.h"

namespace tfc::x86 {
#define GEN_PASS_DEF_X86LOWERASSERTSPASS
#include "tfc/Target/X86/Passes.h.inc"
} // namespace tfc::x86

using namespace mlir;
using namespace tfc::x86;

namespace {

struct LowerAssertsPass
    : public tfc::x86::impl::X86LowerAssertsPassBase<LowerAssertsPass> {
  void runOnOperation() override {
    llvm::MapVector<Attribute, int64_t> messages;
    auto result = getOperation().walk([&](cf::AssertOp assertion) {
      if (assertion->getParentOfType<ParallelOp>()) {
        assertion.emitError(
            "a check inside a parallel region cannot end the call");
        return WalkResult::interrupt();
      }
      int64_t index = messages.insert({assertion.getMsgAttr(), messages.size()})
                          .first->second;
      OpBuilder b(assertion);
      CheckOp::create(b, assertion.getLoc(), assertion.getArg(), index);
      assertion.erase();
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    SmallVector<Attribute> texts;
    for (auto &entry : messages)
      texts.push_back(entry.first);
    getOperation()->setAttr("x86.checks", ArrayAttr::get(&getContext(), texts));
  }
};

} // namespace
