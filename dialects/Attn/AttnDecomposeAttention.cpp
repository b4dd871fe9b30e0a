//===- AttnDecomposeAttention.cpp - attention as linalg ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decomposer.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <limits>

using namespace mlir;
using namespace tfc;
using namespace tfc::attn;

namespace {

/// By whole rows of scores; linear scores that nothing hides by the associative
/// law.
class DecomposeAttention {
public:
  DecomposeAttention(AttentionOp op, OpBuilder &builder)
      : op(op), d(builder, op.getLoc()),
        element(cast<ShapedType>(op.getInit().getType()).getElementType()),
        wide(accumulatorType(element)) {}

  FailureOr<Value> build() {
    int64_t heads = cast<ShapedType>(op.getQuery().getType()).getDimSize(1),
            groups = cast<ShapedType>(op.getKey().getType()).getDimSize(1);
    if (ShapedType::isDynamic(heads) || ShapedType::isDynamic(groups))
      return failure();
    MLIRContext *context = d.b.getContext();
    // Query head h reads key head h / (heads / groups).
    group = heads == groups
                ? getAffineDimExpr(1, context)
                : getAffineDimExpr(1, context).floorDiv(heads / groups);
    query = d.shapeOf(op.getQuery());
    key = d.shapeOf(op.getKey());
    out = d.shapeOf(op.getInit());
    shape = {query[0], query[1], query[2], key[2]};
    bool structured = op.getCausal() || op.getLeftWindow() ||
                      op.getRightWindow() || op.getKeyLengths() ||
                      op.getMask() || op.getSequences();
    if (op.getScore() == ScoreFunction::Linear && !structured)
      return rounded(linearByState());
    Value products =
        d.generic({op.getQuery(), op.getKey()}, d.filled(shape, wide, 0),
                  {map({0, 1, 2, 4}), grouped(3, 4), map({0, 1, 2, 3})}, 4,
                  [&](OpBuilder &b, Location loc, ValueRange v) {
                    return multiplyAdd(b, loc, v[0], v[1], v[2]);
                  });
    Value scores = finished(products);
    switch (op.getScore()) {
    case ScoreFunction::Softmax:
      if (op.getTop())
        scores = largestOfRows(d, scores, *op.getTop(),
                               -std::numeric_limits<double>::infinity());
      return rounded(weighted(softmax(scores)));
    case ScoreFunction::Linear:
      return rounded(weighted(normalised(scores)));
    case ScoreFunction::Hard:
      return chosen(scores);
    case ScoreFunction::Grouped:
      return rounded(weightedByGroups(scores));
    }
    llvm_unreachable("all score functions are handled");
  }

private:
  AffineExpr dim(unsigned i) { return getAffineDimExpr(i, d.b.getContext()); }
  AffineMap map(ArrayRef<unsigned> dims) { return d.map(5, dims); }
  /// Of five loops, those of key or value, whose head is that of the group.
  AffineMap grouped(unsigned row, unsigned column) {
    return AffineMap::get(5, 0, {dim(0), group, dim(row), dim(column)},
                          d.b.getContext());
  }
  Value empty(ArrayRef<OpFoldResult> sizes, Type type) {
    return tensor::EmptyOp::create(d.b, d.loc, sizes, type);
  }
  static Value constant(OpBuilder &b, Location loc, Type type, double number) {
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, number));
  }
  Value multiplyAdd(OpBuilder &b, Location loc, Value x, Value y, Value sum) {
    Value term = arith::MulFOp::create(b, loc, extended(b, loc, x, wide),
                                       extended(b, loc, y, wide));
    return arith::AddFOp::create(b, loc, sum, term);
  }

  /// How an operand of rank 4 that broadcasts to the scores is read.
  AffineMap broadcastMap(Value value, int64_t block) {
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<AffineExpr> exprs;
    for (unsigned i = 0; i < 4; ++i) {
      if (type.getDimSize(i) == 1 && getConstantIntValue(shape[i]) != 1)
        exprs.push_back(getAffineConstantExpr(0, d.b.getContext()));
      else
        exprs.push_back(i >= 2 ? dim(i).floorDiv(block) : dim(i));
    }
    return AffineMap::get(4, 0, exprs, d.b.getContext());
  }

  /// Scaled, capped and biased; what is hidden is -inf, or 0 where scores are
  /// linear.
  Value finished(Value products) {
    SmallVector<Value> inputs = {products};
    SmallVector<AffineMap> maps = {d.map(4, {0, 1, 2, 3})};
    unsigned bias = 0, mask = 0, lengths = 0, offsets = 0, ofQuery = 0,
             ofKey = 0;
    auto also = [&](Value value, AffineMap how, unsigned &at) {
      at = inputs.size();
      inputs.push_back(value);
      maps.push_back(how);
    };
    if (op.getBias())
      also(op.getBias(), broadcastMap(op.getBias(), 1), bias);
    if (op.getMask())
      also(op.getMask(),
           broadcastMap(op.getMask(), op.getMaskBlock().value_or(1)), mask);
    if (op.getKeyLengths())
      also(op.getKeyLengths(), d.map(4, {0}), lengths);
    if (op.hasOffsetPerBatch())
      also(op.getQueryOffset(), d.map(4, {0}), offsets);
    if (op.getSequences()) {
      Value numbers = sequenceNumbers();
      also(numbers, d.map(4, {2}), ofQuery);
      also(numbers, d.map(4, {3}), ofKey);
    }
    maps.push_back(d.map(4, {0, 1, 2, 3}));
    Value queries = getValueOrCreateConstantIndexOp(d.b, d.loc, shape[2]),
          keys = getValueOrCreateConstantIndexOp(d.b, d.loc, shape[3]);
    Value offset = op.getQueryOffset();
    if (!offset)
      offset = d.b.createOrFold<arith::SubIOp>(d.loc, keys, queries);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    double hidden = op.getScore() == ScoreFunction::Linear ? 0
                    : op.getMaskedScore()
                        ? op.getMaskedScore()->convertToDouble()
                        : -infinity;
    return d.generic(
        inputs, empty(shape, wide), maps, 4,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value score = scaledScore(b, loc, v[0]);
          if (bias)
            score = arith::AddFOp::create(b, loc, score,
                                          extended(b, loc, v[bias], wide));
          Value first = offsets ? arith::IndexCastOp::create(
                                      b, loc, b.getIndexType(), v[offsets])
                                : offset;
          Value visible = seen(b, loc, first, lengths ? v[lengths] : Value());
          auto both = [&](Value test) {
            visible =
                visible
                    ? arith::AndIOp::create(b, loc, visible, test).getResult()
                    : test;
          };
          if (mask)
            both(v[mask]);
          if (ofKey)
            both(arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                       v[ofQuery], v[ofKey]));
          if (!visible)
            return score;
          return arith::SelectOp::create(b, loc, visible, score,
                                         constant(b, loc, wide, hidden));
        });
  }

  /// How many sequences begin at or before each token, [S].
  Value sequenceNumbers() {
    Value none =
        arith::ConstantOp::create(d.b, d.loc, d.b.getI32IntegerAttr(0));
    Value counts = linalg::FillOp::create(d.b, d.loc, none,
                                          empty({shape[2]}, d.b.getI32Type()))
                       .getResult(0);
    return d.generic(
        op.getSequences(), counts, {d.map(2, {1}), d.map(2, {0})}, 1,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value begin =
              arith::IndexCastOp::create(b, loc, b.getIndexType(), v[0]);
          Value hasBegun =
              arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, begin,
                                    linalg::IndexOp::create(b, loc, 0));
          return arith::AddIOp::create(
              b, loc, v[1],
              arith::ExtUIOp::create(b, loc, b.getI32Type(), hasBegun));
        });
  }

  Value scaledScore(OpBuilder &b, Location loc, Value product) {
    Value score = arith::MulFOp::create(
        b, loc, product,
        constant(b, loc, wide, op.getScale().convertToDouble()));
    if (!op.getSoftcap())
      return score;
    Value cap = constant(b, loc, wide, op.getSoftcap()->convertToDouble());
    Value part = arith::DivFOp::create(b, loc, score, cap);
    return arith::MulFOp::create(b, loc, math::TanhOp::create(b, loc, part),
                                 cap);
  }

  /// Whether a query sees a key by position and length; null where all do.
  Value seen(OpBuilder &b, Location loc, Value offset, Value length) {
    Value result;
    auto compare = [&](arith::CmpIPredicate how, Value x, Value y) -> Value {
      return arith::CmpIOp::create(b, loc, how, x, y);
    };
    auto both = [&](Value test) {
      result = result ? arith::AndIOp::create(b, loc, result, test) : test;
    };
    auto number = [&](int64_t n) -> Value {
      return arith::ConstantIndexOp::create(b, loc, n);
    };
    Value key = linalg::IndexOp::create(b, loc, 3),
          position = arith::AddIOp::create(
              b, loc, linalg::IndexOp::create(b, loc, 2), offset);
    if (op.getCausal())
      both(compare(arith::CmpIPredicate::sle, key, position));
    if (op.getRightWindow())
      both(compare(arith::CmpIPredicate::sle, key,
                   arith::AddIOp::create(b, loc, position,
                                         number(*op.getRightWindow()))));
    if (op.getLeftWindow())
      both(compare(
          arith::CmpIPredicate::sle, position,
          arith::AddIOp::create(b, loc, key, number(*op.getLeftWindow()))));
    if (op.getGlobal()) {
      Value count = number(*op.getGlobal());
      Value global = arith::OrIOp::create(
          b, loc, compare(arith::CmpIPredicate::slt, key, count),
          compare(arith::CmpIPredicate::slt, position, count));
      result = arith::OrIOp::create(b, loc, result, global);
    }
    // Global keys are not seen beyond the causal edge.
    if (op.getGlobal() && op.getCausal())
      both(compare(arith::CmpIPredicate::sle, key, position));
    if (length)
      both(compare(
          arith::CmpIPredicate::slt, key,
          arith::IndexCastOp::create(b, loc, b.getIndexType(), length)));
    return result;
  }

  Value reduced(
      Value scores, double start,
      llvm::function_ref<Value(OpBuilder &, Location, Value, Value)> combine) {
    return d.generic(scores, d.filled(ArrayRef(shape).drop_back(), wide, start),
                     {d.map(4, {0, 1, 2, 3}), d.map(4, {0, 1, 2})}, 3,
                     [&](OpBuilder &b, Location loc, ValueRange v) {
                       return combine(b, loc, v[0], v[1]);
                     });
  }
  Value largest(Value scores) {
    return reduced(scores, -std::numeric_limits<double>::infinity(),
                   [](OpBuilder &b, Location loc, Value x, Value y) -> Value {
                     return arith::MaximumFOp::create(b, loc, x, y);
                   });
  }
  Value total(Value scores) {
    return reduced(scores, 0,
                   [](OpBuilder &b, Location loc, Value x, Value y) -> Value {
                     return arith::AddFOp::create(b, loc, x, y);
                   });
  }

  Value softmax(Value scores) {
    AffineMap whole = d.map(4, {0, 1, 2, 3}), row = d.map(4, {0, 1, 2});
    Value most = largest(scores);
    Value powers =
        d.generic({scores, most}, empty(shape, wide), {whole, row, whole}, 4,
                  [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    return math::ExpOp::create(
                        b, loc, arith::SubFOp::create(b, loc, v[0], v[1]));
                  });
    SmallVector<Value> inputs = {powers, total(powers)};
    SmallVector<AffineMap> maps = {whole, row};
    if (op.getZeroMaskedRows()) {
      inputs.push_back(most);
      maps.push_back(row);
    }
    maps.push_back(whole);
    return d.generic(
        inputs, empty(shape, wide), maps, 4,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value share = arith::DivFOp::create(b, loc, v[0], v[1]);
          if (op.getZeroNanRows()) {
            Value nan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO,
                                              share, share);
            share = arith::SelectOp::create(b, loc, nan,
                                            constant(b, loc, wide, 0), share);
          }
          if (!op.getZeroMaskedRows())
            return share;
          Value masked = arith::CmpFOp::create(
              b, loc, arith::CmpFPredicate::OEQ, v[2],
              constant(b, loc, wide, -std::numeric_limits<double>::infinity()));
          return arith::SelectOp::create(b, loc, masked,
                                         constant(b, loc, wide, 0), share);
        });
  }

  double epsilon() {
    return op.getEpsilon() ? op.getEpsilon()->convertToDouble() : 0;
  }

  Value normalised(Value scores) {
    AffineMap whole = d.map(4, {0, 1, 2, 3}), row = d.map(4, {0, 1, 2});
    return d.generic({scores, total(scores)}, empty(shape, wide),
                     {whole, row, whole}, 4,
                     [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                       Value sum = arith::AddFOp::create(
                           b, loc, v[1], constant(b, loc, wide, epsilon()));
                       return arith::DivFOp::create(b, loc, v[0], sum);
                     });
  }

  /// Sums of weights * value.
  Value weighted(Value weights) {
    // Loops: batch, head, query, value depth, key.
    return d.generic({weights, op.getValue()}, d.filled(out, wide, 0),
                     {map({0, 1, 2, 4}), grouped(4, 3), map({0, 1, 2, 3})}, 4,
                     [&](OpBuilder &b, Location loc, ValueRange v) {
                       return multiplyAdd(b, loc, v[0], v[1], v[2]);
                     });
  }

  /// [..., T, ...] as [..., T / n, n, ...], n being the size of a group.
  Value inGroups(Value x, unsigned along) {
    int64_t size = *op.getGroupSize();
    SmallVector<OpFoldResult> sizes = d.shapeOf(x);
    SmallVector<ReassociationIndices> groups;
    int64_t next = 0;
    for (unsigned i = 0; i < sizes.size(); ++i) {
      groups.push_back({next++});
      if (i == along)
        groups.back().push_back(next++);
    }
    OpFoldResult count = affine::makeComposedFoldedAffineApply(
        d.b, d.loc, dim(0).floorDiv(size), {sizes[along]});
    sizes[along] = d.b.getIndexAttr(size);
    sizes.insert(sizes.begin() + along, count);
    auto type = RankedTensorType::get(decomposeMixedValues(sizes).first,
                                      getElementTypeOrSelf(x.getType()));
    return tensor::ExpandShapeOp::create(d.b, d.loc, type, x, groups, sizes);
  }

  /// From `first` on `count` along dimension `along`, which goes away where
  /// there is one.
  Value part(Value x, unsigned along, int64_t first, int64_t count, bool drop) {
    SmallVector<OpFoldResult> sizes = d.shapeOf(x),
                              offsets(sizes.size(), d.b.getIndexAttr(0)),
                              strides(sizes.size(), d.b.getIndexAttr(1));
    offsets[along] = d.b.getIndexAttr(first);
    sizes[along] = d.b.getIndexAttr(count);
    SmallVector<OpFoldResult> kept = sizes;
    if (drop)
      kept.erase(kept.begin() + along);
    auto type = RankedTensorType::get(decomposeMixedValues(kept).first,
                                      getElementTypeOrSelf(x.getType()));
    return tensor::ExtractSliceOp::create(d.b, d.loc, type, x, offsets, sizes,
                                          strides);
  }

  /// Over the last dimension.
  Value plainSoftmax(Value x) {
    SmallVector<OpFoldResult> sizes = d.shapeOf(x);
    unsigned rank = sizes.size();
    AffineMap whole = d.map(rank, Decomposer::range(rank)),
              row = d.map(rank, Decomposer::range(rank - 1));
    auto reduce = [&](Value from, double start, auto combine) {
      return d.generic(from, d.filled(ArrayRef(sizes).drop_back(), wide, start),
                       {whole, row}, rank - 1,
                       [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                         return combine(b, loc, v[0], v[1]);
                       });
    };
    Value most = reduce(x, -std::numeric_limits<double>::infinity(),
                        [](OpBuilder &b, Location loc, Value y, Value z) {
                          return arith::MaximumFOp::create(b, loc, y, z);
                        });
    Value powers =
        d.generic({x, most}, empty(sizes, wide), {whole, row, whole}, rank,
                  [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    return math::ExpOp::create(
                        b, loc, arith::SubFOp::create(b, loc, v[0], v[1]));
                  });
    Value sums =
        reduce(powers, 0, [](OpBuilder &b, Location loc, Value y, Value z) {
          return arith::AddFOp::create(b, loc, y, z);
        });
    return d.generic({powers, sums}, empty(sizes, wide), {whole, row, whole},
                     rank,
                     [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                       return arith::DivFOp::create(b, loc, v[0], v[1]);
                     });
  }

  /// Softmax within groups of keys, times that of their landmarks.
  Value weightedByGroups(Value scores) {
    int64_t last = *op.getGroupSize() - 1;
    Value apart = inGroups(scores, 3);
    Value gates = plainSoftmax(part(apart, 4, last, 1, /*drop=*/true));
    if (op.getTopGroups())
      gates = largestOfRows(d, gates, *op.getTopGroups(), 0);
    Value shares = plainSoftmax(part(apart, 4, 0, last, /*drop=*/false));
    AffineMap whole = map({0, 1, 2, 3, 4});
    Value weights =
        d.generic({shares, gates}, empty(d.shapeOf(shares), wide),
                  {whole, map({0, 1, 2, 3}), whole}, 5,
                  [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    return arith::MulFOp::create(b, loc, v[0], v[1]);
                  });
    Value values = part(inGroups(op.getValue(), 2), 3, 0, last, false);
    // Loops: batch, head, query, value depth, group, key of the group.
    return d.generic(
        {weights, values}, d.filled(out, wide, 0),
        {d.map(6, {0, 1, 2, 4, 5}),
         AffineMap::get(6, 0, {dim(0), group, dim(4), dim(5), dim(3)},
                        d.b.getContext()),
         d.map(6, {0, 1, 2, 3})},
        4, [&](OpBuilder &b, Location loc, ValueRange v) {
          return multiplyAdd(b, loc, v[0], v[1], v[2]);
        });
  }

  /// query (keyT value) / (query sum(key) + epsilon), with no scores.
  Value linearByState() {
    OpFoldResult groups = key[1], depth = key[3], width = out[3];
    // Loops: batch, group, depth, value depth, key.
    Value state =
        d.generic({op.getKey(), op.getValue()},
                  d.filled({key[0], groups, depth, width}, wide, 0),
                  {map({0, 1, 4, 2}), map({0, 1, 4, 3}), map({0, 1, 2, 3})}, 4,
                  [&](OpBuilder &b, Location loc, ValueRange v) {
                    return multiplyAdd(b, loc, v[0], v[1], v[2]);
                  });
    Value sums =
        d.generic(op.getKey(), d.filled({key[0], groups, depth}, wide, 0),
                  {d.map(4, {0, 1, 3, 2}), d.map(4, {0, 1, 2})}, 3,
                  [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    return arith::AddFOp::create(b, loc, v[1],
                                                 extended(b, loc, v[0], wide));
                  });
    // Loops: batch, head, query, value depth, depth.
    Value products =
        d.generic({op.getQuery(), state}, d.filled(out, wide, 0),
                  {map({0, 1, 2, 4}), grouped(4, 3), map({0, 1, 2, 3})}, 4,
                  [&](OpBuilder &b, Location loc, ValueRange v) {
                    return multiplyAdd(b, loc, v[0], v[1], v[2]);
                  });
    Value norms = d.generic(
        {op.getQuery(), sums}, d.filled(ArrayRef(out).drop_back(), wide, 0),
        {d.map(4, {0, 1, 2, 3}),
         AffineMap::get(4, 0, {dim(0), group, dim(3)}, d.b.getContext()),
         d.map(4, {0, 1, 2})},
        3, [&](OpBuilder &b, Location loc, ValueRange v) {
          return multiplyAdd(b, loc, v[0], v[1], v[2]);
        });
    double scale = op.getScale().convertToDouble();
    return d.generic(
        {products, norms}, empty(out, wide),
        {d.map(4, {0, 1, 2, 3}), d.map(4, {0, 1, 2}), d.map(4, {0, 1, 2, 3})},
        4, [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          auto scaled = [&](Value x) -> Value {
            return scale == 1 ? x
                              : Value(arith::MulFOp::create(
                                    b, loc, x, constant(b, loc, wide, scale)));
          };
          Value sum = arith::AddFOp::create(b, loc, scaled(v[1]),
                                            constant(b, loc, wide, epsilon()));
          return arith::DivFOp::create(b, loc, scaled(v[0]), sum);
        });
  }

  /// The value of the first key with the largest score.
  Value chosen(Value scores) {
    Value first = firstLargestOfRows(d, scores);
    int64_t heads = cast<ShapedType>(op.getQuery().getType()).getDimSize(1),
            groups = cast<ShapedType>(op.getKey().getType()).getDimSize(1);
    return d.generic(
        first, op.getInit(), {d.map(4, {0, 1, 2}), d.map(4, {0, 1, 2, 3})}, 4,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value head = linalg::IndexOp::create(b, loc, 1);
          if (heads != groups)
            head = arith::DivUIOp::create(
                b, loc, head,
                arith::ConstantIndexOp::create(b, loc, heads / groups));
          return tensor::ExtractOp::create(
              b, loc, op.getValue(),
              ValueRange{linalg::IndexOp::create(b, loc, 0), head, v[0],
                         linalg::IndexOp::create(b, loc, 3)});
        });
  }

  Value rounded(Value sums) {
    if (wide == element)
      return sums;
    AffineMap identity = d.map(4, {0, 1, 2, 3});
    return d.generic(sums, op.getInit(), {identity, identity}, 4,
                     [&](OpBuilder &b, Location loc, ValueRange v) {
                       return truncated(b, loc, v[0], element);
                     });
  }

  AttentionOp op;
  Decomposer d;
  Type element, wide;
  AffineExpr group;
  SmallVector<OpFoldResult> query, key, out, shape;
};

} // namespace

FailureOr<SmallVector<Value>> AttentionOp::decomposeOperation(OpBuilder &b) {
  if (!getResult())
    return failure();
  FailureOr<Value> value = getKeyBlocks() ? decomposeKeyBlocks(*this, b)
                           : isCausalLinear(*this)
                               ? decomposeCausalLinear(*this, b)
                               : DecomposeAttention(*this, b).build();
  if (failed(value))
    return failure();
  return SmallVector<Value>{*value};
}
