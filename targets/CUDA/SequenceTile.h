//===- SequenceTile.h - tiles of sequences without padding ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_SEQUENCETILE_H
#define TFC_TARGETS_CUDA_SEQUENCETILE_H

#include "KernelBuilder.h"
#include "tfc/Dialect/Attn/Attn.h"

namespace tfc::cuda {

/// The tokens of one sequence that a block has as queries.
struct SequenceTile {
  /// The sequence's first token among all, and how many it has.
  mlir::Value firstToken, numTokens;
  /// The tile's first query in the sequence; not one of it where the block has
  /// nothing to do.
  mlir::Value firstQuery;
  /// The number of the sequence: the rest can be read again by it.
  mlir::Value sequence;
};

/// How many blocks, an index, have all tiles of `queries` tokens whatever the
/// lengths: sequence n has the blocks from sequences[n] / queries + n on, which
/// are one more than its tiles at most. So neither the host nor a kernel before
/// counts anything.
mlir::Value numSequenceTiles(attn::AttentionOp op, int64_t queries,
                             mlir::OpBuilder &b);

/// What the block `number` has, inside of the kernel: a warp looks at 32
/// sequences at once, so it is one read for so many, two for 1024.
SequenceTile findSequenceTile(attn::AttentionOp op, KernelBuilder &k,
                              mlir::Value number, int64_t queries);
/// The same where `sequence` is known.
SequenceTile readSequenceTile(attn::AttentionOp op, KernelBuilder &k,
                              mlir::Value number, mlir::Value sequence,
                              int64_t queries);

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_SEQUENCETILE_H
