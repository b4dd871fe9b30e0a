//===- PlanPipeline.h - from tensors to a planned arena ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_PLANPIPELINE_H
#define TFC_TARGETS_CORTEXM7_PLANPIPELINE_H

#include "mlir/Pass/PassManager.h"

namespace tfc::m7 {

/// The passes that decide how much memory a model needs: from linalg and m7 on
/// tensors to loops, kernels' operations and the plan of the arena.
void addPlanPasses(mlir::OpPassManager &pm, bool savesMemory = true);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_PLANPIPELINE_H
