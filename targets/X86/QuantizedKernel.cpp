//===- QuantizedKernel.cpp - products with weights in integers --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizedKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tfc::x86;

SmallVector<Type> tfc::x86::quantizedPanelTypes(Builder &b, QuantizedForm form,
                                                int64_t width) {
  auto layout =
      StridedLayoutAttr::get(b.getContext(), ShapedType::kDynamic, {width, 1});
  auto matrix = [&](Type element) {
    return MemRefType::get({ShapedType::kDynamic, width}, element, layout);
  };
  SmallVector<Type> types = {matrix(b.getI8Type()), matrix(b.getF32Type())};
  if (form.hasZeroPoints)
    types.push_back(matrix(b.getI8Type()));
  types.push_back(b.getIndexType());
  return types;
}

Value QuantizedRows::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

SmallVector<Value>
QuantizedRows::loop(Value from, Value to, int64_t step, ValueRange carried,
                    llvm::function_ref<Values(Value, ValueRange)> body) {
  auto op = scf::ForOp::create(b, loc, from, to, index(step), carried);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.getBody());
  Values next = body(op.getInductionVar(), op.getRegionIterArgs());
  // Without values, the loop has its end already.
  if (!carried.empty())
    scf::YieldOp::create(b, loc, next);
  return Values(op.getResults().begin(), op.getResults().end());
}

Value QuantizedRows::bits(int64_t value) {
  auto type = VectorType::get(vector.getShape(), b.getI32Type());
  return arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(type, b.getI32IntegerAttr(value)));
}

SmallVector<Value> QuantizedRows::integers(Value stored, Value row) {
  auto bytes = VectorType::get(vector.getShape(), b.getI8Type());
  auto wide = VectorType::get(vector.getShape(), b.getI32Type());
  Values result;
  for (Value offset : offsets)
    result.push_back(arith::ExtSIOp::create(
        b, loc, wide,
        vector::LoadOp::create(b, loc, bytes, stored,
                               ValueRange{row, offset})));
  return result;
}

SmallVector<Value> QuantizedRows::lowHalves(ArrayRef<Value> pairs) {
  Values result;
  for (Value pair : pairs)
    result.push_back(arith::ShRSIOp::create(
        b, loc, arith::ShLIOp::create(b, loc, pair, bits(28)), bits(28)));
  return result;
}

SmallVector<Value> QuantizedRows::highHalves(ArrayRef<Value> pairs) {
  Values result;
  for (Value pair : pairs)
    result.push_back(arith::ShRSIOp::create(b, loc, pair, bits(4)));
  return result;
}

/// (integer - zero point) * scale; the difference is exact in f32 too.
SmallVector<Value> QuantizedRows::real(ArrayRef<Value> integers) {
  Values result;
  for (auto [v, integer] : llvm::enumerate(integers)) {
    Value number = arith::SIToFPOp::create(b, loc, vector, integer);
    if (form.hasZeroPoints)
      number = arith::SubFOp::create(b, loc, number, zeroPoints[v]);
    result.push_back(arith::MulFOp::create(b, loc, number, scales[v]));
  }
  return result;
}

SmallVector<Value> QuantizedRows::group(Value number, ValueRange panel,
                                        Value depth, ValueRange carried,
                                        Body body) {
  Value stored = panel[0], rows = panel.back();
  Value first = arith::MulIOp::create(b, loc, number, rows);
  Value end = arith::MinUIOp::create(
      b, loc, arith::AddIOp::create(b, loc, first, rows), depth);
  scales.clear();
  zeroPoints.clear();
  for (Value offset : offsets)
    scales.push_back(vector::LoadOp::create(b, loc, vector, panel[1],
                                            ValueRange{number, offset}));
  if (form.hasZeroPoints)
    for (Value integer : integers(panel[2], number))
      zeroPoints.push_back(arith::SIToFPOp::create(b, loc, vector, integer));
  if (form.bits == 8)
    return loop(first, end, 1, carried, [&](Value k, ValueRange now) {
      return body(k, real(integers(stored, k)), now);
    });
  // Rows k and k + 1 share their bytes, as groups begin at even rows.
  Value rest = arith::AndIOp::create(
      b, loc, arith::SubIOp::create(b, loc, end, first), index(1));
  Value endOfPairs = arith::SubIOp::create(b, loc, end, rest);
  auto bytesOf = [&](Value k) {
    return integers(stored, arith::ShRUIOp::create(b, loc, k, index(1)));
  };
  Values pairs =
      loop(first, endOfPairs, 2, carried, [&](Value k, ValueRange now) {
        Values bytes = bytesOf(k);
        Values next = body(k, real(lowHalves(bytes)), now);
        return body(arith::AddIOp::create(b, loc, k, index(1)),
                    real(highHalves(bytes)), next);
      });
  return loop(endOfPairs, end, 1, pairs, [&](Value k, ValueRange now) {
    return body(k, real(lowHalves(bytesOf(k))), now);
  });
}

SmallVector<Value> QuantizedRows::each(ValueRange panel, Value depth,
                                       ValueRange carried, Body body) {
  Value groups = memref::DimOp::create(b, loc, panel[1], 0);
  return loop(index(0), groups, 1, carried, [&](Value number, ValueRange now) {
    return group(number, panel, depth, now, body);
  });
}

SmallVector<Value> QuantizedKernel::accumulate(ArrayRef<Value> rows,
                                               SmallVector<Value> sums) {
  return QuantizedRows(b, loc, form, vector, offsets())
      .each(panel, depth, sums,
            [&](Value k, ArrayRef<Value> weights, ValueRange now) {
              return addProducts(rows, k, weights, now);
            });
}

func::FuncOp UnpackBuilder::build(StringRef name) {
  SmallVector<Type> types = {f32Panel()};
  llvm::append_range(types, quantizedPanelTypes(b, form, width));
  func::FuncOp function = begin(name, types);
  Value out = function.getArgument(0);
  Value depth = memref::DimOp::create(b, loc, out, 0);
  SmallVector<Value> places = offsets();
  QuantizedRows(b, loc, form, vector, places)
      .each(function.getArguments().drop_front(), depth, {},
            [&](Value k, ArrayRef<Value> weights, ValueRange) {
              for (auto [place, numbers] : llvm::zip(places, weights))
                vector::StoreOp::create(b, loc, numbers, out,
                                        ValueRange{k, place});
              return SmallVector<Value>();
            });
  func::ReturnOp::create(b, loc);
  return function;
}
