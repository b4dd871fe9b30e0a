//===- FoldTransposes.cpp - transposes that undo each other -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FoldTransposes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace {

/// A copy in another order of dimensions, by its name.
struct NameTranspose : public OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    auto yield = cast<linalg::YieldOp>(op.getBlock()->getTerminator());
    if (!op.hasPureTensorSemantics() || op.getNumDpsInputs() != 1 ||
        op.getNumDpsInits() != 1 ||
        yield.getOperand(0) != op.getBlock()->getArgument(0))
      return rewriter.notifyMatchFailure(op, "does not copy one tensor");
    AffineMap map = op.getIndexingMapsArray()[0];
    if (!map.isPermutation() || !op.getIndexingMapsArray()[1].isIdentity())
      return rewriter.notifyMatchFailure(op, "is no permutation");
    SmallVector<int64_t> permutation(map.getNumResults());
    for (unsigned i = 0; i < map.getNumResults(); ++i)
      permutation[map.getDimPosition(i)] = i;
    rewriter.replaceOpWithNewOp<linalg::TransposeOp>(
        op, op.getInputs()[0], op.getOutputs()[0], permutation);
    return success();
  }
};

/// Transposes before they collapse what is transposed already, so that the two
/// meet.
struct TransposeBeforeCollapse : public OpRewritePattern<linalg::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto collapse = op.getInput().getDefiningOp<tensor::CollapseShapeOp>();
    if (!collapse || !collapse->hasOneUse() ||
        !collapse.getSrc().getDefiningOp<linalg::TransposeOp>() ||
        !collapse.getSrcType().hasStaticShape())
      return rewriter.notifyMatchFailure(
          op, "its operand is no reshaped transpose of known sizes");
    SmallVector<ReassociationIndices> groups =
                                          collapse.getReassociationIndices(),
                                      moved;
    SmallVector<int64_t> permutation, shape;
    for (int64_t from : op.getPermutation()) {
      ReassociationIndices &group = moved.emplace_back();
      for (int64_t dim : groups[from]) {
        group.push_back(permutation.size());
        permutation.push_back(dim);
        shape.push_back(collapse.getSrcType().getDimSize(dim));
      }
    }
    Value init = tensor::EmptyOp::create(
        rewriter, op.getLoc(), shape, collapse.getSrcType().getElementType());
    Value transposed =
        linalg::TransposeOp::create(rewriter, op.getLoc(), collapse.getSrc(),
                                    init, permutation)
            ->getResult(0);
    rewriter.replaceOpWithNewOp<tensor::CollapseShapeOp>(
        op, op->getResult(0).getType(), transposed, moved);
    return success();
  }
};

/// Dimensions of `shape` in groups, each with one of more than one element.
SmallVector<ReassociationIndices> aroundLargeOnes(ArrayRef<int64_t> shape) {
  SmallVector<ReassociationIndices> groups(1);
  bool hasLarge = false;
  for (auto [dim, size] : llvm::enumerate(shape)) {
    if (size != 1 && hasLarge)
      groups.emplace_back();
    hasLarge |= size != 1;
    groups.back().push_back(dim);
  }
  return groups;
}

/// Dimensions of one element change places by a reshape.
struct ReshapeUnitTranspose : public OpRewritePattern<linalg::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto from = cast<ShapedType>(op.getInput().getType());
    if (!op.hasPureTensorSemantics() || !from.hasStaticShape())
      return rewriter.notifyMatchFailure(op,
                                         "is not of tensors of known sizes");
    SmallVector<int64_t> order, sizes;
    for (int64_t dim : op.getPermutation())
      if (from.getDimSize(dim) != 1)
        order.push_back(dim);
    if (order.empty() || !llvm::is_sorted(order))
      return rewriter.notifyMatchFailure(op, "changes the order of elements");
    for (int64_t dim : order)
      sizes.push_back(from.getDimSize(dim));
    auto to = cast<RankedTensorType>(op->getResult(0).getType());
    auto middle = RankedTensorType::get(sizes, from.getElementType());
    Value value = op.getInput();
    if (middle != from)
      value =
          tensor::CollapseShapeOp::create(rewriter, op.getLoc(), middle, value,
                                          aroundLargeOnes(from.getShape()));
    if (middle != to)
      value = tensor::ExpandShapeOp::create(rewriter, op.getLoc(), to, value,
                                            aroundLargeOnes(to.getShape()));
    rewriter.replaceOp(op, value);
    return success();
  }
};

} // namespace

void tfc::m7::populateFoldTransposesPatterns(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<NameTranspose, TransposeBeforeCollapse, ReshapeUnitTranspose>(
      context);
  linalg::TransposeOp::getCanonicalizationPatterns(patterns, context);
  tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, context);
  tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, context);
}
