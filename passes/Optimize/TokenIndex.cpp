//===- TokenIndex.cpp - the tokens that a mask keeps ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TokenIndex.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace tfc::optimize;

namespace {

using Body = llvm::function_ref<Value(OpBuilder &, Location, ValueRange)>;

/// A generic over the dimensions of its result and those that `maps` name
/// besides.
Value generic(OpBuilder &b, Location loc, ValueRange inputs, Value init,
              ArrayRef<AffineMap> maps, Body body) {
  unsigned rank = cast<ShapedType>(init.getType()).getRank();
  SmallVector<utils::IteratorType> loops(maps.back().getNumDims(),
                                         utils::IteratorType::parallel);
  std::fill(loops.begin() + rank, loops.end(), utils::IteratorType::reduction);
  return linalg::GenericOp::create(
             b, loc, init.getType(), inputs, init, maps, loops,
             [&](OpBuilder &inner, Location loc, ValueRange arguments) {
               linalg::YieldOp::create(inner, loc, body(inner, loc, arguments));
             })
      .getResult(0);
}

/// All of `x`, of rank 2, by `combine`.
Value reduced(OpBuilder &b, Location loc, Value x, TypedAttr start,
              Body combine) {
  Value empty =
      tensor::EmptyOp::create(b, loc, ArrayRef<int64_t>{}, start.getType());
  Value init =
      linalg::FillOp::create(
          b, loc, arith::ConstantOp::create(b, loc, start).getResult(), empty)
          .getResult(0);
  Value result = generic(
      b, loc, x, init,
      {b.getMultiDimIdentityMap(2), AffineMap::get(2, 0, b.getContext())},
      combine);
  return tensor::ExtractOp::create(b, loc, result);
}

Value isNumber(OpBuilder &b, Location loc, Value x, int64_t number) {
  if (auto type = dyn_cast<FloatType>(x.getType()))
    return arith::CmpFOp::create(
        b, loc, arith::CmpFPredicate::OEQ, x,
        arith::ConstantOp::create(b, loc, b.getFloatAttr(type, number)));
  return arith::CmpIOp::create(
      b, loc, arith::CmpIPredicate::eq, x,
      arith::ConstantOp::create(b, loc, b.getIntegerAttr(x.getType(), number)));
}

} // namespace

TokenIndex::TokenIndex(OpBuilder &b, Location loc, Value mask, StringRef name)
    : sizes(tensor::getMixedSizes(b, loc, mask)), loc(loc) {
  AffineMap identity = b.getMultiDimIdentityMap(2);
  Value isKept = mask;
  if (!cast<ShapedType>(mask.getType()).getElementType().isInteger(1)) {
    Value isFine =
        reduced(b, loc, mask, b.getBoolAttr(true),
                [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  Value either =
                      arith::OrIOp::create(b, loc, isNumber(b, loc, v[0], 0),
                                           isNumber(b, loc, v[0], 1));
                  return arith::AndIOp::create(b, loc, v[1], either);
                });
    cf::AssertOp::create(b, loc, isFine,
                         b.getStringAttr("input '" + name +
                                         "': batches without padding take a "
                                         "mask of zeros and ones"));
    isKept = generic(
        b, loc, mask, tensor::EmptyOp::create(b, loc, sizes, b.getI1Type()),
        {identity, identity}, [](OpBuilder &b, Location loc, ValueRange v) {
          return isNumber(b, loc, v[0], 1);
        });
  }
  Value kept = reduced(
      b, loc, isKept, b.getI64IntegerAttr(0),
      [](OpBuilder &b, Location loc, ValueRange v) -> Value {
        return arith::AddIOp::create(
            b, loc, v[1], arith::ExtUIOp::create(b, loc, b.getI64Type(), v[0]));
      });
  Value all = b.createOrFold<arith::MulIOp>(
      loc, getValueOrCreateConstantIndexOp(b, loc, sizes[0]),
      getValueOrCreateConstantIndexOp(b, loc, sizes[1]));
  // Memory is planned before the mask is read.
  count = arith::MinUIOp::create(
      b, loc, arith::IndexCastOp::create(b, loc, b.getIndexType(), kept), all);
  list(b, isKept);
}

/// One walk over the mask, in order.
void TokenIndex::list(OpBuilder &b, Value isKept) {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value none = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(-1));
  Value numBatches = getValueOrCreateConstantIndexOp(b, loc, sizes[0]);
  Value numPlaces = getValueOrCreateConstantIndexOp(b, loc, sizes[1]);
  Value numBounds = b.createOrFold<arith::AddIOp>(loc, numBatches, one);
  auto empty = [&](ArrayRef<OpFoldResult> shape) -> Value {
    return tensor::EmptyOp::create(b, loc, shape, b.getI64Type());
  };
  auto insert = [&](Value number, Value into, ValueRange at) -> Value {
    if (number.getType().isIndex())
      number = arith::IndexCastOp::create(b, loc, b.getI64Type(), number);
    return tensor::InsertOp::create(b, loc, number, into, at);
  };
  SmallVector<Value> carried = {empty({count}), empty({count}), empty(sizes),
                                empty(getAsOpFoldResult(numBounds)), zero};
  enum { Batches, Places, Numbers, Bounds, Next };
  auto outer = scf::ForOp::create(b, loc, zero, numBatches, one, carried);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(outer.getBody());
    Value batch = outer.getInductionVar();
    SmallVector<Value> state(outer.getRegionIterArgs());
    state[Bounds] = insert(state[Next], state[Bounds], batch);
    auto inner = scf::ForOp::create(b, loc, zero, numPlaces, one, state);
    scf::YieldOp::create(b, loc, inner.getResults());
    b.setInsertionPointToStart(inner.getBody());
    Value place = inner.getInductionVar();
    state = llvm::to_vector_of<Value>(inner.getRegionIterArgs());
    Value here =
        tensor::ExtractOp::create(b, loc, isKept, ValueRange{batch, place});
    auto choice = scf::IfOp::create(b, loc, TypeRange(ValueRange(state)), here,
                                    /*withElseRegion=*/true);
    scf::YieldOp::create(b, loc, choice.getResults());
    b.setInsertionPointToStart(choice.elseBlock());
    SmallVector<Value> without = state;
    without[Numbers] = insert(none, state[Numbers], {batch, place});
    scf::YieldOp::create(b, loc, without);
    b.setInsertionPointToStart(choice.thenBlock());
    Value next = state[Next];
    state[Batches] = insert(batch, state[Batches], next);
    state[Places] = insert(place, state[Places], next);
    state[Numbers] = insert(next, state[Numbers], {batch, place});
    state[Next] = arith::AddIOp::create(b, loc, next, one);
    scf::YieldOp::create(b, loc, state);
  }
  batches = outer.getResult(Batches);
  places = outer.getResult(Places);
  numbers = outer.getResult(Numbers);
  bounds = insert(outer.getResult(Next), outer.getResult(Bounds), numBatches);
}

Value TokenIndex::pack(OpBuilder &b, Location loc, Value x, int64_t batch,
                       int64_t token) const {
  auto type = cast<RankedTensorType>(x.getType());
  int64_t rank = type.getRank();
  SmallVector<OpFoldResult> packed = tensor::getMixedSizes(b, loc, x);
  // A tensor for batches alone gets a dimension for tokens in its place.
  int64_t along = token >= 0 ? token : batch;
  if (batch >= 0)
    packed[batch] = b.getIndexAttr(1);
  packed[along] = count;
  Value init = tensor::EmptyOp::create(b, loc, packed, type.getElementType());
  AffineMap byToken =
      AffineMap::get(rank, 0, b.getAffineDimExpr(along), b.getContext());
  return generic(b, loc, {batches, places}, init,
                 {byToken, byToken, b.getMultiDimIdentityMap(rank)},
                 [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                   SmallVector<Value> at;
                   for (int64_t d = 0; d < rank; ++d) {
                     if (d != batch && d != token) {
                       at.push_back(linalg::IndexOp::create(b, loc, d));
                       continue;
                     }
                     at.push_back(arith::IndexCastOp::create(
                         b, loc, b.getIndexType(), v[d == batch ? 0 : 1]));
                   }
                   return tensor::ExtractOp::create(b, loc, x, at);
                 });
}

Value TokenIndex::unpack(OpBuilder &b, Location loc, Value x,
                         RankedTensorType type, int64_t batch,
                         int64_t token) const {
  SmallVector<OpFoldResult> shape = tensor::getMixedSizes(b, loc, x);
  shape[batch] = sizes[0];
  shape[token] = sizes[1];
  Value init = tensor::EmptyOp::create(b, loc, shape, type.getElementType());
  int64_t rank = type.getRank();
  AffineMap byToken = AffineMap::get(
      rank, 0, {b.getAffineDimExpr(batch), b.getAffineDimExpr(token)},
      b.getContext());
  Value result = generic(
      b, loc, numbers, init, {byToken, b.getMultiDimIdentityMap(rank)},
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value zero = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(0));
        Value isToken = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge,
                                              v[0], zero);
        Value number = arith::IndexCastOp::create(
            b, loc, b.getIndexType(),
            arith::SelectOp::create(b, loc, isToken, v[0], zero));
        SmallVector<Value> at;
        for (int64_t d = 0; d < rank; ++d)
          at.push_back(d == token ? number
                       : d == batch
                           ? Value(arith::ConstantIndexOp::create(b, loc, 0))
                           : Value(linalg::IndexOp::create(b, loc, d)));
        Value nothing = arith::ConstantOp::create(
            b, loc, b.getZeroAttr(type.getElementType()));
        return arith::SelectOp::create(
            b, loc, isToken, tensor::ExtractOp::create(b, loc, x, at), nothing);
      });
  if (result.getType() == type)
    return result;
  return tensor::CastOp::create(b, loc, type, result);
}
