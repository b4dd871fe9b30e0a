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
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

std::nullopt_t no(NodeContext &n, const Twine &why) {
  n.c.noteRoute(n.node, "graph", why);
  return std::nullopt;
}

/// `route` [N, C] with the sizes that the graph has, noted for the report.
Raised finished(NodeContext &n, Raised route, Sizes shape, size_t experts,
                OpFoldResult choices) {
  std::optional<int64_t> count = getConstantIntValue(choices);
  n.c.noteRoute(n.node, "attn.route",
                Twine(experts) + " experts, " +
                    (count ? Twine(*count) : Twine("?")) + " a token");
  int32_t kind = route.kind;
  return n.c.fromTensor(n.c.reshape(n.c.tensor(route), route.shape, shape),
                        kind, shape);
}

Raised reshaped(NodeContext &n, Raised x, Sizes shape) {
  int32_t kind = x.kind;
  return n.c.fromTensor(n.c.reshape(n.c.tensor(x), x.shape, shape), kind,
                        shape);
}

bool isZero(ElementsAttr constant) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    return blob && llvm::all_of(blob->getData(), [](char x) { return !x; });
  }
  auto dense = dyn_cast<DenseFPElementsAttr>(constant);
  return dense && llvm::all_of(dense.getValues<APFloat>(),
                               [](const APFloat &x) { return x.isPosZero(); });
}

/// Whether all its elements are known to be zeros.
bool isZero(RaiseContext &c, Value value) {
  Raised &raised = c.get(value);
  if (!isFloat(raised.kind))
    return false;
  if (raised.constant)
    return isZero(raised.constant);
  if (std::optional<Sizes> elements = c.elements(raised))
    return llvm::all_of(*elements, [](OpFoldResult x) {
      auto number = dyn_cast_if_present<FloatAttr>(dyn_cast<Attribute>(x));
      return number && number.getValue().isPosZero();
    });
  if (onnx::NodeOp expand = producer(value, "Expand"))
    return isZero(c, expand.getInputs()[0]);
  onnx::NodeOp fill = producer(value, "ConstantOfShape");
  auto number =
      fill ? fill.getNodeAttrs().getAs<ElementsAttr>("value") : ElementsAttr();
  return fill && (!number || isZero(number));
}

/// `value` = `number`, the number being one that is known.
struct Comparison {
  Value value;
  int64_t number = 0;
};
std::optional<Comparison> matchEqual(RaiseContext &c, Value condition) {
  onnx::NodeOp equal = producer(condition, "Equal");
  for (unsigned side = 0; equal && side < 2; ++side) {
    auto number = c.integers(c.get(equal.getInputs()[side]));
    if (number && number->size() == 1 &&
        c.get(equal.getInputs()[side]).rank() <= 1)
      return Comparison{equal.getInputs()[1 - side], number->front()};
  }
  return std::nullopt;
}

/// Experts by number, of which each is there once.
std::optional<SmallVector<ExpertGraph>>
inOrder(ArrayRef<std::pair<int64_t, ExpertGraph>> found) {
  SmallVector<ExpertGraph> experts(found.size());
  SmallVector<bool> seen(found.size(), false);
  for (const auto &[number, expert] : found) {
    if (number < 0 || number >= static_cast<int64_t>(found.size()) ||
        seen[number] || !expert.hasForm(found.front().second))
      return std::nullopt;
    seen[number] = true;
    experts[number] = expert;
  }
  return experts;
}

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
  std::optional<ExpertGraph> expert = matchExpert(c, result, true);
  if (!expert)
    return no(n, "its matrices are gathered, but they are not those of an "
                 "expert");
  Value index = expert->w2.index;
  if (expert->w1.index != index ||
      (expert->w3.value && expert->w3.index != index))
    return no(n, "its matrices are gathered by different numbers");
  std::optional<ExpertStacks> stacks = stackExperts(c, *expert);
  Raised x = c.get(expert->x), choices = c.get(index);
  // The choices as the gathered matrices have them before their own sizes.
  Sizes outer(ArrayRef(n.input(1).shape).drop_back(2)), row = outer;
  int64_t rank = outer.size() + 2;
  row.push_back(c.size(1));
  row.push_back(x.shape.back());
  if (!stacks || x.rank() < 2 || x.rank() > rank ||
      !isConstantIntValue(x.shape[x.rank() - 2], 1))
    return no(n, "its tokens are not rows by themselves");
  for (int64_t d = 0; d < x.rank(); ++d)
    if (x.shape[d] != row[rank - x.rank() + d] &&
        !isConstantIntValue(x.shape[d], 1))
      return no(n, "its tokens cannot be seen to be as many as its choices");
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
    return no(n, "the sizes of its experts do not fit");
  row.back() = route->shape.back();
  return finished(n, *route, row, *count, c.size(1));
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
  std::optional<ExpertGraph> expert = matchExpert(c, rows, false);
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
      return no(n, "what is scattered is not one expert on the tokens that "
                   "chose it");
    ids = one->chosen.value;
    found.push_back({one->chosen.number, one->expert});
    checked.append({node, one->gather});
    data = node.getInputs()[0];
  }
  if (!isZero(c, data))
    return no(n, "experts write into what is not zero");
  std::optional<SmallVector<ExpertGraph>> experts = inOrder(found);
  if (!experts)
    return no(n, "its experts are not alike, or not numbered from 0");
  Raised x = c.get(experts->front().x), choices = c.get(ids);
  std::optional<ExpertStacks> stacks = stackExperts(c, *experts);
  if (!stacks || choices.rank() != 1 || x.rank() != 2 ||
      choices.shape[0] != x.shape[0])
    return no(n, "its tokens cannot be seen to be as many as its choices");
  Sizes shape = c.get(data).shape;
  if (shape.size() != 2 || shape[0] != x.shape[0] ||
      shape[1] != stacks->w2.shape[2])
    return no(n, "the sizes of its experts do not fit");
  choices = reshaped(n, choices, {choices.shape[0], c.size(1)});
  Raised everyone;
  everyone.absent = true;
  std::optional<Raised> route = makeRoute(n, x, choices, everyone, *stacks);
  if (!route)
    return no(n, "the sizes of its experts do not fit");
  dropChecks(c, checked);
  return finished(n, *route, shape, experts->size(), c.size(1));
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

//===----------------------------------------------------------------------===//
// All experts on all tokens
//===----------------------------------------------------------------------===//

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
    return isZero(c, where.getInputs()[2])
               ? gate(where.getInputs()[0], where.getInputs()[1])
               : std::nullopt;
  onnx::NodeOp mul = producer(value, "Mul");
  for (unsigned side = 0; mul && side < 2; ++side)
    if (onnx::NodeOp cast = producer(mul.getInputs()[side], "Cast"))
      if (auto found = gate(cast.getInputs()[0], mul.getInputs()[1 - side]))
        return found;
  return std::nullopt;
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
  onnx::NodeOp scatter =
      number ? producer(column.getInputs()[0], "ScatterElements")
             : onnx::NodeOp();
  if (!scatter || number->size() != 1 || number->front() < 0 ||
      !isLastAxis(c, scatter, "axis", std::nullopt) ||
      NodeContext(c, scatter).text("reduction", "none") != "none" ||
      !isZero(c, scatter.getInputs()[0]))
    return std::nullopt;
  // Two choices of one expert would write over each other.
  onnx::NodeOp top = producer(scatter.getInputs()[1], "TopK");
  if (!top || scatter.getInputs()[1] != top.getResult(1))
    return std::nullopt;
  return Gate{scatter.getInputs()[1], scatter.getInputs()[2], number->front(),
              true};
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
        gate ? matchExpert(c, mul.getInputs()[side], false) : std::nullopt;
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
    else if (!isZero(c, value))
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
      return gate ? no(n, "not all that it adds are experts by their gates")
                  : std::nullopt;
    if (gate &&
        (term->gate.choices != gate->choices ||
         term->gate.gates != gate->gates || term->gate.isSum != gate->isSum))
      return no(n, "the gates of its experts are of different choices");
    gate = term->gate;
    found.push_back({gate->expert, term->expert});
  }
  std::optional<SmallVector<ExpertGraph>> experts = inOrder(found);
  if (!experts)
    return no(n, "its experts are not alike, or not numbered from 0");
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
    return no(n, "its tokens cannot be seen to be as many as its choices");
  OpFoldResult tokens = c.product(each);
  std::optional<Raised> route =
      makeRoute(n, reshaped(n, x, {tokens, shape.back()}),
                reshaped(n, choices, {tokens, perToken}),
                reshaped(n, gates, {tokens, perToken}), *stacks);
  if (!route)
    return no(n, "the sizes of its experts do not fit");
  shape.back() = route->shape.back();
  return finished(n, *route, shape, experts->size(), perToken);
}
