//===- Passes.h - passes of the x86 target ----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_X86_PASSES_H
#define TFC_TARGET_X86_PASSES_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace mlir {
class ModuleOp;
namespace func {
class FuncOp;
} // namespace func
} // namespace mlir

namespace tfc::x86 {

#define GEN_PASS_DECL
#include "tfc/Target/X86/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tfc/Target/X86/Passes.h.inc"

} // namespace tfc::x86

#endif // TFC_TARGET_X86_PASSES_H
