//===- ConditionalLoop.cpp - loops that data ends ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConditionalLoop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

Value tfc::raise::truth(NodeContext &n, Raised &condition) {
  if (std::optional<Sizes> known = n.c.elements(condition);
      known && known->size() == 1)
    return n.b.createOrFold<arith::CmpIOp>(n.loc, arith::CmpIPredicate::ne,
                                           n.c.value(known->front()),
                                           n.c.value(n.c.size(0)));
  return tensor::ExtractOp::create(
      n.b, n.loc, n.c.reshape(n.c.tensor(condition), condition.shape, {}),
      ValueRange());
}

LogicalResult tfc::raise::keepSizes(NodeContext &n, Raised &value,
                                    const Raised &before, unsigned number) {
  if (!value.isTensor() || !before.isTensor())
    return n.fail("it carries a sequence, and how often it runs is not known");
  bool keeps = value.kind == before.kind && value.rank() == before.rank();
  if (keeps)
    for (auto [after, size] : llvm::zip(value.shape, before.shape))
      keeps &= after == size || (getConstantIntValue(size).value_or(0) > 0 &&
                                 !getConstantIntValue(after));
  if (!keeps)
    return n.fail("the size of its carried value " + Twine(number) +
                  " changes, or cannot be seen not to");
  if (value.shape == before.shape)
    return success();
  for (auto [after, size] : llvm::zip(value.shape, before.shape))
    n.requireEqual(after, size,
                   "the size of its carried value " + Twine(number) +
                       " changes");
  value = n.c.fromTensor(n.c.tensor(value), value.kind, before.shape);
  return success();
}

LogicalResult
tfc::raise::stateSizes(NodeContext &n, Raised &item, unsigned output,
                       llvm::function_ref<bool(OpFoldResult)> isOutside) {
  if (!item.isTensor())
    return n.fail("it collects what is no tensor");
  if (llvm::all_of(item.shape, isOutside))
    return success();
  std::optional<Sizes> stated =
      output < n.node.getNumResults() ? n.declared(output) : std::nullopt;
  if (!stated || static_cast<int64_t>(stated->size()) != item.rank() + 1)
    return n.fail("the size of what it collects is not known before it");
  Sizes sizes(ArrayRef<OpFoldResult>(*stated).drop_front());
  for (auto [found, size] : llvm::zip(item.shape, sizes))
    n.requireEqual(found, size,
                   "the size of what it collects is not the one that the "
                   "model states for its output");
  item = n.c.fromTensor(n.c.tensor(item), item.kind, sizes);
  return success();
}

namespace {

/// scf.while over the number of the iteration, what is carried, what is
/// collected, and whether there is another iteration, which the body does not
/// see. Bufferisation wants the others in one order before and in the body.
class WhileBuilder {
public:
  WhileBuilder(NodeContext &n, LoopStart start)
      : n(n), start(std::move(start)) {}

  FailureOr<SmallVector<Raised>> build();

private:
  LogicalResult raiseBody();
  LogicalResult addCollections();
  void buildHeader(scf::WhileOp loop);
  Raised sized(Value result, int32_t kind, const Sizes &shape);
  SmallVector<Raised> results(scf::WhileOp loop);

  bool isOutside(OpFoldResult size) {
    auto value = dyn_cast<Value>(size);
    return !value || !draft->isAncestor(value.getParentBlock()->getParentOp());
  }

  NodeContext &n;
  LoopStart start;
  /// Holds the body until it is known what is collected.
  scf::WhileOp draft;
  SmallVector<Value> initial;
  SmallVector<Raised> carried;
  /// Of the body: the number of the next iteration, what is carried to it and
  /// what has been collected; whether it runs.
  SmallVector<Value> next;
  Value again;
  SmallVector<Sizes> shapes;
  SmallVector<int32_t> kinds;
  bool requireStated = false;
};

LogicalResult WhileBuilder::raiseBody() {
  draft =
      scf::WhileOp::create(n.b, n.loc, ValueRange(initial).getTypes(), initial);
  Block *after = n.b.createBlock(&draft.getAfter());
  for (Value value : initial)
    after->addArgument(value.getType(), n.loc);
  n.b.setInsertionPointToStart(after);
  for (auto [value, argument] :
       llvm::zip(carried, after->getArguments().drop_front()))
    value = n.c.fromTensor(argument, value.kind, value.shape);
  // An iteration runs only where its condition holds.
  SmallVector<Raised> arguments = {
      n.c.fromElements({OpFoldResult(after->getArgument(0))}, Int64, {}),
      n.c.fromElements({n.c.size(1)}, Bool, {})};
  arguments.append(carried);
  FailureOr<SmallVector<Raised>> outputs =
      n.c.raiseSubgraph(*start.body, arguments);
  if (failed(outputs))
    return n.fail("its body is not supported");
  Value one = arith::ConstantIndexOp::create(n.b, n.loc, 1);
  next = {arith::AddIOp::create(n.b, n.loc, after->getArgument(0), one)};
  again = truth(n, outputs->front());
  MutableArrayRef<Raised> values(*outputs);
  for (auto [i, value] : llvm::enumerate(values.drop_front())) {
    if (i >= carried.size()) {
      if (failed(stateSizes(
              n, value, i, [&](OpFoldResult size) { return isOutside(size); })))
        return failure();
      kinds.push_back(value.kind);
      shapes.push_back(value.shape);
    } else if (failed(keepSizes(n, value, carried[i], i))) {
      return failure();
    }
    next.push_back(n.c.tensor(value));
  }
  return success();
}

/// Puts what the iteration collects into its place.
LogicalResult WhileBuilder::addCollections() {
  if (shapes.empty())
    return success();
  if (!start.bound) {
    start.bound = start.stated;
    requireStated = true;
  }
  if (!start.bound)
    return n.fail("it collects values, and how many has no bound that is known "
                  "before the call");
  if (getConstantIntValue(*start.bound).value_or(0) > mostCollected)
    return n.fail("it collects values, and its trip count does not bound them");
  Block *after = &draft.getAfter().front();
  for (auto [i, shape] : llvm::enumerate(shapes)) {
    shape.insert(shape.begin(), *start.bound);
    RankedTensorType type = n.c.tensorType(shape, kinds[i]);
    BlockArgument collection = after->addArgument(type, n.loc);
    Sizes offsets(shape.size(), n.c.size(0)),
        sizes = shape, strides(shape.size(), n.c.size(1));
    offsets[0] = OpFoldResult(after->getArgument(0));
    sizes[0] = n.c.size(1);
    Value &item = next[1 + carried.size() + i];
    item = tensor::InsertSliceOp::create(n.b, n.loc, item, collection, offsets,
                                         sizes, strides);
    OpBuilder::InsertionGuard guard(n.b);
    n.b.setInsertionPoint(draft);
    initial.push_back(n.c.empty(shape, kinds[i]));
  }
  return success();
}

void WhileBuilder::buildHeader(scf::WhileOp loop) {
  Block *before = n.b.createBlock(&loop.getBefore());
  for (Value value : initial)
    before->addArgument(value.getType(), n.loc);
  n.b.setInsertionPointToStart(before);
  Value go = before->getArguments().back();
  if (start.most)
    go = arith::AndIOp::create(
        n.b, n.loc, go,
        arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::slt,
                              before->getArgument(0), start.most));
  scf::ConditionOp::create(n.b, n.loc, go, before->getArguments().drop_back());
}

/// The part of a result that has these sizes, which nothing says of the loop's
/// results themselves.
Raised WhileBuilder::sized(Value result, int32_t kind, const Sizes &shape) {
  RankedTensorType type = n.c.tensorType(shape, kind);
  if (!type.hasStaticShape() || type != result.getType())
    result = tensor::ExtractSliceOp::create(
        n.b, n.loc, type, result, Sizes(shape.size(), n.c.size(0)), shape,
        Sizes(shape.size(), n.c.size(1)));
  return n.c.fromTensor(result, kind, shape);
}

SmallVector<Raised> WhileBuilder::results(scf::WhileOp loop) {
  SmallVector<Raised> out;
  for (auto [i, result] : llvm::enumerate(loop.getResults().drop_front())) {
    if (i < carried.size()) {
      out.push_back(sized(result, carried[i].kind, carried[i].shape));
      continue;
    }
    // Never less than the number of iterations; it says how much memory will
    // do.
    Sizes shape = shapes[i - carried.size()];
    if (!requireStated)
      shape[0] = arith::MinUIOp::create(n.b, n.loc, loop.getResult(0),
                                        n.c.value(shape[0]))
                     .getResult();
    out.push_back(sized(result, kinds[i - carried.size()], shape));
  }
  return out;
}

FailureOr<SmallVector<Raised>> WhileBuilder::build() {
  OpBuilder::InsertionGuard guard(n.b);
  initial = {arith::ConstantIndexOp::create(n.b, n.loc, 0)};
  for (Raised &value : start.initial) {
    initial.push_back(n.c.tensor(value));
    carried.push_back(value);
  }
  if (start.most && !start.bound && start.stated) {
    // There is room for so many.
    n.c.require(arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::sle,
                                      start.most, n.c.value(*start.stated)),
                n.describe() + ": its trip count is above the size that the "
                               "model states for its output");
    start.most = arith::MinSIOp::create(n.b, n.loc, start.most,
                                        n.c.value(*start.stated));
  }
  if (failed(raiseBody()) || failed(addCollections()))
    return failure();
  next.push_back(again);
  scf::YieldOp::create(n.b, n.loc, next);
  n.b.setInsertionPoint(draft);
  SmallVector<Type> types(ValueRange(initial).getTypes());
  initial.push_back(start.go);
  auto loop = scf::WhileOp::create(n.b, n.loc, types, initial);
  loop.getAfter().takeBody(draft.getAfter());
  draft.erase();
  buildHeader(loop);
  n.b.setInsertionPointAfter(loop);
  if (requireStated)
    n.requireEqual(loop.getResult(0), *start.stated,
                   "the number of its iterations is not the size that the "
                   "model states for its output");
  return results(loop);
}

} // namespace

FailureOr<SmallVector<Raised>>
tfc::raise::raiseConditionalLoop(NodeContext &n, LoopStart start) {
  return WhileBuilder(n, std::move(start)).build();
}
