//===- AttnDecomposeLinear.cpp - causal linear attention --------*- C++ -*-===//
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

/// Queries and keys in chunks: scores within a chunk, and the sum of key and
/// value products of all chunks before. Values have columns of ones more, whose
/// results are the sums of the scores.
class DecomposeCausalLinear {
public:
  DecomposeCausalLinear(AttentionOp op, OpBuilder &builder)
      : op(op), d(builder, op.getLoc()),
        element(getElementTypeOrSelf(op.getInit().getType())),
        wide(accumulatorType(element)), query(d.shapeOf(op.getQuery())),
        key(d.shapeOf(op.getKey())), value(d.shapeOf(op.getValue())) {
    // Work within chunks grows with their size, work of sums with the depth.
    std::optional<int64_t> rows = getConstantIntValue(query[2]),
                           depth = getConstantIntValue(query[3]);
    if (depth)
      chunk = std::clamp<int64_t>(llvm::PowerOf2Ceil(*depth), 8, 64);
    if (rows && *rows > 0)
      chunk = std::min(chunk, *rows);
    count = apply(dim(0).ceilDiv(chunk), {query[2]});
    padded = apply(dim(0).ceilDiv(chunk) * chunk, {query[2]});
  }

  FailureOr<Value> build() {
    std::optional<int64_t> heads = getConstantIntValue(query[1]),
                           groups = getConstantIntValue(key[1]);
    if (!heads || !groups)
      return failure();
    group = *heads == *groups ? dim(1) : dim(1).floorDiv(*heads / *groups);
    Value q = inChunks(op.getQuery()), k = inChunks(op.getKey()),
          v = inChunks(withOnes(op.getValue()));
    SmallVector<OpFoldResult> sizes = d.shapeOf(q), out = sizes;
    out[4] = d.shapeOf(v)[4];
    SmallVector<OpFoldResult> square = sizes;
    square[4] = d.b.getIndexAttr(chunk);
    // Loops: batch, head, chunk, query, key, depth.
    Value scores = d.generic(
        {q, k}, d.filled(square, wide, 0),
        {d.map(6, {0, 1, 2, 3, 5}), grouped(4, 5), d.map(6, {0, 1, 2, 3, 4})},
        5, multiplyAdd());
    Value seen = d.generic(
        scores, empty(square),
        {d.map(5, {0, 1, 2, 3, 4}), d.map(5, {0, 1, 2, 3, 4})}, 5,
        [&](OpBuilder &b, Location loc, ValueRange x) -> Value {
          Value sees =
              arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle,
                                    linalg::IndexOp::create(b, loc, 4),
                                    linalg::IndexOp::create(b, loc, 3));
          Value zero =
              arith::ConstantOp::create(b, loc, b.getFloatAttr(wide, 0));
          return arith::SelectOp::create(b, loc, sees, x[0], zero);
        });
    // Loops: batch, head, chunk, query, value depth, key or depth.
    Value within = d.generic(
        {seen, v}, d.filled(out, wide, 0),
        {d.map(6, {0, 1, 2, 3, 5}), grouped(5, 4), d.map(6, {0, 1, 2, 3, 4})},
        5, multiplyAdd());
    Value sums = d.generic(
        {q, before(k, v)}, within,
        {d.map(6, {0, 1, 2, 3, 5}), grouped(5, 4), d.map(6, {0, 1, 2, 3, 4})},
        5, multiplyAdd());
    return divided(sums, out);
  }

private:
  AffineExpr dim(unsigned i) { return getAffineDimExpr(i, d.b.getContext()); }
  OpFoldResult apply(AffineExpr expr, ArrayRef<OpFoldResult> operands) {
    return affine::makeComposedFoldedAffineApply(d.b, d.loc, expr, operands);
  }
  Value empty(ArrayRef<OpFoldResult> sizes) {
    return tensor::EmptyOp::create(d.b, d.loc, sizes, wide);
  }
  SmallVector<OpFoldResult> all(unsigned rank, int64_t number) {
    return SmallVector<OpFoldResult>(rank, d.b.getIndexAttr(number));
  }
  /// Of six loops, those of a tensor of heads of keys.
  AffineMap grouped(unsigned row, unsigned column) {
    return AffineMap::get(6, 0, {dim(0), group, dim(2), dim(row), dim(column)},
                          d.b.getContext());
  }
  std::function<Value(OpBuilder &, Location, ValueRange)> multiplyAdd() {
    return [this](OpBuilder &b, Location loc, ValueRange v) -> Value {
      Value term = arith::MulFOp::create(b, loc, extended(b, loc, v[0], wide),
                                         extended(b, loc, v[1], wide));
      return arith::AddFOp::create(b, loc, v[2], term);
    };
  }

  Value withOnes(Value x) {
    SmallVector<OpFoldResult> sizes = value;
    // One would do; whole vectors are faster.
    sizes[3] = apply((dim(0) + 1).ceilDiv(8) * 8, {value[3]});
    return tensor::InsertSliceOp::create(d.b, d.loc, x,
                                         d.filled(sizes, element, 1), all(4, 0),
                                         value, all(4, 1));
  }

  /// The rows that queries have, in chunks; those that fill a chunk are 0.
  Value inChunks(Value x) {
    SmallVector<OpFoldResult> sizes = d.shapeOf(x), whole = sizes;
    whole[2] = padded;
    if (!getConstantIntValue(sizes[2]) || sizes[2] != padded) {
      SmallVector<OpFoldResult> taken = sizes;
      taken[2] = affine::makeComposedFoldedAffineMin(
          d.b, d.loc, AffineMap::get(2, 0, {dim(0), dim(1)}, d.b.getContext()),
          {sizes[2], query[2]});
      Value part = tensor::ExtractSliceOp::create(d.b, d.loc, x, all(4, 0),
                                                  taken, all(4, 1));
      x = tensor::InsertSliceOp::create(d.b, d.loc, part,
                                        d.filled(whole, element, 0), all(4, 0),
                                        taken, all(4, 1));
    }
    whole[2] = d.b.getIndexAttr(chunk);
    whole.insert(whole.begin() + 2, count);
    auto type =
        RankedTensorType::get(decomposeMixedValues(whole).first, element);
    return tensor::ExpandShapeOp::create(
        d.b, d.loc, type, x,
        SmallVector<ReassociationIndices>{{0}, {1}, {2, 3}, {4}}, whole);
  }

  /// Keys beside each other, as scores are.
  Value transposed(Value k) {
    SmallVector<OpFoldResult> sizes = d.shapeOf(k);
    std::swap(sizes[3], sizes[4]);
    Value init = tensor::EmptyOp::create(d.b, d.loc, sizes, element);
    return linalg::TransposeOp::create(d.b, d.loc, k, init,
                                       ArrayRef<int64_t>{0, 1, 2, 4, 3})
        ->getResult(0);
  }

  /// keyT value summed over the chunks before each: [B, G, chunks, D, E +
  /// ones].
  Value before(Value k, Value v) {
    SmallVector<OpFoldResult> sizes = d.shapeOf(k), part;
    sizes[3] = sizes[4];
    sizes[4] = d.shapeOf(v)[4];
    // Loops: batch, group, chunk, depth, value depth, key.
    Value states =
        d.generic({k, v}, d.filled(sizes, wide, 0),
                  {d.map(6, {0, 1, 2, 5, 3}), d.map(6, {0, 1, 2, 5, 4}),
                   d.map(6, {0, 1, 2, 3, 4})},
                  5, multiplyAdd());
    part = sizes;
    part[2] = d.b.getIndexAttr(1);
    Value zero = arith::ConstantIndexOp::create(d.b, d.loc, 0),
          one = arith::ConstantIndexOp::create(d.b, d.loc, 1),
          chunks = getValueOrCreateConstantIndexOp(d.b, d.loc, count);
    auto loop = scf::ForOp::create(
        d.b, d.loc, zero, chunks, one,
        ValueRange{empty(sizes), d.filled(part, wide, 0)},
        [&](OpBuilder &b, Location loc, Value step, ValueRange state) {
          SmallVector<OpFoldResult> offsets = all(5, 0);
          offsets[2] = step;
          Value next = tensor::ExtractSliceOp::create(b, loc, states, offsets,
                                                      part, all(5, 1));
          Value written = tensor::InsertSliceOp::create(
              b, loc, state[1], state[0], offsets, part, all(5, 1));
          AffineMap map = b.getMultiDimIdentityMap(5);
          auto sum = linalg::GenericOp::create(
              b, loc, state[1].getType(), next, state[1],
              ArrayRef<AffineMap>{map, map},
              SmallVector<utils::IteratorType>(5,
                                               utils::IteratorType::parallel),
              [](OpBuilder &b, Location loc, ValueRange v) {
                linalg::YieldOp::create(
                    b, loc,
                    arith::AddFOp::create(b, loc, v[0], v[1]).getResult());
              });
          scf::YieldOp::create(b, loc, ValueRange{written, sum.getResult(0)});
        });
    return loop.getResult(0);
  }

  Value column(Value x, ArrayRef<OpFoldResult> sizes, OpFoldResult first,
               OpFoldResult width) {
    SmallVector<OpFoldResult> offsets = all(5, 0), taken(sizes);
    offsets[4] = first;
    taken[4] = width;
    return tensor::ExtractSliceOp::create(d.b, d.loc, x, offsets, taken,
                                          all(5, 1));
  }

  Value divided(Value sums, ArrayRef<OpFoldResult> sizes) {
    OpFoldResult width = value[3];
    Value products = column(sums, sizes, d.b.getIndexAttr(0), width),
          norms = column(sums, sizes, width, d.b.getIndexAttr(1));
    SmallVector<OpFoldResult> whole = d.shapeOf(products);
    double scale = op.getScale().convertToDouble(),
           epsilon = op.getEpsilon() ? op.getEpsilon()->convertToDouble() : 0;
    AffineMap identity = d.map(5, {0, 1, 2, 3, 4});
    AffineMap row = AffineMap::get(5, 0,
                                   {dim(0), dim(1), dim(2), dim(3),
                                    getAffineConstantExpr(0, d.b.getContext())},
                                   d.b.getContext());
    Value init = tensor::EmptyOp::create(d.b, d.loc, whole, element);
    Value chunks = d.generic(
        {products, norms}, init, {identity, row, identity}, 5,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          auto number = [&](double n) -> Value {
            return arith::ConstantOp::create(b, loc, b.getFloatAttr(wide, n));
          };
          Value by = number(scale);
          Value sum = arith::AddFOp::create(
              b, loc, arith::MulFOp::create(b, loc, v[1], by), number(epsilon));
          Value share = arith::DivFOp::create(
              b, loc, arith::MulFOp::create(b, loc, v[0], by), sum);
          return truncated(b, loc, share, element);
        });
    Value rows = tensor::CollapseShapeOp::create(
        d.b, d.loc, chunks,
        SmallVector<ReassociationIndices>{{0}, {1}, {2, 3}, {4}});
    auto type = cast<RankedTensorType>(op.getInit().getType());
    if (rows.getType() == type)
      return rows;
    SmallVector<OpFoldResult> taken = {query[0], query[1], query[2], width};
    Value result = tensor::ExtractSliceOp::create(d.b, d.loc, rows, all(4, 0),
                                                  taken, all(4, 1));
    return result.getType() == type
               ? result
               : Value(tensor::CastOp::create(d.b, d.loc, type, result));
  }

  AttentionOp op;
  Decomposer d;
  Type element, wide;
  SmallVector<OpFoldResult> query, key, value;
  /// Queries of a chunk, whose scores are as large as its sums.
  int64_t chunk = 64;
  OpFoldResult count, padded;
  AffineExpr group;
};

} // namespace

bool tfc::attn::isCausalLinear(AttentionOp op) {
  if (op.getScore() != ScoreFunction::Linear || !op.getCausal() ||
      op.getLeftWindow() || op.getKeyLengths() || op.getMask())
    return false;
  if (op.getQueryOffset())
    return isConstantIntValue(OpFoldResult(op.getQueryOffset()), 0);
  int64_t queries = cast<ShapedType>(op.getQuery().getType()).getDimSize(2),
          keys = cast<ShapedType>(op.getKey().getType()).getDimSize(2);
  return queries == keys && !ShapedType::isDynamic(queries);
}

FailureOr<Value> tfc::attn::decomposeCausalLinear(AttentionOp op,
                                                  OpBuilder &b) {
  return DecomposeCausalLinear(op, b).build();
}
