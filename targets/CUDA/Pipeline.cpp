//===- Pipeline.cpp - the order of the CUDA target's passes -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Decompose/Passes.h"
#include "tfc/Passes/Lower/Passes.h"
#include "tfc/Passes/Lower/Pipelines.h"
#include "tfc/Target/CUDA/CudaTarget.h"
#include "tfc/Target/CUDA/Passes.h"
#include "tfc/Target/X86/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

/// To launches of kernels on buffers.
static void addLaunches(OpPassManager &pm, const CudaOptions &options,
                        const CudaEstimatePassOptions &estimate) {
  pm.addPass(x86::createX86EntryPointPass());
  pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  lower::addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(createCudaSelectKernelsPass({options.matmul}));
  decompose::AttnDecomposePassOptions others;
  others.keep = {"attn.attention", "attn.norm", "attn.scan"};
  pm.addPass(decompose::createAttnDecomposePass(others));
  pm.addPass(createLowerAffinePass());
  pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  lower::addCleanup(pm);
  // Before anything is fused into them.
  pm.addNestedPass<func::FuncOp>(createCudaSelectSortsPass());
  pm.addNestedPass<func::FuncOp>(
      createCudaSelectProductsPass({options.matmul}));
  pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  pm.addPass(lower::createPrepareTensorsPass());
  lower::addCleanup(pm);
  // What was one operation after another is one by now.
  pm.addNestedPass<func::FuncOp>(createCudaFuseEpiloguesPass());
  pm.addNestedPass<func::FuncOp>(lower::createPlaceResultsPass());
  lower::addBufferization(pm, /*alignment=*/64);
  pm.addPass(x86::createX86LowerAssertsPass());
  if (!estimate.name.empty())
    pm.addPass(createCudaEstimatePass(estimate));
  pm.addPass(createCudaLowerAttentionPass());
  pm.addNestedPass<func::FuncOp>(createCudaLowerNormsPass());
  pm.addNestedPass<func::FuncOp>(createCudaLowerScansPass());
  pm.addNestedPass<func::FuncOp>(createCudaLowerProductsPass({options.arch}));
  pm.addNestedPass<func::FuncOp>(createCudaLowerSortsPass());
  pm.addNestedPass<func::FuncOp>(createCudaReduceByWarpsPass());
  pm.addNestedPass<func::FuncOp>(createCudaTransposeByTilesPass());
  pm.addNestedPass<func::FuncOp>(createCudaVectorizeElementwisePass());
  pm.addNestedPass<func::FuncOp>(createCudaLaunchLoopsPass());
  pm.addNestedPass<func::FuncOp>(createCudaCheckOnDevicePass());
}

void tfc::cuda::buildCudaPipeline(OpPassManager &pm,
                                  const CudaOptions &options) {
  CudaEstimatePassOptions estimate;
  estimate.name = options.estimate ? estimatedDevice(options.arch).str() : "";
  estimate.note = true;
  addLaunches(pm, options, estimate);
  pm.addPass(x86::createX86PlaceConstantsPass({options.weightsFile}));
  pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  lower::addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(x86::createX86PlanArenaPass());
  pm.addPass(x86::createX86ExtractPlanPass());
  // As on x86-64: each operation of bf16 is one of f32, rounded.
  arith::ArithEmulateUnsupportedFloatsOptions narrow;
  narrow.sourceTypeStrs = {"bf16"};
  narrow.targetTypeStr = "f32";
  pm.addPass(arith::createArithEmulateUnsupportedFloats(narrow));
  pm.addPass(lower::createExpandMathPass());
  pm.addPass(createCudaOutlineKernelsPass());
  pm.addPass(createSCFToControlFlowPass());
  lower::addCleanup(pm);
  pm.addNestedPass<gpu::GPUModuleOp>(createCudaConvertKernelsPass());
  pm.addPass(createCudaConvertHostPass());
  lower::addCleanup(pm);
  // What is left of the frame's operations: checks.
  pm.addPass(x86::createX86OutlineParallelPass());
}

namespace {
struct LaunchOptions : public PassPipelineOptions<LaunchOptions> {
  Option<std::string> matmul{
      *this, "matmul", llvm::cl::desc("how factors of f32 are multiplied"),
      llvm::cl::init("f32")};
  Option<std::string> estimate{
      *this, "estimate",
      llvm::cl::desc("remark what each kernel takes at least on a100 or h100, "
                     "by the roofline model"),
      llvm::cl::init("")};
};

struct PipelineOptions : public PassPipelineOptions<PipelineOptions> {
  Option<std::string> weightsFile{*this, "weights-file",
                                  llvm::cl::desc("where constants are written"),
                                  llvm::cl::init("")};
};
} // namespace

void tfc::cuda::registerCudaPipelines() {
  registerCudaPasses();
  PassPipelineRegistration<LaunchOptions>(
      "cuda-launches", "attn and linalg on tensors to launches on buffers",
      [](OpPassManager &pm, const LaunchOptions &options) {
        CudaOptions cuda;
        cuda.matmul = options.matmul;
        CudaEstimatePassOptions estimate;
        estimate.name = options.estimate;
        addLaunches(pm, cuda, estimate);
      });
  PassPipelineRegistration<PipelineOptions>(
      "cuda", "attn and linalg on tensors to the LLVM and NVVM dialects",
      [](OpPassManager &pm, const PipelineOptions &options) {
        CudaOptions cuda;
        cuda.weightsFile = options.weightsFile;
        buildCudaPipeline(pm, cuda);
      });
}
