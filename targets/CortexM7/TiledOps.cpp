//===- TiledOps.cpp - tiles of integer operations ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/CortexM7/CortexM7.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc::m7;

using Sizes = SmallVector<OpFoldResult>;

static Sizes shapeOf(OpBuilder &b, Location loc, Value value) {
  if (isa<RankedTensorType>(value.getType()))
    return tensor::getMixedSizes(b, loc, value);
  return memref::getMixedSizes(b, loc, value);
}

/// Whether a tile needs all of an operand: what rows are multiplied with, and
/// the memory that the kernel works in.
static bool isWhole(Operation *op, Value operand) {
  if (auto product = dyn_cast<ProductOp>(op))
    return operand == product.getScratch();
  if (auto product = dyn_cast<ActivationProductOp>(op))
    return operand == product.getY() || operand == product.getScratch();
  if (auto attention = dyn_cast<AttentionOp>(op))
    return operand == attention.getKeys() || operand == attention.getValues() ||
           operand == attention.getScratch();
  return false;
}

/// `offsets` and `sizes` of the first dimensions, for all of `value`'s: the
/// others are whole.
static void complete(OpBuilder &b, Location loc, Value value, Sizes &offsets,
                     Sizes &sizes) {
  Sizes whole = shapeOf(b, loc, value);
  for (size_t d = offsets.size(); d < whole.size(); ++d) {
    offsets.push_back(b.getIndexAttr(0));
    sizes.push_back(whole[d]);
  }
}

static FailureOr<TilingResult> tile(OpBuilder &b, Operation *op,
                                    ArrayRef<OpFoldResult> offsets,
                                    ArrayRef<OpFoldResult> sizes) {
  Location loc = op->getLoc();
  SmallVector<Value> operands;
  SmallVector<Type> types;
  SmallVector<Operation *> slices;
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    if (!isWhole(op, value)) {
      // One row for all has the last dimension only.
      size_t own = cast<ShapedType>(value.getType()).getRank();
      Sizes from(offsets), extent(sizes);
      if (isa<AddOp>(op) && own < offsets.size()) {
        from.assign(offsets.take_back(own).begin(), offsets.end());
        extent.assign(sizes.take_back(own).begin(), sizes.end());
      }
      complete(b, loc, value, from, extent);
      Sizes strides(from.size(), b.getIndexAttr(1));
      if (isa<RankedTensorType>(value.getType()))
        slices.push_back(tensor::ExtractSliceOp::create(b, loc, value, from,
                                                        extent, strides));
      else
        slices.push_back(
            memref::SubViewOp::create(b, loc, value, from, extent, strides));
      value = slices.back()->getResult(0);
    }
    operands.push_back(value);
    if (op->getNumResults() &&
        cast<DestinationStyleOpInterface>(op).isDpsInit(&operand))
      types.push_back(value.getType());
  }
  Operation *tiled = mlir::clone(b, op, types, operands);
  return TilingResult{{tiled}, SmallVector<Value>(tiled->getResults()), slices};
}

/// The tile that makes a slice of the result, for a consumer that is tiled.
/// Dimensions without a loop must be whole there.
static FailureOr<TilingResult> tileForResult(OpBuilder &b, Operation *op,
                                             Value init, unsigned loops,
                                             ArrayRef<OpFoldResult> offsets,
                                             ArrayRef<OpFoldResult> sizes) {
  Sizes whole = shapeOf(b, op->getLoc(), init);
  for (size_t d = loops; d < whole.size(); ++d)
    if (!isZeroInteger(offsets[d]) ||
        !isEqualConstantIntOrValue(sizes[d], whole[d]))
      return failure();
  return tile(b, op, offsets.take_front(loops), sizes.take_front(loops));
}

static SmallVector<Range> domain(OpBuilder &b, Operation *op, Value init,
                                 unsigned loops) {
  SmallVector<Range> ranges;
  Sizes whole = shapeOf(b, op->getLoc(), init);
  for (OpFoldResult size : ArrayRef(whole).take_front(loops))
    ranges.push_back({b.getIndexAttr(0), size, b.getIndexAttr(1)});
  return ranges;
}

static unsigned rankOf(Value value) {
  return cast<ShapedType>(value.getType()).getRank();
}

#define TFC_TILING_METHODS(OP, LOOPS)                                          \
  SmallVector<utils::IteratorType> OP::getLoopIteratorTypes() {                \
    return SmallVector<utils::IteratorType>(LOOPS,                             \
                                            utils::IteratorType::parallel);    \
  }                                                                            \
  SmallVector<Range> OP::getIterationDomain(OpBuilder &b) {                    \
    return domain(b, *this, getInit(), LOOPS);                                 \
  }                                                                            \
  FailureOr<TilingResult> OP::getTiledImplementation(                          \
      OpBuilder &b, ArrayRef<OpFoldResult> offsets,                            \
      ArrayRef<OpFoldResult> sizes) {                                          \
    return tile(b, *this, offsets, sizes);                                     \
  }                                                                            \
  LogicalResult OP::getResultTilePosition(                                     \
      OpBuilder &b, unsigned, ArrayRef<OpFoldResult> offsets,                  \
      ArrayRef<OpFoldResult> sizes, Sizes &resultOffsets,                      \
      Sizes &resultSizes) {                                                    \
    resultOffsets.assign(offsets.begin(), offsets.end());                      \
    resultSizes.assign(sizes.begin(), sizes.end());                            \
    complete(b, getLoc(), getInit(), resultOffsets, resultSizes);              \
    return success();                                                          \
  }                                                                            \
  FailureOr<TilingResult> OP::generateResultTileValue(                         \
      OpBuilder &b, unsigned, ArrayRef<OpFoldResult> offsets,                  \
      ArrayRef<OpFoldResult> sizes) {                                          \
    return tileForResult(b, *this, getInit(), LOOPS, offsets, sizes);          \
  }
TFC_TILING_METHODS(ProductOp, rankOf(getInit()) - 1)
TFC_TILING_METHODS(ActivationProductOp, 1)
TFC_TILING_METHODS(AttentionOp, 1)
TFC_TILING_METHODS(SoftmaxOp, rankOf(getInit()) - 1)
TFC_TILING_METHODS(NormOp, rankOf(getInit()) - 1)
TFC_TILING_METHODS(TableOp, rankOf(getInit()))
TFC_TILING_METHODS(AddOp, rankOf(getInit()))
TFC_TILING_METHODS(MultiplyOp, rankOf(getInit()))
#undef TFC_TILING_METHODS
