//===- SequenceTile.cpp - tiles of sequences without padding ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SequenceTile.h"
#include "Launch.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

Value numSequences(attn::AttentionOp op, OpBuilder &b) {
  Location loc = op.getLoc();
  Value bounds = b.createOrFold<memref::DimOp>(loc, op.getSequences(), 0);
  return b.createOrFold<arith::SubIOp>(
      loc, bounds, arith::ConstantIndexOp::create(b, loc, 1));
}

Value loadBound(attn::AttentionOp op, KernelBuilder &k, Value number) {
  Value at = arith::IndexCastOp::create(k.b, k.loc, k.b.getIndexType(), number);
  return k.toInt(
      memref::LoadOp::create(k.b, k.loc, op.getSequences(), at).getResult());
}

/// The last sequence whose blocks begin at `number` or before.
Value findSequence(attn::AttentionOp op, KernelBuilder &k, Value number,
                   int64_t queries) {
  OpBuilder &b = k.b;
  Value lane = k.remainder(k.thread(), warpSize);
  Value count = k.toInt(numSequences(op, b));
  Type type = b.getI32Type();
  // The sequences from `first` to `end` may be it.
  auto loop = scf::WhileOp::create(b, k.loc, TypeRange{type, type},
                                   ValueRange{k.constant(0), count});
  OpBuilder::InsertionGuard guard(b);
  Block *before =
      b.createBlock(&loop.getBefore(), {}, {type, type}, {k.loc, k.loc});
  Value more = k.less(k.add(before->getArgument(0), 1), before->getArgument(1));
  scf::ConditionOp::create(b, k.loc, more, before->getArguments());
  Block *after =
      b.createBlock(&loop.getAfter(), {}, {type, type}, {k.loc, k.loc});
  Value first = after->getArgument(0), end = after->getArgument(1);
  Value step = k.divide(k.add(k.sub(end, first), warpSize - 1), warpSize);
  Value mine = k.add(first, k.mul(lane, step));
  Value last = k.sub(end, k.constant(1));
  Value begin =
      k.add(k.divide(loadBound(op, k, k.min(mine, last)), queries), mine);
  // Beginnings ascend, so the lanes whose sequence begins before are the first.
  Value hasBegun =
      k.select(k.both(k.less(mine, end), k.less(begin, k.add(number, 1))),
               k.constant(1), k.constant(0));
  Value lanes = k.acrossLanes(hasBegun, allLanes, &KernelBuilder::add);
  first = k.add(first, k.mul(k.sub(lanes, k.constant(1)), step));
  scf::YieldOp::create(b, k.loc,
                       ValueRange{first, k.min(k.add(first, step), end)});
  return loop.getResult(0);
}

} // namespace

Value tfc::cuda::numSequenceTiles(attn::AttentionOp op, int64_t queries,
                                  OpBuilder &b) {
  Location loc = op.getLoc();
  Value tokens = b.createOrFold<memref::DimOp>(loc, op.getQuery(), 2);
  Value whole = b.createOrFold<arith::DivUIOp>(
      loc, tokens, arith::ConstantIndexOp::create(b, loc, queries));
  return b.createOrFold<arith::AddIOp>(loc, whole, numSequences(op, b));
}

SequenceTile tfc::cuda::findSequenceTile(attn::AttentionOp op, KernelBuilder &k,
                                         Value number, int64_t queries) {
  Value sequence = findSequence(op, k, number, queries);
  return readSequenceTile(op, k, number, sequence, queries);
}

SequenceTile tfc::cuda::readSequenceTile(attn::AttentionOp op, KernelBuilder &k,
                                         Value number, Value sequence,
                                         int64_t queries) {
  SequenceTile tile;
  tile.sequence = sequence;
  tile.firstToken = loadBound(op, k, sequence);
  tile.numTokens = k.sub(loadBound(op, k, k.add(sequence, 1)), tile.firstToken);
  Value first = k.add(k.divide(tile.firstToken, queries), sequence);
  tile.firstQuery = k.mul(k.sub(number, first), queries);
  return tile;
}
