//===- Pipeline.cpp - from attn to onnx -------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/Onnx/OnnxTarget.h"
#include "tfc/Target/Onnx/Passes.h"

#include "mlir/Pass/PassManager.h"

using namespace mlir;

void tfc::toonnx::buildOnnxPipeline(OpPassManager &pm,
                                    const OnnxOptions &) {
  pm.addPass(createConvertAttnToOnnxPass());
}
