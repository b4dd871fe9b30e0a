//===- ProductView.cpp - a contraction as products of matrices --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProductView.h"
#include "KernelCalls.h"
#include "tfc/Passes/Lower/Loops.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::x86;

/// The loop along which `operand` is contiguous, if any.
static std::optional<unsigned> contiguousLoop(linalg::LinalgOp op,
                                              OpOperand &operand) {
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  if (!type || !type.getElementType().isF32() ||
      failed(type.getStridesAndOffset(strides, offset)))
    return std::nullopt;
  AffineMap map = op.getMatchingIndexingMap(&operand);
  for (auto [d, stride] : llvm::enumerate(strides))
    if (stride == 1 && type.getDimSize(d) != 1)
      return map.getDimPosition(d);
  return std::nullopt;
}

FailureOr<ProductView> ProductView::of(linalg::LinalgOp op) {
  if (!linalg::isaContractionOpInterface(op) || !lower::addsProducts(op))
    return failure();
  FailureOr<linalg::ContractionDimensions> dims =
      linalg::inferContractionDims(op);
  // A result of one row or column has no use for a block in registers.
  if (failed(dims) || dims->k.size() != 1 || dims->m.empty() || dims->n.empty())
    return failure();
  std::optional<unsigned> inX = contiguousLoop(op, op->getOpOperand(0)),
                          inW = contiguousLoop(op, op->getOpOperand(1)),
                          inC = contiguousLoop(op, op->getOpOperand(2));
  if (!inX || !inW || !inC)
    return failure();
  ProductView view;
  view.x = 0;
  view.w = 1;
  // The transposed result is the product of the factors in the other order.
  SmallVector<unsigned> rows = llvm::to_vector(dims->m),
                        columns = llvm::to_vector(dims->n);
  if (llvm::is_contained(rows, *inC)) {
    std::swap(view.x, view.w);
    std::swap(inX, inW);
    std::swap(rows, columns);
  }
  view.n = *inC;
  view.k = dims->k.front();
  view.isXTurned = *inX != view.k;
  view.isWTurned = *inW == view.k;
  if (!llvm::is_contained(columns, view.n) ||
      (!view.isWTurned && *inW != view.n) ||
      (view.isXTurned && !llvm::is_contained(rows, *inX)))
    return failure();
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  view.m = view.isXTurned ? *inX : rows.front();
  for (unsigned row : rows)
    if (!view.isXTurned && sizes[row] != 1)
      view.m = row;
  for (unsigned loop = 0; loop < sizes.size(); ++loop)
    if (loop != view.m && loop != view.n && loop != view.k)
      view.outer.push_back(loop);
  return view;
}

MatrixStack ProductView::stack(OpBuilder &b, linalg::LinalgOp op,
                               unsigned number, unsigned row,
                               unsigned column) const {
  OpOperand &operand = op->getOpOperand(number);
  AffineMap map = op.getMatchingIndexingMap(&operand);
  MatrixStack stack;
  SmallVector<int64_t> order;
  int64_t rowPosition = -1, columnPosition = -1;
  for (unsigned position = 0; position < map.getNumResults(); ++position) {
    unsigned loop = map.getDimPosition(position);
    if (loop == row) {
      rowPosition = position;
    } else if (loop == column) {
      columnPosition = position;
    } else {
      stack.outer.push_back(loop);
      order.push_back(position);
    }
  }
  order.append({rowPosition, columnPosition});
  stack.buffer = operand.get();
  if (!isIdentityPermutation(order))
    stack.buffer = memref::TransposeOp::create(
        b, op.getLoc(), operand.get(),
        AffineMapAttr::get(
            AffineMap::getPermutationMap(order, b.getContext())));
  return stack;
}

Value MatrixStack::block(OpBuilder &b, Location loc, ArrayRef<Value> ivs,
                         Value row, Value rows, Value column,
                         Value columns) const {
  SmallVector<OpFoldResult> offsets, sizes(outer.size(), b.getIndexAttr(1));
  for (unsigned loop : outer)
    offsets.push_back(ivs[loop]);
  offsets.append({row, column});
  sizes.append({rows, columns});
  return blockOf(b, loc, buffer, offsets, sizes, /*rank=*/2);
}
