//===- Pipelines.h - steps that targets' pipelines share --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_LOWER_PIPELINES_H
#define TFC_PASSES_LOWER_PIPELINES_H

#include "mlir/Pass/PassManager.h"

namespace tfc::lower {

/// Canonicalisation and removal of common subexpressions.
void addCleanup(mlir::OpPassManager &pm);

/// One-shot bufferisation within functions, of buffers that begin at multiples
/// of so many bytes; sizes of results become those of operands, for plans of
/// memory.
void addBufferization(mlir::OpPassManager &pm, int64_t alignment);

} // namespace tfc::lower

#endif // TFC_PASSES_LOWER_PIPELINES_H
