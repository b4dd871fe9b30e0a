//===- FoldReshapes.cpp - reshapes behind tables ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FoldReshapes.h"
#include "tfc/Target/CortexM7/CortexM7.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace tfc::m7;

namespace {

struct TableBeforeReshape : public OpRewritePattern<TableOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TableOp op,
                                PatternRewriter &rewriter) const override {
    Operation *reshape = op.getX().getDefiningOp();
    if (!isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
            reshape) ||
        !reshape->hasOneUse())
      return rewriter.notifyMatchFailure(op, "is of no reshaped tensor");
    Value x = reshape->getOperand(0);
    auto type = cast<RankedTensorType>(x.getType());
    if (!type.hasStaticShape() ||
        !op.getInit().getDefiningOp<tensor::EmptyOp>())
      return rewriter.notifyMatchFailure(op, "has no result of its own");
    Value init = tensor::EmptyOp::create(rewriter, op.getLoc(), type.getShape(),
                                         type.getElementType());
    Value made =
        TableOp::create(rewriter, op.getLoc(), type, x, init, op.getTable())
            .getResult();
    Operation *behind = rewriter.clone(*reshape);
    behind->setOperand(0, made);
    rewriter.replaceOp(op, behind->getResults());
    return success();
  }
};

} // namespace

void tfc::m7::populateFoldReshapePatterns(RewritePatternSet &patterns) {
  patterns.add<TableBeforeReshape>(patterns.getContext());
}
