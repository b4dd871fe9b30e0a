//===- DecodeKernel.cpp - attention whose keys are dealt to all blocks *- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DecodeKernel.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

SmallVector<int64_t> powersOf2(int64_t from, int64_t to) {
  SmallVector<int64_t> powers;
  for (; from < to; from *= 2)
    powers.push_back(from);
  return powers;
}

} // namespace

DecodeKernel::DecodeKernel(attn::AttentionOp op, const DecodeTile &tile,
                           KernelBuilder &k, Value partials, Value counters)
    : op(op), tile(tile), k(k), partials(partials), counters(counters),
      element(cast<ShapedType>(op.getKey().getType()).getElementType()),
      elementBytes(element.getIntOrFloatBitWidth() / 8),
      headSize(typeSize(op.getKey(), 3)), valueSize(typeSize(op.getValue(), 3)),
      keysOfWarp(tile.keys / DecodeTile::warps), parts(warpSize / keysOfWarp),
      valueLanes(std::clamp<int64_t>(llvm::PowerOf2Ceil(valueSize / 4), parts,
                                     warpSize)),
      keyGroups(warpSize / valueLanes),
      valuePasses(llvm::divideCeil(valueSize / 4, valueLanes)),
      // Lanes of all parts have chunks, and passes of a copy have rows.
      keyTile(tile.keys, headSize, elementBytes, parts),
      valueTile(tile.keys, valueSize, elementBytes, parts),
      stream(op, k, keyTile, valueTile, DecodeTile::threads), progress(op, k),
      lanesOfKeys(powersOf2(1, keysOfWarp)),
      lanesOfParts(powersOf2(keysOfWarp, warpSize)),
      lanesOfGroups(powersOf2(valueLanes, warpSize)) {
  progress.results.resize(tile.rows * valuePasses * 4);
  progress.greatest.resize(tile.rows);
  progress.sums.resize(tile.rows);
}

int64_t DecodeKernel::partialSize(attn::AttentionOp op) {
  return typeSize(op.getValue(), 3) + 4;
}

/// Of 16 bytes, of a row of queries, as many for each part.
int64_t DecodeKernel::queryChunks() const {
  return llvm::alignTo(headSize / keyTile.elementsOfChunk(), parts);
}

int64_t DecodeKernel::queryBytes() const {
  return tile.rows * queryChunks() * keyTile.elementsOfChunk() * 4;
}

int64_t DecodeKernel::streamBytes() const {
  // The warps' results take the place of keys and values.
  return std::max(stream.sharedBytes(),
                  DecodeTile::warps * tile.rows * paddedValues() * 4);
}

int64_t DecodeKernel::weightBytes() const { return tile.keys * tile.rows * 4; }

int64_t DecodeKernel::sharedBytes() const {
  constexpr int64_t statBytes = 8, flagBytes = 16;
  return streamBytes() + queryBytes() + weightBytes() +
         DecodeTile::warps * tile.rows * statBytes + flagBytes;
}

void DecodeKernel::findPlaces() {
  lane = k.remainder(k.thread(), warpSize);
  warp = k.divide(k.thread(), warpSize);
  block = k.block(0);
  Value shared = k.sharedMemory();
  stream.place(shared);
  queryRegion = k.advance(shared, k.constant(streamBytes()));
  weightRegion = k.advance(queryRegion, k.constant(queryBytes()));
  flagRegion = k.advance(weightRegion, k.constant(weightBytes()));
  statRegion = k.advance(flagRegion, k.constant(16));
}

/// Those of a unit of the range's batch: one at least, which writes the results
/// of rows that see no key.
Value DecodeKernel::tilesOf(const KeyRange &range) {
  return k.max(k.sub(range.end, range.begin), k.constant(1));
}

Value DecodeKernel::tilesOfBatch(Value ofBatch) {
  if (tilesOfEach)
    return tilesOfEach;
  Value zero = k.constant(0);
  return tilesOf(KeyRange(op, k, ofBatch, zero, zero, tile.queries, tile.keys));
}

/// Counts all tiles. Batches have as many, or are counted one by one.
void DecodeKernel::dealTiles() {
  OpBuilder &b = k.b;
  Value batches =
      k.toInt(b.createOrFold<memref::DimOp>(k.loc, op.getInit(), 0));
  Value zero = k.constant(0), one = k.constant(1);
  if (!op.getKeyLengths() && !op.hasOffsetPerBatch()) {
    tilesOfEach = tilesOfBatch(zero);
    total = k.mul(tilesOfEach, batches);
  } else {
    auto loop =
        scf::ForOp::create(b, k.loc, zero, batches, one, ValueRange{zero});
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value sum =
        k.add(loop.getRegionIterArg(0), tilesOfBatch(loop.getInductionVar()));
    scf::YieldOp::create(b, k.loc, sum);
    total = loop.getResult(0);
  }
  total = k.mul(total, tile.unitsOfBatch());
  Value blocks = k.min(
      total, k.toInt(gpu::GridDimOp::create(b, k.loc, gpu::Dimension::x)));
  quotient = k.quotient(total, blocks);
  remainder = k.sub(total, k.mul(quotient, blocks));
}

/// The first tile of a block's range, which is empty where there are more
/// blocks than tiles.
Value DecodeKernel::beginOf(Value ofBlock) {
  return k.min(k.add(k.mul(ofBlock, quotient), k.min(ofBlock, remainder)),
               total);
}

Value DecodeKernel::blockOf(Value ofTile) {
  // The first ranges have a tile more.
  Value larger = k.add(quotient, 1);
  Value ofLarger = k.mul(remainder, larger);
  Value beyond =
      k.add(remainder, k.quotient(k.sub(ofTile, ofLarger), quotient));
  return k.select(k.less(ofTile, ofLarger), k.quotient(ofTile, larger), beyond);
}

/// The batch of a tile, and the batch's first tile, which are given of an
/// earlier one.
void DecodeKernel::findBatch(Value ofTile, Value &itsBatch, Value &itsFirst) {
  OpBuilder &b = k.b;
  if (tilesOfEach) {
    Value each = k.mul(tilesOfEach, tile.unitsOfBatch());
    itsBatch = k.quotient(ofTile, each);
    itsFirst = k.mul(itsBatch, each);
    return;
  }
  Type type = b.getI32Type();
  auto search = scf::WhileOp::create(
      b, k.loc, {type, type, type}, {itsBatch, itsFirst},
      [&](OpBuilder &, Location, ValueRange now) {
        Value behind =
            k.add(now[1], k.mul(tilesOfBatch(now[0]), tile.unitsOfBatch()));
        Value isLater = k.less(ofTile, behind);
        isLater = k.xOr(isLater, arith::ConstantIntOp::create(b, k.loc, 1, 1));
        scf::ConditionOp::create(b, k.loc, isLater,
                                 ValueRange{now[0], now[1], behind});
      },
      [&](OpBuilder &, Location, ValueRange now) {
        scf::YieldOp::create(b, k.loc, ValueRange{k.add(now[0], 1), now[2]});
      });
  itsBatch = search.getResult(0);
  itsFirst = search.getResult(1);
}

/// Computes those tiles before `end` that are of the unit of tile `current`;
/// gives the first behind them.
Value DecodeKernel::computeUnit(Value current, Value end, Value firstOfBatch) {
  Value zero = k.constant(0);
  range.emplace(op, k, batch, zero, zero, tile.queries, tile.keys);
  Value tiles = tilesOf(*range);
  Value inBatch = k.sub(current, firstOfBatch);
  Value unit = k.quotient(inBatch, tiles);
  Value skipped = k.sub(inBatch, k.mul(unit, tiles));
  Value count = k.min(k.sub(tiles, skipped), k.sub(end, current));
  keyHead = k.quotient(unit, k.constant(tile.rowTiles));
  firstRow = k.mul(k.sub(unit, k.mul(keyHead, tile.rowTiles)), tile.rows);
  Value from = k.add(range->begin, skipped), to = k.add(from, count);
  // Everyone has read what the unit before left in shared memory.
  k.barrier();
  stream.begin(batch, keyHead, from,
               k.min(range->numKeys, k.mul(to, tile.keys)));
  loadQueries();
  progress.begin();
  auto inside = [&](Value x, Value least) {
    return k.min(k.max(x, least), to);
  };
  Value fullFrom = inside(range->fullBegin, from);
  Value fullTo = inside(range->fullEnd, fullFrom);
  if (range->mayBeginInPart())
    run(from, fullFrom, /*isMasked=*/true);
  if (range->mayBeFull())
    run(fullFrom, fullTo, /*isMasked=*/false);
  run(range->mayBeFull() ? fullTo : from, to, /*isMasked=*/true);
  k.waitForCopies(0);
  k.barrier();
  shareParts();
  k.barrier();
  storeUnit(k.equal(count, tiles), k.equal(skipped, zero),
            k.sub(current, skipped), tiles);
  return k.add(current, count);
}

void DecodeKernel::emit() {
  OpBuilder &b = k.b;
  findPlaces();
  dealTiles();
  Value begin = beginOf(block), end = beginOf(k.add(block, 1));
  Type type = b.getI32Type();
  Value zero = k.constant(0);
  scf::WhileOp::create(
      b, k.loc, {type, type, type}, {begin, zero, zero},
      [&](OpBuilder &, Location, ValueRange now) {
        scf::ConditionOp::create(b, k.loc, k.less(now[0], end), now);
      },
      [&](OpBuilder &, Location, ValueRange now) {
        batch = now[1];
        Value firstOfBatch = now[2];
        findBatch(now[0], batch, firstOfBatch);
        Value next = computeUnit(now[0], end, firstOfBatch);
        scf::YieldOp::create(b, k.loc, ValueRange{next, batch, firstOfBatch});
      });
}
