//===- Passes.h - passes of the CUDA target ---------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_CUDA_PASSES_H
#define TFC_TARGET_CUDA_PASSES_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace mlir {
class ModuleOp;
namespace func {
class FuncOp;
} // namespace func
namespace gpu {
class GPUModuleOp;
} // namespace gpu
} // namespace mlir

namespace tfc::cuda {

#define GEN_PASS_DECL
#include "tfc/Target/CUDA/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tfc/Target/CUDA/Passes.h.inc"

} // namespace tfc::cuda

#endif // TFC_TARGET_CUDA_PASSES_H
