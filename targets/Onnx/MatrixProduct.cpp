//===- MatrixProduct.cpp - contractions as MatMul ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GenericReduction.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::toonnx;

/// The last loop of `value` that `other` lacks, -1 where there is none.
static int64_t ownLoop(const LoopTensor &value, const LoopTensor &other) {
  for (int64_t loop : llvm::reverse(value.loops))
    if (!other.dependsOn(loop))
      return loop;
  return -1;
}

static int64_t placeOf(int64_t loop, AffineMap map) {
  for (auto [place, expression] : llvm::enumerate(map.getResults()))
    if (auto dim = dyn_cast<AffineDimExpr>(expression))
      if (static_cast<int64_t>(dim.getPosition()) == loop)
        return place;
  return map.getNumResults();
}

/// The dimensions of `value` in the order batch, then those of `tail`, of which
/// the loops of `reduced` become one.
static Value asMatrix(LoopSpace &space, const LoopTensor &value,
                      ArrayRef<int64_t> batch, int64_t own,
                      ArrayRef<int64_t> reduced, bool ownFirst) {
  NodeBuilder &nb = space.nb;
  SmallVector<int64_t> order(batch);
  if (own >= 0 && ownFirst)
    order.push_back(own);
  order.append(reduced.begin(), reduced.end());
  if (own >= 0 && !ownFirst)
    order.push_back(own);
  Value matrix = space.inOrder(value, order);
  int64_t rank = nb.typeOf(matrix).getRank();
  int64_t start = rank - reduced.size() - (own >= 0 && !ownFirst);
  if (reduced.size() > 1) {
    Sizes sizes = nb.sizes(matrix);
    OpFoldResult merged = nb.size(1);
    for (size_t i = 0; i < reduced.size(); ++i)
      merged = nb.multiply(merged, sizes[start + i]);
    sizes.erase(sizes.begin() + start, sizes.begin() + start + reduced.size());
    sizes.insert(sizes.begin() + start, merged);
    matrix = nb.reshape(matrix, sizes);
  }
  // A vector is a matrix of one row or column.
  if (own < 0)
    matrix = nb.unsqueeze(matrix, {ownFirst ? start : start + 1});
  return matrix;
}

std::optional<LoopTensor>
tfc::toonnx::matrixProduct(LoopSpace &space, LoopTensor left, LoopTensor right,
                           ArrayRef<int64_t> reduced, AffineMap map) {
  NodeBuilder &nb = space.nb;
  for (int64_t loop : reduced)
    if (!left.dependsOn(loop) || !right.dependsOn(loop))
      return std::nullopt;
  int64_t row = ownLoop(left, right), column = ownLoop(right, left);
  if (row < 0 && column < 0)
    return std::nullopt;
  // Rows come before columns in the result.
  if (placeOf(row, map) > placeOf(column, map)) {
    std::swap(left, right);
    std::swap(row, column);
  }
  SmallVector<int64_t> batch;
  for (const LoopTensor *value : {&left, &right})
    for (int64_t loop : value->loops)
      if (loop != row && loop != column && !llvm::is_contained(reduced, loop) &&
          !llvm::is_contained(batch, loop))
        batch.push_back(loop);
  llvm::stable_sort(batch, [&](int64_t a, int64_t b) {
    return placeOf(a, map) < placeOf(b, map);
  });
  Value x = asMatrix(space, left, batch, row, reduced, /*ownFirst=*/true);
  Value y = asMatrix(space, right, batch, column, reduced, /*ownFirst=*/false);
  LoopTensor result;
  result.loops = batch;
  SmallVector<int64_t> shape, units;
  for (int64_t loop : batch)
    shape.push_back(
        getConstantIntValue(space.sizes[loop]).value_or(ShapedType::kDynamic));
  auto add = [&](int64_t loop) {
    if (loop < 0)
      units.push_back(shape.size());
    else
      result.loops.push_back(loop);
    shape.push_back(loop < 0 ? 1
                             : getConstantIntValue(space.sizes[loop])
                                   .value_or(ShapedType::kDynamic));
  };
  add(row);
  add(column);
  result.tensor =
      nb.squeeze(nb.node("MatMul", {x, y}, nb.typeOf(x).clone(shape)), units);
  return result;
}
