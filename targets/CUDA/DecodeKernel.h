//===- DecodeKernel.h - attention whose keys are dealt to all blocks *- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_DECODEKERNEL_H
#define TFC_TARGETS_CUDA_DECODEKERNEL_H

#include "DecodeAttention.h"
#include "KeyRange.h"
#include "KeyValueStream.h"
#include "RunningSoftmax.h"

namespace tfc::cuda {

/// A block of threads that walks over a range of all tiles of an attention:
/// those of a unit (a batch, a head of keys, some rows) one behind the other,
/// and the units by batches. What it has of a unit at the range's ends is
/// merged with what other blocks have by the one that comes last.
///
/// A warp has some keys of each tile, with a softmax of its own for all rows,
/// so that a number in shared memory is read once.
class DecodeKernel {
public:
  /// `partials` and `counters` are as emitDecodeAttention makes them, the
  /// latter zeros.
  DecodeKernel(attn::AttentionOp op, const DecodeTile &tile, KernelBuilder &k,
               mlir::Value partials, mlir::Value counters);

  /// A row's results, its greatest score and its sum of weights, and nothing up
  /// to a multiple of 16 bytes.
  static int64_t partialSize(attn::AttentionOp op);
  int64_t sharedBytes() const;
  /// Writes the body of the launch.
  void emit();

private:
  // Which tiles: DecodeKernel.cpp.
  void findPlaces();
  mlir::Value tilesOf(const KeyRange &range);
  mlir::Value tilesOfBatch(mlir::Value ofBatch);
  void dealTiles();
  mlir::Value beginOf(mlir::Value ofBlock);
  mlir::Value blockOf(mlir::Value ofTile);
  void findBatch(mlir::Value ofTile, mlir::Value &itsBatch,
                 mlir::Value &itsFirst);
  mlir::Value computeUnit(mlir::Value current, mlir::Value end,
                          mlir::Value firstOfBatch);

  // Their scores and results: DecodeTile.cpp.
  struct Row {
    mlir::Value head, query;
  };
  Row rowOf(mlir::Value number);
  mlir::Value rowAddress(mlir::Value buffer, const Row &row);
  void loadQueries();
  void run(mlir::Value from, mlir::Value to, bool isMasked);
  void computeTile(mlir::Value keysAt, mlir::Value valuesAt,
                   mlir::Value firstKey, bool isMasked);
  llvm::SmallVector<mlir::Value> multiplyKeys(mlir::Value keysAt);
  void shareWeights(llvm::ArrayRef<mlir::Value> weights);
  void addValues(mlir::Value valuesAt);
  llvm::SmallVector<mlir::Value> load(mlir::Value at, int64_t count,
                                      mlir::Type element);
  void store(llvm::ArrayRef<mlir::Value> numbers, mlir::Value at,
             mlir::Type element);

  // What becomes of them: DecodeResults.cpp.
  /// A row's softmax over some keys, with four results.
  struct Part {
    mlir::Value greatest, sum;
    llvm::SmallVector<mlir::Value> results;
  };
  /// A place of the thread in rows and columns of four.
  struct Place {
    mlir::Value row, column;
  };
  Part merge(llvm::ArrayRef<Part> parts);
  void forEachPlace(llvm::function_ref<void(const Place &)> body);
  void shareParts();
  Part partOfBlock(const Place &place);
  mlir::Value partialAddress(mlir::Value slot, const Place &place);
  Part loadPartial(mlir::Value slot, const Place &place);
  void storePartial(const Part &part, mlir::Value slot, const Place &place);
  void storeResults(const Part &part, const Place &place);
  void storeUnit(mlir::Value isWhole, mlir::Value isBegin,
                 mlir::Value firstTile, mlir::Value tiles);
  mlir::Value isLast(mlir::Value firstBlock, mlir::Value lastBlock);
  void mergeBlocks(mlir::Value firstBlock, mlir::Value lastBlock);

  attn::AttentionOp op;
  DecodeTile tile;
  KernelBuilder &k;
  mlir::Value partials, counters;
  mlir::Type element;
  int64_t elementBytes, headSize, valueSize;
  /// Lanes of a warp: `parts` of a key's chunks for each of `keysOfWarp`, and
  /// `valueLanes` for columns of four for each of `keyGroups`.
  int64_t keysOfWarp, parts, valueLanes, keyGroups, valuePasses;
  SharedTile keyTile, valueTile;
  KeyValueStream stream;
  RunningSoftmax progress;
  llvm::SmallVector<int64_t> lanesOfKeys, lanesOfParts, lanesOfGroups;

  // What all threads know.
  mlir::Value lane, warp, block;
  mlir::Value queryRegion, weightRegion, statRegion, flagRegion;
  mlir::Value total, quotient, remainder, tilesOfEach;
  // Of the unit.
  mlir::Value batch, keyHead, firstRow;
  std::optional<KeyRange> range;

  int64_t queryChunks() const;
  int64_t valueColumns() const { return valueSize / 4; }
  int64_t paddedValues() const { return valuePasses * valueLanes * 4; }
  int64_t streamBytes() const;
  int64_t weightBytes() const;
  int64_t queryBytes() const;
};

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_DECODEKERNEL_H
