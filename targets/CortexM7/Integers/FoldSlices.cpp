//===- FoldSlices.cpp - heads where they lie --------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FoldSlices.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace {

/// `values` in the order of the transpose's operand: result dimension i is
/// operand dimension permutation[i].
SmallVector<OpFoldResult> before(ArrayRef<OpFoldResult> values,
                                 ArrayRef<int64_t> permutation) {
  SmallVector<OpFoldResult> result(values.size());
  for (auto [value, dim] : llvm::zip(values, permutation))
    result[dim] = value;
  return result;
}

/// Whether dimensions of more than one element keep their order.
bool keepsOrder(ArrayRef<OpFoldResult> sizes, ArrayRef<int64_t> permutation) {
  int64_t last = -1;
  for (auto [size, dim] : llvm::zip(sizes, permutation)) {
    if (isConstantIntValue(size, 1))
      continue;
    if (dim < last)
      return false;
    last = dim;
  }
  return true;
}

struct SliceBeforeTranspose : public OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp op,
                                PatternRewriter &rewriter) const override {
    auto transpose = op.getSource().getDefiningOp<linalg::TransposeOp>();
    if (!transpose || op.getSourceType().getRank() == op.getType().getRank())
      return rewriter.notifyMatchFailure(op, "cuts no matrix of a transpose");
    ArrayRef<int64_t> permutation = transpose.getPermutation();
    SmallVector<OpFoldResult> sizes = op.getMixedSizes();
    if (!keepsOrder(sizes, permutation))
      return rewriter.notifyMatchFailure(op, "the matrix is transposed itself");
    rewriter.replaceOpWithNewOp<tensor::ExtractSliceOp>(
        op, op.getType(), transpose.getInput(),
        before(op.getMixedOffsets(), permutation), before(sizes, permutation),
        before(op.getMixedStrides(), permutation));
    return success();
  }
};

struct InsertBehindTranspose : public OpRewritePattern<linalg::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::TransposeOp op,
                                PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> permutation = op.getPermutation();
    SmallVector<int64_t> inverse(permutation.size());
    for (auto [i, dim] : llvm::enumerate(permutation))
      inverse[dim] = i;
    SmallVector<tensor::InsertSliceOp> inserts;
    Value value = op.getInput();
    while (auto insert = value.getDefiningOp<tensor::InsertSliceOp>()) {
      if (!insert->hasOneUse() ||
          insert.getSourceType().getRank() == insert.getType().getRank() ||
          !keepsOrder(insert.getMixedSizes(), inverse))
        return rewriter.notifyMatchFailure(op, "puts no matrices alone");
      inserts.push_back(insert);
      value = insert.getDest();
    }
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (inserts.empty() || !value.getDefiningOp<tensor::EmptyOp>() || !type ||
        !type.hasStaticShape())
      return rewriter.notifyMatchFailure(op, "is not made of matrices");
    Value result = tensor::EmptyOp::create(
        rewriter, op.getLoc(), type.getShape(), type.getElementType());
    for (tensor::InsertSliceOp insert : llvm::reverse(inserts))
      result = tensor::InsertSliceOp::create(
          rewriter, insert.getLoc(), insert.getSource(), result,
          before(insert.getMixedOffsets(), inverse),
          before(insert.getMixedSizes(), inverse),
          before(insert.getMixedStrides(), inverse));
    rewriter.replaceOp(op, result);
    return success();
  }
};

} // namespace

void tfc::m7::populateFoldSlicePatterns(RewritePatternSet &patterns) {
  patterns.add<SliceBeforeTranspose, InsertBehindTranspose>(
      patterns.getContext());
}
