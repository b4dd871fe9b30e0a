//===- SelectKernels.cpp - which operations have kernels -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FlashAttention.h"
#include "KeyTiles.h"
#include "LinearAttention.h"
#include "NormKernel.h"
#include "ScanKernel.h"
#include "tfc/Target/CUDA/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDASELECTKERNELSPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;

namespace {

class SelectKernelsPass
    : public cuda::impl::CudaSelectKernelsPassBase<SelectKernelsPass> {
public:
  using Base::Base;

  void runOnOperation() override {
    OpBuilder b(&getContext());
    getOperation().walk([&](attn::AttentionOp op) {
      // Else its parts compute it.
      (void)cuda::maskOfKeyBlocks(op, b);
    });
    SmallVector<linalg::AggregatedOpInterface> others;
    getOperation().walk([&](Operation *op) {
      auto attention = dyn_cast<attn::AttentionOp>(op);
      auto norm = dyn_cast<attn::NormOp>(op);
      auto scan = dyn_cast<attn::ScanOp>(op);
      if ((attention && !cuda::whyNoFlashAttention(attention).empty()) ||
          (norm && !cuda::whyNoNormKernel(norm).empty()) ||
          (scan && !cuda::whyNoScanKernel(scan).empty()))
        others.push_back(cast<linalg::AggregatedOpInterface>(op));
    });
    IRRewriter rewriter(&getContext());
    for (linalg::AggregatedOpInterface op : others) {
      rewriter.setInsertionPoint(op);
      if (auto attention = dyn_cast<attn::AttentionOp>(op.getOperation())) {
        FailureOr<Value> scan = cuda::buildLinearScan(attention, rewriter);
        if (succeeded(scan)) {
          rewriter.replaceOp(op, *scan);
          continue;
        }
      }
      FailureOr<SmallVector<Value>> values = op.decomposeOperation(rewriter);
      if (failed(values)) {
        op.emitError("the CUDA target cannot compute it: its number of heads "
                     "is open");
        return signalPassFailure();
      }
      rewriter.replaceOp(op, *values);
    }
    if (matmul != "f16")
      return;
    SmallVector<attn::AttentionOp> singles;
    getOperation().walk([&](attn::AttentionOp op) {
      auto type = cast<RankedTensorType>(op.getQuery().getType());
      constexpr int64_t halfBytes = 2;
      // Biases stay f32.
      if (type.getElementType().isF32() && cuda::hasWholeHeads(op, halfBytes))
        singles.push_back(op);
    });
    for (attn::AttentionOp op : singles)
      computeByHalves(op, rewriter);
  }

private:
  static Value converted(OpBuilder &b, Location loc, Value value, Type element,
                         Value init) {
    auto type = cast<RankedTensorType>(value.getType());
    AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> loops(type.getRank(),
                                           utils::IteratorType::parallel);
    return linalg::GenericOp::create(
               b, loc, init.getType(), value, init,
               ArrayRef<AffineMap>{identity, identity}, loops,
               [&](OpBuilder &inner, Location loc, ValueRange arguments) {
                 Value x = arguments[0];
                 Value y =
                     element.isF32()
                         ? Value(arith::ExtFOp::create(inner, loc, element, x))
                         : Value(
                               arith::TruncFOp::create(inner, loc, element, x));
                 linalg::YieldOp::create(inner, loc, y);
               })
        .getResult(0);
  }

  /// Queries, keys and values rounded to f16, the result extended again.
  static void computeByHalves(attn::AttentionOp op, IRRewriter &rewriter) {
    rewriter.setInsertionPoint(op);
    Location loc = op.getLoc();
    Type half = rewriter.getF16Type();
    auto emptyLike = [&](Value value) -> Value {
      return tensor::EmptyOp::create(
          rewriter, loc, tensor::getMixedSizes(rewriter, loc, value), half);
    };
    IRMapping mapping;
    for (Value operand : {op.getQuery(), op.getKey(), op.getValue()})
      if (!mapping.contains(operand))
        mapping.map(operand, converted(rewriter, loc, operand, half,
                                       emptyLike(operand)));
    Value init = emptyLike(op.getInit());
    OperationState state(loc, op->getName());
    for (OpOperand &operand : op->getOpOperands())
      state.addOperands(op.isDpsInit(&operand)
                            ? init
                            : mapping.lookupOrDefault(operand.get()));
    state.addTypes(init.getType());
    state.addAttributes(op->getAttrs());
    state.propertiesAttr = op->getPropertiesAsAttribute();
    Operation *halves = rewriter.create(state);
    rewriter.replaceOp(op, converted(rewriter, loc, halves->getResult(0),
                                     rewriter.getF32Type(), op.getInit()));
  }
};

} // namespace
