//===- PeakNotes.h - what holds the arena at its peak -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_PEAKNOTES_H
#define TFC_TARGETS_CORTEXM7_PEAKNOTES_H

#include "mlir/IR/BuiltinOps.h"

namespace tfc::m7 {

/// Adds to `error` where the plan in `m7.plan` is fullest, which buffers are
/// alive there, the largest first, and what `m7.savings` says of options.
void notePeak(mlir::ModuleOp module, mlir::InFlightDiagnostic &error);

/// Adds to `error` which constants of `m7.weights` take most flash, and what
/// options would save of it.
void noteFlash(mlir::ModuleOp module, mlir::InFlightDiagnostic &error);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_PEAKNOTES_H
