//===- ConvertScalars.cpp - arith and math to ONNX --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementFunctions.h"
#include "Patterns.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::toonnx;

namespace {

struct ConstantPattern : public NodePattern<arith::ConstantOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(arith::ConstantOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    RankedTensorType type = tensorTypeFor(op.getType());
    if (!type)
      return refuse(rewriter, op, "its type has no form");
    Attribute value = op.getValue();
    if (!isa<ElementsAttr>(value)) {
      if (op.getType().isIndex())
        value = rewriter.getI64IntegerAttr(cast<IntegerAttr>(value).getInt());
      value = DenseElementsAttr::get(type, value);
    }
    if (getElementTypeOrSelf(op.getType()).isIndex()) {
      auto dense = dyn_cast<DenseElementsAttr>(value);
      if (!dense)
        return refuse(rewriter, op, "its elements cannot be read");
      SmallVector<int64_t> numbers;
      for (const APInt &number : dense.getValues<APInt>())
        numbers.push_back(number.getSExtValue());
      value = DenseElementsAttr::get(type, ArrayRef<int64_t>(numbers));
    }
    // Weights have the names that the file gave them.
    StringRef name;
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
      name = resource.getRawHandle().getKey();
    replace(rewriter, op, nb.constant(cast<ElementsAttr>(value), name));
    return success();
  }
};

struct ApplyPattern : public NodePattern<affine::AffineApplyOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(affine::AffineApplyOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    // As arithmetic on indices, which is converted next.
    std::optional<SmallVector<Value, 8>> values = affine::expandAffineMap(
        rewriter, op.getLoc(), op.getAffineMap(), op.getMapOperands());
    if (!values)
      return refuse(rewriter, op, "its map has no form");
    rewriter.replaceOp(op, *values);
    return success();
  }
};

/// Any operation of arith or math.
struct ArithmeticPattern : public ConversionPattern {
  ArithmeticPattern(const TypeConverter &types, MLIRContext *context,
                    Refusals &refusals)
      : ConversionPattern(types, MatchAnyOpTypeTag(), /*benefit=*/1, context),
        refusals(refusals) {}

  LogicalResult
  matchAndRewrite(Operation *op, ArrayRef<Value> operands,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isa_and_nonnull<arith::ArithDialect, math::MathDialect>(
            op->getDialect()))
      return rewriter.notifyMatchFailure(op, "no arithmetic");
    NodeBuilder nb(rewriter, op->getLoc());
    std::string reason;
    FailureOr<Value> result = elementFunction(nb, op, operands, reason);
    if (failed(result)) {
      refusals[op] = reason;
      return rewriter.notifyMatchFailure(op, reason);
    }
    Type type = getTypeConverter()->convertType(op->getResult(0).getType());
    rewriter.replaceOp(op, nb.as(*result, type));
    return success();
  }

private:
  Refusals &refusals;
};

} // namespace

void tfc::toonnx::populateScalarPatterns(const TypeConverter &types,
                                         RewritePatternSet &patterns,
                                         Refusals &refusals) {
  patterns.add<ArithmeticPattern, ApplyPattern>(types, patterns.getContext(),
                                                refusals);
  patterns.add<ConstantPattern>(types, patterns.getContext(), refusals);
}
