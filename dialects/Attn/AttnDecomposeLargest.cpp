//===- AttnDecomposeLargest.cpp - the largest of rows as linalg -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decomposer.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <limits>

using namespace mlir;
using namespace tfc::attn;

static constexpr double lowest = -std::numeric_limits<double>::infinity();

static Value number(OpBuilder &b, Location loc, Type type, double value) {
  return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
}

Value tfc::attn::firstLargestOfRows(Decomposer &d, Value numbers) {
  SmallVector<OpFoldResult> sizes = d.shapeOf(numbers);
  Type element = getElementTypeOrSelf(numbers);
  ArrayRef<OpFoldResult> rows = ArrayRef(sizes).drop_back();
  AffineMap whole = d.map(4, {0, 1, 2, 3}), row = d.map(4, {0, 1, 2});
  Value most =
      d.generic(numbers, d.filled(rows, element, lowest), {whole, row}, 3,
                [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                  return arith::MaximumFOp::create(b, loc, v[0], v[1]);
                });
  // Beyond all keys, also where indices have 32 bits.
  Value beyond = arith::ConstantIndexOp::create(
      d.b, d.loc, std::numeric_limits<int32_t>::max());
  Value none = linalg::FillOp::create(
                   d.b, d.loc, beyond,
                   tensor::EmptyOp::create(d.b, d.loc, rows, d.b.getIndexType())
                       .getResult())
                   .getResult(0);
  return d.generic({numbers, most}, none, {whole, row, row}, 3,
                   [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                     Value is = arith::CmpFOp::create(
                         b, loc, arith::CmpFPredicate::UEQ, v[0], v[1]);
                     Value at = linalg::IndexOp::create(b, loc, 3);
                     return arith::MinSIOp::create(
                         b, loc, arith::SelectOp::create(b, loc, is, at, v[2]),
                         v[2]);
                   });
}

/// How many numbers of a row come before each: all pairs, in one operation.
static Value placesInRows(Decomposer &d, Value numbers) {
  Type count = d.b.getI64Type();
  Value zero =
            arith::ConstantOp::create(d.b, d.loc, d.b.getIntegerAttr(count, 0)),
        one =
            arith::ConstantOp::create(d.b, d.loc, d.b.getIntegerAttr(count, 1));
  Value none = linalg::FillOp::create(d.b, d.loc, zero,
                                      tensor::EmptyOp::create(
                                          d.b, d.loc, d.shapeOf(numbers), count)
                                          .getResult())
                   .getResult(0);
  AffineMap mine = d.map(5, {0, 1, 2, 3}), other = d.map(5, {0, 1, 2, 4});
  return d.generic(
      {numbers, numbers}, none, {mine, other, mine}, 4,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value larger = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT,
                                             v[1], v[0]),
              equal = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                            v[1], v[0]),
              before =
                  arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                        linalg::IndexOp::create(b, loc, 4),
                                        linalg::IndexOp::create(b, loc, 3));
        Value is = arith::OrIOp::create(
            b, loc, larger, arith::AndIOp::create(b, loc, equal, before));
        return arith::AddIOp::create(
            b, loc, v[2], arith::SelectOp::create(b, loc, is, one, zero));
      });
}

/// `numbers` with -inf for the first of the largest of each row, `times` times.
static Value withoutLargest(Decomposer &d, Value numbers, int64_t times) {
  Type element = getElementTypeOrSelf(numbers);
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(d.b, d.loc, value);
  };
  auto loop =
      scf::ForOp::create(d.b, d.loc, index(0), index(times), index(1), numbers);
  OpBuilder::InsertionGuard guard(d.b);
  d.b.setInsertionPointToStart(loop.getBody());
  Value left = loop.getRegionIterArg(0);
  AffineMap whole = d.map(4, {0, 1, 2, 3});
  Value next = d.generic(
      firstLargestOfRows(d, left), left, {d.map(4, {0, 1, 2}), whole}, 4,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value is = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, v[0],
                                         linalg::IndexOp::create(b, loc, 3));
        return arith::SelectOp::create(b, loc, is,
                                       number(b, loc, element, lowest), v[1]);
      });
  scf::YieldOp::create(d.b, d.loc, next);
  return loop.getResult(0);
}

Value tfc::attn::largestOfRows(Decomposer &d, Value numbers, int64_t kept,
                               double otherwise) {
  SmallVector<OpFoldResult> sizes = d.shapeOf(numbers);
  Type element = getElementTypeOrSelf(numbers);
  AffineMap whole = d.map(4, {0, 1, 2, 3});
  Value result = tensor::EmptyOp::create(d.b, d.loc, sizes, element);
  // A round goes over the row three times, with little to do in each.
  constexpr int64_t costOfRound = 4, mostRounds = 32;
  std::optional<int64_t> size = getConstantIntValue(sizes.back());
  if (size ? kept * costOfRound < *size : kept <= mostRounds)
    return d.generic(
        {numbers, withoutLargest(d, numbers, kept)}, result,
        {whole, whole, whole}, 4,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          // What was taken; a NaN too, so that it is not lost.
          Value is =
              arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UEQ, v[1],
                                    number(b, loc, element, lowest));
          return arith::SelectOp::create(b, loc, is, v[0],
                                         number(b, loc, element, otherwise));
        });
  return d.generic(
      {numbers, placesInRows(d, numbers)}, result, {whole, whole, whole}, 4,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value most = arith::ConstantOp::create(
            b, loc, b.getIntegerAttr(b.getI64Type(), kept));
        Value is = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                         v[1], most);
        return arith::SelectOp::create(b, loc, is, v[0],
                                       number(b, loc, element, otherwise));
      });
}
