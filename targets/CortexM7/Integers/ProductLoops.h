//===- ProductLoops.h - the loops of int8 products --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_INTEGERS_PRODUCTLOOPS_H
#define TFC_TARGETS_CORTEXM7_INTEGERS_PRODUCTLOOPS_H

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <optional>

namespace tfc::m7 {

using namespace mlir;

/// The loops of a product, by what they are: of both operands and the result;
/// of x and the result; of y and the result; of the operands only.
struct LoopKinds {
  SmallVector<unsigned> batch, rows, columns, depth;
};

inline bool uses(AffineMap map, unsigned loop) {
  return map.isFunctionOfDim(loop);
}

/// The loops in the order in which the result has them.
inline std::optional<LoopKinds> kindsOf(AffineMap x, AffineMap y,
                                        AffineMap out) {
  LoopKinds kinds;
  for (AffineExpr expression : out.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(expression);
    if (!dim)
      return std::nullopt;
    unsigned loop = dim.getPosition();
    bool inX = uses(x, loop), inY = uses(y, loop);
    if (inX && inY)
      kinds.batch.push_back(loop);
    else if (inX)
      kinds.rows.push_back(loop);
    else if (inY)
      kinds.columns.push_back(loop);
    else
      return std::nullopt;
  }
  for (unsigned loop = 0; loop < out.getNumDims(); ++loop)
    if (!uses(out, loop)) {
      if (!uses(x, loop) || !uses(y, loop))
        return std::nullopt;
      kinds.depth.push_back(loop);
    }
  return kinds;
}

inline int64_t product(ArrayRef<int64_t> sizes, ArrayRef<unsigned> loops) {
  int64_t result = 1;
  for (unsigned loop : loops)
    result *= sizes[loop];
  return result;
}

/// The result of `rows` by `columns`, in the order of the result's dimensions.
inline SmallVector<unsigned> concat(ArrayRef<unsigned> first,
                                    ArrayRef<unsigned> second) {
  SmallVector<unsigned> all(first);
  llvm::append_range(all, second);
  return all;
}

/// A map from the loops `order`, of which each has a dimension, to `map`.
inline AffineMap inOrder(AffineMap map, ArrayRef<unsigned> order) {
  SmallVector<AffineExpr> results;
  for (unsigned loop : order)
    results.push_back(getAffineDimExpr(loop, map.getContext()));
  return AffineMap::get(map.getNumDims(), 0, results, map.getContext());
}

inline SmallVector<unsigned> loopsOf(AffineMap out) {
  SmallVector<unsigned> loops;
  for (AffineExpr expression : out.getResults())
    loops.push_back(cast<AffineDimExpr>(expression).getPosition());
  return loops;
}

/// Matrix `i` of a tensor of [count, rows, columns].
inline Value matrixOf(OpBuilder &b, Location loc, Value x, int64_t i) {
  auto type = cast<RankedTensorType>(x.getType());
  int64_t rows = type.getDimSize(1), columns = type.getDimSize(2);
  return tensor::ExtractSliceOp::create(
      b, loc, RankedTensorType::get({rows, columns}, type.getElementType()), x,
      getAsIndexOpFoldResult(b.getContext(), {i, 0, 0}),
      getAsIndexOpFoldResult(b.getContext(), {1, rows, columns}),
      getAsIndexOpFoldResult(b.getContext(), {1, 1, 1}));
}

inline Value withMatrix(OpBuilder &b, Location loc, Value part, Value whole,
                        int64_t i) {
  auto type = cast<RankedTensorType>(part.getType());
  return tensor::InsertSliceOp::create(
      b, loc, part, whole, getAsIndexOpFoldResult(b.getContext(), {i, 0, 0}),
      getAsIndexOpFoldResult(b.getContext(),
                             {1, type.getDimSize(0), type.getDimSize(1)}),
      getAsIndexOpFoldResult(b.getContext(), {1, 1, 1}));
}

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_INTEGERS_PRODUCTLOOPS_H
