//===- KeyTiles.h - tiles of keys that a constant mask leaves ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_KEYTILES_H
#define TFC_TARGETS_CUDA_KEYTILES_H

#include "mlir/IR/Builders.h"
#include "tfc/Dialect/Attn/Attn.h"

namespace tfc::cuda {

/// Lists of tiles of keys, one for each tile of queries of each matrix of a
/// mask: the rows of a sparse matrix of blocks (CSR).
struct KeyTiles {
  /// Matrices of the mask, each 1 where it is broadcast, and tiles of queries.
  int64_t batches, heads, queryTiles;
  /// The list of the row r is numbers[numbers[2 r]] to
  /// numbers[numbers[2 r + 2] - 1]. Those that all queries see whole are in
  /// front of the others, which begin with numbers[numbers[2 r + 1]].
  llvm::SmallVector<int32_t> numbers;
  /// The same in device memory.
  mlir::Value buffer;
};

/// The tiles of `keys` that some of `queries` queries see, by a constant mask,
/// on buffers, and what hides keys by their place. None where the mask is no
/// constant, hides by a number or has open sizes beside it.
std::optional<KeyTiles> listKeyTiles(attn::AttentionOp op, int64_t queries,
                                     int64_t keys);

/// How many scores of a matrix are seen, the mean of all that the mask has;
/// none where listKeyTiles has no lists.
std::optional<double> countSeenScores(attn::AttentionOp op);

/// Makes a constant of the module of them.
void placeKeyTiles(KeyTiles &tiles, attn::AttentionOp op, mlir::OpBuilder &b);

/// Makes a mask of constant `key_blocks` on tensors, where no row lists a block
/// twice. Blocks of less than a tile stay: its parts gather their keys, so that
/// products have no hidden ones.
mlir::LogicalResult maskOfKeyBlocks(attn::AttentionOp op, mlir::OpBuilder &b);

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_KEYTILES_H
