//===- LinearAttention.cpp - causal linear attention as a scan --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinearAttention.h"
#include "ScanKernel.h"
#include "tfc/Dialect/Attn/CausalLinear.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;

namespace {

class LinearScan {
public:
  LinearScan(attn::AttentionOp op, OpBuilder &b)
      : op(op), b(b), loc(op.getLoc()), zero(b.getIndexAttr(0)),
        one(b.getIndexAttr(1)),
        query(tensor::getMixedSizes(b, loc, op.getQuery())) {}

  Value build() {
    Value q = inSingle(op.getQuery());
    SmallVector<OpFoldResult> keySizes = sizesOf(op.getKey()),
                              valueSizes = sizesOf(op.getValue());
    keySizes[2] = valueSizes[2] = query[2];
    OpFoldResult width = valueSizes[3];
    valueSizes[3] = affine::makeComposedFoldedAffineApply(
        b, loc, b.getAffineDimExpr(0) + 1, {width});
    // Keys that are not there add nothing.
    Value k = placed(inSingle(op.getKey()), keySizes, 0),
          v = placed(inSingle(op.getValue()), valueSizes, 1);
    SmallVector<OpFoldResult> stateSizes = keySizes, sizes = query;
    stateSizes[2] = keySizes[3];
    stateSizes[3] = sizes[3] = valueSizes[3];
    Value init = empty(sizes, b.getF32Type()), state = filled(stateSizes, 0);
    auto scan = attn::ScanOp::create(
        b, loc, TypeRange{init.getType(), state.getType()}, q, k, v,
        /*decay=*/Value(), /*step=*/Value(), /*rate=*/Value(),
        /*beta=*/Value(), init, state, llvm::APFloat(1.0));
    if (!cuda::whyNoScanKernel(scan).empty()) {
      scan.erase();
      return {};
    }
    return divided(scan->getResult(0), width);
  }

private:
  SmallVector<OpFoldResult> sizesOf(Value x) {
    return tensor::getMixedSizes(b, loc, x);
  }
  Value empty(ArrayRef<OpFoldResult> sizes, Type element) {
    return tensor::EmptyOp::create(b, loc, sizes, element);
  }
  Value number(double value) {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
  }
  Value filled(ArrayRef<OpFoldResult> sizes, double value) {
    return linalg::FillOp::create(b, loc, number(value),
                                  empty(sizes, b.getF32Type()))
        .getResult(0);
  }

  Value elementwise(ValueRange inputs, ArrayRef<AffineMap> maps, Value init,
                    llvm::function_ref<Value(ValueRange)> body) {
    SmallVector<utils::IteratorType> loops(4, utils::IteratorType::parallel);
    return linalg::GenericOp::create(
               b, loc, init.getType(), inputs, init, maps, loops,
               [&](OpBuilder &inner, Location, ValueRange v) {
                 OpBuilder::InsertionGuard guard(b);
                 b.restoreInsertionPoint(inner.saveInsertionPoint());
                 linalg::YieldOp::create(b, loc, body(v));
               })
        .getResult(0);
  }

  /// Sums of f16 may be larger than its largest number.
  Value inSingle(Value x) {
    if (getElementTypeOrSelf(x.getType()).isF32())
      return x;
    AffineMap map = b.getMultiDimIdentityMap(4);
    return elementwise(x, {map, map}, empty(sizesOf(x), b.getF32Type()),
                       [&](ValueRange v) -> Value {
                         return arith::ExtFOp::create(b, loc, b.getF32Type(),
                                                      v[0]);
                       });
  }

  /// As much of `x` as there is room for in `sizes`, and `other` beside it.
  Value placed(Value x, ArrayRef<OpFoldResult> sizes, double other) {
    SmallVector<OpFoldResult> taken = sizesOf(x), begin(4, zero), step(4, one);
    if (llvm::equal(taken, sizes) && getConstantIntValue(sizes[2]))
      return x;
    if (taken[2] != sizes[2]) {
      MLIRContext *context = b.getContext();
      taken[2] = affine::makeComposedFoldedAffineMin(
          b, loc,
          AffineMap::get(2, 0, {b.getAffineDimExpr(0), b.getAffineDimExpr(1)},
                         context),
          {taken[2], sizes[2]});
      x = tensor::ExtractSliceOp::create(b, loc, x, begin, taken, step);
    }
    return tensor::InsertSliceOp::create(b, loc, x, filled(sizes, other), begin,
                                         taken, step);
  }

  Value divided(Value sums, OpFoldResult width) {
    SmallVector<OpFoldResult> begin(4, zero), step(4, one), taken = query;
    taken[3] = width;
    Value results =
        tensor::ExtractSliceOp::create(b, loc, sums, begin, taken, step);
    begin[3] = width;
    taken[3] = one;
    Value norms =
        tensor::ExtractSliceOp::create(b, loc, sums, begin, taken, step);
    AffineMap map = b.getMultiDimIdentityMap(4);
    AffineMap row =
        AffineMap::get(4, 0,
                       {b.getAffineDimExpr(0), b.getAffineDimExpr(1),
                        b.getAffineDimExpr(2), b.getAffineConstantExpr(0)},
                       b.getContext());
    double epsilon = op.getEpsilon() ? op.getEpsilon()->convertToDouble() : 0;
    Type element = getElementTypeOrSelf(op.getInit().getType());
    return elementwise(
        {results, norms}, {map, row, map}, op.getInit(),
        [&](ValueRange v) -> Value {
          Value scale = number(op.getScale().convertToDouble());
          Value sum = arith::AddFOp::create(
              b, loc, arith::MulFOp::create(b, loc, v[1], scale),
              number(epsilon));
          Value share = arith::DivFOp::create(
              b, loc, arith::MulFOp::create(b, loc, v[0], scale), sum);
          return element.isF32()
                     ? share
                     : arith::TruncFOp::create(b, loc, element, share)
                           .getResult();
        });
  }

  attn::AttentionOp op;
  OpBuilder &b;
  Location loc;
  OpFoldResult zero, one;
  SmallVector<OpFoldResult> query;
};

} // namespace

FailureOr<Value> tfc::cuda::buildLinearScan(attn::AttentionOp op,
                                            OpBuilder &b) {
  Type element = getElementTypeOrSelf(op.getInit().getType());
  if (!attn::isCausalLinear(op) || element.getIntOrFloatBitWidth() > 32)
    return failure();
  if (Value result = LinearScan(op, b).build())
    return result;
  return failure();
}
