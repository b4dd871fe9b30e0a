//===- AttnDecomposeScan.cpp - recurrences as linalg ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decomposer.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc::attn;

namespace {

/// A loop over tokens that carries the result and the state.
class DecomposeScan {
public:
  DecomposeScan(ScanOp op, OpBuilder &builder)
      : op(op), d(builder, op.getLoc()),
        element(cast<ShapedType>(op.getInit().getType()).getElementType()),
        stateElement(
            cast<ShapedType>(op.getState().getType()).getElementType()) {
    Type accumulator = accumulatorType(element);
    wide = stateElement.getIntOrFloatBitWidth() >
                   accumulator.getIntOrFloatBitWidth()
               ? stateElement
               : accumulator;
  }

  FailureOr<SmallVector<Value>> build() {
    int64_t heads = cast<ShapedType>(op.getQuery().getType()).getDimSize(1),
            groups = cast<ShapedType>(op.getKey().getType()).getDimSize(1);
    if (ShapedType::isDynamic(heads) || ShapedType::isDynamic(groups))
      return failure();
    headsPerState = heads / groups;
    Value zero = arith::ConstantIndexOp::create(d.b, d.loc, 0),
          one = arith::ConstantIndexOp::create(d.b, d.loc, 1),
          tokens = getValueOrCreateConstantIndexOp(d.b, d.loc,
                                                   d.shapeOf(op.getKey())[2]);
    Value start = converted(op.getState(), wide, Value());
    auto loop = scf::ForOp::create(d.b, d.loc, zero, tokens, one,
                                   ValueRange{op.getInit(), start});
    {
      OpBuilder::InsertionGuard guard(d.b);
      d.b.setInsertionPointToStart(loop.getBody());
      token = loop.getInductionVar();
      Value state = advanced(loop.getRegionIterArg(1));
      Value result = placed(read(state), loop.getRegionIterArg(0));
      scf::YieldOp::create(d.b, d.loc, ValueRange{result, state});
    }
    return SmallVector<Value>{
        loop.getResult(0),
        converted(loop.getResult(1), stateElement, op.getState())};
  }

private:
  /// [B, heads, features] of one token.
  Value atToken(Value tensor) {
    SmallVector<OpFoldResult> sizes = d.shapeOf(tensor), offsets(4, zeroAttr()),
                              strides(4, d.b.getIndexAttr(1));
    offsets[2] = token;
    sizes[2] = d.b.getIndexAttr(1);
    auto type = cast<RankedTensorType>(tensor.getType());
    auto narrow = RankedTensorType::get(
        {type.getDimSize(0), type.getDimSize(1), type.getDimSize(3)},
        type.getElementType());
    return tensor::ExtractSliceOp::create(d.b, d.loc, narrow, tensor, offsets,
                                          sizes, strides);
  }
  OpFoldResult zeroAttr() { return d.b.getIndexAttr(0); }

  /// `tensor` with elements of `type`, written to `destination` if given.
  Value converted(Value tensor, Type type, Value destination) {
    Type from = cast<ShapedType>(tensor.getType()).getElementType();
    if (from == type)
      return tensor;
    if (!destination)
      destination =
          tensor::EmptyOp::create(d.b, d.loc, d.shapeOf(tensor), type);
    AffineMap identity = d.map(4, {0, 1, 2, 3});
    return d.generic(tensor, destination, {identity, identity}, 4,
                     [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                       return from.getIntOrFloatBitWidth() <
                                      type.getIntOrFloatBitWidth()
                                  ? extended(b, loc, v[0], type)
                                  : truncated(b, loc, v[0], type);
                     });
  }

  Value multiply(OpBuilder &b, Location loc, Value x, Value y) {
    return arith::MulFOp::create(b, loc, extended(b, loc, x, wide),
                                 extended(b, loc, y, wide));
  }

  /// What multiplies the state, as inputs and how loops over [B, G, D, E] read
  /// them; nothing without decay.
  void decayInputs(SmallVectorImpl<Value> &inputs,
                   SmallVectorImpl<AffineMap> &maps, unsigned loops) {
    if (Value decay = op.getDecay()) {
      bool shared = cast<ShapedType>(decay.getType()).getDimSize(3) == 1;
      AffineMap map = shared ? AffineMap::get(loops, 0,
                                              {d.b.getAffineDimExpr(0),
                                               d.b.getAffineDimExpr(1),
                                               d.b.getAffineConstantExpr(0)},
                                              d.b.getContext())
                             : d.map(loops, {0, 1, 2});
      inputs.push_back(atToken(decay));
      maps.push_back(map);
    }
    if (op.getStep()) {
      inputs.append({atToken(op.getStep()), op.getRate()});
      maps.append({d.map(loops, {0, 1, 3}), d.map(loops, {1, 2, 3})});
    }
  }
  Value decayed(OpBuilder &b, Location loc, Value state, ValueRange v) {
    Value exponent;
    if (op.getDecay())
      exponent = extended(b, loc, v[0], wide);
    else if (op.getStep())
      exponent = multiply(b, loc, v[0], v[1]);
    return exponent
               ? multiply(b, loc, state, math::ExpOp::create(b, loc, exponent))
               : state;
  }

  /// beta * (value - keyᵀ state), [B, G, E].
  Value corrected(Value state, Value key, Value value, ValueRange decay,
                  ArrayRef<AffineMap> decayMaps) {
    // Loops: batch, head, row of the state, column; the row is reduced, so it
    // goes last.
    auto reordered = [&](AffineMap map) {
      SmallVector<AffineExpr> dims = {
          d.b.getAffineDimExpr(0), d.b.getAffineDimExpr(1),
          d.b.getAffineDimExpr(3), d.b.getAffineDimExpr(2)};
      return map.replaceDimsAndSymbols(dims, {}, 4, 0);
    };
    SmallVector<Value> inputs = {state, key};
    SmallVector<AffineMap> maps = {reordered(d.map(4, {0, 1, 2, 3})),
                                   reordered(d.map(4, {0, 1, 2}))};
    llvm::append_range(inputs, decay);
    for (AffineMap map : decayMaps)
      maps.push_back(reordered(map));
    maps.push_back(d.map(4, {0, 1, 2}));
    SmallVector<OpFoldResult> shape = d.shapeOf(value);
    Value sums = d.generic(
        inputs, d.filled(shape, wide, 0), maps, 3,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value before = decayed(b, loc, v[0], v.drop_front(2).drop_back());
          return arith::AddFOp::create(b, loc, v.back(),
                                       multiply(b, loc, v[1], before));
        });
    AffineMap identity = d.map(3, {0, 1, 2});
    AffineMap single =
        AffineMap::get(3, 0,
                       {d.b.getAffineDimExpr(0), d.b.getAffineDimExpr(1),
                        d.b.getAffineConstantExpr(0)},
                       d.b.getContext());
    return d.generic({value, sums, atToken(op.getBeta())},
                     tensor::EmptyOp::create(d.b, d.loc, shape, wide),
                     {identity, identity, single, identity}, 3,
                     [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                       Value rest = arith::SubFOp::create(
                           b, loc, extended(b, loc, v[0], wide), v[1]);
                       return multiply(b, loc, v[2], rest);
                     });
  }

  /// The state after the token.
  Value advanced(Value state) {
    Value key = atToken(op.getKey()), value = atToken(op.getValue());
    SmallVector<Value> decay;
    SmallVector<AffineMap> decayMaps;
    decayInputs(decay, decayMaps, 4);
    if (op.getBeta())
      value = corrected(state, key, value, decay, decayMaps);
    SmallVector<Value> inputs = {key, value};
    SmallVector<AffineMap> maps = {d.map(4, {0, 1, 2}), d.map(4, {0, 1, 3})};
    llvm::append_range(inputs, decay);
    llvm::append_range(maps, decayMaps);
    maps.push_back(d.map(4, {0, 1, 2, 3}));
    return d.generic(inputs, state, maps, 4,
                     [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                       Value kept = decayed(b, loc, v.back(),
                                            v.drop_front(2).drop_back());
                       return arith::AddFOp::create(
                           b, loc, kept, multiply(b, loc, v[0], v[1]));
                     });
  }

  /// scale * queryᵀ state, [B, H, E].
  Value read(Value state) {
    Value query = atToken(op.getQuery());
    SmallVector<OpFoldResult> shape = d.shapeOf(query);
    shape[2] = d.shapeOf(op.getValue())[3];
    AffineExpr head = d.b.getAffineDimExpr(1);
    AffineMap ofState = AffineMap::get(
        4, 0,
        {d.b.getAffineDimExpr(0),
         headsPerState == 1 ? head : head.floorDiv(headsPerState),
         d.b.getAffineDimExpr(3), d.b.getAffineDimExpr(2)},
        d.b.getContext());
    Value sums =
        d.generic({query, state}, d.filled(shape, wide, 0),
                  {d.map(4, {0, 1, 3}), ofState, d.map(4, {0, 1, 2})}, 3,
                  [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    return arith::AddFOp::create(b, loc, v[2],
                                                 multiply(b, loc, v[0], v[1]));
                  });
    double scale = op.getScale().convertToDouble();
    if (scale == 1 && element == wide)
      return sums;
    AffineMap identity = d.map(3, {0, 1, 2});
    Value factor = d.number(wide, scale);
    return d.generic(sums, tensor::EmptyOp::create(d.b, d.loc, shape, element),
                     {identity, identity}, 3,
                     [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                       return truncated(
                           b, loc, arith::MulFOp::create(b, loc, v[0], factor),
                           element);
                     });
  }

  /// `row`, [B, H, E], at the token's place of `all`.
  Value placed(Value row, Value all) {
    SmallVector<OpFoldResult> sizes = d.shapeOf(all), offsets(4, zeroAttr()),
                              strides(4, d.b.getIndexAttr(1));
    offsets[2] = token;
    sizes[2] = d.b.getIndexAttr(1);
    return tensor::InsertSliceOp::create(d.b, d.loc, row, all, offsets, sizes,
                                         strides);
  }

  ScanOp op;
  Decomposer d;
  /// Of the operands, of the state, and what is computed in.
  Type element, stateElement, wide;
  int64_t headsPerState = 1;
  Value token;
};

} // namespace

FailureOr<SmallVector<Value>> ScanOp::decomposeOperation(OpBuilder &b) {
  if (getResults().empty())
    return failure();
  return DecomposeScan(*this, b).build();
}
