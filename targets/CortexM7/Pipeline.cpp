//===- Pipeline.cpp - the order of the target's passes ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlanPipeline.h"
#include "tfc/Passes/Decompose/Passes.h"
#include "tfc/Passes/Lower/Passes.h"
#include "tfc/Passes/Lower/Pipelines.h"
#include "tfc/Passes/Memory/Passes.h"
#include "tfc/Target/CortexM7/CortexM7Target.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace tfc;

void tfc::m7::addPlanPasses(OpPassManager &pm, bool savesMemory) {
  if (savesMemory)
    pm.addNestedPass<func::FuncOp>(memory::createTileTokensPass());
  lower::addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(lower::createPlaceResultsPass());
  if (savesMemory)
    pm.addNestedPass<func::FuncOp>(memory::createOverwriteOperandsPass());
  lower::addBufferization(pm, /*alignment=*/8);
  // Before loops: it may have to copy.
  pm.addNestedPass<func::FuncOp>(createAssignScratchPass());
  pm.addNestedPass<func::FuncOp>(lower::createLowerLoopsPass());
  pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  pm.addPass(createLowerAffinePass());
  lower::addCleanup(pm);
  if (savesMemory)
    pm.addNestedPass<func::FuncOp>(memory::createOrderOperationsPass());
  pm.addPass(createPlanArenaPass());
}

void tfc::m7::buildCortexM7Pipeline(OpPassManager &pm,
                                    const CortexM7Options &options) {
  pm.addNestedPass<func::FuncOp>(
      createSelectIntegersPass({options.allowFloat, options.floatOperators}));
  pm.addPass(createEntryPointPass());
  pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  lower::addCleanup(pm);
  if (options.savesMemory)
    pm.addNestedPass<func::FuncOp>(createSplitPatchEmbeddingPass(
        {/*readsOnce=*/options.streamedInput.has_value()}));
  if (options.streamedInput)
    pm.addPass(createStreamInputsPass({*options.streamedInput}));
  pm.addPass(decompose::createAttnDecomposePass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  pm.addPass(lower::createPrepareTensorsPass());
  lower::addCleanup(pm);
  if (options.savesMemory) {
    pm.addNestedPass<func::FuncOp>(createSplitHeadsPass());
    lower::addCleanup(pm);
  }
  if (options.savesMemory)
    pm.addPass(createFitArenaPass({static_cast<int64_t>(options.sram)}));
  pm.addPass(createNoteSavingsPass(
      {static_cast<int64_t>(options.savesMemory ? options.sram : 0),
       static_cast<int64_t>(options.flash)}));
  addPlanPasses(pm, options.savesMemory);
  pm.addPass(createVerifyMemoryPlanPass());
  if (options.profile)
    pm.addPass(createMarkNodesPass());
  pm.addPass(createCallKernelsPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  // Each operation of bf16 is one of f32, rounded.
  arith::ArithEmulateUnsupportedFloatsOptions narrow;
  narrow.sourceTypeStrs = {"bf16"};
  narrow.targetTypeStr = "f32";
  pm.addPass(arith::createArithEmulateUnsupportedFloats(narrow));
  pm.addPass(lower::createExpandMathPass({/*power=*/true}));
  pm.addPass(createCheckIndicesPass());
  pm.addPass(createExpandLongsPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addNestedPass<func::FuncOp>(createLowerAssertsPass());
  pm.addNestedPass<func::FuncOp>(createCallRowsPass());
  lower::addCleanup(pm);
  pm.addPass(createConvertToLLVMPass());
  lower::addCleanup(pm);
}

void tfc::m7::registerCortexM7Pipelines() {
  registerCortexM7Passes();
  PassPipelineRegistration<>(
      "cortex-m7", "attn and linalg on tensors of known sizes to LLVM",
      [](OpPassManager &pm) { buildCortexM7Pipeline(pm, {}); });
}
