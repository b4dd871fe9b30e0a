//===- SingleAttention.cpp - attention of f32 -------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FlashKernel.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

/// 8 x 16 threads have a tile: a thread has each eighth of its rows and each
/// sixteenth of its columns.
constexpr int64_t threadRows = 8, threadColumns = 16, chunk = 4;
constexpr int64_t lanesOfRow[] = {1, 2, 4, 8};

/// Products by multiply-adds in f32, of chunks of four from shared memory.
class SingleKernel : public FlashKernel {
public:
  SingleKernel(attn::AttentionOp op, FlashTile tile, KernelBuilder &k)
      : FlashKernel(op, tile, k, /*elementBytes=*/4),
        weightTile(tile.queries, tile.keys, /*elementBytes=*/4),
        rows(tile.queries / threadRows), columns(tile.keys / threadColumns),
        valueChunks(llvm::divideCeil(valueTile.rowChunks, threadColumns)) {}

  int64_t sharedBytes() const override {
    return FlashKernel::sharedBytes() + weightTile.bytes();
  }

private:
  void findRows() override;
  void computeTile(Value keysAt, Value valuesAt, Value firstKey,
                   bool isMasked) override;
  void storeRows() override;

  SmallVector<Value> multiplyKeys(Value keysAt);
  void shareWeights(ArrayRef<Value> weights);
  void addValues(Value valuesAt);
  SmallVector<Value> load(Value at);
  /// A loop from 0 to `count` over `values`.
  void repeat(int64_t count, MutableArrayRef<Value> values,
              llvm::function_ref<void(Value, MutableArrayRef<Value>)> body);
  /// The chunk of values that a thread has as its number `i`; there may be
  /// fewer than threads.
  Value valueChunk(int64_t i) {
    return k.remainder(k.add(column, i * threadColumns), valueTile.rowChunks);
  }

  SharedTile weightTile;
  int64_t rows, columns, valueChunks;
  Value row, column, weightRegion;
};

} // namespace

void SingleKernel::findRows() {
  row = k.divide(k.thread(), threadColumns);
  column = k.remainder(k.thread(), threadColumns);
  weightRegion = k.advance(shared, k.constant(FlashKernel::sharedBytes()));
  progress.results.resize(rows * valueChunks * chunk);
  progress.greatest.resize(rows);
  progress.sums.resize(rows);
}

SmallVector<Value> SingleKernel::load(Value at) {
  auto type = VectorType::get(chunk, k.b.getF32Type());
  Value loaded =
      LLVM::LoadOp::create(k.b, k.loc, type, at, SharedTile::chunkBytes);
  SmallVector<Value> numbers;
  for (int64_t i = 0; i < chunk; ++i)
    numbers.push_back(vector::ExtractOp::create(k.b, k.loc, loaded, i));
  return numbers;
}

void SingleKernel::repeat(
    int64_t count, MutableArrayRef<Value> values,
    llvm::function_ref<void(Value, MutableArrayRef<Value>)> body) {
  OpBuilder &b = k.b;
  auto loop = scf::ForOp::create(b, k.loc, k.constant(0), k.constant(count),
                                 k.constant(1), ValueRange(values));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> inside(loop.getRegionIterArgs());
  body(loop.getInductionVar(), inside);
  scf::YieldOp::create(b, k.loc, inside);
  llvm::copy(loop.getResults(), values.begin());
}

SmallVector<Value> SingleKernel::multiplyKeys(Value keysAt) {
  SmallVector<Value> scores(rows * columns, k.number(0));
  Value keys = k.advance(stream.keyRegion, keysAt);
  repeat(headSize / chunk, scores, [&](Value at, MutableArrayRef<Value> sums) {
    Value queryAt = queryTile.offset(k, row, at),
          keyAt = keyTile.offset(k, column, at);
    std::vector<SmallVector<Value>> right;
    for (int64_t j = 0; j < columns; ++j)
      right.push_back(load(k.advance(
          keys, k.add(keyAt, j * threadColumns * keyTile.rowBytes()))));
    for (int64_t i = 0; i < rows; ++i) {
      SmallVector<Value> left = load(k.advance(
          shared, k.add(queryAt, i * threadRows * queryTile.rowBytes())));
      for (int64_t j = 0; j < columns; ++j)
        for (int64_t e = 0; e < chunk; ++e) {
          Value &sum = sums[i * columns + j];
          sum = k.fma(left[e], right[j][e], sum);
        }
    }
  });
  return scores;
}

/// Weights to shared memory, where a row's threads have all of them.
void SingleKernel::shareWeights(ArrayRef<Value> weights) {
  Value inChunk = k.mul(k.remainder(column, chunk), 4);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      Value number = k.divide(k.add(column, j * threadColumns), chunk);
      Value at = weightTile.offset(k, k.add(row, i * threadRows), number);
      LLVM::StoreOp::create(k.b, k.loc, weights[i * columns + j],
                            k.advance(weightRegion, k.add(at, inChunk)));
    }
  // A row's threads are of one warp. All have read those of the tile before,
  // as the block has waited for this one since.
  k.warpBarrier();
}

void SingleKernel::addValues(Value valuesAt) {
  Value values = k.advance(stream.valueRegion, valuesAt);
  repeat(tile.keys / chunk, progress.results,
         [&](Value at, MutableArrayRef<Value> sums) {
           Value weightAt = weightTile.offset(k, row, at);
           std::vector<SmallVector<Value>> weights;
           for (int64_t i = 0; i < rows; ++i)
             weights.push_back(load(k.advance(
                 weightRegion,
                 k.add(weightAt, i * threadRows * weightTile.rowBytes()))));
           for (int64_t key = 0; key < chunk; ++key)
             for (int64_t c = 0; c < valueChunks; ++c) {
               Value valueRow = k.add(k.mul(at, chunk), key);
               SmallVector<Value> right = load(k.advance(
                   values, valueTile.offset(k, valueRow, valueChunk(c))));
               for (int64_t i = 0; i < rows; ++i)
                 for (int64_t e = 0; e < chunk; ++e) {
                   Value &sum = sums[(i * valueChunks + c) * chunk + e];
                   sum = k.fma(weights[i][key], right[e], sum);
                 }
             }
         });
}

void SingleKernel::computeTile(Value keysAt, Value valuesAt, Value firstKey,
                               bool isMasked) {
  SmallVector<Value> scores = multiplyKeys(keysAt);
  for (int64_t i = 0; i < rows; ++i) {
    SmallVector<Value *> scoresOfRow, results;
    for (int64_t j = 0; j < columns; ++j) {
      Value &score = scores[i * columns + j];
      if (isMasked)
        score =
            range->score(score, k.add(k.add(firstQuery, row), i * threadRows),
                         k.add(k.add(firstKey, column), j * threadColumns));
      scoresOfRow.push_back(&score);
    }
    for (int64_t e = 0; e < valueChunks * chunk; ++e)
      results.push_back(&progress.results[i * valueChunks * chunk + e]);
    progress.weigh(i, scoresOfRow, results, lanesOfRow, isMasked);
  }
  shareWeights(scores);
  addValues(valuesAt);
}

void SingleKernel::storeRows() {
  OpBuilder &b = k.b;
  auto type = VectorType::get(chunk, b.getF32Type());
  for (int64_t i = 0; i < rows; ++i) {
    RunningSoftmax::Divisor by = progress.divisorOf(
        k.acrossLanes(progress.sums[i], lanesOfRow, &KernelBuilder::addF));
    for (int64_t c = 0; c < valueChunks; ++c) {
      SmallVector<Value> numbers;
      for (int64_t e = 0; e < chunk; ++e)
        numbers.push_back(progress.divided(
            progress.results[(i * valueChunks + c) * chunk + e], by));
      // Where there are fewer chunks than threads, others have the same.
      auto isOwn = scf::IfOp::create(b, k.loc,
                                     k.less(k.add(column, c * threadColumns),
                                            k.constant(valueTile.rowChunks)),
                                     /*withElse=*/false);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(isOwn.thenBlock());
      Value vector = vector::FromElementsOp::create(b, k.loc, type, numbers);
      Value at = queryTile.offset(k, k.add(row, i * threadRows),
                                  k.add(column, c * threadColumns));
      LLVM::StoreOp::create(b, k.loc, vector, k.advance(shared, at),
                            SharedTile::chunkBytes);
    }
  }
}

std::unique_ptr<FlashKernel> tfc::cuda::createSingleKernel(attn::AttentionOp op,
                                                           FlashTile tile,
                                                           KernelBuilder &k) {
  return std::make_unique<SingleKernel>(op, tile, k);
}
