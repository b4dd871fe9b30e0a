//===- RaiseCumulative.cpp - running sums and products ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RaiseContext.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

enum class Cumulation { Sum, Product };

/// What is accumulated along `axis`: one slice a step, so that its elements are
/// independent.
Value cumulate(NodeContext &n, Raised &input, int64_t axis, Cumulation op) {
  OpBuilder &b = n.b;
  Location loc = n.loc;
  bool exclusive = n.integer("exclusive", 0), reverse = n.integer("reverse", 0);
  int32_t kind = input.kind;
  Sizes part = input.shape, ones(input.rank(), n.c.size(1));
  part[axis] = n.c.size(1);
  Value source = n.c.tensor(input), whole = n.c.empty(input.shape, kind),
        start = n.c.filled(part,
                           op == Cumulation::Sum ? n.c.zero(kind)
                                                 : n.c.constantOf(kind, 1),
                           kind);
  Value zero = n.c.value(n.c.size(0)), one = n.c.value(n.c.size(1)),
        length = n.c.value(input.shape[axis]);
  auto loop = scf::ForOp::create(
      b, loc, zero, length, one, ValueRange{whole, start},
      [&](OpBuilder &b, Location loc, Value step, ValueRange state) {
        Value at = step;
        if (reverse)
          at = arith::SubIOp::create(
              b, loc, arith::SubIOp::create(b, loc, length, one), step);
        Sizes offsets(input.rank(), b.getIndexAttr(0));
        offsets[axis] = at;
        Value slice =
            tensor::ExtractSliceOp::create(b, loc, source, offsets, part, ones);
        AffineMap map = b.getMultiDimIdentityMap(input.rank());
        auto sum = linalg::GenericOp::create(
            b, loc, state[1].getType(), slice, state[1],
            ArrayRef<AffineMap>{map, map},
            SmallVector<utils::IteratorType>(input.rank(),
                                             utils::IteratorType::parallel),
            [&](OpBuilder &b, Location loc, ValueRange v) {
              Value next;
              if (isFloat(kind))
                next =
                    op == Cumulation::Sum
                        ? arith::AddFOp::create(b, loc, v[0], v[1]).getResult()
                        : arith::MulFOp::create(b, loc, v[0], v[1]).getResult();
              else
                next =
                    op == Cumulation::Sum
                        ? arith::AddIOp::create(b, loc, v[0], v[1]).getResult()
                        : arith::MulIOp::create(b, loc, v[0], v[1]).getResult();
              linalg::YieldOp::create(b, loc, next);
            });
        Value written = tensor::InsertSliceOp::create(
            b, loc, exclusive ? state[1] : sum.getResult(0), state[0], offsets,
            part, ones);
        scf::YieldOp::create(b, loc, ValueRange{written, sum.getResult(0)});
      });
  return loop.getResult(0);
}

LogicalResult raiseCumulative(NodeContext &n, Cumulation op) {
  Raised input = n.input(0);
  std::optional<Sizes> given = n.scalars(1);
  if (!given || given->size() != 1)
    return n.fail("its axis is not one number");
  if (input.kind == Bool || input.rank() == 0)
    return n.fail("its input must be numbers of rank 1 and more");
  if (std::optional<int64_t> known = getConstantIntValue(given->front())) {
    FailureOr<int64_t> axis = n.normalAxis(*known, input.rank());
    if (failed(axis))
      return failure();
    return n.finish(
        n.c.fromTensor(cumulate(n, input, *axis, op), input.kind, input.shape));
  }
  // An axis that is read when the call runs chooses among all.
  Value at = n.runtimeAxis(given->front(), input.rank());
  n.c.tensor(input);
  Value result;
  for (int64_t d = input.rank() - 1; d >= 0; --d) {
    if (!result) {
      result = cumulate(n, input, d, op);
      continue;
    }
    Value here = arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::eq, at,
                                       n.c.value(n.c.size(d)));
    OpBuilder::InsertionGuard guard(n.b);
    auto choice = scf::IfOp::create(n.b, n.loc, result.getType(), here,
                                    /*withElseRegion=*/true);
    n.b.setInsertionPointToStart(choice.thenBlock());
    scf::YieldOp::create(n.b, n.loc, cumulate(n, input, d, op));
    n.b.setInsertionPointToStart(choice.elseBlock());
    scf::YieldOp::create(n.b, n.loc, result);
    result = choice.getResult(0);
  }
  return n.finish(n.c.fromTensor(result, input.kind, input.shape));
}

} // namespace

void tfc::raise::populateCumulativeRules(RuleSet &rules) {
  rules.add("CumSum",
            [](NodeContext &n) { return raiseCumulative(n, Cumulation::Sum); });
  rules.add("CumProd", [](NodeContext &n) {
    return raiseCumulative(n, Cumulation::Product);
  });
}
