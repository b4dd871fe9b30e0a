//===- FoldPads.cpp - products with columns for nothing ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FoldPads.h"
#include "../KernelConstants.h"
#include "tfc/Target/CortexM7/CortexM7.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tfc::m7;

namespace {

template <typename T>
DenseElementsAttr lengthened(ElementsAttr values, int64_t count,
                             ArrayRef<int64_t> shape) {
  std::vector<T> all = elementsOf<T>(values);
  all.resize(count, 0);
  return DenseElementsAttr::get(
      RankedTensorType::get(shape, values.getElementType()), ArrayRef<T>(all));
}

struct FoldPadIntoProduct : public OpRewritePattern<tensor::PadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::PadOp pad,
                                PatternRewriter &rewriter) const override {
    auto product = pad.getSource().getDefiningOp<ProductOp>();
    if (!product || !product->hasOneUse())
      return rewriter.notifyMatchFailure(pad, "not of a product alone");
    auto type = cast<RankedTensorType>(pad.getType());
    SmallVector<int64_t> low(pad.getStaticLow()), high(pad.getStaticHigh());
    bool isOfColumns = type.hasStaticShape() && llvm::all_equal(low) &&
                       low.back() == 0 &&
                       llvm::all_of(ArrayRef(high).drop_back(),
                                    [](int64_t size) { return size == 0; });
    IntegerAttr fill;
    Value value = pad.getConstantPaddingValue();
    // Outputs of no weights and no bias are the zero point.
    if (!isOfColumns || !value || !matchPattern(value, m_Constant(&fill)) ||
        fill.getValue().getSExtValue() !=
            static_cast<int32_t>(product.getZero()))
      return rewriter.notifyMatchFailure(pad, "not columns of the zero point");
    int64_t outputs = type.getShape().back();
    int64_t depth =
        cast<ShapedType>(product.getX().getType()).getShape().back();
    Value init = tensor::EmptyOp::create(
        rewriter, product.getLoc(), type.getShape(), type.getElementType());
    rewriter.replaceOpWithNewOp<ProductOp>(
        pad, type, product.getX(), init, Value(),
        lengthened<int8_t>(product.getWeights(), outputs * depth,
                           {outputs, depth}),
        lengthened<int32_t>(product.getBias(), outputs, {outputs}),
        lengthened<int32_t>(product.getMultipliers(), outputs, {outputs}),
        product.getZero());
    rewriter.eraseOp(product);
    return success();
  }
};

} // namespace

void tfc::m7::populateFoldPadPatterns(RewritePatternSet &patterns) {
  patterns.add<FoldPadIntoProduct>(patterns.getContext());
}
