//===- RaiseScatter.cpp - writing by index ----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Indexing.h"
#include "RaiseContext.h"
#include "Recognise.h"
#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// What is written where `update` meets `old`; null for an unknown reduction.
Value combine(OpBuilder &b, Location loc, StringRef reduction, Value old,
              Value update, int32_t kind) {
  bool real = isFloat(kind);
  if (reduction == "none")
    return update;
  if (reduction == "add")
    return real ? arith::AddFOp::create(b, loc, old, update).getResult()
                : arith::AddIOp::create(b, loc, old, update).getResult();
  if (reduction == "mul")
    return real ? arith::MulFOp::create(b, loc, old, update).getResult()
                : arith::MulIOp::create(b, loc, old, update).getResult();
  bool most = reduction == "max";
  if (real)
    return most ? arith::MaximumFOp::create(b, loc, old, update).getResult()
                : arith::MinimumFOp::create(b, loc, old, update).getResult();
  if (isUnsigned(kind))
    return most ? arith::MaxUIOp::create(b, loc, old, update).getResult()
                : arith::MinUIOp::create(b, loc, old, update).getResult();
  return most ? arith::MaxSIOp::create(b, loc, old, update).getResult()
              : arith::MinSIOp::create(b, loc, old, update).getResult();
}

using Position =
    llvm::function_ref<SmallVector<Value>(OpBuilder &, ArrayRef<Value>)>;

/// data with each of `updates` put at `position(its index)`, one after the
/// other: several may meet.
Value scatter(NodeContext &n, Raised &data, Raised &updates,
              StringRef reduction, Position position) {
  OpBuilder &b = n.b;
  Location loc = n.loc;
  // A copy, for the data may be used again.
  Value start = linalg::CopyOp::create(b, loc, n.c.tensor(data),
                                       n.c.empty(data.shape, data.kind))
                    ->getResult(0);
  Value source = n.c.tensor(updates),
        zero = arith::ConstantIndexOp::create(b, loc, 0),
        one = arith::ConstantIndexOp::create(b, loc, 1);
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Value> index;
  SmallVector<scf::ForOp> loops;
  Value state = start;
  for (OpFoldResult size : updates.shape) {
    auto loop = scf::ForOp::create(b, loc, zero, n.c.value(size), one, state);
    if (!loops.empty()) {
      // The outer loop yields what the inner one made.
      OpBuilder::InsertionGuard inner(b);
      b.setInsertionPointToEnd(loops.back().getBody());
      scf::YieldOp::create(b, loc, loop.getResults());
    }
    loops.push_back(loop);
    index.push_back(loop.getInductionVar());
    state = loop.getRegionIterArg(0);
    b.setInsertionPointToStart(loop.getBody());
  }
  Value update = tensor::ExtractOp::create(b, loc, source, index);
  SmallVector<Value> at = position(b, index);
  Value result = update;
  if (reduction != "none")
    result =
        combine(b, loc, reduction, tensor::ExtractOp::create(b, loc, state, at),
                update, data.kind);
  Value next = tensor::InsertOp::create(b, loc, result, state, at);
  if (loops.empty())
    return next;
  scf::YieldOp::create(b, loc, next);
  return loops.front().getResult(0);
}

bool knownReduction(StringRef reduction) {
  return reduction == "none" || reduction == "add" || reduction == "mul" ||
         reduction == "max" || reduction == "min";
}

LogicalResult raiseScatterElements(NodeContext &n) {
  Raised data = n.input(0), indices = n.input(1), updates = n.input(2);
  FailureOr<int64_t> axis = n.normalAxis(n.integer("axis", 0), data.rank());
  StringRef reduction = n.text("reduction", "none");
  if (failed(axis))
    return failure();
  if (!knownReduction(reduction))
    return n.fail("its reduction '" + reduction + "' is unknown");
  if (indices.rank() != data.rank() || updates.rank() != data.rank())
    return n.fail("its data, indices and updates differ in rank");
  for (int64_t d = 0; d < data.rank(); ++d) {
    if (indices.shape[d] != updates.shape[d])
      return n.fail(
          "the sizes of its indices and updates cannot be seen to be equal");
    std::optional<int64_t> a = getConstantIntValue(indices.shape[d]),
                           s = getConstantIntValue(data.shape[d]);
    if (d == *axis || indices.shape[d] == data.shape[d])
      continue;
    if (a && s && *a > *s)
      return n.fail("its indices are larger than its data");
    if (!a || !s)
      n.c.require(arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::ule,
                                        n.c.value(indices.shape[d]),
                                        n.c.value(data.shape[d])),
                  n.describe() + ": its indices are larger than its data");
  }
  if (!provenInRange(n, indices, data.shape[*axis]))
    requireInRange(n, indices, data.shape[*axis]);
  Value positions = n.c.tensor(indices), extent = n.c.value(data.shape[*axis]);
  Value result = scatter(
      n, data, updates, reduction, [&](OpBuilder &b, ArrayRef<Value> index) {
        SmallVector<Value> at(index);
        at[*axis] = resolveIndex(
            b, n.loc, tensor::ExtractOp::create(b, n.loc, positions, index),
            extent);
        return at;
      });
  return n.finish(n.c.fromTensor(result, data.kind, data.shape));
}

LogicalResult raiseScatterND(NodeContext &n) {
  if (std::optional<Raised> experts = recogniseScatteredExperts(n))
    return n.finish(*experts);
  Raised data = n.input(0), indices = n.input(1), updates = n.input(2);
  StringRef reduction = n.text("reduction", "none");
  if (!knownReduction(reduction))
    return n.fail("its reduction '" + reduction + "' is unknown");
  std::optional<int64_t> depth = indices.rank() > 0
                                     ? getConstantIntValue(indices.shape.back())
                                     : std::nullopt;
  if (!depth || *depth > data.rank())
    return n.fail("the last size of its indices must be known and at most the "
                  "rank of its data");
  int64_t outer = indices.rank() - 1;
  if (updates.rank() != outer + data.rank() - *depth)
    return n.fail("its updates have rank " + Twine(updates.rank()) +
                  ", expected " + Twine(outer + data.rank() - *depth));
  for (int64_t d = 0; d < updates.rank(); ++d) {
    OpFoldResult expected =
        d < outer ? indices.shape[d] : data.shape[*depth + d - outer];
    if (expected == updates.shape[d])
      continue;
    if (getConstantIntValue(expected) && getConstantIntValue(updates.shape[d]))
      return n.fail("the sizes of its updates do not fit its data and indices");
    n.c.require(
        arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::eq,
                              n.c.value(expected), n.c.value(updates.shape[d])),
        n.describe() +
            ": the sizes of its updates do not fit its data and indices");
  }
  // Each column of the indices has its own range.
  for (int64_t c = 0; c < *depth; ++c) {
    Sizes offsets(indices.rank(), n.c.size(0)),
        sizes = indices.shape, strides(indices.rank(), n.c.size(1));
    offsets.back() = n.c.size(c);
    sizes.back() = n.c.size(1);
    Raised column = n.c.fromTensor(
        tensor::ExtractSliceOp::create(n.b, n.loc, n.c.tensor(indices), offsets,
                                       sizes, strides),
        indices.kind, sizes);
    requireInRange(n, column, data.shape[c]);
  }
  Value positions = n.c.tensor(indices);
  SmallVector<Value> extents;
  for (int64_t c = 0; c < *depth; ++c)
    extents.push_back(n.c.value(data.shape[c]));
  Value result = scatter(
      n, data, updates, reduction, [&](OpBuilder &b, ArrayRef<Value> index) {
        SmallVector<Value> at;
        for (int64_t c = 0; c < *depth; ++c) {
          SmallVector<Value> place(index.take_front(outer));
          place.push_back(arith::ConstantIndexOp::create(b, n.loc, c));
          at.push_back(resolveIndex(
              b, n.loc, tensor::ExtractOp::create(b, n.loc, positions, place),
              extents[c]));
        }
        at.append(index.begin() + outer, index.end());
        return at;
      });
  return n.finish(n.c.fromTensor(result, data.kind, data.shape));
}

/// Positions of any sign as places from 0 to `extent`.
Raised placesInRing(NodeContext &n, Raised positions, Value extent) {
  SmallVector<Raised> operands = {positions};
  return n.c.elementwise(
      operands, positions.shape, positions.kind,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Type type = v[0].getType();
        Value size = arith::IndexCastOp::create(b, loc, type, extent);
        Value rest = arith::RemSIOp::create(b, loc, v[0], size);
        Value zero =
            arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, 0));
        Value negative = arith::CmpIOp::create(
            b, loc, arith::CmpIPredicate::slt, rest, zero);
        return arith::SelectOp::create(
            b, loc, negative, arith::AddIOp::create(b, loc, rest, size), rest);
      });
}

/// A cache with `update` written at each sample's own position.
LogicalResult raiseTensorScatter(NodeContext &n) {
  Raised cache = n.input(0), update = n.input(1);
  FailureOr<int64_t> axis = n.normalAxis(n.integer("axis", -2), cache.rank());
  StringRef mode = n.text("mode", "linear");
  if (failed(axis))
    return failure();
  if (*axis == 0 || update.rank() != cache.rank() ||
      (mode != "linear" && mode != "circular"))
    return n.fail("its axis, mode or the rank of its update does not fit");
  int64_t rank = cache.rank(), at = *axis;
  for (int64_t d = 0; d < rank; ++d)
    if (d != at && cache.shape[d] != update.shape[d])
      return n.fail("its cache and update cannot be seen to fit");
  Value extent = n.c.value(cache.shape[at]),
        length = n.c.value(update.shape[at]);
  n.c.require(n.b.createOrFold<arith::CmpIOp>(n.loc, arith::CmpIPredicate::ule,
                                              length, extent),
              n.describe() + ": its update is longer than its cache");
  bool circular = mode == "circular";
  Value positions;
  if (n.has(2)) {
    Raised indices = n.input(2);
    if (indices.rank() != 1 || indices.shape[0] != cache.shape[0])
      return n.fail("its write_indices must be one a sample");
    if (circular) {
      indices = placesInRing(n, indices, extent);
    } else {
      Value room = arith::AddIOp::create(
          n.b, n.loc, arith::SubIOp::create(n.b, n.loc, extent, length),
          n.c.value(n.c.size(1)));
      requireInRange(n, indices, getAsOpFoldResult(room), /*fromEnd=*/false);
    }
    positions = n.c.tensor(indices);
  }
  Value whole = n.c.tensor(cache);
  auto op = attn::CacheAppendOp::create(n.b, n.loc, whole.getType(),
                                        n.c.tensor(update), positions, whole,
                                        at, circular);
  return n.finish(n.c.fromTensor(op.getResult(), cache.kind, cache.shape));
}

} // namespace

void tfc::raise::populateScatterRules(RuleSet &rules) {
  rules.add("ScatterElements", raiseScatterElements);
  rules.add("Scatter", raiseScatterElements);
  rules.add("ScatterND", raiseScatterND);
  rules.add("TensorScatter", raiseTensorScatter);
}
