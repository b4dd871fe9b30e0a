//===- DecodeAttention.h - attention of few queries to many keys *- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_DECODEATTENTION_H
#define TFC_TARGETS_CUDA_DECODEATTENTION_H

#include "KernelBuilder.h"
#include "Launch.h"
#include "tfc/Dialect/Attn/Attn.h"

namespace tfc::cuda {

/// What a block of threads computes at once: the scores of `rows` rows and
/// `keys` keys. Rows are the queries of all heads that share one of keys; a
/// head of keys with more has several tiles of them.
struct DecodeTile {
  static constexpr int64_t warps = 4, threads = warps * warpSize;

  /// For an operation that isDecoding.
  explicit DecodeTile(attn::AttentionOp op);

  int64_t queries, sharing, keyHeads;
  int64_t rows, rowTiles, keys;

  int64_t allRows() const { return sharing * queries; }
  int64_t unitsOfBatch() const { return keyHeads * rowTiles; }
};

/// Whether keys are dealt to all multiprocessors, whatever the number of heads
/// and batches: at most eight queries, by what is known of sizes, and more keys
/// than a tile has. For an operation that whyNoFlashAttention has nothing
/// against.
bool isDecoding(attn::AttentionOp op);

/// How many tiles there are if all are seen; -1 where sizes are open.
int64_t numDecodeTiles(attn::AttentionOp op, const DecodeTile &tile);

/// Writes `op`, on buffers whose rows begin at multiples of 16 bytes, as a
/// launch before it: LeanAttention (Sanovar et al. 2024).
void emitDecodeAttention(attn::AttentionOp op, mlir::OpBuilder &b);

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_DECODEATTENTION_H
