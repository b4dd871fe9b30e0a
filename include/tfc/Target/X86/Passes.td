//===- Passes.td - passes of the x86 target ----------------*- tablegen -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_X86_PASSES_TD
#define TFC_TARGET_X86_PASSES_TD

include "mlir/Pass/PassBase.td"

#endif // TFC_TARGET_X86_PASSES_TD
