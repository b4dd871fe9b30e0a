//===- NormKernel.cpp - a warp for each row of a norm -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NormKernel.h"
#include "KernelBuilder.h"
#include "Launch.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

constexpr int64_t largestRow = 2048, pieceBytes = 16;

int64_t rowSize(attn::NormOp op) {
  return cast<ShapedType>(op.getX().getType()).getShape().back();
}

class Kernel {
public:
  Kernel(attn::NormOp op, KernelBuilder &k)
      : op(op), k(k),
        element(cast<ShapedType>(op.getX().getType()).getElementType()),
        size(rowSize(op)), elementBytes(element.getIntOrFloatBitWidth() / 8),
        width(size % (pieceBytes / elementBytes) ? 1
                                                 : pieceBytes / elementBytes),
        pieces(llvm::divideCeil(size, warpSize * width)) {}

  /// The row of `number`, by the lanes of a warp.
  void emit(Value number, Value lane);

private:
  /// Where the lane's piece number `i` begins, and whether it is in the row;
  /// null where all are.
  Value column(int64_t i) {
    return k.add(k.mul(lane, width), i * warpSize * width);
  }
  Value isInside(int64_t i) {
    return (i + 1) * warpSize * width <= size
               ? Value()
               : k.less(column(i), k.constant(size));
  }
  Value pieceAt(Value base, int64_t i);
  SmallVector<Value> load(Value base, int64_t i);
  void store(Value base, int64_t i, ArrayRef<Value> numbers);
  Value meanOf(llvm::function_ref<Value(Value)> term);

  attn::NormOp op;
  KernelBuilder &k;
  Type element;
  int64_t size, elementBytes, width, pieces;
  Value lane;
  std::vector<SmallVector<Value>> row;
};

} // namespace

Value Kernel::pieceAt(Value base, int64_t i) {
  Value at = column(i);
  // Beyond the row the first piece is read, for nothing.
  if (Value inside = isInside(i))
    at = k.select(inside, at, k.constant(0));
  return k.advance(base, k.mul(at, elementBytes));
}

SmallVector<Value> Kernel::load(Value base, int64_t i) {
  OpBuilder &b = k.b;
  auto type = VectorType::get(width, element);
  Value piece = LLVM::LoadOp::create(b, k.loc, type, pieceAt(base, i),
                                     elementBytes * width);
  SmallVector<Value> numbers;
  for (int64_t e = 0; e < width; ++e) {
    Value number = vector::ExtractOp::create(b, k.loc, piece, e);
    numbers.push_back(element.isF32() ? number
                                      : arith::ExtFOp::create(
                                            b, k.loc, b.getF32Type(), number));
  }
  return numbers;
}

void Kernel::store(Value base, int64_t i, ArrayRef<Value> numbers) {
  OpBuilder &b = k.b;
  OpBuilder::InsertionGuard guard(b);
  if (Value inside = isInside(i)) {
    auto branch = scf::IfOp::create(b, k.loc, inside, /*withElse=*/false);
    b.setInsertionPointToStart(branch.thenBlock());
  }
  SmallVector<Value> rounded;
  for (Value number : numbers)
    rounded.push_back(element.isF32()
                          ? number
                          : arith::TruncFOp::create(b, k.loc, element, number));
  auto type = VectorType::get(width, element);
  Value piece = vector::FromElementsOp::create(b, k.loc, type, rounded);
  LLVM::StoreOp::create(b, k.loc, piece, pieceAt(base, i),
                        elementBytes * width);
}

/// The mean over the row of `term` of its numbers.
Value Kernel::meanOf(llvm::function_ref<Value(Value)> term) {
  Value sum;
  for (int64_t i = 0; i < pieces; ++i) {
    Value inside = isInside(i);
    for (Value number : row[i]) {
      Value value = term(number);
      if (inside)
        value = k.select(inside, value, k.number(0));
      sum = sum ? k.addF(sum, value) : value;
    }
  }
  sum = k.acrossLanes(sum, allLanes, &KernelBuilder::addF);
  return arith::DivFOp::create(k.b, k.loc, sum, k.number(size));
}

void Kernel::emit(Value number, Value laneOfWarp) {
  OpBuilder &b = k.b;
  lane = laneOfWarp;
  Value bytes = k.mul(k.toWide(number), k.wide(size * elementBytes));
  Value x = k.advance(k.addressOf(op.getX()), bytes);
  for (int64_t i = 0; i < pieces; ++i)
    row.push_back(load(x, i));
  Value mean;
  if (op.getKind() == attn::NormKind::Layer) {
    mean = meanOf([](Value number) { return number; });
    for (SmallVector<Value> &piece : row)
      for (Value &value : piece)
        value = k.subF(value, mean);
  }
  Value squares = meanOf([&](Value value) { return k.mulF(value, value); });
  Value root = math::SqrtOp::create(
      b, k.loc, k.addF(squares, k.number(op.getEpsilon().convertToDouble())));
  Value factor = k.reciprocal(root);
  Value y = k.advance(k.addressOf(op.getInit()), bytes);
  for (int64_t i = 0; i < pieces; ++i) {
    SmallVector<Value> scale, bias;
    if (op.getScale())
      scale = load(k.addressOf(op.getScale()), i);
    if (op.getBias())
      bias = load(k.addressOf(op.getBias()), i);
    for (auto [e, value] : llvm::enumerate(row[i])) {
      value = k.mulF(value, factor);
      if (!scale.empty())
        value = k.mulF(value, scale[e]);
      if (!bias.empty())
        value = k.addF(value, bias[e]);
    }
    store(y, i, row[i]);
  }
}

std::string tfc::cuda::whyNoNormKernel(attn::NormOp op) {
  auto type = cast<ShapedType>(op.getX().getType());
  Type element = type.getElementType();
  if (!element.isF32() && !element.isF16() && !element.isBF16())
    return "its elements are not f32, f16 or bf16";
  for (Value operand : {op.getScale(), op.getBias()})
    if (operand &&
        cast<ShapedType>(operand.getType()).getElementType() != element)
      return "scale or bias are of another type";
  if (int64_t(op.getAxis()) != type.getRank() - 1 || rowSize(op) > largestRow ||
      ShapedType::isDynamic(rowSize(op)))
    return "its rows are not the last dimension, of a known size up to 2048";
  return "";
}

void tfc::cuda::emitNorm(attn::NormOp op, OpBuilder &b) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  Location loc = op.getLoc();
  KernelBuilder k(b, loc);
  Value count = arith::ConstantIndexOp::create(b, loc, 1);
  for (int64_t d = 0; d < int64_t(op.getAxis()); ++d)
    count = b.createOrFold<arith::MulIOp>(
        loc, count, b.createOrFold<memref::DimOp>(loc, op.getX(), d));
  WarpLoop rows = launchWarps(b, loc, count);
  Kernel(op, k).emit(rows.loop.getInductionVar(), k.toInt(rows.lane));
}
