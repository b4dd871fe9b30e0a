//===- KernelBuilder.cpp - micro-kernels of packed products -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tfc::x86;

Type PanelFunction::matrix(int64_t rows, int64_t columns, int64_t stride,
                           Type element) {
  return MemRefType::get({rows, columns}, element,
                         StridedLayoutAttr::get(b.getContext(),
                                                ShapedType::kDynamic,
                                                {stride, 1}));
}

func::FuncOp PanelFunction::begin(StringRef name, ArrayRef<Type> arguments) {
  auto function =
      func::FuncOp::create(b, loc, name, b.getFunctionType(arguments, {}));
  function.setPrivate();
  function->setAttr("passthrough",
                    b.getArrayAttr({b.getStringAttr("noinline")}));
  b.setInsertionPointToStart(function.addEntryBlock());
  return function;
}

Value PanelFunction::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

SmallVector<Value> PanelFunction::offsets() {
  SmallVector<Value> places;
  for (int64_t v = 0; v < vectors; ++v)
    places.push_back(index(v * shape.lanes));
  return places;
}

Value PanelFunction::multiplyAdd(Value x, Value y, Value sum) {
  // Without the instruction, llvm.fma would be a call a lane.
  if (shape.fusedMultiplyAdd)
    return vector::FMAOp::create(b, loc, x, y, sum);
  return arith::AddFOp::create(b, loc, arith::MulFOp::create(b, loc, x, y),
                               sum);
}

Value PanelFunction::firstLanes(Value count) {
  auto type = VectorType::get({shape.lanes}, b.getI64Type());
  Value lanes = arith::ConstantOp::create(
      b, loc,
      DenseIntElementsAttr::get(
          type, llvm::to_vector(llvm::seq<int64_t>(0, shape.lanes))));
  Value limit = arith::IndexCastOp::create(b, loc, b.getI64Type(), count);
  return arith::CmpIOp::create(
      b, loc, arith::CmpIPredicate::slt, lanes,
      vector::BroadcastOp::create(b, loc, type, limit));
}

Value PanelFunction::load(Value buffer, ValueRange place, int64_t used) {
  if (used >= shape.lanes)
    return vector::LoadOp::create(b, loc, vector, buffer, place);
  Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(vector));
  return vector::MaskedLoadOp::create(b, loc, vector, buffer, place,
                                      firstLanes(index(used)), zero);
}

void PanelFunction::store(Value value, Value buffer, ValueRange place,
                          int64_t used) {
  if (used >= shape.lanes)
    vector::StoreOp::create(b, loc, value, buffer, place);
  else
    vector::MaskedStoreOp::create(b, loc, buffer, place,
                                  firstLanes(index(used)), value);
}

SmallVector<Value> KernelBuilder::addProducts(ArrayRef<Value> rows, Value k,
                                              ArrayRef<Value> row,
                                              ValueRange sums) {
  SmallVector<Value> next;
  for (auto [r, place] : llvm::enumerate(rows)) {
    Value element = memref::LoadOp::create(b, loc, x, ValueRange{place, k});
    Value spread = vector::BroadcastOp::create(b, loc, vector, element);
    for (auto [v, weights] : llvm::enumerate(row))
      next.push_back(multiplyAdd(spread, weights, sums[r * vectors + v]));
  }
  return next;
}

SmallVector<Value> KernelBuilder::start(ArrayRef<Value> rows,
                                        ArrayRef<Value> masks) {
  SmallVector<Value> sums, places = offsets();
  Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(vector));
  for (Value row : rows) {
    Value factor;
    if (sumStart == SumStart::ScaledResult)
      factor = vector::BroadcastOp::create(
          b, loc, vector, memref::LoadOp::create(b, loc, startValues, row));
    for (auto [v, place] : llvm::enumerate(places)) {
      Value value = zero;
      if (sumStart == SumStart::Bias)
        value = vector::LoadOp::create(b, loc, vector, startValues, place);
      bool isResults = sumStart == SumStart::Result || factor;
      if (isResults && masks.empty())
        value =
            vector::LoadOp::create(b, loc, vector, c, ValueRange{row, place});
      else if (isResults)
        value = vector::MaskedLoadOp::create(
            b, loc, vector, c, ValueRange{row, place}, masks[v], zero);
      if (factor)
        value = arith::MulFOp::create(b, loc, value, factor);
      sums.push_back(value);
    }
  }
  return sums;
}

void KernelBuilder::rows(Value row, int64_t count, bool whole) {
  SmallVector<Value> rowIndices, places = offsets(), masks;
  for (int64_t r = 0; r < count; ++r)
    rowIndices.push_back(arith::AddIOp::create(b, loc, row, index(r)));
  if (!whole)
    for (Value place : places)
      masks.push_back(
          firstLanes(arith::SubIOp::create(b, loc, columns, place)));
  SmallVector<Value> sums = accumulate(rowIndices, start(rowIndices, masks));
  for (auto [v, place] : llvm::enumerate(places)) {
    for (int64_t r = 0; r < count; ++r) {
      Value sum = sums[r * vectors + v];
      SmallVector<Value> at{rowIndices[r], place};
      if (whole)
        vector::StoreOp::create(b, loc, sum, c, at);
      else
        vector::MaskedStoreOp::create(b, loc, c, at, masks[v], sum);
    }
  }
}

void KernelBuilder::blockOfRows(bool whole) {
  Value done = index(0);
  for (int64_t count = shape.rows; count >= 1; count /= 2) {
    Value step = index(count);
    Value rest = arith::SubIOp::create(b, loc, height, done);
    Value here = arith::MulIOp::create(
        b, loc, arith::DivUIOp::create(b, loc, rest, step), step);
    Value end = arith::AddIOp::create(b, loc, done, here);
    auto loop = scf::ForOp::create(b, loc, done, end, step);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    rows(loop.getInductionVar(), count, whole);
    done = end;
  }
}

func::FuncOp KernelBuilder::build(StringRef name) {
  Type f32 = b.getF32Type();
  constexpr int64_t open = ShapedType::kDynamic;
  Type block = matrix(open, open, open, f32);
  SmallVector<Type> types = {xType()};
  if (hasStartValues())
    types.push_back(
        MemRefType::get({sumStart == SumStart::Bias ? width : open}, f32,
                        StridedLayoutAttr::get(b.getContext(), open, {1})));
  types.push_back(block);
  llvm::append_range(types, panelTypes());
  func::FuncOp function = begin(name, types);
  Block *entry = b.getInsertionBlock();
  ValueRange arguments = entry->getArguments();
  x = arguments.front();
  arguments = arguments.drop_front();
  if (hasStartValues()) {
    startValues = arguments.front();
    arguments = arguments.drop_front();
  }
  c = arguments.front();
  panel = arguments.drop_front();
  height = memref::DimOp::create(b, loc, x, 0);
  depth = memref::DimOp::create(b, loc, x, 1);
  columns = memref::DimOp::create(b, loc, c, 1);
  Value isWhole = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                        columns, index(width));
  auto choice = scf::IfOp::create(b, loc, isWhole, /*withElseRegion=*/true);
  b.setInsertionPointToStart(choice.thenBlock());
  blockOfRows(true);
  b.setInsertionPointToStart(choice.elseBlock());
  blockOfRows(false);
  b.setInsertionPointToEnd(entry);
  func::ReturnOp::create(b, loc);
  return function;
}

Value FloatKernel::loadWeights(Value k, Value place) {
  return vector::LoadOp::create(b, loc, vector, panel[0], ValueRange{k, place});
}

Value NarrowFloatKernel::loadWeights(Value k, Value place) {
  Value narrow = vector::LoadOp::create(b, loc, vector.clone(element), panel[0],
                                        ValueRange{k, place});
  return arith::ExtFOp::create(b, loc, vector, narrow);
}

SmallVector<Value> FloatKernel::accumulate(ArrayRef<Value> rows,
                                           SmallVector<Value> sums) {
  auto loop = scf::ForOp::create(b, loc, index(0), depth, index(1), sums);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value k = loop.getInductionVar();
  SmallVector<Value> weights;
  for (Value place : offsets())
    weights.push_back(loadWeights(k, place));
  // Eight rows ahead in the panel: the distance that hides the second-level
  // cache's latency without outrunning the first's size.
  Value ahead = arith::AddIOp::create(b, loc, k, index(8));
  for (int64_t at = 0; at < width; at += 16)
    memref::PrefetchOp::create(b, loc, panel[0], ValueRange{ahead, index(at)},
                               /*isWrite=*/false,
                               /*localityHint=*/3, /*isDataCache=*/true);
  scf::YieldOp::create(b, loc,
                       addProducts(rows, k, weights, loop.getRegionIterArgs()));
  return llvm::to_vector(llvm::map_range(
      loop.getResults(), [](OpResult result) -> Value { return result; }));
}

Type TurnedFloatKernel::xType() {
  constexpr int64_t open = ShapedType::kDynamic;
  return MemRefType::get(
      {open, open}, b.getF32Type(),
      StridedLayoutAttr::get(b.getContext(), open, {1, open}));
}
