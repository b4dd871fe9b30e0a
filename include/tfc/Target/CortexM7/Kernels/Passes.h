//===- Passes.h - passes of the Cortex-M7's kernels -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_CORTEXM7_KERNELS_PASSES_H
#define TFC_TARGET_CORTEXM7_KERNELS_PASSES_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace tfc::m7 {

#define GEN_PASS_DECL
#include "tfc/Target/CortexM7/Kernels/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tfc/Target/CortexM7/Kernels/Passes.h.inc"

} // namespace tfc::m7

#endif // TFC_TARGET_CORTEXM7_KERNELS_PASSES_H
