//===- Register.cpp - dialects and passes for the tools ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Driver/Register.h"

#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Dialect/Onnx/Onnx.h"
#include "tfc/Passes/Compress/Passes.h"
#include "tfc/Passes/Contract/Passes.h"
#include "tfc/Passes/Decompose/Passes.h"
#include "tfc/Passes/Lower/Passes.h"
#include "tfc/Passes/Memory/Passes.h"
#include "tfc/Passes/Optimize/Passes.h"
#include "tfc/Passes/Raise/Pipelines.h"
#include "tfc/Target/CUDA/Cuda.h"
#include "tfc/Target/CUDA/CudaTarget.h"
#include "tfc/Target/CortexM7/CortexM7.h"
#include "tfc/Target/CortexM7/CortexM7Target.h"
#include "tfc/Target/CortexM7/Kernels/Passes.h"
#include "tfc/Target/Onnx/Passes.h"
#include "tfc/Target/X86/X86.h"
#include "tfc/Target/X86/X86Target.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"

void tfc::registerDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registerTfcDialects(registry);
}

void tfc::registerTfcDialects(mlir::DialectRegistry &registry) {
  registry.insert<tfc::attn::AttnDialect, tfc::onnx::OnnxDialect,
                  tfc::m7::M7Dialect, tfc::x86::X86Dialect>();
  tfc::m7::registerCortexM7Interfaces(registry);
  tfc::cuda::registerCudaInterfaces(registry);
  tfc::x86::registerX86Interfaces(registry);
}

void tfc::registerPasses() {
  mlir::registerAllPasses();
  registerTfcPasses();
}

void tfc::registerTfcPasses() {
  tfc::compress::registerCompressPasses();
  tfc::contract::registerContractPasses();
  tfc::decompose::registerDecomposePasses();
  tfc::lower::registerLowerPasses();
  tfc::memory::registerMemoryPasses();
  tfc::optimize::registerOptimizePasses();
  tfc::raise::registerRaisePipelines();
  tfc::m7::registerCortexM7KernelsPasses();
  tfc::toonnx::registerOnnxTargetPasses();
  tfc::x86::registerX86Pipelines();
  tfc::cuda::registerCudaPipelines();
  tfc::m7::registerCortexM7Pipelines();
}
