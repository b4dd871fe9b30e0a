//===- DecodeTile.cpp - scores and results of a few rows --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DecodeKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

/// The head and the query of a row of the unit's tile; the last row's beyond
/// it.
DecodeKernel::Row DecodeKernel::rowOf(Value number) {
  Value row = k.add(firstRow, number);
  if (tile.rows * tile.rowTiles != tile.allRows())
    row = k.min(row, k.constant(tile.allRows() - 1));
  Value head = k.quotient(row, k.constant(tile.queries));
  return {k.add(k.mul(keyHead, tile.sharing), head),
          k.sub(row, k.mul(head, tile.queries))};
}

Value DecodeKernel::rowAddress(Value buffer, const Row &row) {
  auto metadata = memref::ExtractStridedMetadataOp::create(k.b, k.loc, buffer);
  Value at;
  for (auto [d, index] :
       llvm::enumerate(std::array{batch, row.head, row.query})) {
    Value part = k.mul(k.toWide(index), k.toWide(metadata.getStrides()[d]));
    at = at ? k.add(at, part) : part;
  }
  return k.advance(k.addressOf(buffer), k.mul(at, k.wide(elementBytes)));
}

SmallVector<Value> DecodeKernel::load(Value at, int64_t count, Type type) {
  OpBuilder &b = k.b;
  int64_t bytes = type.getIntOrFloatBitWidth() / 8;
  Value loaded = LLVM::LoadOp::create(b, k.loc, VectorType::get(count, type),
                                      at, count * bytes);
  if (!type.isF32())
    loaded = arith::ExtFOp::create(
        b, k.loc, VectorType::get(count, b.getF32Type()), loaded);
  SmallVector<Value> numbers;
  for (int64_t i = 0; i < count; ++i)
    numbers.push_back(vector::ExtractOp::create(b, k.loc, loaded, i));
  return numbers;
}

void DecodeKernel::store(ArrayRef<Value> numbers, Value at, Type type) {
  OpBuilder &b = k.b;
  int64_t count = numbers.size(), bytes = type.getIntOrFloatBitWidth() / 8;
  Value vector = vector::FromElementsOp::create(
      b, k.loc, VectorType::get(count, b.getF32Type()), numbers);
  if (!type.isF32())
    vector =
        arith::TruncFOp::create(b, k.loc, VectorType::get(count, type), vector);
  LLVM::StoreOp::create(b, k.loc, vector, at, count * bytes);
}

/// Rows to shared memory in f32, with zeros behind them where parts have more
/// chunks.
void DecodeKernel::loadQueries() {
  OpBuilder &b = k.b;
  int64_t chunks = headSize / keyTile.elementsOfChunk();
  int64_t count = tile.rows * queryChunks(), size = keyTile.elementsOfChunk();
  auto loop = scf::ForOp::create(b, k.loc, k.thread(), k.constant(count),
                                 k.constant(DecodeTile::threads));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value item = loop.getInductionVar();
  Value row = k.quotient(item, k.constant(queryChunks()));
  Value chunk = k.sub(item, k.mul(row, queryChunks()));
  Value from = k.advance(rowAddress(op.getQuery(), rowOf(row)),
                         k.toWide(k.mul(k.min(chunk, k.constant(chunks - 1)),
                                        SharedTile::chunkBytes)));
  SmallVector<Value> numbers = load(from, size, element);
  if (chunks != queryChunks()) {
    Value isInside = k.less(chunk, k.constant(chunks));
    for (Value &number : numbers)
      number = k.select(isInside, number, k.number(0));
  }
  Value to = k.advance(queryRegion, k.mul(item, size * 4));
  for (int64_t i = 0; i < size; i += 4)
    store(ArrayRef(numbers).slice(i, 4), k.advance(to, k.constant(i * 4)),
          b.getF32Type());
}

/// Products of the lane's key and all rows.
SmallVector<Value> DecodeKernel::multiplyKeys(Value keysAt) {
  OpBuilder &b = k.b;
  int64_t size = keyTile.elementsOfChunk();
  Value part = k.divide(lane, keysOfWarp);
  Value row = k.add(k.mul(warp, keysOfWarp), k.remainder(lane, keysOfWarp));
  SmallVector<Value> scores(tile.rows, k.number(0));
  auto loop = scf::ForOp::create(b, k.loc, k.constant(0),
                                 k.constant(queryChunks() / parts),
                                 k.constant(1), ValueRange(scores));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    scores.assign(loop.getRegionIterArgs().begin(),
                  loop.getRegionIterArgs().end());
    Value chunk = k.add(k.mul(loop.getInductionVar(), parts), part);
    Value keyAt = k.add(keysAt, keyTile.offset(k, row, chunk));
    SmallVector<Value> key =
        load(k.advance(stream.keyRegion, keyAt), size, element);
    for (int64_t i = 0; i < tile.rows; ++i)
      for (int64_t e = 0; e < size; e += 4) {
        Value at =
            k.add(k.mul(chunk, size * 4), (i * queryChunks() * size + e) * 4);
        SmallVector<Value> query =
            load(k.advance(queryRegion, at), 4, b.getF32Type());
        for (int64_t j = 0; j < 4; ++j)
          scores[i] = k.fma(query[j], key[e + j], scores[i]);
      }
    scf::YieldOp::create(b, k.loc, scores);
  }
  for (auto [score, sum] : llvm::zip_equal(scores, loop.getResults()))
    score = k.acrossLanes(sum, lanesOfParts, &KernelBuilder::addF);
  return scores;
}

/// A key's weights side by side.
void DecodeKernel::shareWeights(ArrayRef<Value> weights) {
  OpBuilder &b = k.b;
  // The warp has read those of the tile before, as the block has waited for
  // this one since.
  auto isFirst =
      scf::IfOp::create(b, k.loc, k.less(lane, k.constant(keysOfWarp)),
                        /*withElse=*/false);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(isFirst.thenBlock());
    Value key = k.add(k.mul(warp, keysOfWarp), lane);
    Value at = k.advance(weightRegion, k.mul(key, tile.rows * 4));
    int64_t size = std::min<int64_t>(tile.rows, 4);
    for (int64_t i = 0; i < tile.rows; i += size)
      store(weights.slice(i, size), k.advance(at, k.constant(i * 4)),
            b.getF32Type());
  }
  k.warpBarrier();
}

void DecodeKernel::addValues(Value valuesAt) {
  OpBuilder &b = k.b;
  Value group = k.divide(lane, valueLanes),
        column = k.remainder(lane, valueLanes);
  SmallVector<Value> &results = progress.results;
  auto loop = scf::ForOp::create(b, k.loc, k.constant(0),
                                 k.constant(keysOfWarp / keyGroups),
                                 k.constant(1), ValueRange(results));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  results.assign(loop.getRegionIterArgs().begin(),
                 loop.getRegionIterArgs().end());
  Value row = k.add(k.add(k.mul(loop.getInductionVar(), keyGroups), group),
                    k.mul(warp, keysOfWarp));
  SmallVector<Value> weights;
  int64_t size = std::min<int64_t>(tile.rows, 4);
  for (int64_t i = 0; i < tile.rows; i += size)
    weights.append(
        load(k.advance(weightRegion, k.add(k.mul(row, tile.rows * 4), i * 4)),
             size, b.getF32Type()));
  int64_t columnsOfChunk = valueTile.elementsOfChunk() / 4;
  for (int64_t pass = 0; pass < valuePasses; ++pass) {
    Value at = k.add(column, pass * valueLanes);
    Value offset = valueTile.offset(k, row, k.divide(at, columnsOfChunk));
    if (columnsOfChunk > 1)
      offset = k.add(offset,
                     k.mul(k.remainder(at, columnsOfChunk), 4 * elementBytes));
    SmallVector<Value> values = load(
        k.advance(stream.valueRegion, k.add(valuesAt, offset)), 4, element);
    for (int64_t i = 0; i < tile.rows; ++i)
      for (int64_t e = 0; e < 4; ++e) {
        Value &sum = results[(i * valuePasses + pass) * 4 + e];
        sum = k.fma(weights[i], values[e], sum);
      }
  }
  scf::YieldOp::create(b, k.loc, results);
  llvm::copy(loop.getResults(), results.begin());
}

void DecodeKernel::computeTile(Value keysAt, Value valuesAt, Value firstKey,
                               bool isMasked) {
  SmallVector<Value> scores = multiplyKeys(keysAt);
  Value key = k.add(k.add(firstKey, k.mul(warp, keysOfWarp)),
                    k.remainder(lane, keysOfWarp));
  int64_t size = valuePasses * 4;
  for (int64_t i = 0; i < tile.rows; ++i) {
    if (isMasked) {
      Row row = rowOf(k.constant(i));
      scores[i] = range->score(scores[i], row.head, row.query, key);
    }
    SmallVector<Value *> results;
    for (int64_t e = 0; e < size; ++e)
      results.push_back(&progress.results[i * size + e]);
    progress.weigh(i, &scores[i], results, lanesOfKeys, isMasked);
  }
  shareWeights(scores);
  addValues(valuesAt);
}

void DecodeKernel::run(Value from, Value to, bool isMasked) {
  stream.run(from, to, progress.all(),
             [&](Value keysAt, Value valuesAt, Value firstKey) {
               computeTile(keysAt, valuesAt, firstKey, isMasked);
             });
}
