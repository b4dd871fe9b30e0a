//===- AttnDecomposeBlocks.cpp - attention of listed blocks -----*- C++ -*-===//
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

/// The blocks that a block of queries sees are gathered beside each other; then
/// each block of queries is a batch of its own.
class DecomposeBlocks {
public:
  DecomposeBlocks(AttentionOp op, OpBuilder &builder)
      : op(op), d(builder, op.getLoc()), size(*op.getBlockSize()),
        query(d.shapeOf(op.getQuery())), key(d.shapeOf(op.getKey())),
        count(affine::makeComposedFoldedAffineApply(
            builder, op.getLoc(), builder.getAffineDimExpr(0).floorDiv(size),
            {query[2]})) {}

  FailureOr<Value> build() {
    std::optional<int64_t> heads = getConstantIntValue(query[1]),
                           groups = getConstantIntValue(key[1]);
    if (!heads || !groups)
      return failure();
    Value q = folded(split(op.getQuery()), 3),
          k = folded(gathered(op.getKey(), *heads / *groups), 3),
          v = folded(gathered(op.getValue(), *heads / *groups), 3);
    SmallVector<OpFoldResult> shape = d.shapeOf(q);
    shape[3] = d.shapeOf(v)[3];
    Value init = tensor::EmptyOp::create(
        d.b, d.loc, shape, getElementTypeOrSelf(op.getInit().getType()));
    auto attention = AttentionOp::create(d.b, d.loc, q, k, v, init,
                                         op.getScale().convertToDouble());
    if (op.getSoftcap())
      attention.setSoftcap(*op.getSoftcap());
    attention.setZeroMaskedRows(op.getZeroMaskedRows());
    attention.setZeroNanRows(op.getZeroNanRows());
    return unfolded(attention->getResult(0));
  }

private:
  Value expanded(Value x, ArrayRef<ReassociationIndices> groups,
                 ArrayRef<OpFoldResult> sizes) {
    auto type = RankedTensorType::get(decomposeMixedValues(sizes).first,
                                      getElementTypeOrSelf(x.getType()));
    return tensor::ExpandShapeOp::create(d.b, d.loc, type, x, groups, sizes);
  }
  Value collapsed(Value x, ArrayRef<ReassociationIndices> groups) {
    return tensor::CollapseShapeOp::create(d.b, d.loc, x, groups);
  }

  /// [B, H, S, D] as [B, H, blocks, size, D].
  Value split(Value x) {
    SmallVector<OpFoldResult> sizes = d.shapeOf(x);
    sizes[2] = d.b.getIndexAttr(size);
    sizes.insert(sizes.begin() + 2, count);
    return expanded(x, {{0}, {1}, {2, 3}, {4}}, sizes);
  }

  /// [B, H, blocks, ..., D] as [B * H * blocks, 1, ..., D].
  Value folded(Value x, int64_t first) {
    int64_t rank = cast<ShapedType>(x.getType()).getRank();
    ReassociationIndices batch = {0, 1, 2}, rows;
    for (int64_t dim = first; dim < rank - 1; ++dim)
      rows.push_back(dim);
    Value flat = collapsed(x, {batch, rows, {rank - 1}});
    SmallVector<OpFoldResult> sizes = d.shapeOf(flat);
    sizes.insert(sizes.begin() + 1, d.b.getIndexAttr(1));
    return expanded(flat, {{0, 1}, {2}, {3}}, sizes);
  }

  Value unfolded(Value x) {
    Value flat = collapsed(x, {{0, 1}, {2}, {3}});
    SmallVector<OpFoldResult> sizes = {
        query[0], query[1], count, d.b.getIndexAttr(size), d.shapeOf(flat)[2]};
    Value whole = collapsed(expanded(flat, {{0, 1, 2}, {3}, {4}}, sizes),
                            {{0}, {1}, {2, 3}, {4}});
    return whole.getType() == op.getInit().getType()
               ? whole
               : Value(tensor::CastOp::create(d.b, d.loc,
                                              op.getInit().getType(), whole));
  }

  /// [B, H, blocks of queries, blocks seen, size, D] of keys or values.
  Value gathered(Value x, int64_t headsOfGroup) {
    SmallVector<OpFoldResult> sizes = {query[0],
                                       query[1],
                                       count,
                                       d.shapeOf(op.getKeyBlocks())[1],
                                       d.b.getIndexAttr(size),
                                       d.shapeOf(x)[3]};
    Value init = tensor::EmptyOp::create(d.b, d.loc, sizes,
                                         getElementTypeOrSelf(x.getType()));
    return d.generic(
        op.getKeyBlocks(), init,
        {d.map(6, {2, 3}), d.map(6, {0, 1, 2, 3, 4, 5})}, 6,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          auto at = [&](unsigned dim) -> Value {
            return linalg::IndexOp::create(b, loc, dim);
          };
          auto number = [&](int64_t n) -> Value {
            return arith::ConstantIndexOp::create(b, loc, n);
          };
          Value block =
              arith::IndexCastOp::create(b, loc, b.getIndexType(), v[0]);
          Value row = arith::AddIOp::create(
              b, loc, arith::MulIOp::create(b, loc, block, number(size)),
              at(4));
          Value head = at(1);
          if (headsOfGroup != 1)
            head = arith::DivUIOp::create(b, loc, head, number(headsOfGroup));
          return tensor::ExtractOp::create(b, loc, x,
                                           ValueRange{at(0), head, row, at(5)});
        });
  }

  AttentionOp op;
  Decomposer d;
  int64_t size;
  SmallVector<OpFoldResult> query, key;
  /// Of blocks of queries.
  OpFoldResult count;
};

} // namespace

FailureOr<Value> tfc::attn::decomposeKeyBlocks(AttentionOp op, OpBuilder &b) {
  return DecomposeBlocks(op, b).build();
}
