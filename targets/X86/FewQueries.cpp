//===- FewQueries.cpp - attention of few queries ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FewQueries.h"
#include "AttentionKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <limits>

using namespace mlir;
using namespace tfc;
using namespace tfc::x86;

void DotProducts::keys(Value row, Value key, int64_t count, int64_t size) {
  Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(vector));
  SmallVector<Value> keyRows, sums(count, zero);
  for (int64_t k = 0; k < count; ++k)
    keyRows.push_back(arith::AddIOp::create(b, loc, key, index(k)));
  auto add = [&](Value column, int64_t used, ValueRange before) {
    Value part = load(query, {row, column}, used);
    // What the next ones read, by when it is their turn.
    for (int64_t k = 0; k < count; ++k) {
      Value ahead = arith::AddIOp::create(b, loc, keyRows[k], index(2 * count));
      memref::PrefetchOp::create(b, loc, rows, ValueRange{ahead, column},
                                 /*isWrite=*/false, /*localityHint=*/3,
                                 /*isDataCache=*/true);
    }
    SmallVector<Value> after;
    for (auto [keyRow, sum] : llvm::zip_equal(keyRows, before))
      after.push_back(
          multiplyAdd(part, load(rows, {keyRow, column}, used), sum));
    return after;
  };
  int64_t whole = size / shape.lanes * shape.lanes;
  if (whole) {
    auto loop = scf::ForOp::create(b, loc, index(0), index(whole),
                                   index(shape.lanes), sums);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(
        b, loc,
        add(loop.getInductionVar(), shape.lanes, loop.getRegionIterArgs()));
    sums = llvm::to_vector_of<Value>(loop.getResults());
  }
  if (whole < size)
    sums = add(index(whole), size - whole, sums);
  for (auto [keyRow, sum] : llvm::zip_equal(keyRows, sums))
    memref::StoreOp::create(
        b, loc,
        vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, sum),
        block, ValueRange{row, keyRow});
}

func::FuncOp DotProducts::build(StringRef name, int64_t size) {
  Type f32 = b.getF32Type();
  constexpr int64_t open = ShapedType::kDynamic;
  func::FuncOp function =
      begin(name, {matrix(open, size, open, f32), matrix(open, open, open, f32),
                   matrix(open, size, open, f32)});
  Block *entry = b.getInsertionBlock();
  query = entry->getArgument(0);
  block = entry->getArgument(1);
  rows = entry->getArgument(2);
  Value count = memref::DimOp::create(b, loc, rows, 0);
  auto each = scf::ForOp::create(
      b, loc, index(0), memref::DimOp::create(b, loc, query, 0), index(1));
  b.setInsertionPointToStart(each.getBody());
  // Enough of them that the sums do not wait for each other.
  Value done = index(0);
  for (int64_t together : {8, 1}) {
    Value end = arith::MulIOp::create(
        b, loc, arith::DivUIOp::create(b, loc, count, index(together)),
        index(together));
    auto loop = scf::ForOp::create(b, loc, done, end, index(together));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    keys(each.getInductionVar(), loop.getInductionVar(), together, size);
    done = end;
  }
  b.setInsertionPointToEnd(entry);
  func::ReturnOp::create(b, loc);
  return function;
}

Value MergedParts::scalar(double number) {
  return arith::ConstantOp::create(
      b, loc, b.getF32FloatAttr(static_cast<float>(number)));
}

Value MergedParts::shares(Value row) {
  auto at = [&](Value part, int64_t which) {
    return SmallVector<Value>{part, index(which), row};
  };
  auto load = [&](Value part, int64_t which) -> Value {
    return memref::LoadOp::create(b, loc, statistics, at(part, which));
  };
  double infinity = std::numeric_limits<double>::infinity();
  auto greatest =
      scf::ForOp::create(b, loc, index(0), count, index(1), scalar(-infinity));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(greatest.getBody());
    Value most = greatest.getRegionIterArg(0);
    Value own = load(greatest.getInductionVar(), Maximum);
    Value isLarger =
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, own, most);
    scf::YieldOp::create(
        b, loc,
        arith::SelectOp::create(b, loc, isLarger, own, most).getResult());
  }
  auto total = scf::ForOp::create(b, loc, index(0), count, index(1), scalar(0));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(total.getBody());
  Value part = total.getInductionVar();
  Value sum = load(part, Sum);
  Value distance =
      arith::SubFOp::create(b, loc, load(part, Maximum), greatest.getResult(0));
  Value share =
      arith::MulFOp::create(b, loc, sum, math::ExpOp::create(b, loc, distance));
  // Of a part without a key that is seen, nothing, rather than exp(-inf + inf).
  Value isNone =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, sum, scalar(0));
  share = arith::SelectOp::create(b, loc, isNone, scalar(0), share);
  memref::StoreOp::create(b, loc, share, statistics, at(part, Correction));
  scf::YieldOp::create(
      b, loc,
      arith::AddFOp::create(b, loc, total.getRegionIterArg(0), share)
          .getResult());
  return total.getResult(0);
}

func::FuncOp MergedParts::build(StringRef name, attn::AttentionOp op) {
  Type f32 = b.getF32Type();
  constexpr int64_t open = ShapedType::kDynamic;
  auto stack = [&](int64_t rows, int64_t columns) -> Type {
    return MemRefType::get(
        {open, rows, columns}, f32,
        StridedLayoutAttr::get(b.getContext(), open, {open, columns, 1}));
  };
  int64_t size = cast<ShapedType>(op.getValue().getType()).getDimSize(3);
  func::FuncOp function =
      begin(name, {stack(open, size),
                   stack(AttentionShape::statistics, AttentionShape::queries),
                   matrix(open, size, open, f32)});
  Block *entry = b.getInsertionBlock();
  Value parts = entry->getArgument(0), result = entry->getArgument(2);
  statistics = entry->getArgument(1);
  count = memref::DimOp::create(b, loc, parts, 0);
  auto each = scf::ForOp::create(
      b, loc, index(0), memref::DimOp::create(b, loc, result, 0), index(1));
  b.setInsertionPointToStart(each.getBody());
  Value row = each.getInductionVar(), total = shares(row);
  Value inverse = arith::DivFOp::create(b, loc, scalar(1), total);
  Value isSome =
      arith::CmpFOp::create(b, loc,
                            op.getZeroNanRows() ? arith::CmpFPredicate::OGT
                                                : arith::CmpFPredicate::UNE,
                            total, scalar(0));
  auto spread = [&](Value x) -> Value {
    return vector::BroadcastOp::create(b, loc, vector, x);
  };
  Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(vector));
  for (int64_t c = 0; c < size; c += shape.lanes) {
    auto loop = scf::ForOp::create(b, loc, index(0), count, index(1), zero);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value part = loop.getInductionVar();
      SmallVector<Value> at{part, row, index(c)};
      Value own = load(parts, at, size - c);
      Value share = memref::LoadOp::create(
          b, loc, statistics, ValueRange{part, index(Correction), row});
      scf::YieldOp::create(
          b, loc, multiplyAdd(spread(share), own, loop.getRegionIterArg(0)));
    }
    Value value =
        arith::MulFOp::create(b, loc, loop.getResult(0), spread(inverse));
    if (op.getZeroMaskedRows() || op.getZeroNanRows())
      value = arith::SelectOp::create(b, loc, isSome, value, zero);
    SmallVector<Value> at{row, index(c)};
    store(value, result, at, size - c);
  }
  b.setInsertionPointToEnd(entry);
  func::ReturnOp::create(b, loc);
  return function;
}
