//===- Alignment.h - what may be read at once -------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_ALIGNMENT_H
#define TFC_TARGETS_CUDA_ALIGNMENT_H

#include "mlir/IR/BuiltinTypes.h"

namespace tfc::cuda {

int64_t bytesOf(mlir::Type element);

/// Whether neighbours along the last dimension of a buffer may be read
/// `elements` at once, wherever an index is a multiple: buffers begin at
/// multiples of 64 bytes.
bool isAligned(mlir::MemRefType type, int64_t elements);

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_ALIGNMENT_H
