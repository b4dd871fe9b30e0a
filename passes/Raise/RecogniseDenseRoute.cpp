//===- RecogniseDenseRoute.cpp - experts that all tokens pass ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All experts run on all tokens, and gates of zero hide those that a token did
// not choose: one after the other, or all by one product of stacked matrices.
//
//===----------------------------------------------------------------------===//

#include "ExpertGraph.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// The gate of one expert: the sum of the gates of those choices that are it.
struct Gate {
  Value choices, gates;
  int64_t expert = 0;
  bool isSum = false;
};

bool isLastAxis(RaiseContext &c, onnx::NodeOp node, StringRef attribute,
                std::optional<unsigned> input) {
  NodeContext context(c, node);
  int64_t rank = context.input(0).rank();
  std::optional<SmallVector<int64_t>> axes;
  if (input)
    axes = context.listOrInput(attribute, *input);
  else
    axes = SmallVector<int64_t>{context.integer(attribute, 0)};
  return axes && axes->size() == 1 &&
         ((*axes)[0] == -1 || (*axes)[0] == rank - 1);
}

/// gates where choices are the expert, zeros elsewhere.
std::optional<Gate> matchMasked(RaiseContext &c, Value value) {
  auto gate = [&](Value condition, Value gates) -> std::optional<Gate> {
    std::optional<Comparison> chosen = matchEqual(c, condition);
    if (!chosen || !llvm::equal(c.get(chosen->value).shape, c.get(gates).shape))
      return std::nullopt;
    return Gate{chosen->value, gates, chosen->number};
  };
  if (onnx::NodeOp where = producer(value, "Where"))
    return isZeros(c, where.getInputs()[2])
               ? gate(where.getInputs()[0], where.getInputs()[1])
               : std::nullopt;
  onnx::NodeOp mul = producer(value, "Mul");
  for (unsigned side = 0; mul && side < 2; ++side)
    if (onnx::NodeOp cast = producer(mul.getInputs()[side], "Cast"))
      if (auto found = gate(cast.getInputs()[0], mul.getInputs()[1 - side]))
        return found;
  return std::nullopt;
}

/// Zeros into which gates were scattered by choice, of which `expert` is one.
std::optional<Gate> matchScatteredGates(RaiseContext &c, Value value,
                                        int64_t expert) {
  onnx::NodeOp scatter = producer(value, "ScatterElements");
  if (!scatter || !isLastAxis(c, scatter, "axis", std::nullopt) ||
      NodeContext(c, scatter).text("reduction", "none") != "none" ||
      !isZeros(c, scatter.getInputs()[0]))
    return std::nullopt;
  // Two choices of one expert would write over each other.
  onnx::NodeOp top = producer(scatter.getInputs()[1], "TopK");
  if (!top || scatter.getInputs()[1] != top.getResult(1))
    return std::nullopt;
  NodeContext choice(c, top);
  int64_t axis = choice.integer("axis", -1);
  if (axis != -1 && axis != choice.input(0).rank() - 1)
    return std::nullopt;
  return Gate{scatter.getInputs()[1], scatter.getInputs()[2], expert, true};
}

/// A column of zeros into which gates were scattered by choice.
std::optional<Gate> matchColumn(RaiseContext &c, Value value) {
  onnx::NodeOp column = producer(value, "Gather"),
               slice = producer(value, "Slice");
  std::optional<SmallVector<int64_t>> number;
  if (column && isLastAxis(c, column, "axis", std::nullopt)) {
    number = c.integers(c.get(column.getInputs()[1]));
  } else if (slice && slice.getInputs().size() >= 4) {
    auto list = [&](unsigned i) {
      return c.integers(c.get(slice.getInputs()[i]));
    };
    auto begin = list(1), end = list(2);
    NodeContext context(c, slice);
    if (isLastAxis(c, slice, "axes", 3) && begin && end && begin->size() == 1 &&
        end->size() == 1 && (*end)[0] == (*begin)[0] + 1)
      number = begin;
    column = slice;
  }
  if (!number || number->size() != 1 || number->front() < 0)
    return std::nullopt;
  return matchScatteredGates(c, column.getInputs()[0], number->front());
}

std::optional<Gate> matchGate(RaiseContext &c, Value value) {
  value = pastShapes(value);
  if (std::optional<Gate> column = matchColumn(c, value))
    return column;
  onnx::NodeOp sum = producer(value, "ReduceSum");
  if (!sum)
    return matchMasked(c, value);
  std::optional<Gate> gate = matchMasked(c, sum.getInputs()[0]);
  if (!gate || !isLastAxis(c, sum, "axes", 1))
    return std::nullopt;
  gate->isSum = true;
  return gate;
}

/// One expert's results times its gate.
struct Term {
  ExpertGraph expert;
  Gate gate;
};

std::optional<Term> matchTerm(RaiseContext &c, Value value) {
  onnx::NodeOp mul = producer(value, "Mul");
  for (unsigned side = 0; mul && side < 2; ++side) {
    Raised &y = c.get(mul.getInputs()[side]),
           &column = c.get(mul.getInputs()[1 - side]);
    // The column must be the gate of each token and not of each feature.
    if (y.rank() < 2 || column.rank() != y.rank() ||
        !isConstantIntValue(column.shape.back(), 1) ||
        !llvm::equal(ArrayRef(column.shape).drop_back(),
                     ArrayRef(y.shape).drop_back()))
      continue;
    std::optional<Gate> gate = matchGate(c, mul.getInputs()[1 - side]);
    std::optional<ExpertGraph> expert =
        gate ? matchExpert(c, mul.getInputs()[side], ExpertWeights::Own)
             : std::nullopt;
    if (expert)
      return Term{*expert, *gate};
  }
  return std::nullopt;
}

/// What a tree of sums adds; nothing where it is more than sums of products.
std::optional<SmallVector<Value>> termsOf(RaiseContext &c, onnx::NodeOp root) {
  SmallVector<Value> open = {root.getResult(0)}, terms;
  while (!open.empty()) {
    Value value = open.pop_back_val();
    onnx::NodeOp add = producer(value, "Add");
    if (add && (add == root || add->hasOneUse()))
      open.append(add.getInputs().begin(), add.getInputs().end());
    else if (producer(value, "Mul"))
      terms.push_back(value);
    else if (!isZeros(c, value))
      return std::nullopt;
  }
  return terms;
}

/// Whether the sum that `node` is part of goes on, by another product's result
/// times something.
bool goesOn(onnx::NodeOp node) {
  if (!node->hasOneUse())
    return false;
  OpOperand &use = *node->use_begin();
  auto user = dyn_cast<onnx::NodeOp>(use.getOwner());
  onnx::NodeOp mul =
      user && user.getOpType() == "Add"
          ? producer(user.getInputs()[1 - use.getOperandNumber()], "Mul")
          : onnx::NodeOp();
  auto isProduct = [](Value value) {
    return producer(value, "MatMul") || producer(value, "Gemm");
  };
  return mul && llvm::any_of(mul.getInputs(), [&](Value input) {
           onnx::NodeOp add = producer(input, "Add");
           return isProduct(input) ||
                  (add && llvm::any_of(add.getInputs(), isProduct));
         });
}

} // namespace

std::optional<Raised> tfc::raise::recogniseDenseExperts(NodeContext &n) {
  RaiseContext &c = n.c;
  if ((!producer(n.node.getInputs()[0], "Mul") &&
       !producer(n.node.getInputs()[1], "Mul")) ||
      goesOn(n.node))
    return std::nullopt;
  std::optional<SmallVector<Value>> values = termsOf(c, n.node);
  if (!values || values->size() < 2)
    return std::nullopt;
  std::optional<Gate> gate;
  SmallVector<std::pair<int64_t, ExpertGraph>> found;
  for (Value value : *values) {
    std::optional<Term> term = matchTerm(c, value);
    if (!term)
      return gate
                 ? noRoute(n, "not all that it adds are experts by their gates")
                 : std::nullopt;
    if (gate &&
        (term->gate.choices != gate->choices ||
         term->gate.gates != gate->gates || term->gate.isSum != gate->isSum))
      return noRoute(n, "the gates of its experts are of different choices");
    gate = term->gate;
    found.push_back({gate->expert, term->expert});
  }
  std::optional<SmallVector<ExpertGraph>> experts = inOrder(found);
  if (!experts)
    return noRoute(n, "its experts are not alike, or not numbered from 0");
  std::optional<ExpertStacks> stacks = stackExperts(c, *experts);
  Raised x = c.get(experts->front().x), choices = c.get(gate->choices),
         gates = c.get(gate->gates);
  Sizes shape = x.shape, each = choices.shape;
  OpFoldResult perToken = gate->isSum ? each.back() : c.size(1);
  if (gate->isSum ||
      (each.size() == shape.size() && isConstantIntValue(each.back(), 1)))
    each.pop_back();
  if (!stacks || shape.size() < 2 ||
      !llvm::equal(each, ArrayRef(shape).drop_back()) ||
      !llvm::equal(gates.shape, choices.shape))
    return noRoute(n, "its tokens cannot be seen to be as many as its choices");
  OpFoldResult tokens = c.product(each);
  std::optional<Raised> route =
      makeRoute(n, reshaped(n, x, {tokens, shape.back()}),
                reshaped(n, choices, {tokens, perToken}),
                reshaped(n, gates, {tokens, perToken}), *stacks);
  if (!route)
    return noRoute(n, "the sizes of its experts do not fit");
  shape.back() = route->shape.back();
  return finishRoute(n, *route, shape, experts->size(), perToken);
}

//===----------------------------------------------------------------------===//
// Stacked matrices
//===----------------------------------------------------------------------===//

namespace {

/// The tokens [N, D] that `value` [E, N, D], or [1, N, D], repeats.
Value repeatedTokens(RaiseContext &c, Value value) {
  ArrayRef<OpFoldResult> shape = c.get(value).shape;
  if (shape.size() == 2)
    return value;
  if (shape.size() != 3)
    return nullptr;
  SmallVector<OpFoldResult> tokens(shape.drop_front());
  while (true) {
    // Each operator here keeps the tokens in order, once or again and again.
    Raised &raised = c.get(value);
    if (llvm::equal(raised.shape, tokens))
      return value;
    auto node = value.getDefiningOp<onnx::NodeOp>();
    if (!node || !node.getDomain().empty())
      return nullptr;
    Value inner = node.getInputs()[0];
    StringRef type = node.getOpType();
    if (type == "Expand") {
      ArrayRef<OpFoldResult> before = c.get(inner).shape;
      while (!before.empty() && isConstantIntValue(before.front(), 1))
        before = before.drop_front();
      if (before.size() > raised.shape.size() ||
          !llvm::equal(before, ArrayRef(raised.shape).take_back(before.size())))
        return nullptr;
    } else if (type == "Tile") {
      auto repeats = c.integers(c.get(node.getInputs()[1]));
      if (!repeats || repeats->empty() ||
          !llvm::all_of(ArrayRef(*repeats).drop_front(),
                        [](int64_t x) { return x == 1; }))
        return nullptr;
    } else if (type != "Unsqueeze" && type != "Reshape") {
      return nullptr;
    }
    value = inner;
  }
}

/// Zeros [N, E] into which gates were scattered by choice, seen as [E, N, 1].
std::optional<Gate> matchColumns(RaiseContext &c, Value value) {
  Sizes seen = c.get(value).shape;
  value = pastShapes(value);
  onnx::NodeOp transpose = producer(value, "Transpose");
  if (!transpose)
    return std::nullopt;
  auto permutation = NodeContext(c, transpose).list("perm");
  Raised &before = c.get(transpose.getInputs()[0]);
  bool swaps = permutation
                   ? *permutation == SmallVector<int64_t>{1, 0} ||
                         (*permutation == SmallVector<int64_t>{1, 0, 2} &&
                          isConstantIntValue(before.shape[2], 1))
                   : before.rank() == 2;
  Value columns = pastShapes(transpose.getInputs()[0]);
  ArrayRef<OpFoldResult> gates = c.get(columns).shape;
  if (!swaps || gates.size() != 2 || gates[0] != seen[1] ||
      gates[1] != seen[0] ||
      !llvm::equal(gates, ArrayRef(before.shape).take_front(2)))
    return std::nullopt;
  return matchScatteredGates(c, columns, 0);
}

} // namespace

std::optional<Raised> tfc::raise::recogniseStackedExperts(NodeContext &n) {
  RaiseContext &c = n.c;
  onnx::NodeOp mul = producer(n.node.getInputs()[0], "Mul");
  auto axes = mul ? n.listOrInput("axes", 1) : std::nullopt;
  if (!axes || *axes != SmallVector<int64_t>{0} || n.input(0).rank() != 3 ||
      n.integer("keepdims", 1) != 0)
    return std::nullopt;
  for (unsigned side = 0; side < 2; ++side) {
    Value y = mul.getInputs()[side], column = mul.getInputs()[1 - side];
    ArrayRef<OpFoldResult> results = c.get(y).shape, all = c.get(column).shape;
    std::optional<Gate> gate =
        all.size() == 3 && results.size() == 3 &&
                isConstantIntValue(all[2], 1) &&
                llvm::equal(all.take_front(2), results.take_front(2))
            ? matchColumns(c, column)
            : std::nullopt;
    if (!gate)
      continue;
    std::optional<ExpertGraph> expert =
        matchExpert(c, y, ExpertWeights::Stacked);
    Value tokens = expert ? repeatedTokens(c, expert->x) : Value();
    std::optional<ExpertStacks> stacks =
        tokens ? stackExperts(c, *expert) : std::nullopt;
    if (!stacks)
      return noRoute(n,
                     "what its gates multiply are not experts on all tokens");
    for (Raised *bias : {&stacks->b1, &stacks->b2})
      if (!bias->absent)
        *bias = reshaped(n, *bias, {bias->shape[0], bias->shape[2]});
    Raised x = c.get(tokens), choices = c.get(gate->choices);
    Sizes shape = c.get(y).shape;
    std::optional<int64_t> count = getConstantIntValue(shape[0]);
    if (!count || stacks->w1.shape[0] != shape[0] || x.shape[0] != shape[1])
      return noRoute(n, "the sizes of its experts do not fit");
    std::optional<Raised> route =
        makeRoute(n, x, choices, c.get(gate->gates), *stacks);
    if (!route)
      return noRoute(n, "the sizes of its experts do not fit");
    return finishRoute(n, *route, {shape[1], shape[2]}, *count,
                       choices.shape[1]);
  }
  return std::nullopt;
}
