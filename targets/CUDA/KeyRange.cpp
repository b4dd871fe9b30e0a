//===- KeyRange.cpp - which keys a tile of queries sees ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KeyRange.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include <limits>

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

KeyRange::KeyRange(attn::AttentionOp op, KernelBuilder &k, Value batch,
                   Value head, Value firstQuery, int64_t queries, int64_t keys,
                   Value numTokens, const KeyTiles *listed)
    : op(op), k(k), listed(listed), batch(batch), head(head) {
  OpBuilder &b = k.b;
  auto size = [&](Value buffer, int64_t dim) {
    return k.toInt(b.createOrFold<memref::DimOp>(k.loc, buffer, dim));
  };
  numQueries = numTokens ? numTokens : size(op.getQuery(), 2);
  numKeys = numTokens ? numTokens : size(op.getKey(), 2);
  offset = k.sub(numKeys, numQueries);
  if (Value given = op.getQueryOffset()) {
    if (op.hasOffsetPerBatch())
      given = memref::LoadOp::create(
          b, k.loc, given,
          arith::IndexCastOp::create(b, k.loc, b.getIndexType(), batch)
              .getResult());
    offset = k.toInt(given);
  }
  needsScores = needsScoresOf(op);
  if (Value lengths = op.getKeyLengths()) {
    Value length = memref::LoadOp::create(
        b, k.loc, lengths,
        arith::IndexCastOp::create(b, k.loc, b.getIndexType(), batch)
            .getResult());
    // With a number as score, keys beyond a length count.
    lengthOfBatch = k.max(k.min(k.toInt(length), numKeys), k.constant(0));
  }
  if (listed)
    findListedTiles(firstQuery, queries);
  else
    findTiles(firstQuery, queries, keys);
}

bool KeyRange::needsScoresOf(attn::AttentionOp op) {
  return op.getBias() || op.getSoftcap() || op.getMaskedScore() ||
         op.getGlobal() || op.getScale().convertToDouble() <= 0;
}

bool KeyRange::hidesByNumber() { return op.getMaskedScore().has_value(); }

bool KeyRange::mayBeFull() {
  return !needsScores && (!op.getMask() || (listed && !op.getKeyLengths()));
}

bool KeyRange::mayBeginInPart() {
  return mayBeFull() && !listed && op.getLeftWindow().has_value();
}

void KeyRange::findTiles(Value firstQuery, int64_t queries, int64_t keys) {
  Value zero = k.constant(0);
  auto up = [&](Value count) { return k.divide(k.add(count, keys - 1), keys); };
  Value seen = lengthOfBatch ? lengthOfBatch : numKeys;
  begin = fullBegin = zero;
  if (hidesByNumber()) {
    end = up(numKeys);
    fullEnd = zero;
    return;
  }
  Value first = k.add(firstQuery, offset);
  Value last = k.add(first, queries - 1);
  if (op.getGlobal())
    return findTilesBesideGlobal(first, last, seen, keys);
  Value whole = seen;
  Value some = seen;
  auto endAfter = [&](int64_t distance) {
    whole = k.min(whole, k.add(first, distance + 1));
    some = k.min(some, k.add(last, distance + 1));
  };
  if (op.getCausal())
    endAfter(0);
  if (op.getRightWindow())
    endAfter(*op.getRightWindow());
  end = up(k.max(some, zero));
  fullEnd = k.divide(k.max(whole, zero), keys);
  if (op.getLeftWindow()) {
    Value back = k.constant(*op.getLeftWindow());
    begin = k.min(k.divide(k.max(k.sub(first, back), zero), keys), end);
    fullBegin = k.min(up(k.max(k.sub(last, back), zero)), end);
  }
  fullEnd = k.max(fullBegin, k.min(fullEnd, end));
  if (!mayBeFull())
    fullBegin = fullEnd = begin;
}

void KeyRange::findListedTiles(Value firstQuery, int64_t queries) {
  Value row = k.divide(firstQuery, queries);
  auto addMatrix = [&](Value number, int64_t size, int64_t rows) {
    if (size > 1)
      row = k.add(row, k.mul(number, rows));
  };
  addMatrix(head, listed->heads, listed->queryTiles);
  addMatrix(batch, listed->batches, listed->heads * listed->queryTiles);
  auto load = [&](int64_t which) -> Value {
    Value at = arith::IndexCastOp::create(k.b, k.loc, k.b.getIndexType(),
                                          k.add(k.mul(row, 2), which));
    return memref::LoadOp::create(k.b, k.loc, listed->buffer, at);
  };
  begin = fullBegin = load(0);
  fullEnd = load(1);
  end = load(2);
}

/// Keys up to the number of global ones, and those of the windows; all, where a
/// query is global itself.
void KeyRange::findTilesBesideGlobal(Value first, Value last, Value seen,
                                     int64_t keys) {
  Value zero = k.constant(0), global = k.constant(*op.getGlobal());
  auto up = [&](Value count) { return k.divide(k.add(count, keys - 1), keys); };
  Value hasGlobal = k.less(first, global);
  if (op.getCausal())
    seen = k.min(seen, k.add(last, 1));
  seen = k.max(seen, zero);
  Value after = seen;
  if (op.getRightWindow())
    after = k.max(k.min(seen, k.add(last, *op.getRightWindow() + 1)), zero);
  Value endOfGlobal = k.min(global, seen);
  end = up(k.select(hasGlobal, seen, k.max(after, endOfGlobal)));
  fullBegin = fullEnd = begin;
  if (!op.getLeftWindow() || *op.getGlobal() == 0)
    return;
  skipFrom = up(endOfGlobal);
  Value before = k.max(k.sub(first, k.constant(*op.getLeftWindow())), zero);
  skipTo = k.max(k.min(k.divide(before, keys), end), skipFrom);
  skipTo = k.select(hasGlobal, skipFrom, skipTo);
}

/// An element of a buffer of rank 4 that is broadcast where a size is 1.
Value KeyRange::element(Value buffer, Value headOfQuery, Value query,
                        Value key) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<Value> indices;
  const std::array<Value, 4> places{batch, headOfQuery, query, key};
  for (auto [d, index] : llvm::enumerate(places)) {
    Value most =
        k.sub(k.toInt(k.b.createOrFold<memref::DimOp>(k.loc, buffer, d)),
              k.constant(1));
    // Beyond the last, which is nobody's, something is read all the same.
    Value at = type.getDimSize(d) == 1 ? k.constant(0) : k.min(index, most);
    indices.push_back(
        arith::IndexCastOp::create(k.b, k.loc, k.b.getIndexType(), at));
  }
  return memref::LoadOp::create(k.b, k.loc, buffer, indices);
}

Value KeyRange::isSeen(Value headOfQuery, Value query, Value key) {
  Value position = k.add(query, offset);
  Value seen;
  auto require = [&](Value condition) {
    seen = seen ? k.both(seen, condition) : condition;
  };
  if (op.getCausal())
    require(k.less(key, k.add(position, 1)));
  Value inWindow;
  auto near = [&](Value condition) {
    inWindow = inWindow ? k.both(inWindow, condition) : condition;
  };
  if (op.getLeftWindow())
    near(k.less(k.sub(position, k.constant(*op.getLeftWindow() + 1)), key));
  if (op.getRightWindow())
    near(k.less(key, k.add(position, *op.getRightWindow() + 1)));
  if (inWindow && op.getGlobal()) {
    Value global = k.constant(*op.getGlobal());
    inWindow = k.either(
        inWindow, k.either(k.less(key, global), k.less(position, global)));
  }
  if (inWindow)
    require(inWindow);
  if (lengthOfBatch)
    require(k.less(key, lengthOfBatch));
  if (op.getMask()) {
    Value row = query, column = key;
    if (auto block = op.getMaskBlock()) {
      row = k.quotient(query, k.constant(*block));
      column = k.quotient(key, k.constant(*block));
    }
    require(element(op.getMask(), headOfQuery, row, column));
  }
  return seen;
}

Value KeyRange::score(Value product, Value headOfQuery, Value query,
                      Value key) {
  OpBuilder &b = k.b;
  Value score = product;
  if (needsScores)
    score = k.mulF(score, k.number(op.getScale().convertToDouble()));
  if (op.getSoftcap()) {
    double cap = op.getSoftcap()->convertToDouble();
    score = k.mulF(score, k.number(1 / cap));
    // tanh x = 1 - 2 / (1 + e^2x), without an overflow on either side.
    Value power = k.exp2(k.mulF(score, k.number(2 * llvm::numbers::log2e)));
    Value rest = k.reciprocal(k.addF(power, k.number(1)));
    score = k.mulF(k.fma(rest, k.number(-2), k.number(1)), k.number(cap));
  }
  if (op.getBias()) {
    Value bias = element(op.getBias(), headOfQuery, query, key);
    if (!bias.getType().isF32())
      bias =
          bias.getType().getIntOrFloatBitWidth() > 32
              ? Value(arith::TruncFOp::create(b, k.loc, b.getF32Type(), bias))
              : Value(arith::ExtFOp::create(b, k.loc, b.getF32Type(), bias));
    score = k.addF(score, bias);
  }
  Value hidden =
      k.number(hidesByNumber() ? op.getMaskedScore()->convertToDouble()
                               : -std::numeric_limits<double>::infinity());
  if (Value seen = isSeen(headOfQuery, query, key))
    score = k.select(seen, score, hidden);
  return k.select(k.less(key, numKeys), score,
                  k.number(-std::numeric_limits<double>::infinity()));
}
