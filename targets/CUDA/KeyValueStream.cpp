//===- KeyValueStream.cpp - tiles of keys and values, one ahead -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KeyValueStream.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

KeyValueStream::KeyValueStream(attn::AttentionOp op, KernelBuilder &k,
                               const SharedTile &keys, const SharedTile &values,
                               int64_t threads)
    : op(op), k(k), keyTile(keys), valueTile(values), threads(threads) {}

int64_t KeyValueStream::sharedBytes() const {
  return stages * (keyTile.bytes() + valueTile.bytes());
}

void KeyValueStream::place(Value region) {
  keyRegion = region;
  valueRegion = k.advance(region, k.constant(stages * keyTile.bytes()));
}

void KeyValueStream::begin(Value batch, Value keyHead, Value firstTile,
                           Value end, Value firstRow) {
  endKey = end;
  keyCopy.emplace(k, op.getKey(), batch, keyHead, keyTile, threads, firstRow);
  valueCopy.emplace(k, op.getValue(), batch, keyHead, valueTile, threads,
                    firstRow);
  Value firstKey = k.mul(list ? listed(firstTile) : firstTile, keyTile.rows);
  keyFrom = keyCopy->start(firstKey);
  valueFrom = valueCopy->start(firstKey);
  rowsLeft = k.sub(endKey, firstKey);
  keyStage = valueStage = k.constant(0);
  keyCopy->copy(keyRegion, keyFrom, rowsLeft);
  valueCopy->copy(valueRegion, valueFrom, rowsLeft);
  k.commitCopies();
}

Value KeyValueStream::listed(Value place) {
  Value at = arith::IndexCastOp::create(k.b, k.loc, k.b.getIndexType(), place);
  return memref::LoadOp::create(k.b, k.loc, list, at);
}

/// Of the copies, from the tile before that of `number` in the loop.
void KeyValueStream::moveTo(Value number) {
  if (list) {
    Value firstKey = k.mul(listed(number), keyTile.rows);
    // Behind the last there is nothing to read.
    rowsLeft = k.select(k.less(number, endOfList), k.sub(endKey, firstKey),
                        k.constant(0));
    keyFrom = keyCopy->start(firstKey);
    valueFrom = valueCopy->start(firstKey);
    return;
  }
  rowsLeft = k.sub(rowsLeft, k.constant(keyTile.rows));
  keyFrom = keyCopy->next(keyFrom);
  valueFrom = valueCopy->next(valueFrom);
  if (!skipFrom)
    return;
  Value skips = k.equal(number, skipFrom);
  Value firstKey = k.mul(skipTo, keyTile.rows);
  rowsLeft = k.select(skips, k.sub(endKey, firstKey), rowsLeft);
  keyFrom = k.select(skips, keyCopy->start(firstKey), keyFrom);
  valueFrom = k.select(skips, valueCopy->start(firstKey), valueFrom);
}

void KeyValueStream::run(Value from, Value to, ArrayRef<Value *> carried,
                         llvm::function_ref<void(Value, Value, Value)> body) {
  OpBuilder &b = k.b;
  SmallVector<Value *> state(carried);
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
  Value skipped;
  if (skipFrom) {
    skipped = k.sub(skipTo, skipFrom);
    to = k.sub(to, skipped);
  }
  auto loop = scf::ForOp::create(b, k.loc, from, to, k.constant(1), values());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  take(loop.getRegionIterArgs());
  Value number = loop.getInductionVar();
  Value keysAt = keyStage, valuesAt = valueStage;
  k.waitForCopies(0);
  // Also: everyone has read what the next copies overwrite.
  k.barrier();
  int64_t numKeys = typeSize(op.getKey(), 2);
  bool isOneTile = !ShapedType::isDynamic(numKeys) && numKeys <= keyTile.rows;
  if (!isOneTile) {
    keyStage = k.xOr(keyStage, k.constant(keyTile.bytes()));
    valueStage = k.xOr(valueStage, k.constant(valueTile.bytes()));
    moveTo(k.add(number, 1));
    keyCopy->copy(k.advance(keyRegion, keyStage), keyFrom, rowsLeft);
    valueCopy->copy(k.advance(valueRegion, valueStage), valueFrom, rowsLeft);
    k.commitCopies();
  }
  Value tile = list ? listed(number) : number;
  if (skipped)
    tile = k.select(k.less(number, skipFrom), number, k.add(number, skipped));
  body(keysAt, valuesAt, k.mul(tile, keyTile.rows));
  scf::YieldOp::create(b, k.loc, values());
  take(loop.getResults());
}
