//===- SelectIntegers.cpp - quantised graphs in integers --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Integers/IntegerGraph.h"
#include "tfc/Target/CortexM7/Passes.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_SELECTINTEGERSPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;
using namespace tfc;
using namespace tfc::m7;

namespace {

struct SelectIntegersPass
    : public tfc::m7::impl::SelectIntegersPassBase<SelectIntegersPass> {
  using Base::Base;

  void runOnOperation() override {
    bool isQuantized = false;
    getOperation().walk([&](attn::QuantizeOp op) {
      isQuantized = true;
      return WalkResult::interrupt();
    });
    if (!isQuantized || getOperation().isDeclaration())
      return;
    IntegerGraph graph(getOperation());
    graph.run();
    if (allowFloat || graph.refused.empty())
      return;
    DenseSet<Operation *> said;
    for (const IntegerGraph::Refusal &refusal : graph.refused)
      if (said.insert(refusal.op).second)
        refusal.op->emitError(refusal.reason)
            << "; --allow-float computes what has no int8 form in f32";
    signalPassFailure();
  }
};

} // namespace
