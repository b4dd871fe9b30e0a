//===- LinalgBuilder.h - loops over elements of f32 -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_LINALGBUILDER_H
#define TFC_PASSES_COMPRESS_LINALGBUILDER_H

#include "tfc/Dialect/Attn/Attn.h"

#include <limits>

namespace tfc::compress {

using namespace mlir;

/// The map from `loops` to those at `positions`.
inline AffineMap mapOfLoops(OpBuilder &b, unsigned loops,
                            ArrayRef<unsigned> positions) {
  SmallVector<AffineExpr> results;
  for (unsigned position : positions)
    results.push_back(b.getAffineDimExpr(position));
  return AffineMap::get(loops, 0, results, b.getContext());
}

/// Builds operations of linalg on tensors.
class LinalgBuilder {
public:
  LinalgBuilder(OpBuilder &b, Location loc) : b(b), loc(loc) {}

  using Body = llvm::function_ref<Value(OpBuilder &, Location, ValueRange)>;

  Value empty(ArrayRef<OpFoldResult> sizes, Type type) {
    return tensor::EmptyOp::create(b, loc, sizes, type);
  }

  Value filled(ArrayRef<OpFoldResult> sizes, double number) {
    Value value = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(number));
    return linalg::FillOp::create(b, loc, value, empty(sizes, b.getF32Type()))
        .getResult(0);
  }

  /// `maps` are those of the inputs and of `init`, whose loops are parallel.
  Value generic(ValueRange inputs, Value init, ArrayRef<AffineMap> maps,
                Body body) {
    SmallVector<utils::IteratorType> kinds(maps.back().getNumDims(),
                                           utils::IteratorType::reduction);
    for (AffineExpr expression : maps.back().getResults())
      kinds[cast<AffineDimExpr>(expression).getPosition()] =
          utils::IteratorType::parallel;
    return linalg::GenericOp::create(
               b, loc, init.getType(), inputs, init, maps, kinds,
               [&](OpBuilder &inner, Location at, ValueRange arguments) {
                 linalg::YieldOp::create(inner, at, body(inner, at, arguments));
               })
        .getResult(0);
  }

  /// Of each element of `x`.
  Value mapped(Value x, Body body) {
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, x);
    AffineMap whole = b.getMultiDimIdentityMap(sizes.size());
    return generic(x, empty(sizes, getElementTypeOrSelf(x)), {whole, whole},
                   body);
  }

  /// Of each element of `x` and that of `y`.
  Value zipped(Value x, Value y, Body body) {
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, x);
    AffineMap whole = b.getMultiDimIdentityMap(sizes.size());
    return generic({x, y}, empty(sizes, getElementTypeOrSelf(x)),
                   {whole, whole, whole}, body);
  }

  /// `x` over its last dimension, by `combine` from `start` on.
  Value overRows(Value x, double start, Body combine) {
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, x);
    AffineMap whole = b.getMultiDimIdentityMap(sizes.size());
    return generic(x, filled(ArrayRef(sizes).drop_back(), start),
                   {whole, leading(sizes.size(), sizes.size() - 1)}, combine);
  }

  Value greatestOfRows(Value x) {
    return overRows(x, -std::numeric_limits<double>::infinity(),
                    [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                      return arith::MaximumFOp::create(b, loc, v[0], v[1]);
                    });
  }

  /// All of `x`, by `combine` from `start` on.
  Value overAll(Value x, double start, Body combine) {
    AffineMap whole =
        b.getMultiDimIdentityMap(cast<ShapedType>(x.getType()).getRank());
    return generic(x, filled({}, start),
                   {whole, leading(whole.getNumDims(), 0)}, combine);
  }

  /// Of each element of `x` and `number`, of rank 0.
  Value withNumber(Value x, Value number, Body body) {
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, x);
    AffineMap whole = b.getMultiDimIdentityMap(sizes.size());
    return generic({x, number}, empty(sizes, b.getF32Type()),
                   {whole, leading(sizes.size(), 0), whole}, body);
  }

  /// Of each element of `x`, and the one of `rows` for its row.
  Value withRows(Value x, Value rows, Body body) {
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, x);
    AffineMap whole = b.getMultiDimIdentityMap(sizes.size());
    return generic({x, rows}, empty(sizes, b.getF32Type()),
                   {whole, leading(sizes.size(), sizes.size() - 1), whole},
                   body);
  }

private:
  /// The first `count` of `loops`.
  AffineMap leading(unsigned loops, unsigned count) {
    SmallVector<AffineExpr> results;
    for (unsigned i = 0; i < count; ++i)
      results.push_back(getAffineDimExpr(i, b.getContext()));
    return AffineMap::get(loops, 0, results, b.getContext());
  }

  OpBuilder &b;
  Location loc;
};

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_LINALGBUILDER_H
