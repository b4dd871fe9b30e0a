//===- ScanKernel.h - kernels of recurrences over tokens --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_SCANKERNEL_H
#define TFC_TARGETS_CUDA_SCANKERNEL_H

#include "Launch.h"
#include "tfc/Dialect/Attn/Attn.h"

#include <string>

namespace tfc::cuda {

/// Of a state, [D, E], a block of threads has all rows of some columns, in
/// registers: 2^n lanes share a column, each with `rows` of it, by quads.
struct ScanTile {
  static constexpr int64_t warps = 4, threads = warps * warpSize;

  /// For an operation whose D is known.
  explicit ScanTile(attn::ScanOp op);

  int64_t lanes, rows, columns;
  /// What queries, keys and values are in shared memory of at a time.
  int64_t tokens;

  int64_t allRows() const { return lanes * rows; }
};

/// Why `op`, on tensors or buffers, is not computed by kernels of its own;
/// empty where it is.
std::string whyNoScanKernel(attn::ScanOp op);

/// Whether tokens are cut into chunks that are computed at the same time: not
/// with `beta`, as what multiplies a state is a matrix then, nor where tokens
/// are one chunk or blocks are enough without, by what is known of sizes.
bool isScannedInChunks(attn::ScanOp op);

/// Writes `op`, on buffers, as a launch before it, or as three: the state that
/// each chunk but the last makes of zero, and what it multiplies the one
/// before with; from these the state before each chunk; results (Blelloch
/// 1990, with one level).
void emitScan(attn::ScanOp op, mlir::OpBuilder &b);

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_SCANKERNEL_H
