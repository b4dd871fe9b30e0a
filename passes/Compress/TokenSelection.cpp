//===- TokenSelection.cpp - the tokens that attention goes to ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TokenSelection.h"

#include "LinalgBuilder.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

/// The first of the queries, [B, H, 1, D].
static Value firstQuery(OpBuilder &b, Location loc, Value query) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, query),
                            zeros(4, b.getIndexAttr(0)),
                            ones(4, b.getIndexAttr(1));
  sizes[2] = b.getIndexAttr(1);
  return tensor::ExtractSliceOp::create(b, loc, query, zeros, sizes, ones);
}

/// `scores` where the mask of `attention` hides none, of all queries or, where
/// there is one row of them, of the first.
static Value masked(OpBuilder &b, attn::AttentionOp attention, Value scores) {
  Location loc = attention.getLoc();
  LinalgBuilder l(b, loc);
  SmallVector<AffineExpr> at;
  auto mask = cast<ShapedType>(attention.getMask().getType()),
       type = cast<ShapedType>(scores.getType());
  for (unsigned dim = 0; dim < 4; ++dim)
    at.push_back(mask.getDimSize(dim) == 1 || type.getDimSize(dim) == 1
                     ? b.getAffineConstantExpr(0)
                     : b.getAffineDimExpr(dim));
  AffineMap whole = b.getMultiDimIdentityMap(4),
            ofMask = AffineMap::get(4, 0, at, b.getContext());
  double hidden = attention.getMaskedScore()
                      ? attention.getMaskedScore()->convertToDouble()
                      : -std::numeric_limits<double>::infinity();
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, scores);
  return l.generic({scores, attention.getMask()},
                   l.empty(sizes, b.getF32Type()), {whole, ofMask, whole},
                   [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                     Value least = arith::ConstantOp::create(
                         b, loc, b.getF32FloatAttr(hidden));
                     return arith::SelectOp::create(b, loc, v[1], v[0], least);
                   });
}

static Value scoresOf(OpBuilder &b, attn::AttentionOp attention, Value query) {
  Location loc = attention.getLoc();
  LinalgBuilder l(b, loc);
  Value key = attention.getKey();
  int64_t heads = cast<ShapedType>(query.getType()).getDimSize(1),
          groups = cast<ShapedType>(key.getType()).getDimSize(1);
  // Query head h reads key head h / (heads / groups).
  AffineExpr head = b.getAffineDimExpr(1);
  if (heads != groups)
    head = head.floorDiv(heads / groups);
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, query);
  sizes[3] = tensor::getMixedSize(b, loc, key, 2);
  // Loops: batch, head, query, key, depth.
  AffineMap ofKey =
      AffineMap::get(5, 0,
                     {b.getAffineDimExpr(0), head, b.getAffineDimExpr(3),
                      b.getAffineDimExpr(4)},
                     b.getContext());
  Value products = l.generic(
      {query, key}, l.filled(sizes, 0),
      {mapOfLoops(b, 5, {0, 1, 2, 4}), ofKey, mapOfLoops(b, 5, {0, 1, 2, 3})},
      [](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value product = arith::MulFOp::create(b, loc, v[0], v[1]);
        return arith::AddFOp::create(b, loc, v[2], product);
      });
  double scale = attention.getScale().convertToDouble();
  Value scores = l.mapped(
      products, [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value factor =
            arith::ConstantOp::create(b, loc, b.getF32FloatAttr(scale));
        return arith::MulFOp::create(b, loc, v[0], factor);
      });
  return attention.getMask() ? masked(b, attention, scores) : scores;
}

Value tfc::compress::maskOfTokens(OpBuilder &b, Value mask, Value tokens,
                                  bool ofQueries, bool ofKeys) {
  if (!ofQueries && !ofKeys)
    return mask;
  Location loc = mask.getLoc();
  LinalgBuilder l(b, loc);
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, mask);
  bool isShared = cast<ShapedType>(mask.getType()).getDimSize(0) == 1;
  sizes[0] = tensor::getMixedSize(b, loc, tokens, 0);
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (auto [dim, follows] :
       {std::pair<unsigned, bool>{2, ofQueries}, {3, ofKeys}})
    if (follows) {
      sizes[dim] = tensor::getMixedSize(b, loc, tokens, 1);
      inputs.push_back(tokens);
      maps.push_back(mapOfLoops(b, 4, {0, dim}));
    }
  maps.push_back(b.getMultiDimIdentityMap(4));
  return l.generic(inputs, l.empty(sizes, getElementTypeOrSelf(mask)), maps,
                   [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                     SmallVector<Value> at;
                     for (unsigned dim = 0; dim < 4; ++dim)
                       at.push_back(linalg::IndexOp::create(b, loc, dim));
                     auto token = [&](Value number) -> Value {
                       return arith::IndexCastOp::create(
                           b, loc, b.getIndexType(), number);
                     };
                     if (isShared)
                       at[0] = arith::ConstantIndexOp::create(b, loc, 0);
                     if (ofQueries)
                       at[2] = token(v[0]);
                     if (ofKeys)
                       at[3] = token(v[ofQueries ? 1 : 0]);
                     return tensor::ExtractOp::create(b, loc, mask, at);
                   });
}

Value tfc::compress::attentionReceived(OpBuilder &b,
                                       attn::AttentionOp attention,
                                       bool ofFirstQuery) {
  Location loc = attention.getLoc();
  LinalgBuilder l(b, loc);
  Value query = attention.getQuery();
  if (ofFirstQuery)
    query = firstQuery(b, loc, query);
  Value scores = scoresOf(b, attention, query);
  Value powers =
      l.withRows(scores, l.greatestOfRows(scores),
                 [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                   return math::ExpOp::create(
                       b, loc, arith::SubFOp::create(b, loc, v[0], v[1]));
                 });
  auto add = [](OpBuilder &b, Location loc, ValueRange v) -> Value {
    return arith::AddFOp::create(b, loc, v[0], v[1]);
  };
  Value shares =
      l.withRows(powers, l.overRows(powers, 0, add),
                 [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                   return arith::DivFOp::create(b, loc, v[0], v[1]);
                 });
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, shares);
  return l.generic(shares, l.filled({sizes[0], sizes[3]}, 0),
                   {b.getMultiDimIdentityMap(4), mapOfLoops(b, 4, {0, 3})},
                   add);
}

/// Integers of `sizes`, all 0.
static Value zeros(OpBuilder &b, Location loc, ArrayRef<OpFoldResult> sizes) {
  Value empty = tensor::EmptyOp::create(b, loc, sizes, b.getI64Type());
  Value zero = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(0));
  return linalg::FillOp::create(b, loc, zero, empty).getResult(0);
}

static Value number(OpBuilder &b, Location loc, int64_t value) {
  return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value));
}

/// How many tokens go before each by their importance; the first one goes
/// before all.
static Value placesOf(OpBuilder &b, Value importance) {
  Location loc = importance.getLoc();
  LinalgBuilder l(b, loc);
  // Loops: batch, token, the other token.
  return l.generic(
      {importance, importance},
      zeros(b, loc, tensor::getMixedSizes(b, loc, importance)),
      {mapOfLoops(b, 3, {0, 1}), mapOfLoops(b, 3, {0, 2}),
       mapOfLoops(b, 3, {0, 1})},
      [](OpBuilder &b, Location loc, ValueRange v) -> Value {
        using Predicate = arith::CmpIPredicate;
        Value token = linalg::IndexOp::create(b, loc, 1),
              other = linalg::IndexOp::create(b, loc, 2),
              zero = arith::ConstantIndexOp::create(b, loc, 0);
        auto compare = [&](Predicate how, Value x, Value y) -> Value {
          return arith::CmpIOp::create(b, loc, how, x, y);
        };
        Value greater = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT,
                                              v[1], v[0]),
              equal = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                            v[1], v[0]);
        Value isBefore = arith::OrIOp::create(
            b, loc, greater,
            arith::AndIOp::create(b, loc, equal,
                                  compare(Predicate::slt, other, token)));
        Value isFirst = compare(Predicate::eq, other, zero);
        isBefore = arith::OrIOp::create(b, loc, isBefore, isFirst);
        isBefore = arith::AndIOp::create(b, loc, isBefore,
                                         compare(Predicate::ne, token, zero));
        Value more = arith::AddIOp::create(b, loc, v[2], number(b, loc, 1));
        return arith::SelectOp::create(b, loc, isBefore, more, v[2]);
      });
}

Value tfc::compress::greatestTokens(OpBuilder &b, Value importance,
                                    int64_t count) {
  Location loc = importance.getLoc();
  LinalgBuilder l(b, loc);
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, importance);
  Value places = placesOf(b, importance);
  auto stays = [count](OpBuilder &b, Location loc, Value place) -> Value {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, place,
                                 number(b, loc, count));
  };
  // Where each goes that stays: how many before it stay.
  Value positions = l.generic(
      places, zeros(b, loc, sizes),
      {mapOfLoops(b, 3, {0, 2}), mapOfLoops(b, 3, {0, 1})},
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value isBefore =
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                  linalg::IndexOp::create(b, loc, 2),
                                  linalg::IndexOp::create(b, loc, 1));
        Value counts =
            arith::AndIOp::create(b, loc, isBefore, stays(b, loc, v[0]));
        Value more = arith::AddIOp::create(b, loc, v[1], number(b, loc, 1));
        return arith::SelectOp::create(b, loc, counts, more, v[1]);
      });
  // Loops: batch, position, token.
  return l.generic(
      {places, positions}, zeros(b, loc, {sizes[0], b.getIndexAttr(count)}),
      {mapOfLoops(b, 3, {0, 2}), mapOfLoops(b, 3, {0, 2}),
       mapOfLoops(b, 3, {0, 1})},
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        auto index = [&](unsigned loop) -> Value {
          return arith::IndexCastOp::create(
              b, loc, b.getI64Type(), linalg::IndexOp::create(b, loc, loop));
        };
        Value isHere = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                             v[1], index(1));
        isHere = arith::AndIOp::create(b, loc, isHere, stays(b, loc, v[0]));
        return arith::SelectOp::create(b, loc, isHere, index(2), v[2]);
      });
}

Value tfc::compress::rowsOfTokens(OpBuilder &b, Value x, Value tokens) {
  Location loc = x.getLoc();
  LinalgBuilder l(b, loc);
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, x);
  sizes[1] = tensor::getMixedSize(b, loc, tokens, 1);
  return l.generic(tokens, l.empty(sizes, getElementTypeOrSelf(x)),
                   {mapOfLoops(b, 3, {0, 1}), mapOfLoops(b, 3, {0, 1, 2})},
                   [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                     Value token = arith::IndexCastOp::create(
                         b, loc, b.getIndexType(), v[0]);
                     return tensor::ExtractOp::create(
                         b, loc, x,
                         ValueRange{linalg::IndexOp::create(b, loc, 0), token,
                                    linalg::IndexOp::create(b, loc, 2)});
                   });
}
