//===- Passes.h - what holds between the layers ------------------*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_CONTRACT_PASSES_H
#define TFC_PASSES_CONTRACT_PASSES_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace tfc::contract {

/// Where one layer hands a module to the next.
enum class Border { OnnxToAttn, AttnToTarget };

#define GEN_PASS_DECL
#include "tfc/Passes/Contract/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tfc/Passes/Contract/Passes.h.inc"

} // namespace tfc::contract

#endif // TFC_PASSES_CONTRACT_PASSES_H
