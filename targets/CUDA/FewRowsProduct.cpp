//===- FewRowsProduct.cpp - products with few rows --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProductKernel.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tfc::cuda;

namespace {

constexpr int64_t warps = fewRowsThreads / warpSize;
/// Elements of b, or pieces, that a thread has on their way at a time.
constexpr int64_t ahead = 4;

/// Where neighbours in b are of the loop n.
bool isByColumns(ProductOp op) {
  return isLastIndex(op.getMap(1), op.getNumBatchLoops() + 1);
}

/// Each element of b is read once, by one thread, which multiplies it with
/// those of all rows. Where neighbours in b are of the loop n, a lane has a
/// column of its own and the warps of a block share the sum; else a warp has a
/// column and its lanes share the sum.
class FewRowsProduct : public ProductLoops {
public:
  FewRowsProduct(ProductOp op, int64_t rows, OpBuilder &b)
      : ProductLoops(op, b), count(rows) {}

  void build() {
    OpBuilder::InsertionGuard guard(b);
    findSizes();
    bool byColumns = isByColumns(op);
    Value block = launch(math.divideCeil(columns, byColumns ? warpSize : warps),
                         warps * warpSize,
                         byColumns ? warps * count * warpSize * sizeof(float)
                         : numParts() > 1 ? sizeof(int32_t)
                                          : 0,
                         /*sums=*/1);
    Value thread = gpu::ThreadIdOp::create(b, loc, gpu::Dimension::x);
    lane = math.remainder(thread, warpSize);
    warp = math.divide(thread, warpSize);
    if (byColumns)
      addByColumns(block, thread);
    else
      addByDepth(block);
  }

private:
  Value widened(Value x) {
    return x.getType().isF32()
               ? x
               : arith::ExtFOp::create(b, loc, b.getF32Type(), x).getResult();
  }

  /// The sums after those of the products at `k` and `elements` - 1 after it.
  SmallVector<Value> add(Value column, Value k, int64_t elements,
                         ValueRange sums) {
    auto load = [&](Value buffer, AffineMap map, Value m) {
      SmallVector<Value> from = indices(map, m, column, k), values;
      if (elements == 1) {
        values.push_back(widened(memref::LoadOp::create(b, loc, buffer, from)));
        return values;
      }
      Type element = getElementTypeOrSelf(buffer.getType());
      Value loaded = vector::LoadOp::create(
          b, loc, VectorType::get({elements}, element), buffer, from,
          /*nontemporal=*/false, llvm::Align(pieceBytes));
      for (int64_t i = 0; i < elements; ++i)
        values.push_back(widened(vector::ExtractOp::create(b, loc, loaded, i)));
      return values;
    };
    SmallVector<Value> next(sums);
    SmallVector<Value> right = load(op.getB(), op.getMap(1), math.of(0));
    for (int64_t m = 0; m < count; ++m)
      for (auto [x, y] :
           llvm::zip_equal(load(op.getA(), op.getMap(0), math.of(m)), right))
        next[m] = math::FmaOp::create(b, loc, x, y, next[m]);
    return next;
  }

  /// The sums of the products at `first` and every `step` after it, `elements`
  /// neighbours at a time.
  SmallVector<Value> sumOf(Value column, Value first, int64_t step,
                           int64_t elements) {
    Value zero = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0.0f));
    SmallVector<Value> sums(count, zero);
    auto [begin, end] = stepsOfPart(math.divideCeil(depth, step));
    begin = math.multiply(begin, step);
    end = b.createOrFold<arith::MinUIOp>(loc, math.multiply(end, step), depth);
    auto loop = [&](Value from, Value to, int64_t turns) {
      auto result =
          scf::ForOp::create(b, loc, from, to, math.of(step * turns), sums);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(result.getBody());
      SmallVector<Value> next(result.getRegionIterArgs());
      for (int64_t i = 0; i < turns; ++i)
        next = add(column, math.add(result.getInductionVar(), i * step),
                   elements, next);
      scf::YieldOp::create(b, loc, next);
      sums.assign(result.result_begin(), result.result_end());
    };
    // `ahead` products at a time as far as all threads have so many.
    Value length = math.subtract(end, begin);
    Value whole = math.add(
        begin, math.multiply(math.divide(length, step * ahead), step * ahead));
    loop(math.add(begin, first), whole, ahead);
    loop(math.add(whole, first), end, 1);
    return sums;
  }

  void addByColumns(Value block, Value thread) {
    Value column = math.add(math.multiply(block, warpSize), lane);
    Value last = math.subtract(columns, math.of(1));
    Value inside = isExact(columns, warpSize)
                       ? column
                       : b.createOrFold<arith::MinUIOp>(loc, column, last);
    SmallVector<Value> sums = sumOf(inside, warp, warps, /*elements=*/1);
    Value shared = sharedView(0, {warps, count, warpSize}, b.getF32Type());
    for (int64_t m = 0; m < count; ++m)
      memref::StoreOp::create(b, loc, sums[m], shared,
                              ValueRange{warp, math.of(m), lane});
    gpu::BarrierOp::create(b, loc);
    // A warp has a row now.
    Value mine = math.isLess(warp, math.of(count));
    if (!isExact(columns, warpSize))
      mine = b.createOrFold<arith::AndIOp>(loc, mine,
                                           math.isLess(column, columns));
    // Those that have none add up row 0 for nothing.
    Value row = count == warps ? warp
                               : b.createOrFold<arith::SelectOp>(
                                     loc, math.isLess(warp, math.of(count)),
                                     warp, math.of(0));
    Value sum;
    for (int64_t w = 0; w < warps; ++w) {
      Value part = memref::LoadOp::create(b, loc, shared,
                                          ValueRange{math.of(w), row, lane});
      sum = sum ? arith::AddFOp::create(b, loc, sum, part).getResult() : part;
    }
    addParts(sum,
             [&](ValueRange sums) { writeWhere(mine, sums, warp, column); });
  }

  void writeWhere(Value condition, ValueRange sums, Value m, Value n) {
    auto branch =
        scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    writeSums(SmallVector<Value>(sums), m, n);
  }

  void addByDepth(Value block) {
    Value column = math.add(math.multiply(block, warps), warp);
    // Lane m has row m.
    Value mine = math.isLess(lane, math.of(count));
    if (!isExact(columns, warps)) {
      mine = b.createOrFold<arith::AndIOp>(loc, mine,
                                           math.isLess(column, columns));
      column = b.createOrFold<arith::MinUIOp>(
          loc, column, math.subtract(columns, math.of(1)));
    }
    unsigned depthLoop = op.getNumBatchLoops() + 2;
    int64_t elements =
        pieceBytes / bytesOf(getElementTypeOrSelf(op.getA().getType()));
    for (auto [buffer, map] : {std::pair(op.getA(), op.getMap(0)),
                               std::pair(op.getB(), op.getMap(1))})
      if (!isLastIndex(map, depthLoop) ||
          !isAligned(cast<MemRefType>(buffer.getType()), elements) ||
          !isExact(depth, elements))
        elements = 1;
    SmallVector<Value> sums = sumOf(column, math.multiply(lane, elements),
                                    warpSize * elements, elements);
    for (Value &sum : sums)
      sum = acrossLanes(b, loc, sum, allLanes, [&](Value x, Value y) -> Value {
        return arith::AddFOp::create(b, loc, x, y);
      });
    Value sum = sums[0];
    for (int64_t m = 1; m < count; ++m) {
      Value isMine = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                           lane, math.of(m));
      sum = arith::SelectOp::create(b, loc, isMine, sums[m], sum);
    }
    addParts(sum,
             [&](ValueRange sums) { writeWhere(mine, sums, lane, column); });
  }

  int64_t count;
  Value lane, warp;
};

} // namespace

void tfc::cuda::buildFewRowsProduct(ProductOp op, int64_t rows, OpBuilder &b) {
  FewRowsProduct(op, rows, b).build();
}

int64_t tfc::cuda::chooseFewRowsParts(ProductOp op, const ProductSizes &sizes,
                                      llvm::StringRef arch) {
  int64_t elementBytes = bytesOf(getElementTypeOrSelf(op.getB().getType()));
  bool byColumns = isByColumns(op);
  return chooseFewRowsParts(sizes, byColumns ? warpSize : warps,
                            fewRowsThreads * ahead *
                                (byColumns ? elementBytes : pieceBytes),
                            elementBytes, arch);
}
