//===- Passes.h - the same function with less work --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_OPTIMIZE_PASSES_H
#define TFC_PASSES_OPTIMIZE_PASSES_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace mlir {
class ModuleOp;
namespace func {
class FuncOp;
} // namespace func
} // namespace mlir

namespace tfc::optimize {

#define GEN_PASS_DECL
#include "tfc/Passes/Optimize/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tfc/Passes/Optimize/Passes.h.inc"

} // namespace tfc::optimize

#endif // TFC_PASSES_OPTIMIZE_PASSES_H
