//===- AttnDecomposeCache.cpp - appending as slices -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decomposer.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc::attn;

namespace {

/// Puts the new tokens into the cache: all at once where they have one place,
/// those of each batch at once where they follow one another, and each token of
/// a ring.
class DecomposeCacheAppend {
public:
  DecomposeCacheAppend(CacheAppendOp op, OpBuilder &b)
      : op(op), b(b), loc(op.getLoc()), axis(op.getAxis()),
        present(tensor::getMixedSizes(b, loc, op.getPresent())) {}

  Value build() {
    if (!op.getPositions())
      return placed({}, {}, op.getCache());
    return loop(present[0], op.getCache(), [&](Value batch, Value cache) {
      Value start = arith::IndexCastOp::create(
          b, loc, b.getIndexType(),
          tensor::ExtractOp::create(b, loc, op.getPositions(), batch));
      if (!op.getCircular())
        return placed(batch, {OpFoldResult(start), {}}, cache);
      Value capacity = getValueOrCreateConstantIndexOp(
          b, loc, tensor::getMixedSize(b, loc, op.getCache(), axis));
      return loop(present[axis], cache, [&](Value token, Value cache) {
        Value place = arith::RemUIOp::create(
            b, loc, arith::AddIOp::create(b, loc, start, token), capacity);
        return placed(batch, {OpFoldResult(place), token}, cache);
      });
    });
  }

private:
  /// Where tokens go, and which; all of them where `token` is null.
  struct Place {
    OpFoldResult at;
    Value token;
  };

  Value loop(OpFoldResult count, Value cache,
             llvm::function_ref<Value(Value, Value)> body) {
    OpBuilder::InsertionGuard guard(b);
    Value zero = arith::ConstantIndexOp::create(b, loc, 0),
          one = arith::ConstantIndexOp::create(b, loc, 1);
    auto op = scf::ForOp::create(b, loc, zero,
                                 getValueOrCreateConstantIndexOp(b, loc, count),
                                 one, cache);
    b.setInsertionPointToStart(op.getBody());
    Value next = body(op.getInductionVar(), op.getRegionIterArg(0));
    scf::YieldOp::create(b, loc, next);
    return op.getResult(0);
  }

  /// The cache with tokens of a batch, or of all where that is null, in it.
  Value placed(Value batch, Place place, Value cache) {
    SmallVector<OpFoldResult> from(present.size(), b.getIndexAttr(0)),
        sizes = present, strides(present.size(), b.getIndexAttr(1));
    if (batch) {
      from[0] = batch;
      sizes[0] = b.getIndexAttr(1);
    }
    SmallVector<OpFoldResult> to = from;
    if (place.at)
      to[axis] = place.at;
    if (place.token) {
      from[axis] = place.token;
      sizes[axis] = b.getIndexAttr(1);
    }
    Value part = tensor::ExtractSliceOp::create(b, loc, op.getPresent(), from,
                                                sizes, strides);
    return tensor::InsertSliceOp::create(b, loc, part, cache, to, sizes,
                                         strides);
  }

  CacheAppendOp op;
  OpBuilder &b;
  Location loc;
  int64_t axis;
  SmallVector<OpFoldResult> present;
};

} // namespace

FailureOr<SmallVector<Value>> CacheAppendOp::decomposeOperation(OpBuilder &b) {
  if (!getResult())
    return failure();
  return SmallVector<Value>{DecomposeCacheAppend(*this, b).build()};
}
