//===- SortKernel.h - a block for each row of a sort ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Keys and positions of up to 2048 elements of a row are sorted in shared
// memory by a bitonic network (Batcher, Sorting networks and their
// applications, 1968): no two elements are equal, as their positions differ, so
// that the order is the stable one. Longer rows, and rows of open sizes, are
// pieces that are sorted so; then neighbouring pieces are merged, twice as long
// in each launch: an element's place is its own place in its piece and, by
// bisection, that in the other.
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_SORTKERNEL_H
#define TFC_TARGETS_CUDA_SORTKERNEL_H

#include "tfc/Target/CUDA/Cuda.h"

#include "mlir/IR/Builders.h"

namespace tfc::cuda {

/// Writes the launches of `op`, on buffers, in front of it.
void emitSort(SortOp op, mlir::OpBuilder &b);

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_SORTKERNEL_H
