//===- RowSums.cpp - sums over the rows of tensors --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowSums.h"
#include "LinalgBuilder.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace tfc::compress;

Value tfc::compress::sumOfProducts(OpBuilder &b, Value x, Value y) {
  LinalgBuilder l(b, x.getLoc());
  unsigned rank = cast<ShapedType>(x.getType()).getRank();
  // The loops are those over rows, then one over each factor's elements.
  SmallVector<unsigned> left, right;
  for (unsigned d = 0; d + 1 < rank; ++d) {
    left.push_back(d);
    right.push_back(d);
  }
  left.push_back(rank - 1);
  right.push_back(rank);
  OpFoldResult rows = tensor::getMixedSize(b, x.getLoc(), x, rank - 1),
               columns = tensor::getMixedSize(b, x.getLoc(), y, rank - 1);
  return l.generic({x, y}, l.filled({rows, columns}, 0),
                   {mapOfLoops(b, rank + 1, left),
                    mapOfLoops(b, rank + 1, right),
                    mapOfLoops(b, rank + 1, {rank - 1, rank})},
                   [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                     Value product = arith::MulFOp::create(b, loc, v[0], v[1]);
                     return arith::AddFOp::create(b, loc, v[2], product);
                   });
}

/// Columns of x over all rows, by `combine` from 0 on.
static Value overColumns(OpBuilder &b, Value x, LinalgBuilder::Body combine) {
  LinalgBuilder l(b, x.getLoc());
  unsigned rank = cast<ShapedType>(x.getType()).getRank();
  OpFoldResult width = tensor::getMixedSize(b, x.getLoc(), x, rank - 1);
  return l.generic(
      x, l.filled({width}, 0),
      {b.getMultiDimIdentityMap(rank), mapOfLoops(b, rank, rank - 1)}, combine);
}

Value tfc::compress::sumOfRows(OpBuilder &b, Value x) {
  return overColumns(b, x,
                     [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                       return arith::AddFOp::create(b, loc, v[0], v[1]);
                     });
}

Value tfc::compress::greatestOfColumns(OpBuilder &b, Value x) {
  return overColumns(b, x,
                     [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                       Value size = math::AbsFOp::create(b, loc, v[0]);
                       return arith::MaximumFOp::create(b, loc, size, v[1]);
                     });
}

Value tfc::compress::numberOfRows(OpBuilder &b, Value x) {
  Location loc = x.getLoc();
  Value rows = arith::ConstantIndexOp::create(b, loc, 1);
  for (OpFoldResult size :
       ArrayRef(tensor::getMixedSizes(b, loc, x)).drop_back())
    rows = arith::MulIOp::create(b, loc, rows,
                                 getValueOrCreateConstantIndexOp(b, loc, size));
  Value number = arith::IndexCastOp::create(b, loc, b.getI64Type(), rows);
  return tensor::FromElementsOp::create(
      b, loc, RankedTensorType::get({}, b.getI64Type()), number);
}
