//===- Pipelines.cpp - from onnx to attn ------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Raise/Pipelines.h"

#include "tfc/Passes/Raise/Passes.h"

#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void tfc::raise::buildRaisePipeline(OpPassManager &pm,
                                     const RaiseOptions &options) {
  pm.addPass(createRaiseOnnxPass());
  // What recognised graphs left behind goes away here.
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  pm.addPass(createCanonicalizerPass());
  if (!options.findStructure)
    return;
  pm.addPass(createAttentionStructurePass());
  pm.addPass(createFindScanPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  pm.addPass(createCanonicalizerPass());
}

namespace {
struct PipelineOptions : public PassPipelineOptions<PipelineOptions> {
  Option<bool> findStructure{
      *this, "find-structure",
      llvm::cl::desc("see masks as causality, windows and lengths"),
      llvm::cl::init(true)};
};
} // namespace

void tfc::raise::registerRaisePipelines() {
  registerRaisePasses();
  PassPipelineRegistration<PipelineOptions>(
      "raise", "from the onnx dialect to attn and linalg on tensors",
      [](OpPassManager &pm, const PipelineOptions &options) {
        RaiseOptions raise;
        raise.findStructure = options.findStructure;
        buildRaisePipeline(pm, raise);
      });
}
