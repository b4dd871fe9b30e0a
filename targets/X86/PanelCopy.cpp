//===- PanelCopy.cpp - keys and values as kernels read them -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PanelCopy.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tfc::x86;

/// By log2(lanes) rounds in which the first half of the rows is interleaved
/// with the second: each moves a bit of the row's number to the column's.
SmallVector<Value> PanelCopy::transpose(SmallVector<Value> rows) {
  int64_t half = shape.lanes / 2;
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < half; ++i) {
    low.append({i, shape.lanes + i});
    high.append({half + i, shape.lanes + half + i});
  }
  for (int64_t round = 1; round < shape.lanes; round *= 2) {
    SmallVector<Value> next;
    for (int64_t i = 0; i < half; ++i)
      for (ArrayRef<int64_t> order : {ArrayRef(low), ArrayRef(high)})
        next.push_back(
            vector::ShuffleOp::create(b, loc, rows[i], rows[i + half], order));
    rows = std::move(next);
  }
  return rows;
}

SmallVector<Value> PanelCopy::rowNumbers(Value matrix, Value first) {
  Value last = arith::SubIOp::create(
      b, loc, memref::DimOp::create(b, loc, matrix, 0), index(1));
  SmallVector<Value> rows;
  for (int64_t r = 0; r < shape.lanes; ++r)
    rows.push_back(arith::MinUIOp::create(
        b, loc, arith::AddIOp::create(b, loc, first, index(r)), last));
  return rows;
}

void PanelCopy::turnBlock(Value matrix, ArrayRef<Value> rows, Value column,
                          Value mask, Value panel, Value firstRow,
                          int64_t stored) {
  Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(vector));
  SmallVector<Value> loaded;
  for (Value row : rows) {
    SmallVector<Value> at{row, column};
    if (mask)
      loaded.push_back(
          vector::MaskedLoadOp::create(b, loc, vector, matrix, at, mask, zero));
    else
      loaded.push_back(vector::LoadOp::create(b, loc, vector, matrix, at));
  }
  SmallVector<Value> columns = transpose(std::move(loaded));
  for (auto [c, elements] :
       llvm::enumerate(ArrayRef(columns).take_front(stored)))
    vector::StoreOp::create(
        b, loc, elements, panel,
        ValueRange{arith::AddIOp::create(b, loc, column, index(c)), firstRow});
}

func::FuncOp PanelCopy::buildTransposed(StringRef name, int64_t size) {
  Type f32 = b.getF32Type();
  constexpr int64_t open = ShapedType::kDynamic;
  func::FuncOp function = begin(
      name, {matrix(open, size, open, f32), matrix(size, width, width, f32)});
  Block *entry = b.getInsertionBlock();
  Value keys = entry->getArgument(0), panel = entry->getArgument(1);
  auto loop =
      scf::ForOp::create(b, loc, index(0), index(width), index(shape.lanes));
  b.setInsertionPointToStart(loop.getBody());
  Value firstKey = loop.getInductionVar();
  SmallVector<Value> rows = rowNumbers(keys, firstKey);
  auto block = [&](Value column, int64_t used) {
    Value mask = used < shape.lanes ? firstLanes(index(used)) : Value();
    turnBlock(keys, rows, column, mask, panel, firstKey, used);
  };
  int64_t whole = size / shape.lanes * shape.lanes;
  if (whole) {
    auto columns =
        scf::ForOp::create(b, loc, index(0), index(whole), index(shape.lanes));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(columns.getBody());
    block(columns.getInductionVar(), shape.lanes);
  }
  if (whole < size)
    block(index(whole), size - whole);
  b.setInsertionPointToEnd(entry);
  func::ReturnOp::create(b, loc);
  return function;
}

func::FuncOp PanelCopy::buildRows(StringRef name, int64_t size) {
  Type f32 = b.getF32Type();
  constexpr int64_t open = ShapedType::kDynamic;
  Type panels = MemRefType::get(
      {open, open, width}, f32,
      StridedLayoutAttr::get(b.getContext(), open, {open, width, 1}));
  func::FuncOp function = begin(name, {matrix(open, size, open, f32), panels});
  Block *entry = b.getInsertionBlock();
  Value values = entry->getArgument(0), stack = entry->getArgument(1);
  Value count = memref::DimOp::create(b, loc, values, 0);
  auto loop = scf::ForOp::create(b, loc, index(0), count, index(1));
  b.setInsertionPointToStart(loop.getBody());
  Value row = loop.getInductionVar();
  int64_t padded = llvm::divideCeil(size, width) * width;
  for (int64_t c = 0; c < padded; c += shape.lanes) {
    Value elements =
        c < size ? load(values, {row, index(c)}, size - c)
                 : arith::ConstantOp::create(b, loc, b.getZeroAttr(vector))
                       .getResult();
    vector::StoreOp::create(
        b, loc, elements, stack,
        ValueRange{index(c / width), row, index(c % width)});
  }
  b.setInsertionPointToEnd(entry);
  func::ReturnOp::create(b, loc);
  return function;
}

func::FuncOp PanelCopy::buildPanel(StringRef name) {
  Type f32 = b.getF32Type();
  constexpr int64_t open = ShapedType::kDynamic;
  func::FuncOp function = begin(
      name, {matrix(open, open, open, f32), matrix(open, width, width, f32)});
  Block *entry = b.getInsertionBlock();
  Value source = entry->getArgument(0), panel = entry->getArgument(1);
  Value columns = memref::DimOp::create(b, loc, source, 1);
  Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(vector));
  auto copyRows = [&](bool whole) {
    SmallVector<Value> masks;
    for (Value place : offsets())
      masks.push_back(
          whole ? Value()
                : firstLanes(arith::SubIOp::create(b, loc, columns, place)));
    auto loop = scf::ForOp::create(
        b, loc, index(0), memref::DimOp::create(b, loc, source, 0), index(1));
    b.setInsertionPointToStart(loop.getBody());
    for (auto [place, mask] : llvm::zip_equal(offsets(), masks)) {
      SmallVector<Value> at{loop.getInductionVar(), place};
      Value elements =
          whole ? vector::LoadOp::create(b, loc, vector, source, at).getResult()
                : vector::MaskedLoadOp::create(b, loc, vector, source, at, mask,
                                               zero)
                      .getResult();
      vector::StoreOp::create(b, loc, elements, panel, at);
    }
  };
  Value isWhole = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                        columns, index(width));
  auto choice = scf::IfOp::create(b, loc, isWhole, /*withElseRegion=*/true);
  b.setInsertionPointToStart(choice.thenBlock());
  copyRows(true);
  b.setInsertionPointToStart(choice.elseBlock());
  copyRows(false);
  b.setInsertionPointToEnd(entry);
  func::ReturnOp::create(b, loc);
  return function;
}

func::FuncOp PanelCopy::buildTurnedPanel(StringRef name) {
  Type f32 = b.getF32Type();
  constexpr int64_t open = ShapedType::kDynamic;
  func::FuncOp function = begin(
      name, {matrix(open, open, open, f32), matrix(open, width, width, f32)});
  Block *entry = b.getInsertionBlock();
  Value source = entry->getArgument(0), panel = entry->getArgument(1);
  Value depth = memref::DimOp::create(b, loc, source, 1);
  Value lanes = index(shape.lanes);
  Value whole = arith::SubIOp::create(
      b, loc, depth, arith::RemUIOp::create(b, loc, depth, lanes));
  auto outer = scf::ForOp::create(b, loc, index(0), index(width), lanes);
  b.setInsertionPointToStart(outer.getBody());
  Value firstRow = outer.getInductionVar();
  SmallVector<Value> rows = rowNumbers(source, firstRow);
  auto turn = [&](Value column, Value mask) {
    turnBlock(source, rows, column, mask, panel, firstRow, shape.lanes);
  };
  auto inner = scf::ForOp::create(b, loc, index(0), whole, lanes);
  b.setInsertionPointToStart(inner.getBody());
  turn(inner.getInductionVar(), Value());
  b.setInsertionPointAfter(inner);
  Value hasRest =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, whole, depth);
  auto rest = scf::IfOp::create(b, loc, hasRest, /*withElseRegion=*/false);
  b.setInsertionPointToStart(rest.thenBlock());
  turn(whole, firstLanes(arith::SubIOp::create(b, loc, depth, whole)));
  b.setInsertionPointToEnd(entry);
  func::ReturnOp::create(b, loc);
  return function;
}
