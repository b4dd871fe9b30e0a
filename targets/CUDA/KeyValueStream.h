//===- KeyValueStream.h - tiles of keys and values, one ahead ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_KEYVALUESTREAM_H
#define TFC_TARGETS_CUDA_KEYVALUESTREAM_H

#include "SharedTile.h"
#include "tfc/Dialect/Attn/Attn.h"

namespace tfc::cuda {

/// Keys and values of a head of keys, which come to shared memory by tiles, two
/// at a time: one is there, the next is on its way.
class KeyValueStream {
public:
  static constexpr int64_t stages = 2;

  KeyValueStream(attn::AttentionOp op, KernelBuilder &k, const SharedTile &keys,
                 const SharedTile &values, int64_t threads);

  /// Of both tiles' stages.
  int64_t sharedBytes() const;
  /// They are in shared memory from `region` on.
  void place(mlir::Value region);
  mlir::Value keyRegion, valueRegion;
  /// Asks for the tile of number `firstTile`; keys from `endKey` on are not
  /// read. Keys are counted from `firstRow` on, if it is given.
  void begin(mlir::Value batch, mlir::Value keyHead, mlir::Value firstTile,
             mlir::Value endKey, mlir::Value firstRow = {});
  /// Lets `run` leave out the tiles from `from` to `to`, 1 at least.
  void skip(mlir::Value from, mlir::Value to) {
    skipFrom = from;
    skipTo = to;
  }
  /// Lets tiles be places in `list`, of i32 in device memory, where their
  /// numbers are; the last is that before `end`.
  void follow(mlir::Value list, mlir::Value end) {
    this->list = list;
    endOfList = end;
  }
  /// The tiles from `from` to `to` over `state`. The first has been asked for;
  /// each asks for the next. `body` has the places of a tile's keys and values
  /// in their regions, in bytes, and the number of its first key.
  void run(mlir::Value from, mlir::Value to,
           llvm::ArrayRef<mlir::Value *> state,
           llvm::function_ref<void(mlir::Value keysAt, mlir::Value valuesAt,
                                   mlir::Value firstKey)>
               body);

private:
  attn::AttentionOp op;
  KernelBuilder &k;
  SharedTile keyTile, valueTile;
  int64_t threads;
  std::optional<TileCopy> keyCopy, valueCopy;
  /// What the copies do next.
  mlir::Value keyFrom, valueFrom, rowsLeft, keyStage, valueStage;
  mlir::Value endKey, skipFrom, skipTo, list, endOfList;

  void moveTo(mlir::Value number);
  mlir::Value listed(mlir::Value place);
};

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_KEYVALUESTREAM_H
