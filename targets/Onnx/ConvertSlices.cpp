//===- ConvertSlices.cpp - parts of tensors to ONNX -------------*- C++ -*-===//
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

namespace {

SmallVector<int64_t> positions(const llvm::SmallBitVector &bits) {
  SmallVector<int64_t> all;
  for (unsigned bit : bits.set_bits())
    all.push_back(bit);
  return all;
}

struct ExtractSlicePattern : public NodePattern<tensor::ExtractSliceOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(tensor::ExtractSliceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    Sizes offsets = convertedSizes(rewriter, op.getMixedOffsets()),
          sizes = convertedSizes(rewriter, op.getMixedSizes()),
          strides = op.getMixedStrides();
    Value result = adaptor.getSource();
    for (size_t axis = 0; axis < sizes.size(); ++axis) {
      std::optional<int64_t> stride = getConstantIntValue(strides[axis]);
      if (!stride || *stride < 1)
        return refuse(rewriter, op, "a stride of it is not constant");
      // The whole dimension, of whatever size.
      bool isWhole = getConstantIntValue(offsets[axis]) == 0 && *stride == 1 &&
                     isSameSize(op, axis);
      if (isWhole)
        continue;
      OpFoldResult span = nb.multiply(sizes[axis], nb.size(*stride));
      if (std::optional<int64_t> known = getConstantIntValue(span);
          known && *known > 0)
        span = nb.size(*known - *stride + 1);
      result = nb.slice(result, axis, offsets[axis],
                        nb.add(offsets[axis], span), *stride);
    }
    replace(rewriter, op, nb.squeeze(result, positions(op.getDroppedDims())));
    return success();
  }

private:
  /// Whether the slice has all of the source's dimension `axis`.
  static bool isSameSize(tensor::ExtractSliceOp op, int64_t axis) {
    OpFoldResult size = op.getMixedSizes()[axis];
    int64_t known = op.getSourceType().getDimSize(axis);
    if (!ShapedType::isDynamic(known))
      return getConstantIntValue(size) == known;
    auto value = dyn_cast<Value>(size);
    auto dim = value ? value.getDefiningOp<tensor::DimOp>() : tensor::DimOp();
    return dim && dim.getSource() == op.getSource() &&
           dim.getConstantIndex() == axis;
  }
};

struct InsertSlicePattern : public NodePattern<tensor::InsertSliceOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(tensor::InsertSliceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    if (llvm::any_of(op.getMixedStrides(), [](OpFoldResult stride) {
          return getConstantIntValue(stride) != 1;
        }))
      return refuse(rewriter, op, "it has strides");
    Sizes offsets = convertedSizes(rewriter, op.getMixedOffsets()),
          sizes = convertedSizes(rewriter, op.getMixedSizes());
    Value part =
        nb.unsqueeze(adaptor.getSource(), positions(op.getDroppedDims()));
    SmallVector<int64_t> axes;
    for (size_t axis = 0; axis < sizes.size(); ++axis) {
      int64_t whole = op.getDestType().getDimSize(axis);
      if (ShapedType::isDynamic(whole) ||
          getConstantIntValue(sizes[axis]) != whole)
        axes.push_back(axis);
    }
    replace(rewriter, op,
            insert(nb, part, adaptor.getDest(), offsets, sizes, axes));
    return success();
  }

private:
  /// What is before, around and behind `part` along the first of `axes`.
  static Value insert(NodeBuilder &nb, Value part, Value into,
                      ArrayRef<OpFoldResult> offsets,
                      ArrayRef<OpFoldResult> sizes, ArrayRef<int64_t> axes) {
    if (axes.empty())
      return part;
    int64_t axis = axes[0];
    OpFoldResult start = offsets[axis], end = nb.add(start, sizes[axis]);
    Value around = into;
    if (axes.size() > 1)
      around = nb.slice(into, axis, start, end);
    SmallVector<Value> parts;
    if (getConstantIntValue(start) != 0)
      parts.push_back(nb.slice(into, axis, nb.size(0), start));
    parts.push_back(
        insert(nb, part, around, offsets, sizes, axes.drop_front()));
    int64_t whole = nb.typeOf(into).getDimSize(axis);
    if (ShapedType::isDynamic(whole) || getConstantIntValue(end) != whole)
      parts.push_back(nb.slice(into, axis, end, nb.size(into, axis)));
    return nb.concat(parts, axis);
  }
};

struct ConcatPattern : public NodePattern<tensor::ConcatOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(tensor::ConcatOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    replace(rewriter, op, nb.concat(adaptor.getInputs(), op.getDim()));
    return success();
  }
};

struct PadPattern : public NodePattern<tensor::PadOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(tensor::PadOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    Value filling = op.getConstantPaddingValue();
    Value value = filling ? rewriter.getRemappedValue(filling) : Value();
    if (!value)
      return refuse(rewriter, op, "what it pads with depends on the place");
    Sizes pads = convertedSizes(rewriter, op.getMixedLowPad());
    pads.append(convertedSizes(rewriter, op.getMixedHighPad()));
    replace(rewriter, op,
            nb.node("Pad", {adaptor.getSource(), nb.list(pads), value},
                    tensorTypeFor(op.getType())));
    return success();
  }
};

} // namespace

void tfc::toonnx::populateSlicePatterns(const TypeConverter &types,
                                        RewritePatternSet &patterns,
                                        Refusals &refusals) {
  patterns
      .add<ExtractSlicePattern, InsertSlicePattern, ConcatPattern, PadPattern>(
          types, patterns.getContext(), refusals);
}
