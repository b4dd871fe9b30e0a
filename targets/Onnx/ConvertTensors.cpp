//===- ConvertTensors.cpp - tensor operations to ONNX -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::toonnx;

Sizes tfc::toonnx::convertedSizes(ConversionPatternRewriter &rewriter,
                                  ArrayRef<OpFoldResult> sizes) {
  Sizes converted;
  for (OpFoldResult size : sizes) {
    if (auto value = dyn_cast<Value>(size))
      converted.push_back(rewriter.getRemappedValue(value));
    else
      converted.push_back(size);
  }
  return converted;
}

namespace {

struct EmptyPattern : public NodePattern<tensor::EmptyOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(tensor::EmptyOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    RankedTensorType type = tensorTypeFor(op.getType());
    if (!type)
      return refuse(rewriter, op, "its type has no form");
    replace(rewriter, op,
            nb.undefined(convertedSizes(rewriter, op.getMixedSizes()),
                         type.getElementType()));
    return success();
  }
};

struct DimPattern : public NodePattern<tensor::DimOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(tensor::DimOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    std::optional<int64_t> dim = op.getConstantIndex();
    if (!dim)
      return refuse(rewriter, op, "the dimension it asks for is not constant");
    replace(rewriter, op, nb.value(nb.size(adaptor.getSource(), *dim)));
    return success();
  }
};

/// The types of both say more or less of the same sizes.
struct CastPattern : public NodePattern<tensor::CastOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(tensor::CastOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isa<RankedTensorType>(op.getType()))
      return refuse(rewriter, op, "its result has no rank");
    replace(rewriter, op, adaptor.getSource());
    return success();
  }
};

struct ExpandShapePattern : public NodePattern<tensor::ExpandShapeOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(tensor::ExpandShapeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    SmallVector<OpFoldResult> shape = op.getMixedOutputShape();
    // New dimensions of size 1 alone.
    SmallVector<int64_t> axes;
    for (const ReassociationIndices &group : op.getReassociationIndices()) {
      int64_t kept = -1;
      for (int64_t axis : group)
        if (getConstantIntValue(shape[axis]) != 1 && kept < 0)
          kept = axis;
        else
          axes.push_back(axis);
      if (kept < 0) {
        axes.pop_back();
        kept = group.back();
      }
    }
    bool isUnit = llvm::all_of(axes, [&](int64_t axis) {
      return getConstantIntValue(shape[axis]) == 1;
    });
    if (adaptor.getSrc().getType() == op.getSrcType() && isUnit &&
        op.getSrcType().getRank() > 0) {
      replace(rewriter, op, nb.unsqueeze(adaptor.getSrc(), axes));
      return success();
    }
    replace(rewriter, op,
            nb.reshape(adaptor.getSrc(), convertedSizes(rewriter, shape)));
    return success();
  }
};

struct CollapseShapePattern : public NodePattern<tensor::CollapseShapeOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(tensor::CollapseShapeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    Sizes shape;
    for (auto [result, group] : llvm::enumerate(op.getReassociationIndices())) {
      int64_t known = op.getResultType().getDimSize(result);
      OpFoldResult size = nb.size(1);
      if (!ShapedType::isDynamic(known))
        size = nb.size(known);
      else
        for (int64_t axis : group)
          size = nb.multiply(size, nb.size(adaptor.getSrc(), axis));
      shape.push_back(size);
    }
    replace(rewriter, op, nb.reshape(adaptor.getSrc(), shape));
    return success();
  }
};

/// Indices of one element as a row.
Value indexRow(NodeBuilder &nb, ValueRange indices) {
  SmallVector<Value> parts;
  for (Value index : indices)
    parts.push_back(nb.unsqueeze(index, {0}));
  return nb.concat(parts, 0);
}

struct ExtractPattern : public NodePattern<tensor::ExtractOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(tensor::ExtractOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    Value result = adaptor.getTensor();
    if (adaptor.getIndices().size() == 1)
      result = nb.gather(result, adaptor.getIndices()[0], 0);
    else if (!adaptor.getIndices().empty())
      result = nb.node("GatherND", {result, indexRow(nb, adaptor.getIndices())},
                       nb.typeOf(result).clone(ArrayRef<int64_t>()));
    replace(rewriter, op, result);
    return success();
  }
};

struct InsertPattern : public NodePattern<tensor::InsertOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(tensor::InsertOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    Value result = adaptor.getScalar();
    if (!adaptor.getIndices().empty())
      result = nb.node("ScatterND",
                       {adaptor.getDest(),
                        nb.unsqueeze(indexRow(nb, adaptor.getIndices()), {0}),
                        nb.unsqueeze(result, {0})},
                       adaptor.getDest().getType());
    replace(rewriter, op, result);
    return success();
  }
};

struct FromElementsPattern : public NodePattern<tensor::FromElementsOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(tensor::FromElementsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    if (op.getType().getRank() == 0) {
      replace(rewriter, op, adaptor.getElements());
      return success();
    }
    Sizes shape;
    for (int64_t size : op.getType().getShape())
      shape.push_back(nb.size(size));
    if (op.getType().getNumElements() == 0) {
      replace(
          rewriter, op,
          nb.undefined(shape, tensorTypeFor(op.getType()).getElementType()));
      return success();
    }
    replace(rewriter, op,
            nb.reshape(indexRow(nb, adaptor.getElements()), shape));
    return success();
  }
};

struct SplatPattern : public NodePattern<tensor::SplatOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(tensor::SplatOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    Sizes sizes = convertedSizes(
        rewriter, getMixedValues(op.getType().getShape(), op.getDynamicSizes(),
                                 rewriter));
    replace(rewriter, op, nb.expand(adaptor.getInput(), sizes));
    return success();
  }
};

struct ReshapePattern : public NodePattern<tensor::ReshapeOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(tensor::ReshapeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    if (!isa<RankedTensorType>(op.getType()))
      return refuse(rewriter, op, "its result has no rank");
    Value shape = nb.cast(adaptor.getShape(), rewriter.getI64Type());
    replace(rewriter, op,
            nb.node("Reshape", {adaptor.getSource(), shape}, op.getType(),
                    nb.integer("allowzero", 1)));
    return success();
  }
};

} // namespace

void tfc::toonnx::populateTensorPatterns(const TypeConverter &types,
                                         RewritePatternSet &patterns,
                                         Refusals &refusals) {
  patterns.add<EmptyPattern, DimPattern, CastPattern, ExpandShapePattern,
               CollapseShapePattern, ExtractPattern, InsertPattern,
               FromElementsPattern, SplatPattern, ReshapePattern>(
      types, patterns.getContext(), refusals);
}
