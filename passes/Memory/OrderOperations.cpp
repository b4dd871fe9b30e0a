//===- OrderOperations.cpp - fewer bytes alive at once ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OperationGraph.h"
#include "tfc/Passes/Memory/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tfc::memory {
#define GEN_PASS_DEF_ORDEROPERATIONSPASS
#include "tfc/Passes/Memory/Passes.h.inc"
} // namespace tfc::memory

using namespace mlir;
using namespace tfc::memory;

namespace {

struct OrderOperationsPass
    : public tfc::memory::impl::OrderOperationsPassBase<OrderOperationsPass> {
  using Base::Base;

  void runOnOperation() override {
    if (!llvm::hasSingleElement(getOperation().getBody()))
      return;
    FailureOr<OperationGraph> graph =
        OperationGraph::build(getOperation().getBody().front());
    if (failed(graph))
      return;
    if (auto order = findBetterOrder(*graph, states))
      graph->apply(*order);
  }
};

} // namespace
