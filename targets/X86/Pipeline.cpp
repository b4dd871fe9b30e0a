//===- Pipeline.cpp - the order of the x86 target's passes ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interfaces.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Passes/Decompose/Passes.h"
#include "tfc/Passes/Lower/Passes.h"
#include "tfc/Passes/Lower/Pipelines.h"
#include "tfc/Target/X86/Passes.h"
#include "tfc/Target/X86/X86.h"
#include "tfc/Target/X86/X86Target.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/FuncBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/ControlFlow/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/AllInterfaces.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/IR/TensorInferTypeOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/SubsetInsertionOpInterfaceImpl.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace tfc::x86;

/// Whether the CPU asked for has `features`; what is wrong with its name is
/// said when code is emitted.
static bool hasFeatures(const X86Options &options, StringRef features) {
  std::string reason;
  auto machine = createTargetMachine(options, reason);
  return succeeded(machine) &&
         (*machine)->getMCSubtargetInfo()->checkFeatures(features);
}

/// Its widest vectors.
static unsigned vectorBitsOf(const X86Options &options) {
  if (hasFeatures(options, "+avx512f"))
    return 512;
  return hasFeatures(options, "+avx2,+fma") ? 256 : 128;
}

/// Whether it adds products of bytes in vectors of that width.
static bool hasDotProducts(const X86Options &options) {
  return hasFeatures(options, "+avx512vnni") ||
         (vectorBitsOf(options) == 256 && hasFeatures(options, "+avxvnni"));
}

void tfc::x86::buildLinalgPipeline(OpPassManager &pm) {
  pm.addPass(decompose::createAttnDecomposePass());
  lower::addCleanup(pm);
}

void tfc::x86::buildBufferPipeline(OpPassManager &pm,
                                   const X86Options &options) {
  pm.addPass(createX86EntryPointPass());
  // Sizes of results in terms of sizes of operands, so that the plan of a call
  // needs no tensor.
  pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  lower::addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(createX86SelectKernelsPass());
  // Patches become rows of a linear layer before weights are packed.
  decompose::AttnDecomposePassOptions first;
  first.keep = {"attn.linear", "attn.norm", "attn.attention",
                "attn.dequantize"};
  pm.addPass(decompose::createAttnDecomposePass(first));
  if (hasDotProducts(options))
    pm.addPass(createX86PackIntegersPass({vectorBitsOf(options)}));
  X86PackWeightsPassOptions packing;
  packing.vectorBits = vectorBitsOf(options);
  packing.weights = options.weights;
  if (!options.weightsFile.empty())
    packing.scratchFile = options.weightsFile + ".packed";
  pm.addPass(createX86PackWeightsPass(packing));
  decompose::AttnDecomposePassOptions rest;
  rest.keep = {"attn.attention"};
  pm.addPass(decompose::createAttnDecomposePass(rest));
  pm.addPass(createLowerAffinePass());
  pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  pm.addNestedPass<func::FuncOp>(lower::createConvolutionsToProductsPass());
  pm.addPass(lower::createPrepareTensorsPass({/*productsHaveKernels=*/true}));
  lower::addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(lower::createPlaceResultsPass());
  lower::addBufferization(pm, /*alignment=*/64);
  pm.addPass(createX86LowerAssertsPass());
}

void tfc::x86::buildX86Pipeline(OpPassManager &pm, const X86Options &options) {
  buildBufferPipeline(pm, options);
  pm.addNestedPass<func::FuncOp>(lower::createFoldTransposesPass());
  pm.addPass(
      createX86LowerAttentionPass({vectorBitsOf(options), options.profile}));
  pm.addPass(
      createX86LowerKernelsPass({vectorBitsOf(options), options.profile}));
  pm.addPass(
      createX86LowerProductsPass({vectorBitsOf(options), options.profile}));
  pm.addNestedPass<func::FuncOp>(createX86LowerLoopsPass({options.profile}));
  pm.addPass(createX86PlaceConstantsPass({options.weightsFile}));
  pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  lower::addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(createX86PlanArenaPass());
  pm.addPass(createX86ExtractPlanPass());
  // Each operation of bf16 is one of f32, rounded, as numerics.md promises;
  // LLVM has functions for what the CPU lacks, which Debian's libgcc has not.
  arith::ArithEmulateUnsupportedFloatsOptions narrow;
  narrow.sourceTypeStrs = {"bf16"};
  narrow.targetTypeStr = "f32";
  pm.addPass(arith::createArithEmulateUnsupportedFloats(narrow));
  pm.addPass(lower::createExpandMathPass());
  pm.addPass(createSCFToControlFlowPass());
  lower::addCleanup(pm);
  pm.addPass(createX86ConvertToLLVMPass());
  lower::addCleanup(pm);
  pm.addPass(createX86OutlineParallelPass({options.profile}));
  pm.addPass(createX86MergeTasksPass());
}

namespace {
struct PipelineOptions : public PassPipelineOptions<PipelineOptions> {
  Option<std::string> cpu{*this, "cpu",
                          llvm::cl::desc("LLVM's name of the CPU"),
                          llvm::cl::init("native")};
  Option<std::string> weightsFile{*this, "weights-file",
                                  llvm::cl::desc("where constants are written"),
                                  llvm::cl::init("")};
  X86Options get() const {
    X86Options options;
    options.cpu = cpu;
    options.weightsFile = weightsFile;
    return options;
  }
};
} // namespace

/// A pipeline that says what is wrong with its CPU before it begins.
static void registerPipeline(StringRef name, StringRef description,
                             void (*build)(OpPassManager &,
                                           const X86Options &)) {
  registerPassPipeline(
      name, description,
      [build](OpPassManager &pm, StringRef text,
              llvm::function_ref<LogicalResult(const Twine &)> fail) {
        PipelineOptions options;
        std::string reason;
        if (failed(options.parseFromString(text)))
          return fail("expected cpu=... and weights-file=...");
        if (failed(createTargetMachine(options.get(), reason)))
          return fail(reason);
        build(pm, options.get());
        return success();
      },
      [](llvm::function_ref<void(const mlir::detail::PassOptions &)> handle) {
        handle(PipelineOptions());
      });
}

void tfc::x86::registerX86Pipelines() {
  registerX86Passes();
  registerPipeline("x86-buffers",
                   "attn and linalg on tensors to the same on buffers",
                   buildBufferPipeline);
  registerPipeline("x86", "attn and linalg on tensors to the LLVM dialect",
                   buildX86Pipeline);
}

void tfc::x86::registerX86Interfaces(DialectRegistry &registry) {
  registry.insert<attn::AttnDialect, X86Dialect, func::FuncDialect>();
  attn::registerBufferizableOpInterfaceExternalModels(registry);
  registerBufferizableKernels(registry);
  arith::registerBufferizableOpInterfaceExternalModels(registry);
  bufferization::func_ext::registerBufferizableOpInterfaceExternalModels(
      registry);
  cf::registerBufferizableOpInterfaceExternalModels(registry);
  linalg::registerAllDialectInterfaceImplementations(registry);
  scf::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerInferTypeOpInterfaceExternalModels(registry);
  tensor::registerSubsetOpInterfaceExternalModels(registry);
  tensor::registerValueBoundsOpInterfaceExternalModels(registry);
}
