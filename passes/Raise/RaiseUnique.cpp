//===- RaiseUnique.cpp - equal elements counted once ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elements, or slices along an axis, are items. Each is compared with each:
// that needs no temporary but a few numbers an item and is parallel; where
// items are slices, how two of them compare is kept.
//
//===----------------------------------------------------------------------===//

#include "SortKey.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

constexpr auto parallel = utils::IteratorType::parallel;
constexpr auto reduction = utils::IteratorType::reduction;

/// What comparisons need of two items.
struct Items {
  OpFoldResult count;
  /// Keys that sort as the items do; or -1, 0, 1 for each two of them where
  /// they are slices.
  Raised keys, order;
  bool isUnsigned = false;
};

/// The elements as numbers that sort, all NaN being one and above all.
Raised keysOf(NodeContext &n, Raised x) {
  int32_t kind = x.kind, keyKind = kind;
  if (isFloat(kind)) {
    unsigned width = n.c.elementType(kind).getIntOrFloatBitWidth();
    keyKind = width == 16 ? Int16 : width == 32 ? Int32 : Int64;
  }
  SmallVector<Raised> operands = {x};
  return n.c.elementwise(
      operands, x.shape, keyKind,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value element = v[0];
        if (auto type = dyn_cast<FloatType>(element.getType())) {
          Value nan = arith::ConstantOp::create(
              b, loc,
              b.getFloatAttr(type, APFloat::getNaN(type.getFloatSemantics())));
          Value isNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO,
                                              element, element);
          element = arith::SelectOp::create(b, loc, isNan, nan, element);
        }
        return sortKey(b, loc, element, kind);
      });
}

/// -1, 0 or 1 for each two rows of [items, elements], by the first of their
/// elements that differ.
Raised orderOf(NodeContext &n, Raised &rows, bool isUnsigned) {
  OpBuilder &b = n.b;
  MLIRContext *context = b.getContext();
  AffineExpr i, j, m;
  bindDims(context, i, j, m);
  Sizes shape = {rows.shape[0], rows.shape[0]};
  Value init = n.c.filled(shape, n.c.zero(Int8), Int8);
  auto below =
      isUnsigned ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt;
  Value source = n.c.tensor(rows);
  auto order = linalg::GenericOp::create(
      b, n.loc, init.getType(), ValueRange{source, source}, init,
      ArrayRef<AffineMap>{AffineMap::get(3, 0, {i, m}, context),
                          AffineMap::get(3, 0, {j, m}, context),
                          AffineMap::get(3, 0, {i, j}, context)},
      ArrayRef<utils::IteratorType>{parallel, parallel, reduction},
      [&](OpBuilder &b, Location loc, ValueRange v) {
        auto number = [&](int64_t value) -> Value {
          return arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(value));
        };
        Value less = arith::CmpIOp::create(b, loc, below, v[0], v[1]);
        Value equal =
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, v[0], v[1]);
        Value here =
            arith::SelectOp::create(b, loc, less, number(-1), number(1));
        here = arith::SelectOp::create(b, loc, equal, number(0), here);
        Value open = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                           v[2], number(0));
        linalg::YieldOp::create(
            b, loc,
            arith::SelectOp::create(b, loc, open, here, v[2]).getResult());
      });
  return n.c.fromTensor(order.getResult(0), Int8, shape);
}

/// One number an item i, from all items j: `step` gets whether item j is below
/// item i, whether they are equal, the operands at j and at i, and the number
/// so far.
using Step =
    llvm::function_ref<Value(OpBuilder &, Location, Value below, Value equal,
                             ValueRange atJ, ValueRange atI, Value soFar)>;
Raised overPairs(NodeContext &n, Items &items, MutableArrayRef<Raised> operands,
                 Value start, Step step) {
  MLIRContext *context = n.b.getContext();
  AffineExpr i, j;
  bindDims(context, i, j);
  AffineMap atI = AffineMap::get(2, 0, {i}, context),
            atJ = AffineMap::get(2, 0, {j}, context);
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  auto add = [&](Raised &raised, AffineMap map) {
    inputs.push_back(n.c.tensor(raised));
    maps.push_back(map);
  };
  bool isOrder = items.order.tensor != nullptr;
  if (isOrder) {
    add(items.order, AffineMap::get(2, 0, {j, i}, context));
  } else {
    add(items.keys, atJ);
    add(items.keys, atI);
  }
  for (Raised &operand : operands)
    add(operand, atJ);
  for (Raised &operand : operands)
    add(operand, atI);
  maps.push_back(atI);
  Value init = n.c.filled({items.count}, start, Int64);
  auto below = items.isUnsigned && !isOrder ? arith::CmpIPredicate::ult
                                            : arith::CmpIPredicate::slt;
  unsigned first = isOrder ? 1 : 2, count = operands.size();
  auto result = linalg::GenericOp::create(
      n.b, n.loc, init.getType(), inputs, init, maps,
      ArrayRef<utils::IteratorType>{parallel, reduction},
      [&](OpBuilder &b, Location loc, ValueRange v) {
        Value mine =
            isOrder ? arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(0))
                          .getResult()
                    : v[1];
        Value less = arith::CmpIOp::create(b, loc, below, v[0], mine);
        Value equal =
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, v[0], mine);
        Value next = step(b, loc, less, equal, v.slice(first, count),
                          v.slice(first + count, count), v.back());
        linalg::YieldOp::create(b, loc, next);
      });
  return n.c.fromTensor(result.getResult(0), Int64, {items.count});
}

Value loopIndex(OpBuilder &b, Location loc, int64_t loop) {
  return arith::IndexCastOp::create(
      b, loc, b.getI64Type(),
      linalg::IndexOp::create(b, loc, loop).getResult());
}

Value isEqual(OpBuilder &b, Location loc, Value x, Value y) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, x, y);
}

Value plusOne(OpBuilder &b, Location loc, Value soFar, Value where) {
  return arith::AddIOp::create(
      b, loc, soFar, arith::ExtUIOp::create(b, loc, b.getI64Type(), where));
}

/// For each item the first that is equal to it.
Raised firstsOf(NodeContext &n, Items &items) {
  Value none = arith::IndexCastOp::create(n.b, n.loc, n.b.getI64Type(),
                                          n.c.value(items.count));
  return overPairs(n, items, {}, none,
                   [](OpBuilder &b, Location loc, Value, Value equal,
                      ValueRange, ValueRange, Value soFar) -> Value {
                     Value here = arith::SelectOp::create(
                         b, loc, equal, loopIndex(b, loc, 1), soFar);
                     return arith::MinSIOp::create(b, loc, here, soFar);
                   });
}

/// For each item how many different ones come before it: smaller ones, or those
/// whose first is earlier.
Raised ranksOf(NodeContext &n, Items &items, Raised firsts, bool sorted) {
  return overPairs(
      n, items, firsts, n.c.zero(Int64),
      [&](OpBuilder &b, Location loc, Value below, Value, ValueRange atJ,
          ValueRange atI, Value soFar) -> Value {
        Value isFirst = isEqual(b, loc, atJ[0], loopIndex(b, loc, 1));
        Value before =
            sorted ? below
                   : arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                           atJ[0], atI[0])
                         .getResult();
        return plusOne(b, loc, soFar,
                       arith::AndIOp::create(b, loc, isFirst, before));
      });
}

/// How many items are the first of their kind.
OpFoldResult countDifferent(NodeContext &n, Items &items, Raised &firsts) {
  MLIRContext *context = n.b.getContext();
  Value init = n.c.filled({}, n.c.zero(Int64), Int64);
  auto total = linalg::GenericOp::create(
      n.b, n.loc, init.getType(), n.c.tensor(firsts), init,
      ArrayRef<AffineMap>{AffineMap::getMultiDimIdentityMap(1, context),
                          AffineMap::get(1, 0, context)},
      ArrayRef<utils::IteratorType>{reduction},
      [&](OpBuilder &b, Location loc, ValueRange v) {
        Value isFirst = isEqual(b, loc, v[0], loopIndex(b, loc, 0));
        linalg::YieldOp::create(b, loc, plusOne(b, loc, v[1], isFirst));
      });
  Value found = arith::IndexCastOp::create(
      n.b, n.loc, n.b.getIndexType(),
      tensor::ExtractOp::create(n.b, n.loc, total.getResult(0), ValueRange()));
  // Never less than the count; it says how much memory will do.
  return arith::MinUIOp::create(n.b, n.loc, found, n.c.value(items.count))
      .getResult();
}

/// For each different item the first that is like it, and how many are.
std::pair<Raised, Raised> collect(NodeContext &n, OpFoldResult different,
                                  Raised &firsts, Raised &ranks) {
  MLIRContext *context = n.b.getContext();
  AffineExpr u, i;
  bindDims(context, u, i);
  AffineMap atU = AffineMap::get(2, 0, {u}, context),
            atI = AffineMap::get(2, 0, {i}, context);
  Value start = n.c.filled({different}, n.c.zero(Int64), Int64);
  auto found = linalg::GenericOp::create(
      n.b, n.loc, TypeRange{start.getType(), start.getType()},
      ValueRange{n.c.tensor(firsts), n.c.tensor(ranks)},
      ValueRange{start, start}, ArrayRef<AffineMap>{atI, atI, atU, atU},
      ArrayRef<utils::IteratorType>{parallel, reduction},
      [&](OpBuilder &b, Location loc, ValueRange v) {
        Value here = isEqual(b, loc, v[1], loopIndex(b, loc, 0));
        Value first = arith::SelectOp::create(b, loc, here, v[0], v[2]);
        linalg::YieldOp::create(b, loc,
                                ValueRange{first, plusOne(b, loc, v[3], here)});
      });
  return {n.c.fromTensor(found.getResult(0), Int64, {different}),
          n.c.fromTensor(found.getResult(1), Int64, {different})};
}

/// [items, elements] of slices along an axis.
Raised rowsOf(NodeContext &n, Raised &x, int64_t axis) {
  Sizes turned = {x.shape[axis]}, rest;
  SmallVector<int64_t> permutation = {axis};
  for (int64_t d = 0; d < x.rank(); ++d)
    if (d != axis) {
      permutation.push_back(d);
      turned.push_back(x.shape[d]);
      rest.push_back(x.shape[d]);
    }
  Value first = n.c.tensor(x);
  if (axis != 0)
    first = linalg::TransposeOp::create(n.b, n.loc, first,
                                        n.c.empty(turned, x.kind), permutation)
                ->getResult(0);
  Sizes shape = {x.shape[axis], n.c.product(rest)};
  return n.c.fromTensor(n.c.reshape(first, turned, shape), x.kind, shape);
}

/// The slices of `x` along `axis` at `positions`.
Raised gathered(NodeContext &n, Raised &x, int64_t axis, Raised &positions) {
  Sizes shape = x.shape;
  shape[axis] = positions.shape[0];
  Value source = n.c.tensor(x), list = n.c.tensor(positions);
  return n.c.elementwise(
      {}, shape, x.kind, [&](OpBuilder &b, Location loc, ValueRange) -> Value {
        SmallVector<Value> index;
        for (int64_t d = 0; d < x.rank(); ++d)
          index.push_back(linalg::IndexOp::create(b, loc, d));
        Value at = tensor::ExtractOp::create(b, loc, list, index[axis]);
        index[axis] = arith::IndexCastOp::create(b, loc, b.getIndexType(), at);
        return tensor::ExtractOp::create(b, loc, source, index);
      });
}

LogicalResult raiseUnique(NodeContext &n) {
  Raised x = n.input(0);
  if (isSmallFloat(x.kind))
    return n.fail("floats of eight bits are not supported");
  int64_t axis = 0;
  bool hasAxis = n.hasAttr("axis");
  if (hasAxis) {
    FailureOr<int64_t> given = n.normalAxis(n.integer("axis", 0), x.rank());
    if (failed(given) || x.rank() == 0)
      return failure();
    axis = *given;
  } else {
    Sizes flat = {n.c.product(x.shape)};
    x = n.c.fromTensor(n.c.reshape(n.c.tensor(x), x.shape, flat), x.kind, flat);
  }
  Items items;
  items.count = x.shape[axis];
  items.isUnsigned = isUnsigned(x.kind) || x.kind == Bool;
  if (hasAxis) {
    Raised rows = keysOf(n, rowsOf(n, x, axis));
    items.order = orderOf(n, rows, items.isUnsigned);
  } else {
    items.keys = keysOf(n, x);
  }
  Raised firsts = firstsOf(n, items);
  Raised ranks = ranksOf(n, items, firsts, n.integer("sorted", 1) != 0);
  auto [indices, counts] =
      collect(n, countDifferent(n, items, firsts), firsts, ranks);
  Raised results[] = {gathered(n, x, axis, indices), indices, ranks, counts};
  for (auto [value, raised] : llvm::zip(n.node.getResults(), results))
    n.c.set(value, raised);
  return success();
}

} // namespace

void tfc::raise::populateUniqueRules(RuleSet &rules) {
  rules.add("Unique", raiseUnique);
}
