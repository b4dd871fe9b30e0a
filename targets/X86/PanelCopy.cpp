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

func::FuncOp PanelCopy::buildTransposed(StringRef name, int64_t size) {
  Type f32 = b.getF32Type();
  constexpr int64_t open = ShapedType::kDynamic;
  func::FuncOp function = begin(
      name, {matrix(open, size, open, f32), matrix(size, width, width, f32)});
  Block *entry = b.getInsertionBlock();
  Value keys = entry->getArgument(0), panel = entry->getArgument(1);
  Value last = arith::SubIOp::create(
      b, loc, memref::DimOp::create(b, loc, keys, 0), index(1));
  auto loop =
      scf::ForOp::create(b, loc, index(0), index(width), index(shape.lanes));
  b.setInsertionPointToStart(loop.getBody());
  Value firstKey = loop.getInductionVar();
  SmallVector<Value> rows;
  for (int64_t r = 0; r < shape.lanes; ++r)
    rows.push_back(arith::MinUIOp::create(
        b, loc, arith::AddIOp::create(b, loc, firstKey, index(r)), last));
  auto block = [&](Value column, int64_t used) {
    SmallVector<Value> loaded;
    for (Value row : rows)
      loaded.push_back(load(keys, {row, column}, used));
    SmallVector<Value> columns = transpose(std::move(loaded));
    for (auto [c, elements] :
         llvm::enumerate(ArrayRef(columns).take_front(used))) {
      Value depth = arith::AddIOp::create(b, loc, column, index(c));
      vector::StoreOp::create(b, loc, elements, panel,
                              ValueRange{depth, firstKey});
    }
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
