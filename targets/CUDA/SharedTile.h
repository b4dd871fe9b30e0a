//===- SharedTile.h - rows of a matrix in shared memory ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_SHAREDTILE_H
#define TFC_TARGETS_CUDA_SHAREDTILE_H

#include "KernelBuilder.h"

namespace tfc::cuda {

/// Rows of a matrix in shared memory, in chunks of 16 bytes. The chunks of a
/// row are exchanged by its number, so that the same ones of eight rows lie in
/// all banks.
struct SharedTile {
  static constexpr int64_t chunkBytes = 16;

  /// Rows are `fewestChunks` long at least: a TileCopy must not have more
  /// threads than the tile has chunks.
  SharedTile(int64_t rows, int64_t size, int64_t elementBytes,
             int64_t fewestChunks = 1);

  int64_t rowBytes() const { return rowChunks * chunkBytes; }
  int64_t bytes() const { return rows * rowBytes(); }
  int64_t elementsOfChunk() const { return chunkBytes / elementBytes; }

  /// Where a chunk of a row lies.
  mlir::Value offset(KernelBuilder &k, mlir::Value row,
                     mlir::Value chunk) const;

  int64_t rows, size, elementBytes, rowChunks;
};

/// Copies between a plane of a buffer of rank 4, of hasAlignedRows, and a tile,
/// some chunks for each thread.
class TileCopy {
public:
  /// Rows are counted from `firstRow` on, if it is given.
  TileCopy(KernelBuilder &k, mlir::Value buffer, mlir::Value batch,
           mlir::Value head, const SharedTile &tile, int64_t threads,
           mlir::Value firstRow = {});

  /// The thread's first chunk of the tile that begins with row `first`.
  mlir::Value start(mlir::Value first);
  /// Copies to `region` in the background, from `from` as start() or next()
  /// gave it; `left` rows are there from the tile's beginning, zeros follow.
  void copy(mlir::Value region, mlir::Value from, mlir::Value left);
  /// The same chunk of the next tile.
  mlir::Value next(mlir::Value from);
  /// Writes the tile at `region` to rows from `first` on, of which there are
  /// `numRows` in all.
  void write(mlir::Value region, mlir::Value first, mlir::Value numRows);

private:
  mlir::Value isChunk();
  mlir::Value sharedAt(mlir::Value region, int64_t pass);

  KernelBuilder &k;
  SharedTile tile;
  int64_t rowsAtOnce;
  mlir::Value base, rowBytes, row, chunk;
};

/// Whether the rows of a buffer of rank 4 are whole chunks and begin at
/// multiples of 16 bytes.
bool hasAlignedRows(mlir::MemRefType type);

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_SHAREDTILE_H
