//===- ConvertGeneric.cpp - linalg.generic to ONNX --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GenericReduction.h"
#include "Patterns.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::toonnx;

namespace {

/// How many iterations each loop has, as one of the operands says.
FailureOr<Sizes> loopSizes(NodeBuilder &nb, linalg::GenericOp op,
                           ValueRange converted,
                           ConversionPatternRewriter &rewriter) {
  Sizes sizes(op.getNumLoops());
  for (auto [operand, tensor] : llvm::zip(op->getOpOperands(), converted)) {
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (!type)
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    auto empty = operand.get().getDefiningOp<tensor::EmptyOp>();
    for (auto [axis, expression] : llvm::enumerate(map.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expression);
      if (!dim)
        continue;
      OpFoldResult &size = sizes[dim.getPosition()];
      if (!type.isDynamicDim(axis))
        size = nb.size(type.getDimSize(axis));
      else if (empty && (!size || isa<Value>(size)))
        size = rewriter.getRemappedValue(empty.getDynamicSize(axis));
      else if (!size)
        size = nb.size(tensor, axis);
    }
  }
  for (OpFoldResult size : sizes)
    if (!size)
      return failure();
  return sizes;
}

struct GenericPattern : public NodePattern<linalg::GenericOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(linalg::GenericOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics())
      return refuse(rewriter, op, "it works on buffers");
    NodeBuilder nb(rewriter, op.getLoc());
    SmallVector<Value> operands(adaptor.getOperands());
    FailureOr<Sizes> sizes = loopSizes(nb, op, operands, rewriter);
    if (failed(sizes))
      return refuse(rewriter, op, "a loop's size follows from no operand");
    LoopSpace space(nb, *sizes);
    auto outside = [&](Value value) {
      return rewriter.getRemappedValue(value);
    };
    GenericBody body(space, op, outside);
    SmallVector<Value> results;
    if (op.getNumReductionLoops() > 0) {
      std::string reason;
      if (failed(reduceGeneric(op, operands, space, outside, results, reason)))
        return refuse(rewriter, op, reason);
    } else {
      for (auto [operand, tensor] : llvm::zip(op->getOpOperands(), operands))
        if (op.payloadUsesValueFromOperand(&operand) &&
            failed(body.bind(operand, tensor)))
          return refuse(rewriter, op, body.reason);
      Operation *yield = op.getBody()->getTerminator();
      for (auto [i, scalar] : llvm::enumerate(yield->getOperands())) {
        FailureOr<LoopTensor> value = body.evaluate(scalar);
        if (failed(value))
          return refuse(rewriter, op, body.reason);
        FailureOr<Value> result = space.write(
            *value, op.getMatchingIndexingMap(op.getDpsInitOperand(i)));
        if (failed(result))
          return refuse(rewriter, op,
                        "its result is written in an order that has no form");
        results.push_back(*result);
      }
    }
    replace(rewriter, op, results);
    return success();
  }
};

struct FillPattern : public NodePattern<linalg::FillOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(linalg::FillOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics())
      return refuse(rewriter, op, "it works on buffers");
    NodeBuilder nb(rewriter, op.getLoc());
    Value init = adaptor.getOutputs()[0];
    Sizes sizes = nb.sizes(init);
    if (auto empty = op.getOutputs()[0].getDefiningOp<tensor::EmptyOp>())
      sizes = convertedSizes(rewriter, empty.getMixedSizes());
    replace(rewriter, op, nb.expand(adaptor.getInputs()[0], sizes));
    return success();
  }
};

} // namespace

void tfc::toonnx::populateGenericPatterns(const TypeConverter &types,
                                          RewritePatternSet &patterns,
                                          Refusals &refusals) {
  patterns.add<GenericPattern, FillPattern>(types, patterns.getContext(),
                                            refusals);
}
