//===- Pipelines.cpp - steps that targets' pipelines share ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Lower/Pipelines.h"

#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void tfc::lower::addCleanup(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void tfc::lower::addBufferization(OpPassManager &pm, int64_t alignment) {
  bufferization::OneShotBufferizePassOptions options;
  options.bufferAlignment = alignment;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
  pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  addCleanup(pm);
}
