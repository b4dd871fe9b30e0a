//===- AttnDecomposeRope.cpp - rotary embedding as linalg -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decomposer.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc::attn;

namespace {

/// The two features of all pairs as slices, which vectorise.
class DecomposeRope {
public:
  DecomposeRope(RopeOp op, OpBuilder &builder)
      : op(op), d(builder, op.getLoc()),
        element(cast<ShapedType>(op.getInit().getType()).getElementType()),
        wide(accumulatorType(element)) {
    int64_t depth = cast<ShapedType>(op.getX().getType()).getDimSize(3);
    rotated = op.getRotarySize().value_or(depth);
    rest = depth - rotated;
  }

  Value build() {
    Value first = half(op.getX(), false), second = half(op.getX(), true);
    Value result = op.getInit();
    for (bool later : {false, true}) {
      Value rotatedHalf = turn(later ? second : first, later ? first : second,
                               angles(op.getCosine(), later),
                               angles(op.getSine(), later), later);
      Slice at = places(op.getX(), later);
      result = tensor::InsertSliceOp::create(d.b, d.loc, rotatedHalf, result,
                                             at.offsets, at.sizes, at.strides);
    }
    if (rest == 0)
      return result;
    Slice tail = places(op.getX(), false);
    tail.offsets[3] = d.b.getIndexAttr(rotated);
    tail.sizes[3] = d.b.getIndexAttr(rest);
    tail.strides[3] = d.b.getIndexAttr(1);
    Value same = tensor::ExtractSliceOp::create(
        d.b, d.loc, op.getX(), tail.offsets, tail.sizes, tail.strides);
    return tensor::InsertSliceOp::create(d.b, d.loc, same, result, tail.offsets,
                                         tail.sizes, tail.strides);
  }

private:
  struct Slice {
    SmallVector<OpFoldResult> offsets, sizes, strides;
  };

  /// Where the first or second features of the pairs are.
  Slice places(Value tensor, bool later) {
    Slice slice;
    slice.sizes = d.shapeOf(tensor);
    slice.offsets.assign(4, d.b.getIndexAttr(0));
    slice.strides.assign(4, d.b.getIndexAttr(1));
    slice.sizes[3] = d.b.getIndexAttr(rotated / 2);
    if (later)
      slice.offsets[3] =
          d.b.getIndexAttr(op.getInterleaved() ? 1 : rotated / 2);
    if (op.getInterleaved())
      slice.strides[3] = d.b.getIndexAttr(2);
    return slice;
  }
  Value half(Value tensor, bool later) {
    Slice at = places(tensor, later);
    return tensor::ExtractSliceOp::create(d.b, d.loc, tensor, at.offsets,
                                          at.sizes, at.strides);
  }
  Value angles(Value tensor, bool later) {
    bool shared =
        cast<ShapedType>(tensor.getType()).getDimSize(3) == rotated / 2;
    return shared ? tensor : half(tensor, later);
  }
  AffineMap broadcast(Value tensor) {
    SmallVector<AffineExpr> exprs;
    for (auto [dim, size] :
         llvm::enumerate(cast<ShapedType>(tensor.getType()).getShape()))
      exprs.push_back(size == 1 && dim < 3 ? d.b.getAffineConstantExpr(0)
                                           : d.b.getAffineDimExpr(dim));
    return AffineMap::get(4, 0, exprs, d.b.getContext());
  }

  /// own * cos -+ other * sin
  Value turn(Value own, Value other, Value cosine, Value sine, bool later) {
    AffineMap identity = d.map(4, {0, 1, 2, 3});
    return d.generic(
        {own, other, cosine, sine},
        tensor::EmptyOp::create(d.b, d.loc, d.shapeOf(own), element),
        {identity, identity, broadcast(cosine), broadcast(sine), identity}, 4,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          auto at = [&](unsigned i) { return extended(b, loc, v[i], wide); };
          Value stays = arith::MulFOp::create(b, loc, at(0), at(2)),
                turns = arith::MulFOp::create(b, loc, at(1), at(3));
          Value sum = later
                          ? Value(arith::AddFOp::create(b, loc, stays, turns))
                          : Value(arith::SubFOp::create(b, loc, stays, turns));
          return truncated(b, loc, sum, element);
        });
  }

  RopeOp op;
  Decomposer d;
  Type element, wide;
  int64_t rotated, rest;
};

} // namespace

FailureOr<SmallVector<Value>> RopeOp::decomposeOperation(OpBuilder &b) {
  if (!getResult())
    return failure();
  return SmallVector<Value>{DecomposeRope(*this, b).build()};
}
