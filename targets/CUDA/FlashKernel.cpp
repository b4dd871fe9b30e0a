//===- FlashKernel.cpp - what kernels of attention share --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FlashKernel.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <limits>

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

constexpr int64_t stages = 2;
constexpr double infinity = std::numeric_limits<double>::infinity();

int64_t sizeOf(Value buffer, int64_t dim) {
  return cast<ShapedType>(buffer.getType()).getDimSize(dim);
}

} // namespace

FlashKernel::FlashKernel(attn::AttentionOp op, FlashTile tile, KernelBuilder &k,
                         int64_t elementBytes)
    : op(op), tile(tile), k(k), headSize(sizeOf(op.getKey(), 3)),
      valueSize(sizeOf(op.getValue(), 3)),
      queryTile(tile.queries, std::max(headSize, valueSize), elementBytes),
      keyTile(tile.keys, headSize, elementBytes),
      valueTile(tile.keys, valueSize, elementBytes) {}

int64_t FlashKernel::sharedBytes() const {
  return queryTile.bytes() + stages * (keyTile.bytes() + valueTile.bytes());
}

SmallVector<Value *> FlashKernel::Progress::all() {
  SmallVector<Value *> values;
  for (SmallVector<Value> *list : {&results, &greatest, &sums})
    for (Value &value : *list)
      values.push_back(&value);
  return values;
}

/// The numbers of this block's tile, head and batch, of this thread's warp and
/// lane, and where shared memory has what.
void FlashKernel::findPlace() {
  Value number = k.block(0);
  if (op.getCausal()) {
    // The longest rows first: short ones fill the gaps at the end.
    Value count =
        k.toInt(gpu::GridDimOp::create(k.b, k.loc, gpu::Dimension::x));
    number = k.sub(k.sub(count, k.constant(1)), number);
  }
  firstQuery = k.mul(number, tile.queries);
  head = k.block(1);
  batch = k.block(2);
  lane = k.remainder(k.thread(), 32);
  warp = k.divide(k.thread(), 32);
  shared = k.sharedMemory();
  keyRegion = k.advance(shared, k.constant(queryTile.bytes()));
  valueRegion = k.advance(keyRegion, k.constant(stages * keyTile.bytes()));
}

/// Queries, and the first tile of keys and values.
void FlashKernel::beginCopies() {
  OpBuilder &b = k.b;
  auto size = [&](Value buffer, int64_t dim) {
    return k.toInt(b.createOrFold<memref::DimOp>(k.loc, buffer, dim));
  };
  Value sharing = b.createOrFold<arith::DivUIOp>(k.loc, size(op.getQuery(), 1),
                                                 size(op.getKey(), 1));
  Value keyHead = b.createOrFold<arith::DivUIOp>(k.loc, head, sharing);
  SharedTile queries(tile.queries, headSize, queryTile.elementBytes);
  queries.rowChunks = queryTile.rowChunks;
  TileCopy queryCopy(k, op.getQuery(), batch, head, queries, tile.threads());
  keyCopy.emplace(k, op.getKey(), batch, keyHead, keyTile, tile.threads());
  valueCopy.emplace(k, op.getValue(), batch, keyHead, valueTile,
                    tile.threads());
  queryCopy.copy(shared, queryCopy.start(firstQuery),
                 k.sub(size(op.getQuery(), 2), firstQuery));
  k.commitCopies();
  Value firstKey = k.mul(range->begin, tile.keys);
  keyFrom = keyCopy->start(firstKey);
  valueFrom = valueCopy->start(firstKey);
  rowsLeft = k.sub(range->numKeys, firstKey);
  keyStage = valueStage = k.constant(0);
  keyCopy->copy(keyRegion, keyFrom, rowsLeft);
  valueCopy->copy(valueRegion, valueFrom, rowsLeft);
  k.commitCopies();
  k.waitForCopies(1);
  k.barrier();
}

/// The tiles of keys from `from` to `to`. The first has been asked for; each
/// asks for the next.
void FlashKernel::run(Value from, Value to, bool isMasked) {
  OpBuilder &b = k.b;
  SmallVector<Value *> state = progress.all();
  state.append({&keyFrom, &valueFrom, &rowsLeft, &keyStage, &valueStage});
  auto values = [&] {
    SmallVector<Value> list;
    for (Value *value : state)
      list.push_back(*value);
    return list;
  };
  auto take = [&](ValueRange list) {
    for (auto [value, now] : llvm::zip_equal(state, list))
      *value = now;
  };
  auto loop = scf::ForOp::create(b, k.loc, from, to, k.constant(1), values());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  take(loop.getRegionIterArgs());
  Value keysAt = keyStage, valuesAt = valueStage;
  k.waitForCopies(0);
  // Also: everyone has read what the next copies overwrite.
  k.barrier();
  int64_t numKeys = sizeOf(op.getKey(), 2);
  bool isOneTile = !ShapedType::isDynamic(numKeys) && numKeys <= tile.keys;
  if (!isOneTile) {
    keyStage = k.xOr(keyStage, k.constant(keyTile.bytes()));
    valueStage = k.xOr(valueStage, k.constant(valueTile.bytes()));
    rowsLeft = k.sub(rowsLeft, k.constant(tile.keys));
    keyFrom = keyCopy->next(keyFrom);
    valueFrom = valueCopy->next(valueFrom);
    keyCopy->copy(k.advance(keyRegion, keyStage), keyFrom, rowsLeft);
    valueCopy->copy(k.advance(valueRegion, valueStage), valueFrom, rowsLeft);
    k.commitCopies();
  }
  computeTile(keysAt, valuesAt, k.mul(loop.getInductionVar(), tile.keys),
              isMasked);
  scf::YieldOp::create(b, k.loc, values());
  take(loop.getResults());
}

Value FlashKernel::acrossLanes(Value x, ArrayRef<int64_t> lanes,
                               Value (KernelBuilder::*combine)(Value, Value)) {
  for (int64_t mask : lanes)
    x = (k.*combine)(x, k.shuffleXor(x, mask));
  return x;
}

void FlashKernel::weigh(int64_t row, ArrayRef<Value *> scores,
                        ArrayRef<Value *> results, ArrayRef<int64_t> lanes,
                        bool isMasked) {
  double scale = range->needsScores ? 1 : op.getScale().convertToDouble();
  Value factor = k.number(scale * llvm::numbers::log2e);
  Value &greatest = progress.greatest[row], &sum = progress.sums[row];
  Value most;
  for (Value *score : scores)
    most = most ? k.maxF(most, *score) : *score;
  most = k.maxF(greatest, acrossLanes(most, lanes, &KernelBuilder::maxF));
  Value base = most;
  if (isMasked) {
    // A row that has seen no key: its weights are 0, not NaN.
    Value isNone = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::OEQ,
                                         most, k.number(-infinity));
    base = k.select(isNone, k.number(0), most);
  }
  // Differences of numbers near the end of f32's range must be taken first.
  bool subtractsFirst = range->hidesByNumber();
  Value shift = arith::NegFOp::create(k.b, k.loc, k.mulF(base, factor));
  auto weight = [&](Value score) {
    return k.exp2(subtractsFirst ? k.mulF(k.subF(score, base), factor)
                                 : k.fma(score, factor, shift));
  };
  Value scaling = weight(greatest), added;
  for (Value *score : scores) {
    *score = weight(*score);
    added = added ? k.addF(added, *score) : *score;
  }
  sum = k.fma(sum, scaling, added);
  greatest = most;
  for (Value *result : results)
    *result = k.mulF(*result, scaling);
}

FlashKernel::Divisor FlashKernel::divisorOf(int64_t row,
                                            ArrayRef<int64_t> lanes) {
  Value sum = acrossLanes(progress.sums[row], lanes, &KernelBuilder::addF);
  Divisor by{k.reciprocal(sum), Value()};
  if (op.getZeroMaskedRows() || op.getZeroNanRows())
    by.isZero =
        arith::CmpFOp::create(k.b, k.loc,
                              op.getZeroNanRows() ? arith::CmpFPredicate::UEQ
                                                  : arith::CmpFPredicate::OEQ,
                              sum, k.number(0));
  return by;
}

Value FlashKernel::divided(Value result, const Divisor &by) {
  Value value = k.mulF(result, by.factor);
  return by.isZero ? k.select(by.isZero, k.number(0), value) : value;
}

void FlashKernel::emit() {
  findPlace();
  range.emplace(op, k, batch, head, firstQuery, tile.queries, tile.keys);
  findRows();
  beginCopies();
  loadQueries();
  for (Value &value : progress.results)
    value = k.number(0);
  for (Value &value : progress.greatest)
    value = k.number(-infinity);
  for (Value &value : progress.sums)
    value = k.number(0);
  if (range->mayBeginInPart())
    run(range->begin, range->fullBegin, /*isMasked=*/true);
  if (range->mayBeFull())
    run(range->fullBegin, range->fullEnd, /*isMasked=*/false);
  run(range->fullEnd, range->end, /*isMasked=*/true);
  // By way of shared memory, so that neighbours write neighbouring chunks.
  k.waitForCopies(0);
  k.barrier();
  storeRows();
  k.barrier();
  SharedTile rows(tile.queries, valueSize, queryTile.elementBytes);
  rows.rowChunks = queryTile.rowChunks;
  TileCopy out(k, op.getInit(), batch, head, rows, tile.threads());
  out.write(shared, firstQuery,
            k.toInt(k.b.createOrFold<memref::DimOp>(k.loc, op.getInit(), 2)));
}
