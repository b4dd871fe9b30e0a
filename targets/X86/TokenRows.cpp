//===- TokenRows.cpp - a tensor of tokens as a matrix -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TokenRows.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc::x86;

TokenRows::TokenRows(OpBuilder &b, Location loc, Value x)
    : b(b), loc(loc), x(x), type(cast<RankedTensorType>(x.getType())),
      sizes(tensor::getMixedSizes(b, loc, x)), groups(2) {
  for (int64_t d = 0; d + 1 < type.getRank(); ++d)
    groups[0].push_back(d);
  groups[1].push_back(type.getRank() - 1);
}

OpFoldResult TokenRows::count() {
  AffineExpr product = b.getAffineConstantExpr(1);
  for (int64_t d = 0; d + 1 < type.getRank(); ++d)
    product = product * b.getAffineSymbolExpr(d);
  return affine::makeComposedFoldedAffineApply(b, loc, product,
                                               ArrayRef(sizes).drop_back());
}

Value TokenRows::flat() {
  if (type.getRank() == 1)
    return tensor::ExpandShapeOp::create(
        b, loc,
        RankedTensorType::get({1, type.getDimSize(0)}, type.getElementType()),
        x, ArrayRef<ReassociationIndices>{{0, 1}});
  if (type.getRank() == 2)
    return x;
  return tensor::CollapseShapeOp::create(b, loc, x, groups);
}

Value TokenRows::empty(int64_t columns) {
  return tensor::EmptyOp::create(
      b, loc, ArrayRef<OpFoldResult>{count(), b.getIndexAttr(columns)},
      b.getF32Type());
}

Value TokenRows::restore(Value matrix, int64_t columns) {
  if (type.getRank() == 1)
    return tensor::CollapseShapeOp::create(
        b, loc, matrix, ArrayRef<ReassociationIndices>{{0, 1}});
  if (type.getRank() == 2)
    return matrix;
  SmallVector<OpFoldResult> result(sizes.begin(), sizes.end() - 1);
  result.push_back(b.getIndexAttr(columns));
  SmallVector<int64_t> dims = decomposeMixedValues(result).first;
  return tensor::ExpandShapeOp::create(
      b, loc, RankedTensorType::get(dims, b.getF32Type()), matrix, groups,
      result);
}
