//===- RecogniseForms.cpp - other forms of attention ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Recognise.h"
#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// What `value` is the transpose of the last two of four dimensions of.
Value matrixTransposed(RaiseContext &c, Value value) {
  onnx::NodeOp node = producer(value, "Transpose");
  if (!node)
    return nullptr;
  NodeContext transpose(c, node);
  auto permutation = transpose.list("perm");
  return permutation && *permutation == SmallVector<int64_t>{0, 1, 3, 2}
             ? node.getInputs()[0]
             : Value();
}

/// What `value` sums over its third of four dimensions, which it keeps.
Value summedOverRows(RaiseContext &c, Value value) {
  onnx::NodeOp node = producer(value, "ReduceSum");
  if (!node || c.get(node.getInputs()[0]).rank() != 4)
    return nullptr;
  NodeContext sum(c, node);
  auto axes = sum.listOrInput("axes", 1);
  if (!axes || sum.integer("keepdims", 1) == 0 || axes->size() != 1 ||
      ((*axes)[0] != 2 && (*axes)[0] != -2))
    return nullptr;
  return node.getInputs()[0];
}

/// Whether it is 0, 1, 2, ... of `count` numbers.
bool countsUp(RaiseContext &c, Raised &numbers, OpFoldResult count) {
  std::optional<SmallVector<int64_t>> list = c.integers(numbers);
  if (!list || numbers.rank() != 1 ||
      getConstantIntValue(count) != static_cast<int64_t>(list->size()))
    return false;
  return llvm::all_of(llvm::enumerate(*list), [](auto pair) {
    return pair.value() == static_cast<int64_t>(pair.index());
  });
}

} // namespace

bool tfc::raise::queryKeyValueFit(const Raised &query, const Raised &key,
                                  const Raised &value) {
  if (query.rank() != 4 || key.rank() != 4 || value.rank() != 4 ||
      !isFloat(query.kind) || key.kind != query.kind ||
      value.kind != query.kind)
    return false;
  ArrayRef<OpFoldResult> q(query.shape), k(key.shape), v(value.shape);
  return getConstantIntValue(q[1]) &&
         llvm::equal(q.take_front(2), k.take_front(2)) &&
         llvm::equal(k.take_front(3), v.take_front(3)) && q[3] == k[3];
}

Raised tfc::raise::makeAttention(NodeContext &n, Raised query, Raised key,
                                 Raised value, attn::ScoreFunction score) {
  Sizes shape = query.shape;
  shape.back() = value.shape.back();
  auto op = attn::AttentionOp::create(n.b, n.loc, n.c.tensor(query),
                                      n.c.tensor(key), n.c.tensor(value),
                                      n.c.empty(shape, query.kind), 1.0);
  op.setScore(score);
  n.c.noteAttention(op, n.node);
  return n.c.fromTensor(op->getResult(0), query.kind, shape);
}

std::pair<Value, double> tfc::raise::withoutEpsilon(RaiseContext &c,
                                                    Value total) {
  if (onnx::NodeOp add = producer(total, "Add"))
    for (unsigned side : {0, 1})
      if (auto number = scalarOf(c, c.get(add.getInputs()[side])))
        return {add.getInputs()[1 - side], *number};
  return {total, 0.0};
}

std::optional<Raised> tfc::raise::recogniseLinearAttention(NodeContext &n) {
  RaiseContext &c = n.c;
  onnx::NodeOp outer = producer(n.node.getInputs()[0], "MatMul");
  onnx::NodeOp inner =
      outer ? producer(outer.getInputs()[1], "MatMul") : onnx::NodeOp();
  if (!inner || !outer->hasOneUse() || !inner->hasOneUse())
    return std::nullopt;
  Value query = outer.getInputs()[0], value = inner.getInputs()[1],
        key = matrixTransposed(c, inner.getInputs()[0]);
  auto [total, epsilon] = withoutEpsilon(c, n.node.getInputs()[1]);
  onnx::NodeOp norm = producer(total, "MatMul");
  if (!key || !norm || norm.getInputs()[0] != query)
    return std::nullopt;
  Value sums = matrixTransposed(c, norm.getInputs()[1]);
  if (!sums || summedOverRows(c, sums) != key ||
      !queryKeyValueFit(c.get(query), c.get(key), c.get(value)))
    return std::nullopt;
  Raised result = makeAttention(n, c.get(query), c.get(key), c.get(value),
                                attn::ScoreFunction::Linear);
  if (epsilon != 0)
    result.tensor.getDefiningOp<attn::AttentionOp>().setEpsilon(
        APFloat(epsilon));
  return result;
}

std::optional<Raised> tfc::raise::recogniseHardAttention(NodeContext &n) {
  RaiseContext &c = n.c;
  Value weights = n.node.getInputs()[0];
  bool cast = false;
  while (onnx::NodeOp node = producer(weights, "Cast")) {
    if (!node->hasOneUse())
      return std::nullopt;
    cast = true;
    weights = node.getInputs()[0];
  }
  onnx::NodeOp equal = producer(weights, "Equal");
  if (!equal || !cast || !isFloat(n.input(0).kind))
    return std::nullopt;
  for (unsigned side = 0; side < 2; ++side) {
    onnx::NodeOp unsqueeze = producer(equal.getInputs()[side], "Unsqueeze");
    onnx::NodeOp argmax =
        producer(unsqueeze ? unsqueeze.getInputs()[0] : equal.getInputs()[side],
                 "ArgMax");
    if (!argmax || c.get(equal.getInputs()[side]).rank() != 4)
      continue;
    NodeContext most(c, argmax);
    Raised &scores = most.input(0);
    int64_t axis = most.integer("axis", 0);
    bool keeps = most.integer("keepdims", 1) != 0;
    onnx::NodeOp product = producer(argmax.getInputs()[0], "MatMul");
    // Which dimension the Unsqueeze adds shows in its size.
    if (!product || scores.rank() != 4 || (axis != -1 && axis != 3) ||
        most.integer("select_last_index", 0) != 0 || keeps == !!unsqueeze ||
        !isConstantIntValue(c.get(equal.getInputs()[side]).shape.back(), 1) ||
        isConstantIntValue(scores.shape[2], 1) ||
        !countsUp(c, c.get(equal.getInputs()[1 - side]), scores.shape.back()))
      continue;
    Raised query = c.get(product.getInputs()[0]), value = n.input(1);
    Raised keyT = c.get(product.getInputs()[1]);
    if (keyT.rank() != 4)
      continue;
    Raised key = untransposed(c, keyT);
    if (queryKeyValueFit(query, key, value))
      return makeAttention(n, query, key, value, attn::ScoreFunction::Hard);
  }
  return std::nullopt;
}
