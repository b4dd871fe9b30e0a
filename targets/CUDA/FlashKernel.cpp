//===- FlashKernel.cpp - what kernels of attention share --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FlashKernel.h"
#include "Launch.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

FlashKernel::FlashKernel(attn::AttentionOp op, FlashTile tile, KernelBuilder &k,
                         int64_t elementBytes)
    : op(op), tile(tile), k(k), headSize(typeSize(op.getKey(), 3)),
      valueSize(typeSize(op.getValue(), 3)),
      queryTile(tile.queries, std::max(headSize, valueSize), elementBytes),
      keyTile(tile.keys, headSize, elementBytes, tile.threads() / tile.keys),
      valueTile(tile.keys, valueSize, elementBytes, tile.threads() / tile.keys),
      progress(op, k), stream(op, k, keyTile, valueTile, tile.threads()) {}

int64_t FlashKernel::sharedBytes() const {
  return queryTile.bytes() + stream.sharedBytes();
}

Value FlashKernel::tileNumber() {
  Value number = k.block(0);
  if (!op.getCausal())
    return number;
  // The longest rows first: short ones fill the gaps at the end.
  Value count = k.toInt(gpu::GridDimOp::create(k.b, k.loc, gpu::Dimension::x));
  return k.sub(k.sub(count, k.constant(1)), number);
}

/// The numbers of this block's tile, head and batch, of this thread's warp and
/// lane, and where shared memory has what.
void FlashKernel::findPlace() {
  Value number = tileNumber();
  if (op.getSequences()) {
    sequence = findSequenceTile(op, k, number, tile.queries);
    firstQuery = sequence.firstQuery;
  } else {
    firstQuery = k.mul(number, tile.queries);
  }
  head = k.block(1);
  batch = k.block(2);
  lane = k.remainder(k.thread(), warpSize);
  warp = k.divide(k.thread(), warpSize);
  shared = k.sharedMemory();
  stream.place(k.advance(shared, k.constant(queryTile.bytes())));
}

Value FlashKernel::numQueries() {
  if (op.getSequences())
    return sequence.numTokens;
  return k.toInt(k.b.createOrFold<memref::DimOp>(k.loc, op.getQuery(), 2));
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
  TileCopy queryCopy(k, op.getQuery(), batch, head, queries, tile.threads(),
                     sequence.firstToken);
  queryCopy.copy(shared, queryCopy.start(firstQuery),
                 k.sub(numQueries(), firstQuery));
  k.commitCopies();
  stream.begin(batch, keyHead, range->begin, range->numKeys,
               sequence.firstToken);
  // Others are read when the first tile of keys has been waited for.
  if (!tile.holdsQueries)
    return;
  k.waitForCopies(1);
  k.barrier();
}

/// The tiles of keys from `from` to `to`.
void FlashKernel::run(Value from, Value to, bool isMasked) {
  stream.run(from, to, progress.all(),
             [&](Value keysAt, Value valuesAt, Value firstKey) {
               computeTile(keysAt, valuesAt, firstKey, isMasked);
             });
}

void FlashKernel::emit() {
  findPlace();
  if (!op.getSequences())
    return compute();
  // All threads of a block stay, or none.
  auto hasQueries =
      scf::IfOp::create(k.b, k.loc, k.less(firstQuery, sequence.numTokens),
                        /*withElse=*/false);
  OpBuilder::InsertionGuard guard(k.b);
  k.b.setInsertionPointToStart(hasQueries.thenBlock());
  compute();
}

void FlashKernel::compute() {
  range.emplace(op, k, batch, head, firstQuery, tile.queries, tile.keys,
                sequence.numTokens, listed);
  if (listed)
    stream.follow(listed->buffer, range->end);
  if (range->skipFrom)
    stream.skip(range->skipFrom, range->skipTo);
  findRows();
  beginCopies();
  loadQueries();
  progress.begin();
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
  // Read again, as the loops need all registers.
  if (op.getSequences()) {
    sequence =
        readSequenceTile(op, k, tileNumber(), sequence.sequence, tile.queries);
    firstQuery = sequence.firstQuery;
  }
  SharedTile rows(tile.queries, valueSize, queryTile.elementBytes);
  rows.rowChunks = queryTile.rowChunks;
  TileCopy out(k, op.getInit(), batch, head, rows, tile.threads(),
               sequence.firstToken);
  out.write(shared, firstQuery, numQueries());
}
