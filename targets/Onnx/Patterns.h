//===- Patterns.h - patterns from attn and linalg ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_ONNX_PATTERNS_H
#define TFC_TARGETS_ONNX_PATTERNS_H

#include "NodeBuilder.h"

#include "mlir/Transforms/DialectConversion.h"

namespace tfc::toonnx {

/// Why operations have no form, for messages.
using Refusals = llvm::DenseMap<mlir::Operation *, std::string>;

/// A pattern that says why it does not match.
template <typename OpTy>
class NodePattern : public mlir::OpConversionPattern<OpTy> {
public:
  NodePattern(const mlir::TypeConverter &types, mlir::MLIRContext *context,
              Refusals &refusals)
      : mlir::OpConversionPattern<OpTy>(types, context), refusals(refusals) {}

protected:
  mlir::LogicalResult refuse(mlir::ConversionPatternRewriter &rewriter,
                             mlir::Operation *op,
                             const llvm::Twine &reason) const {
    refusals[op] = reason.str();
    return rewriter.notifyMatchFailure(op, reason);
  }

  /// Replaces `op` by values of the types that others expect.
  void replace(mlir::ConversionPatternRewriter &rewriter, mlir::Operation *op,
               mlir::ValueRange values) const {
    NodeBuilder nb(rewriter, op->getLoc());
    llvm::SmallVector<mlir::Value> typed;
    for (auto [result, value] : llvm::zip(op->getResults(), values))
      typed.push_back(nb.as(
          value, this->getTypeConverter()->convertType(result.getType())));
    rewriter.replaceOp(op, typed);
  }

  Refusals &refusals;
};

/// Patterns by what they convert.
void populateAttnPatterns(const mlir::TypeConverter &types,
                          mlir::RewritePatternSet &patterns,
                          Refusals &refusals);
void populateGenericPatterns(const mlir::TypeConverter &types,
                             mlir::RewritePatternSet &patterns,
                             Refusals &refusals);
void populateScalarPatterns(const mlir::TypeConverter &types,
                            mlir::RewritePatternSet &patterns,
                            Refusals &refusals);
void populateTensorPatterns(const mlir::TypeConverter &types,
                            mlir::RewritePatternSet &patterns,
                            Refusals &refusals);
void populateSlicePatterns(const mlir::TypeConverter &types,
                           mlir::RewritePatternSet &patterns,
                           Refusals &refusals);
void populateControlPatterns(const mlir::TypeConverter &types,
                             mlir::RewritePatternSet &patterns,
                             Refusals &refusals);

/// Whether the pattern of an operation of attn takes it; others are to be
/// decomposed.
bool hasOwnForm(mlir::Operation *op);

/// Sizes as numbers or converted values.
Sizes convertedSizes(mlir::ConversionPatternRewriter &rewriter,
                     llvm::ArrayRef<mlir::OpFoldResult> sizes);

} // namespace tfc::toonnx

#endif // TFC_TARGETS_ONNX_PATTERNS_H
