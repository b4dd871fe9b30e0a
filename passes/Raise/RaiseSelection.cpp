//===- RaiseSelection.cpp - how much depends on data ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operators that select: the size of what they give is counted when the call
// runs. It is the minimum of that count and of the largest that it can be, so
// that memory is planned before the call.
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

/// Each element of `x` as a boolean: whether it is not zero.
Raised nonzero(NodeContext &n, Raised &x) {
  int32_t kind = x.kind;
  SmallVector<Raised> operands = {x};
  return n.c.elementwise(
      operands, x.shape, Bool,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value zero =
            arith::ConstantOp::create(b, loc, b.getZeroAttr(v[0].getType()));
        if (isFloat(kind))
          return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, v[0],
                                       zero);
        return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, v[0],
                                     zero);
      });
}

/// How many of `flags` are set.
OpFoldResult count(NodeContext &n, Raised &flags) {
  MLIRContext *context = n.b.getContext();
  int64_t rank = flags.rank();
  Value init = n.c.filled({}, n.c.zero(Int64), Int64);
  auto total = linalg::GenericOp::create(
      n.b, n.loc, init.getType(), n.c.tensor(flags), init,
      ArrayRef<AffineMap>{AffineMap::getMultiDimIdentityMap(rank, context),
                          AffineMap::get(rank, 0, context)},
      SmallVector<utils::IteratorType>(rank, utils::IteratorType::reduction),
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value one = arith::ExtUIOp::create(b, loc, b.getI64Type(), args[0]);
        linalg::YieldOp::create(
            b, loc, arith::AddIOp::create(b, loc, one, args[1]).getResult());
      });
  Value number =
      tensor::ExtractOp::create(n.b, n.loc, total.getResult(0), ValueRange());
  Value found =
      arith::IndexCastOp::create(n.b, n.loc, n.b.getIndexType(), number);
  // Never less than the count; it says how much memory will do.
  Value most = n.c.value(n.c.product(flags.shape));
  return arith::MinUIOp::create(n.b, n.loc, found, most).getResult();
}

/// The indices of those `flags` that are set, row by row: i64 [rank, found].
Raised positions(NodeContext &n, Raised &flags) {
  OpBuilder &b = n.b;
  Location loc = n.loc;
  int64_t rank = flags.rank();
  OpFoldResult found = count(n, flags);
  Sizes shape = {n.c.size(rank), found};
  Value source = n.c.tensor(flags);
  SmallVector<Value> state = {n.c.empty(shape, Int64),
                              arith::ConstantIndexOp::create(b, loc, 0)};
  Value zero = arith::ConstantIndexOp::create(b, loc, 0),
        one = arith::ConstantIndexOp::create(b, loc, 1);
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Value> index;
  SmallVector<scf::ForOp> loops;
  for (OpFoldResult size : flags.shape) {
    auto loop = scf::ForOp::create(b, loc, zero, n.c.value(size), one, state);
    if (!loops.empty()) {
      OpBuilder::InsertionGuard inner(b);
      b.setInsertionPointToEnd(loops.back().getBody());
      scf::YieldOp::create(b, loc, loop.getResults());
    }
    loops.push_back(loop);
    index.push_back(loop.getInductionVar());
    state.assign(loop.getRegionIterArgs().begin(),
                 loop.getRegionIterArgs().end());
    b.setInsertionPointToStart(loop.getBody());
  }
  Value set = tensor::ExtractOp::create(b, loc, source, index);
  auto choice = scf::IfOp::create(
      b, loc, set,
      [&](OpBuilder &b, Location loc) {
        Value list = state[0];
        for (int64_t d = 0; d < rank; ++d) {
          Value coordinate =
              arith::IndexCastOp::create(b, loc, b.getI64Type(), index[d]);
          Value row = arith::ConstantIndexOp::create(b, loc, d);
          list = tensor::InsertOp::create(b, loc, coordinate, list,
                                          ValueRange{row, state[1]});
        }
        Value next = arith::AddIOp::create(b, loc, state[1], one);
        scf::YieldOp::create(b, loc, ValueRange{list, next});
      },
      [&](OpBuilder &b, Location loc) { scf::YieldOp::create(b, loc, state); });
  scf::YieldOp::create(b, loc, choice.getResults());
  b.setInsertionPointAfter(loops.front());
  return n.c.fromTensor(loops.front().getResult(0), Int64, shape);
}

/// The indices of what is set in a constant, known when compiling.
std::optional<Raised> constantPositions(NodeContext &n, Raised &input) {
  std::optional<SmallVector<int64_t>> known = n.c.integers(input);
  if (!known)
    return std::nullopt;
  int64_t rank = input.rank();
  SmallVector<int64_t> strides(rank, 1);
  for (int64_t d = rank - 2; d >= 0; --d)
    strides[d] = strides[d + 1] * *getConstantIntValue(input.shape[d + 1]);
  Sizes list;
  int64_t found = 0;
  for (int64_t d = 0; d < rank; ++d) {
    found = 0;
    for (auto [i, value] : llvm::enumerate(*known))
      if (value != 0) {
        list.push_back(
            n.c.size(i / strides[d] % *getConstantIntValue(input.shape[d])));
        ++found;
      }
  }
  return n.c.fromElements(list, Int64, {rank, found});
}

LogicalResult raiseNonZero(NodeContext &n) {
  Raised input = n.input(0);
  if (input.rank() == 0)
    return n.fail("its input is a scalar");
  if (std::optional<Raised> known = constantPositions(n, input))
    return n.finish(*known);
  Raised flags = input.kind == Bool ? input : nonzero(n, input);
  return n.finish(positions(n, flags));
}

/// Those slices of the input along an axis whose condition is set.
LogicalResult raiseCompress(NodeContext &n) {
  Raised input = n.input(0), condition = n.input(1);
  int64_t axis = 0;
  if (n.hasAttr("axis")) {
    FailureOr<int64_t> given = n.normalAxis(n.integer("axis", 0), input.rank());
    if (failed(given))
      return failure();
    axis = *given;
  } else {
    Sizes flat = {n.c.product(input.shape)};
    input = n.c.fromTensor(n.c.reshape(n.c.tensor(input), input.shape, flat),
                           input.kind, flat);
  }
  if (condition.rank() != 1 || condition.kind != Bool)
    return n.fail("its condition must be a list of booleans");
  OpFoldResult length = condition.shape[0], extent = input.shape[axis];
  std::optional<int64_t> a = getConstantIntValue(length),
                         most = getConstantIntValue(extent);
  if (length != extent) {
    if (a && most && *a > *most)
      return n.fail("its condition is longer than its axis");
    if (!a || !most)
      n.c.require(arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::ule,
                                        n.c.value(length), n.c.value(extent)),
                  n.describe() + ": its condition is longer than its axis");
  }
  Raised chosen = positions(n, condition);
  Value list = chosen.tensor;
  Sizes shape = input.shape;
  shape[axis] = chosen.shape[1];
  Value source = n.c.tensor(input);
  return n.finish(n.c.elementwise(
      {}, shape, input.kind,
      [&](OpBuilder &b, Location loc, ValueRange) -> Value {
        SmallVector<Value> index;
        for (int64_t d = 0; d < input.rank(); ++d)
          index.push_back(linalg::IndexOp::create(b, loc, d));
        Value row = arith::ConstantIndexOp::create(b, loc, 0);
        Value at = tensor::ExtractOp::create(b, loc, list,
                                             ValueRange{row, index[axis]});
        index[axis] = arith::IndexCastOp::create(b, loc, b.getIndexType(), at);
        return tensor::ExtractOp::create(b, loc, source, index);
      }));
}

} // namespace

void tfc::raise::populateSelectionRules(RuleSet &rules) {
  rules.add("NonZero", raiseNonZero);
  rules.add("Compress", raiseCompress);
}
