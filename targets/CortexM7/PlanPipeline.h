//===- PlanPipeline.h - from tensors to a planned arena ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_PLANPIPELINE_H
#define TFC_TARGETS_CORTEXM7_PLANPIPELINE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

namespace tfc::m7 {

/// What is left for the stack, which is known only when there is code.
constexpr int64_t stackReserve = 2048;

/// The passes that decide how much memory a model needs: from linalg and m7 on
/// tensors to loops, kernels' operations and the plan of the arena.
void addPlanPasses(mlir::OpPassManager &pm, bool savesMemory = true);

/// What is known of a copy of a module that was planned.
struct PlannedCopy {
  /// `m7.plan` and `m7.interface`, which may be null.
  mlir::DictionaryAttr plan, interface;
};

using PipelineRunner = llvm::function_ref<mlir::LogicalResult(
    mlir::OpPassManager &, mlir::Operation *)>;

/// Plans a copy of `module` as `change` leaves it, and says nothing of what
/// fails: what is chosen fails again. `run` is the pass's runPipeline, and
/// copies lie in the module for its sake, which is as before afterwards.
std::optional<PlannedCopy>
planCopy(mlir::ModuleOp module, PipelineRunner run,
         llvm::function_ref<mlir::LogicalResult(mlir::ModuleOp)> change);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_PLANPIPELINE_H
