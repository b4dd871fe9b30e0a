//===- FlashAttention.h - attention that never writes scores ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_FLASHATTENTION_H
#define TFC_TARGETS_CUDA_FLASHATTENTION_H

#include "KernelBuilder.h"
#include "Launch.h"
#include "tfc/Dialect/Attn/Attn.h"

namespace tfc::cuda {

/// What a block of threads computes: `queries` rows of the result, `keys` at a
/// time, by `warps` with as many rows each.
struct FlashTile {
  int64_t queries, keys, warps;
  /// Whether queries stay in registers; else they are read from shared memory
  /// for each tile of keys.
  bool holdsQueries;

  int64_t threads() const { return warpSize * warps; }
};

/// Whether the heads of `op` are of known sizes that fit a kernel, with rows of
/// whole chunks of 16 bytes in elements of so many bytes.
bool hasWholeHeads(attn::AttentionOp op, int64_t elementBytes);

/// Why there is no kernel on tensor cores for `op`, on tensors or buffers;
/// empty where there is.
std::string whyNoFlashAttention(attn::AttentionOp op);

/// For an operation that whyNoFlashAttention has nothing against.
FlashTile chooseFlashTile(attn::AttentionOp op);

/// Writes `op`, on buffers whose rows begin at multiples of 16 bytes, as a
/// launch before it: FlashAttention-2 (Dao 2023). A warp has its rows' scores,
/// of one tile of keys, maxima, sums and results in registers; tiles of keys
/// and values come by copies in the background, while the tile before is
/// multiplied. Tiles that no query sees are skipped, and only those that some
/// see in part are masked.
void emitFlashAttention(attn::AttentionOp op, FlashTile tile,
                        mlir::OpBuilder &b);

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_FLASHATTENTION_H
