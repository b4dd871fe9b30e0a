//===- ConvertControl.cpp - loops and branches to ONNX ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::toonnx;

namespace {

/// Loops are from 0 by 1 here.
struct ForPattern : public NodePattern<scf::ForOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(scf::ForOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    if (getConstantIntValue(op.getLowerBound()) != 0 ||
        getConstantIntValue(op.getStep()) != 1)
      return refuse(rewriter, op, "it does not count from 0 by 1");
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertTypes(op.getResultTypes(), types)))
      return refuse(rewriter, op, "the type of what it carries has no form");
    Value truth = nb.scalar(rewriter.getI1Type(), 1);
    SmallVector<Value> inputs = {
        nb.cast(adaptor.getUpperBound(), rewriter.getI64Type()), truth};
    llvm::append_range(inputs, adaptor.getInitArgs());
    onnx::NodeOp node = nb.nodeOp("Loop", inputs, types, {}, {"body"});
    Region &body = node.getSubgraphs()[0];
    rewriter.inlineRegionBefore(op.getRegion(), body, body.end());
    TypeConverter::SignatureConversion signature(types.size() + 1);
    signature.addInputs(0, inputs[0].getType());
    signature.addInputs(truth.getType());
    for (auto [i, type] : llvm::enumerate(types))
      signature.addInputs(i + 1, type);
    rewriter.applySignatureConversion(&body.front(), signature,
                                      getTypeConverter());
    rewriter.replaceOp(op, node.getOutputs());
    return success();
  }
};

struct IfPattern : public NodePattern<scf::IfOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(scf::IfOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    SmallVector<Type> types;
    if (op.getNumResults() == 0)
      return refuse(rewriter, op, "it has an effect");
    if (failed(getTypeConverter()->convertTypes(op.getResultTypes(), types)))
      return refuse(rewriter, op, "the type of a result has no form");
    onnx::NodeOp node = nb.nodeOp("If", adaptor.getCondition(), types, {},
                                  {"then_branch", "else_branch"});
    for (auto [from, to] :
         llvm::zip(ArrayRef<Region *>{&op.getThenRegion(), &op.getElseRegion()},
                   node.getSubgraphs()))
      rewriter.inlineRegionBefore(*from, to, to.end());
    rewriter.replaceOp(op, node.getOutputs());
    return success();
  }
};

/// Once its loop or branch is a node.
struct YieldPattern : public NodePattern<scf::YieldOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(scf::YieldOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto node = dyn_cast<onnx::NodeOp>(op->getParentOp());
    if (!node)
      return rewriter.notifyMatchFailure(op, "what it ends has no form");
    SmallVector<Value> values;
    // A loop goes on as long as it counts.
    if (node.getOpType() == "Loop")
      values.push_back(op->getBlock()->getArgument(1));
    llvm::append_range(values, adaptor.getOperands());
    rewriter.replaceOpWithNewOp<onnx::YieldOp>(op, values);
    return success();
  }
};

} // namespace

void tfc::toonnx::populateControlPatterns(const TypeConverter &types,
                                          RewritePatternSet &patterns,
                                          Refusals &refusals) {
  patterns.add<ForPattern, IfPattern, YieldPattern>(
      types, patterns.getContext(), refusals);
}
