//===- RaiseSort.cpp - the largest of a row ---------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SortKey.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

Value tfc::raise::sortKey(OpBuilder &b, Location loc, Value x, int32_t kind) {
  if (!isFloat(kind))
    return x;
  unsigned width = x.getType().getIntOrFloatBitWidth();
  Type integer = b.getIntegerType(width);
  Value zero =
      arith::ConstantOp::create(b, loc, b.getFloatAttr(x.getType(), 0));
  Value isZero =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x, zero);
  x = arith::SelectOp::create(b, loc, isZero, zero, x);
  Value bits = arith::BitcastOp::create(b, loc, integer, x);
  Value shift =
      arith::ConstantOp::create(b, loc, b.getIntegerAttr(integer, width - 1));
  Value sign = arith::ShRSIOp::create(b, loc, bits, shift);
  Value low = arith::ConstantOp::create(
      b, loc, b.getIntegerAttr(integer, APInt::getSignedMaxValue(width)));
  return arith::XOrIOp::create(b, loc, bits,
                               arith::AndIOp::create(b, loc, sign, low));
}

namespace {

/// How many elements of its row come before each: the place it gets. Counting
/// is parallel and needs no temporary but the places; equal elements keep their
/// order, as ONNX Runtime has them.
Value placesOf(NodeContext &n, Raised &x, int64_t axis, bool largest) {
  MLIRContext *context = n.b.getContext();
  int64_t rank = x.rank();
  SmallVector<AffineExpr> other;
  for (int64_t d = 0; d < rank; ++d)
    other.push_back(getAffineDimExpr(d == axis ? rank : d, context));
  SmallVector<AffineExpr> here(
      llvm::map_range(llvm::seq<int64_t>(0, rank),
                      [&](int64_t d) { return getAffineDimExpr(d, context); }));
  AffineMap hereMap = AffineMap::get(rank + 1, 0, here, context);
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  bool isUnsignedKind = isUnsigned(x.kind) || x.kind == Bool;
  auto above =
      isUnsignedKind ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt;
  auto below =
      isUnsignedKind ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt;
  Value init = n.c.filled(x.shape, n.c.zero(Int64), Int64);
  Value source = n.c.tensor(x);
  auto count = linalg::GenericOp::create(
      n.b, n.loc, init.getType(), ValueRange{source, source}, init,
      ArrayRef<AffineMap>{hereMap, AffineMap::get(rank + 1, 0, other, context),
                          hereMap},
      iterators, [&](OpBuilder &b, Location loc, ValueRange v) {
        Value mine = sortKey(b, loc, v[0], x.kind),
              its = sortKey(b, loc, v[1], x.kind);
        Value before =
            arith::CmpIOp::create(b, loc, largest ? above : below, its, mine);
        Value equal =
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, its, mine);
        Value earlier =
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                                  linalg::IndexOp::create(b, loc, rank),
                                  linalg::IndexOp::create(b, loc, axis));
        Value counts = arith::OrIOp::create(
            b, loc, before, arith::AndIOp::create(b, loc, equal, earlier));
        Value one = arith::ExtUIOp::create(b, loc, b.getI64Type(), counts);
        linalg::YieldOp::create(
            b, loc, arith::AddIOp::create(b, loc, v[2], one).getResult());
      });
  return count.getResult(0);
}

LogicalResult raiseTopK(NodeContext &n) {
  Raised x = n.input(0);
  FailureOr<int64_t> axis = n.normalAxis(n.integer("axis", -1), x.rank());
  if (failed(axis))
    return failure();
  OpFoldResult count;
  if (n.has(1)) {
    std::optional<Sizes> given = n.scalars(1);
    if (!given || given->size() != 1)
      return n.fail("its k is not one number");
    count = given->front();
    if (!n.c.elements(n.input(1))) {
      n.c.require(arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::ule,
                                        n.c.value(count),
                                        n.c.value(x.shape[*axis])),
                  n.describe() + ": its k is larger than its axis");
      if (std::optional<Sizes> stated = n.declared()) {
        n.requireEqual(count, (*stated)[*axis],
                       "its k is not the size that the model states");
        count = (*stated)[*axis];
      } else {
        count = arith::MinUIOp::create(n.b, n.loc, n.c.value(count),
                                       n.c.value(x.shape[*axis]))
                    .getResult();
      }
    }
  } else {
    count = n.c.size(n.integer("k", 0));
  }
  std::optional<int64_t> k = getConstantIntValue(count),
                         size = getConstantIntValue(x.shape[*axis]);
  if (k && (*k < 0 || (size && *k > *size)))
    return n.fail("its k is " + Twine(*k) + ", its axis has " +
                  (size ? Twine(*size) : Twine("?")));
  if (!k || !size)
    n.c.require(arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::ule,
                                      n.c.value(count),
                                      n.c.value(x.shape[*axis])),
                n.describe() + ": its k is larger than its axis");
  Value places = placesOf(n, x, *axis, n.integer("largest", 1) != 0);

  // Loops: the result's dimensions, then the position in the row.
  MLIRContext *context = n.b.getContext();
  int64_t rank = x.rank(), at = *axis;
  SmallVector<AffineExpr> from, to;
  for (int64_t d = 0; d < rank; ++d) {
    from.push_back(getAffineDimExpr(d == at ? rank : d, context));
    to.push_back(getAffineDimExpr(d, context));
  }
  AffineMap fromMap = AffineMap::get(rank + 1, 0, from, context),
            toMap = AffineMap::get(rank + 1, 0, to, context);
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  Sizes shape = x.shape;
  shape[at] = count;
  Value values = n.c.filled(shape, n.c.zero(x.kind), x.kind),
        indices = n.c.filled(shape, n.c.zero(Int64), Int64);
  auto pick = linalg::GenericOp::create(
      n.b, n.loc, TypeRange{values.getType(), indices.getType()},
      ValueRange{n.c.tensor(x), places}, ValueRange{values, indices},
      ArrayRef<AffineMap>{fromMap, fromMap, toMap, toMap}, iterators,
      [&](OpBuilder &b, Location loc, ValueRange v) {
        Value wanted = arith::IndexCastOp::create(
            b, loc, b.getI64Type(), linalg::IndexOp::create(b, loc, at));
        Value position = arith::IndexCastOp::create(
            b, loc, b.getI64Type(), linalg::IndexOp::create(b, loc, rank));
        Value here = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                           v[1], wanted);
        linalg::YieldOp::create(
            b, loc,
            ValueRange{arith::SelectOp::create(b, loc, here, v[0], v[2]),
                       arith::SelectOp::create(b, loc, here, position, v[3])});
      });
  if (n.node.getNumResults() > 1)
    n.c.set(n.node.getResult(1),
            n.c.fromTensor(pick.getResult(1), Int64, shape));
  return n.finish(n.c.fromTensor(pick.getResult(0), x.kind, shape));
}

} // namespace

void tfc::raise::populateSortRules(RuleSet &rules) {
  rules.add("TopK", raiseTopK);
}
