//===- RecogniseRoute.cpp - mixtures of experts -----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Three ways to write that a token goes through the experts chosen for it:
// their matrices are gathered by number, each expert runs on the tokens found
// to have chosen it, or all experts run on all tokens and gates of zero hide
// the others.
//
//===----------------------------------------------------------------------===//

#include "ExpertGraph.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

//===----------------------------------------------------------------------===//
// Gathered matrices
//===----------------------------------------------------------------------===//

/// Whether it is a stack of constant matrices, some of which are taken.
bool isGathered(RaiseContext &c, Value matrices) {
  onnx::NodeOp node = producer(matrices, "GatherND");
  if (!node)
    node = producer(matrices, "Gather");
  if (!node)
    return false;
  Raised &stack = c.get(node.getInputs()[0]);
  return stack.constant && stack.rank() == 3;
}

/// Whether `value` is an activation of a product with gathered matrices, as the
/// hidden features of an expert are.
bool leadsToGathered(RaiseContext &c, Value value, unsigned depth = 0) {
  auto node = value.getDefiningOp<onnx::NodeOp>();
  if (!node || depth > 6 || !node.getDomain().empty())
    return false;
  StringRef type = node.getOpType();
  if (type == "MatMul")
    return isGathered(c, node.getInputs()[1]);
  return llvm::is_contained(
             {"Mul", "Div", "Add", "Erf", "Relu", "Gelu", "Sigmoid", "Tanh"},
             type) &&
         llvm::any_of(node.getInputs(), [&](Value input) {
           return leadsToGathered(c, input, depth + 1);
         });
}

/// The choices as they count from the front.
Raised fromTheFront(NodeContext &n, Raised choices, OpFoldResult experts) {
  Value extent = n.c.value(experts);
  SmallVector<Raised> operands = {choices};
  return n.c.elementwise(
      operands, choices.shape, choices.kind,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value zero =
            arith::ConstantOp::create(b, loc, b.getZeroAttr(v[0].getType()));
        Value count =
            arith::IndexCastOp::create(b, loc, v[0].getType(), extent);
        Value negative = arith::CmpIOp::create(
            b, loc, arith::CmpIPredicate::slt, v[0], zero);
        return arith::SelectOp::create(
            b, loc, negative, arith::AddIOp::create(b, loc, v[0], count), v[0]);
      });
}

} // namespace

std::optional<Raised> tfc::raise::recogniseGatheredExperts(NodeContext &n) {
  RaiseContext &c = n.c;
  Value result = n.node.getResult(0);
  if (!leadsToGathered(c, result) || !leadsToGathered(c, n.node.getInputs()[0]))
    return std::nullopt;
  std::optional<ExpertGraph> expert =
      matchExpert(c, result, ExpertWeights::Gathered);
  if (!expert)
    return noRoute(n, "its matrices are gathered, but they are not those of an "
                      "expert");
  Value index = expert->w2.index;
  // The choices as the gathered matrices have them before their own sizes.
  Sizes outer(ArrayRef(n.input(1).shape).drop_back(2)), row = outer;
  for (const ExpertWeight &weight : {expert->w1, expert->w3})
    if (weight.value &&
        (weight.index != index ||
         !llvm::equal(ArrayRef(c.get(weight.taken).shape).drop_back(2), outer)))
      return noRoute(n, "its matrices are gathered by different numbers");
  std::optional<ExpertStacks> stacks = stackExperts(c, *expert);
  Raised x = c.get(expert->x), choices = c.get(index);
  int64_t rank = outer.size() + 2;
  row.push_back(c.size(1));
  row.push_back(x.shape.back());
  if (!stacks || x.rank() < 2 || x.rank() > rank ||
      !isConstantIntValue(x.shape[x.rank() - 2], 1))
    return noRoute(n, "its tokens are not rows by themselves");
  for (int64_t d = 0; d < x.rank(); ++d)
    if (x.shape[d] != row[rank - x.rank() + d] &&
        !isConstantIntValue(x.shape[d], 1))
      return noRoute(n,
                     "its tokens cannot be seen to be as many as its choices");
  if (!llvm::equal(x.shape, row)) {
    SmallVector<Raised> operands = {x};
    x = c.elementwise(operands, row, x.kind,
                      [](OpBuilder &, Location, ValueRange v) { return v[0]; });
  }
  OpFoldResult tokens = c.product(outer);
  choices = reshaped(n, choices, {tokens, c.size(1)});
  if (!producer(index, "ArgMax") && !producer(index, "TopK"))
    choices = fromTheFront(n, choices, stacks->w1.shape[0]);
  x = reshaped(n, x, {tokens, x.shape.back()});
  Raised everyone;
  everyone.absent = true;
  std::optional<int64_t> count = getConstantIntValue(stacks->w1.shape[0]);
  std::optional<Raised> route = makeRoute(n, x, choices, everyone, *stacks);
  if (!route || !count)
    return noRoute(n, "the sizes of its experts do not fit");
  row.back() = route->shape.back();
  return finishRoute(n, *route, row, *count, c.size(1));
}

//===----------------------------------------------------------------------===//
// Tokens by expert
//===----------------------------------------------------------------------===//

namespace {

/// The NonZero whose positions of a row `value` is.
onnx::NodeOp positionsOf(RaiseContext &c, Value value) {
  value = pastShapes(value);
  if (onnx::NodeOp transpose = producer(value, "Transpose"))
    value = pastShapes(transpose.getInputs()[0]);
  onnx::NodeOp nonzero = producer(value, "NonZero");
  return nonzero && c.get(nonzero.getInputs()[0]).rank() == 1 ? nonzero
                                                              : nullptr;
}

/// One expert's results written to the places of its tokens.
struct Scattered {
  ExpertGraph expert;
  Comparison chosen;
  onnx::NodeOp gather;
};

std::optional<Scattered> matchScattered(RaiseContext &c, onnx::NodeOp node) {
  NodeContext scatter(c, node);
  StringRef reduction = scatter.text("reduction", "none");
  onnx::NodeOp places = positionsOf(c, node.getInputs()[1]);
  auto chosen = places ? matchEqual(c, places.getInputs()[0]) : std::nullopt;
  Raised &index = scatter.input(1), &updates = scatter.input(2);
  if (!chosen || (reduction != "none" && reduction != "add") ||
      index.rank() != 2 || updates.rank() != 2 ||
      !isConstantIntValue(index.shape[1], 1))
    return std::nullopt;
  Value rows = node.getInputs()[2];
  while (onnx::NodeOp reshape = producer(rows, "Reshape")) {
    Raised &before = c.get(reshape.getInputs()[0]);
    if (before.rank() != 2 || before.shape[1] != updates.shape[1])
      return std::nullopt;
    rows = reshape.getInputs()[0];
  }
  std::optional<ExpertGraph> expert = matchExpert(c, rows, ExpertWeights::Own);
  onnx::NodeOp gather = expert ? producer(expert->x, "Gather") : onnx::NodeOp();
  if (!gather || NodeContext(c, gather).integer("axis", 0) != 0 ||
      c.get(gather.getInputs()[0]).rank() != 2 ||
      c.get(gather.getInputs()[1]).rank() != 1 ||
      positionsOf(c, gather.getInputs()[1]) != places)
    return std::nullopt;
  expert->x = gather.getInputs()[0];
  return Scattered{*expert, *chosen, gather};
}

/// The indices that a check is of, if it is one of indices.
Value checkedIndices(cf::AssertOp check) {
  auto extract = check.getArg().getDefiningOp<tensor::ExtractOp>();
  auto all = extract ? extract.getTensor().getDefiningOp<linalg::GenericOp>()
                     : linalg::GenericOp();
  if (!all || all.getNumDpsInputs() != 1)
    return nullptr;
  Value indices = all.getDpsInputs()[0];
  if (auto column = indices.getDefiningOp<tensor::ExtractSliceOp>())
    return column.getSource();
  return indices;
}

/// Positions that NonZero found in as many flags as there are rows are in
/// range; the checks of that would keep the search. `nodes` index by their
/// input 1.
void dropChecks(RaiseContext &c, ArrayRef<onnx::NodeOp> nodes) {
  llvm::DenseSet<std::pair<StringAttr, Value>> known;
  for (onnx::NodeOp node : nodes)
    known.insert({c.b.getStringAttr(NodeContext(c, node).describe() +
                                    ": an index is out of range"),
                  c.get(node.getInputs()[1]).tensor});
  SmallVector<cf::AssertOp> checks;
  for (auto check : c.b.getInsertionBlock()->getOps<cf::AssertOp>())
    if (Value indices = checkedIndices(check))
      if (known.contains({check.getMsgAttr(), indices}))
        checks.push_back(check);
  // Nodes of one name are not told apart.
  if (checks.size() <= nodes.size())
    for (cf::AssertOp check : checks)
      check.erase();
}

} // namespace

std::optional<Raised> tfc::raise::recogniseScatteredExperts(NodeContext &n) {
  RaiseContext &c = n.c;
  onnx::NodeOp places = positionsOf(c, n.node.getInputs()[1]);
  if (!places || !matchEqual(c, places.getInputs()[0]))
    return std::nullopt;
  // The next expert writes into what this one wrote.
  for (OpOperand &use : n.node.getResult(0).getUses()) {
    auto user = dyn_cast<onnx::NodeOp>(use.getOwner());
    if (user && user.getOpType() == "ScatterND" && use.getOperandNumber() == 0)
      return std::nullopt;
  }
  SmallVector<std::pair<int64_t, ExpertGraph>> found;
  SmallVector<onnx::NodeOp> checked;
  Value data = n.node.getResult(0), ids;
  while (onnx::NodeOp node = producer(data, "ScatterND")) {
    std::optional<Scattered> one = matchScattered(c, node);
    if (!one || (ids && one->chosen.value != ids))
      return noRoute(n,
                     "what is scattered is not one expert on the tokens that "
                     "chose it");
    ids = one->chosen.value;
    found.push_back({one->chosen.number, one->expert});
    checked.append({node, one->gather});
    data = node.getInputs()[0];
  }
  if (!isZeros(c, data))
    return noRoute(n, "experts write into what is not zero");
  std::optional<SmallVector<ExpertGraph>> experts = inOrder(found);
  if (!experts)
    return noRoute(n, "its experts are not alike, or not numbered from 0");
  Raised x = c.get(experts->front().x), choices = c.get(ids);
  std::optional<ExpertStacks> stacks = stackExperts(c, *experts);
  if (!stacks || choices.rank() != 1 || x.rank() != 2 ||
      choices.shape[0] != x.shape[0])
    return noRoute(n, "its tokens cannot be seen to be as many as its choices");
  Sizes shape = c.get(data).shape;
  if (shape.size() != 2 || shape[0] != x.shape[0] ||
      shape[1] != stacks->w2.shape[2])
    return noRoute(n, "the sizes of its experts do not fit");
  choices = reshaped(n, choices, {choices.shape[0], c.size(1)});
  Raised everyone;
  everyone.absent = true;
  std::optional<Raised> route = makeRoute(n, x, choices, everyone, *stacks);
  if (!route)
    return noRoute(n, "the sizes of its experts do not fit");
  dropChecks(c, checked);
  return finishRoute(n, *route, shape, experts->size(), c.size(1));
}

std::optional<Raised> tfc::raise::absorbGates(NodeContext &n) {
  RaiseContext &c = n.c;
  for (unsigned side = 0; side < 2; ++side) {
    Raised y = n.input(side), gates = n.input(1 - side);
    Value tensor = y.tensor;
    while (tensor && tensor.getDefiningOp() &&
           isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp>(
               tensor.getDefiningOp()))
      tensor = tensor.getDefiningOp()->getOperand(0);
    auto op = tensor ? tensor.getDefiningOp<attn::RouteOp>() : nullptr;
    auto ones =
        op ? op.getGates().getDefiningOp<linalg::FillOp>() : linalg::FillOp();
    if (!ones || !matchPattern(ones.value(), m_OneFloat()) || y.rank() == 0 ||
        gates.rank() != y.rank() || gates.kind != y.kind ||
        !isConstantIntValue(gates.shape.back(), 1) ||
        y.shape.back() !=
            c.size(cast<ShapedType>(op.getInit().getType()).getDimSize(1)) ||
        !llvm::equal(ArrayRef(gates.shape).drop_back(),
                     ArrayRef(y.shape).drop_back()))
      continue;
    // What else uses the ungated results would run the experts twice.
    bool once = true;
    Value value = n.node.getInputs()[side];
    for (; once && pastShapes(value) != value;
         value = value.getDefiningOp<onnx::NodeOp>().getInputs()[0])
      once = value.hasOneUse();
    if (!once || !value.hasOneUse())
      continue;
    OpFoldResult tokens = c.product(ArrayRef(y.shape).drop_back());
    Raised column = reshaped(n, gates, {tokens, c.size(1)});
    auto gated = attn::RouteOp::create(
        n.b, n.loc, op.getInit().getType(), op.getX(), op.getChoices(),
        c.tensor(column), op.getW1(), op.getW2(), op.getW3(), op.getB1(),
        op.getB2(), op.getInit(), op.getActivation());
    Sizes flat = {tokens, y.shape.back()};
    return reshaped(n, c.fromTensor(gated->getResult(0), y.kind, flat),
                    y.shape);
  }
  return std::nullopt;
}
