//===- PlanCopy.cpp - what the arena would be -------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlanPipeline.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace tfc::m7;

std::optional<PlannedCopy>
tfc::m7::planCopy(ModuleOp module, PipelineRunner run,
                  llvm::function_ref<LogicalResult(ModuleOp)> change) {
  ModuleOp copy = module.clone();
  OpBuilder::atBlockEnd(module.getBody()).insert(copy);
  OpPassManager pm(ModuleOp::getOperationName());
  addPlanPasses(pm);
  std::optional<PlannedCopy> planned;
  {
    ScopedDiagnosticHandler quiet(module.getContext(),
                                  [](Diagnostic &) { return success(); });
    if (succeeded(change(copy)) && succeeded(verify(copy)) &&
        succeeded(run(pm, copy)))
      if (auto plan = copy->getAttrOfType<DictionaryAttr>("m7.plan"))
        planned = PlannedCopy{
            plan, copy->getAttrOfType<DictionaryAttr>("m7.interface")};
  }
  copy.erase();
  return planned;
}
