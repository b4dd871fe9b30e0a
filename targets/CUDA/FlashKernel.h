//===- FlashKernel.h - what kernels of attention share ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_FLASHKERNEL_H
#define TFC_TARGETS_CUDA_FLASHKERNEL_H

#include "FlashAttention.h"
#include "KeyRange.h"
#include "KeyValueStream.h"
#include "RunningSoftmax.h"
#include "SequenceTile.h"

namespace tfc::cuda {

/// A block of threads that computes a tile of an attention's rows: keys and
/// values come by tiles, two in shared memory at a time, and some threads have
/// each row's softmax in registers.
class FlashKernel {
public:
  FlashKernel(attn::AttentionOp op, FlashTile tile, KernelBuilder &k,
              int64_t elementBytes);
  virtual ~FlashKernel() = default;

  virtual int64_t sharedBytes() const;
  /// Only these tiles of keys are read.
  void useTiles(const KeyTiles &tiles) { listed = &tiles; }
  /// Writes the body of the launch.
  void emit();

protected:
  /// Finds the places of the thread, and says in `progress` how many rows and
  /// results it has.
  virtual void findRows() = 0;
  /// What is done once with the queries, which are in shared memory.
  virtual void loadQueries() {}
  /// Scores, weights and results of a tile of keys, at so many bytes from the
  /// beginnings of their regions.
  virtual void computeTile(mlir::Value keysAt, mlir::Value valuesAt,
                           mlir::Value firstKey, bool isMasked) = 0;
  /// Writes rows to `shared` as queryTile has them.
  virtual void storeRows() = 0;

  attn::AttentionOp op;
  FlashTile tile;
  KernelBuilder &k;
  int64_t headSize, valueSize;
  SharedTile queryTile, keyTile, valueTile;
  mlir::Value batch, head, firstQuery, lane, warp;
  /// The block's, where `op` has sequences; its tokens are the queries and keys
  /// that all other numbers are of.
  SequenceTile sequence;
  mlir::Value shared;
  std::optional<KeyRange> range;
  const KeyTiles *listed = nullptr;
  /// What carries from one tile of keys to the next.
  RunningSoftmax progress;
  KeyValueStream stream;

private:
  mlir::Value tileNumber();
  void findPlace();
  void compute();
  void beginCopies();
  mlir::Value numQueries();
  void run(mlir::Value from, mlir::Value to, bool isMasked);
};

/// On tensor cores, for f16 and bf16.
std::unique_ptr<FlashKernel>
createTensorCoreKernel(attn::AttentionOp op, FlashTile tile, KernelBuilder &k);
/// By multiply-adds, for f32.
std::unique_ptr<FlashKernel>
createSingleKernel(attn::AttentionOp op, FlashTile tile, KernelBuilder &k);

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_FLASHKERNEL_H
