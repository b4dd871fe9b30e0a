//===- ScoreGraph.cpp - what an attention's scores are made of --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScoreGraph.h"
#include "Recognise.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <cmath>

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

bool Hiding::isInfinite() const { return std::isinf(number); }

bool tfc::raise::isReadOnce(Value value) {
  return llvm::count_if(value.getUsers(), [](Operation *user) {
           auto node = dyn_cast<onnx::NodeOp>(user);
           return !node || node.getOpType() != "Shape";
         }) == 1;
}

/// Past a Cast between floating point types, where `value` is one.
Value tfc::raise::pastCast(RaiseContext &c, Value value) {
  onnx::NodeOp cast = producer(value, "Cast");
  return cast && isReadOnce(value) && isFloat(c.get(value).kind) &&
                 isFloat(c.get(cast.getInputs()[0]).kind)
             ? Value(cast.getInputs()[0])
             : value;
}

/// `node` as a Where one side of which is a number; gives the other side.
std::optional<std::pair<Hiding, Value>>
tfc::raise::matchHiding(RaiseContext &c, onnx::NodeOp where) {
  for (bool seenWhenTrue : {true, false}) {
    Value seen = where.getInputs()[seenWhenTrue ? 1 : 2],
          hidden = where.getInputs()[seenWhenTrue ? 2 : 1];
    if (std::optional<double> number = scalarOf(c, c.get(hidden)))
      if (!scalarOf(c, c.get(seen)) || *number != 0)
        return std::pair(
            Hiding{where.getInputs()[0], seenWhenTrue, *number, {}}, seen);
  }
  return std::nullopt;
}

Value tfc::raise::pastReshape(RaiseContext &c, Value reshaped) {
  onnx::NodeOp node = producer(reshaped, "Reshape");
  for (StringRef type : {"Unsqueeze", "Squeeze"})
    if (!node)
      node = producer(reshaped, type);
  if (!node)
    return nullptr;
  ArrayRef<OpFoldResult> to = c.get(reshaped).shape,
                         from = c.get(node.getInputs()[0]).shape;
  bool same = to.size() >= 3 && from.size() >= 3 &&
              llvm::equal(to.take_back(2), from.take_back(2));
  return same ? node.getInputs()[0] : Value();
}

//===----------------------------------------------------------------------===//
// Einsum
//===----------------------------------------------------------------------===//

std::optional<EinsumTerms> tfc::raise::einsumTerms(RaiseContext &c,
                                                   onnx::NodeOp node) {
  if (node.getInputs().size() != 2)
    return std::nullopt;
  std::string equation = NodeContext(c, node).text("equation", "").str();
  llvm::erase(equation, ' ');
  auto [left, right] = StringRef(equation).split("->");
  auto [first, second] = left.split(',');
  if (!StringRef(equation).contains("->") || first.empty() || second.empty())
    return std::nullopt;
  EinsumTerms terms;
  Value values[] = {node.getInputs()[0], node.getInputs()[1],
                    node.getResult(0)};
  std::string *letters[] = {&terms.inputs[0], &terms.inputs[1], &terms.result};
  int64_t hidden = 0;
  StringRef sides[] = {first, second, right};
  for (auto [i, term] : llvm::enumerate(sides)) {
    size_t dots = term.find("...");
    *letters[i] = term.str();
    if (dots != StringRef::npos) {
      // The result has as many as the input that has most.
      int64_t count = i < 2 ? c.get(values[i]).rank() -
                                  static_cast<int64_t>(term.size() - 3)
                            : hidden;
      if (count < 0 || count > 9)
        return std::nullopt;
      hidden = std::max(hidden, count);
      std::string digits;
      for (int64_t d = count; d > 0; --d)
        digits.push_back(static_cast<char>('0' + d));
      *letters[i] =
          (term.take_front(dots) + digits + term.drop_front(dots + 3)).str();
    }
    if (i < 2 &&
        static_cast<int64_t>(letters[i]->size()) != c.get(values[i]).rank())
      return std::nullopt;
    for (char letter : *letters[i])
      if (StringRef(*letters[i]).count(letter) != 1)
        return std::nullopt;
  }
  return terms;
}

std::optional<Raised> tfc::raise::arranged(RaiseContext &c, Raised raised,
                                           StringRef letters,
                                           StringRef wanted) {
  SmallVector<int64_t> order;
  Sizes moved, shape;
  for (char letter : wanted) {
    size_t at = letters.find(letter);
    if (at == StringRef::npos) {
      shape.push_back(c.size(1));
      continue;
    }
    order.push_back(at);
    moved.push_back(raised.shape[at]);
    shape.push_back(raised.shape[at]);
  }
  if (order.size() != letters.size())
    return std::nullopt;
  Value value = c.tensor(raised);
  if (!llvm::is_sorted(order))
    value = linalg::TransposeOp::create(c.b, c.loc, value,
                                        c.empty(moved, raised.kind), order)
                ->getResult(0);
  return c.fromTensor(c.reshape(value, moved, shape), raised.kind, shape);
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

namespace {

class ScoreMatcher {
public:
  ScoreMatcher(RaiseContext &c, ScoreGraph &graph) : c(c), graph(graph) {}

  /// Why there was no match.
  std::string why = "its scores are not a product of query and key, scaled, "
                    "capped, biased or masked";

  bool match(Value scores) {
    value = scores;
    if (!leadsToProduct(value))
      why = "no product of query and key leads to its scores";
    while (true) {
      if (!isReadOnce(value)) {
        why = "its scores are used elsewhere";
        return false;
      }
      graph.views.push_back(c.get(value).shape);
      if (onnx::NodeOp product = producer(value, "MatMul"))
        return finish(product);
      if (onnx::NodeOp product = producer(value, "Einsum"))
        return finishEinsum(product);
      if (!step())
        return false;
    }
  }

private:
  /// One operator off `value`.
  bool step() {
    // Sums and softmax of half precision are in single here as well.
    if (Value inner = pastCast(c, value); inner != value) {
      value = inner;
      return true;
    }
    if (onnx::NodeOp node = producer(value, "Mul"))
      return scale(node, false);
    if (onnx::NodeOp node = producer(value, "Div"))
      return scale(node, true);
    if (onnx::NodeOp node = producer(value, "Add"))
      return add(node);
    if (onnx::NodeOp node = producer(value, "Where"))
      return hide(node);
    if (onnx::NodeOp node = producer(value, "Tanh"))
      return cap(node);
    if (Value inner = pastReshape(c, value)) {
      value = inner;
      return true;
    }
    return false;
  }

  bool leadsToProduct(Value from, unsigned depth = 0) {
    if (depth > 12)
      return false;
    from = pastCast(c, from);
    if (producer(from, "MatMul") || producer(from, "Einsum"))
      return true;
    if (Value inner = pastReshape(c, from))
      return leadsToProduct(inner, depth + 1);
    auto node = from.getDefiningOp<onnx::NodeOp>();
    if (!node || !node.getDomain().empty())
      return false;
    StringRef type = node.getOpType();
    bool all = type == "Mul" || type == "Add" || type == "Where";
    if (!all && type != "Div" && type != "Tanh")
      return false;
    OperandRange inputs = node.getInputs();
    if (type == "Where")
      inputs = inputs.drop_front(1);
    return llvm::any_of(all ? inputs : inputs.take_front(1), [&](Value input) {
      return leadsToProduct(input, depth + 1);
    });
  }

  bool scale(onnx::NodeOp node, bool divides) {
    for (unsigned side = 0; side < (divides ? 1 : 2); ++side) {
      Value inner = node.getInputs()[side], other = node.getInputs()[1 - side];
      Raised &by = c.get(other);
      if (by.rank() > c.get(inner).rank())
        continue;
      if (std::optional<double> number = scalarOf(c, by)) {
        factor = divides ? factor / *number : factor * *number;
        value = inner;
        return true;
      }
      if (by.rank() > 0 && isConstantIntValue(by.shape.back(), 1) &&
          leadsToProduct(inner)) {
        graph.rowScales.push_back({other, divides, view()});
        value = inner;
        return true;
      }
    }
    return false;
  }

  /// Sums, caps and masks within a scale by rows would have to be scaled too.
  bool plainOutside() { return graph.rowScales.empty() && !graph.softcap; }

  bool add(onnx::NodeOp node) {
    if (!plainOutside())
      return false;
    for (unsigned side = 0; side < 2; ++side) {
      Value inner = node.getInputs()[side], other = node.getInputs()[1 - side];
      if (!leadsToProduct(inner) || c.get(inner).rank() < c.get(other).rank())
        continue;
      graph.terms.push_back({other, factor, std::nullopt, view()});
      value = inner;
      return true;
    }
    return false;
  }

  bool hide(onnx::NodeOp node) {
    auto hiding = matchHiding(c, node);
    if (!plainOutside() || !hiding || !leadsToProduct(hiding->second))
      return false;
    hiding->first.number *= factor;
    hiding->first.view = view();
    value = hiding->second;
    if (graph.terms.empty()) {
      graph.hidings.push_back(hiding->first);
      return true;
    }
    // What is added outside is lost on such a number.
    if (!(hiding->first.number <= absorbing) ||
        c.get(node.getResult(0)).kind != Float32)
      return false;
    graph.terms.push_back({Value(), 1, hiding->first, hiding->first.view});
    return true;
  }

  bool cap(onnx::NodeOp node) {
    if (!plainOutside() || !(factor > 0))
      return false;
    graph.softcap = factor;
    factor = 1;
    value = node.getInputs()[0];
    return true;
  }

  /// Numbers that `value` is multiplied with, taken off it.
  double peel(Value &from) {
    double number = 1;
    while (true) {
      onnx::NodeOp multiply = producer(from, "Mul"),
                   divide = producer(from, "Div");
      onnx::NodeOp node = multiply ? multiply : divide;
      if (!node)
        return number;
      Value x = node.getInputs()[0], y = node.getInputs()[1];
      std::optional<double> right = scalarOf(c, c.get(y));
      if (right && c.get(y).rank() <= c.get(x).rank()) {
        number = multiply ? number * *right : number / *right;
        from = x;
        continue;
      }
      std::optional<double> left =
          multiply ? scalarOf(c, c.get(x)) : std::nullopt;
      if (!left || c.get(x).rank() > c.get(y).rank())
        return number;
      number *= *left;
      from = y;
    }
  }

  bool finish(onnx::NodeOp product) {
    Value query = product.getInputs()[0], key = product.getInputs()[1];
    graph.scale = factor * graph.softcap.value_or(1) * peel(query) * peel(key);
    graph.query = c.get(query);
    graph.keyTransposed = c.get(key);
    return true;
  }

  bool finishEinsum(onnx::NodeOp product) {
    why = "its scores are an Einsum that is no product of query and key";
    std::optional<EinsumTerms> terms = einsumTerms(c, product);
    if (!terms || terms->result.size() < 3)
      return false;
    StringRef result = terms->result, batch = result.drop_back(2);
    char row = result[result.size() - 2], column = result.back();
    unsigned which = StringRef(terms->inputs[0]).contains(row) ? 0 : 1;
    StringRef query = terms->inputs[which], key = terms->inputs[1 - which];
    std::string inner;
    for (char letter : query)
      if (!result.contains(letter))
        inner.push_back(letter);
    if (inner.size() != 1 || query.contains(column) || key.contains(row) ||
        !key.contains(inner[0]) || !key.contains(column))
      return false;
    Value q = product.getInputs()[which], k = product.getInputs()[1 - which];
    graph.scale = factor * graph.softcap.value_or(1) * peel(q) * peel(k);
    std::string rows = (batch + Twine(row) + inner).str(),
                columns = (batch + inner + Twine(column)).str();
    std::optional<Raised> left = arranged(c, c.get(q), query, rows),
                          right = arranged(c, c.get(k), key, columns);
    if (!left || !right)
      return false;
    graph.query = *left;
    graph.keyTransposed = *right;
    return true;
  }

  Sizes view() { return c.get(value).shape; }

  RaiseContext &c;
  ScoreGraph &graph;
  Value value;
  double factor = 1;
};

} // namespace

bool tfc::raise::matchScores(RaiseContext &c, Value scores, ScoreGraph &graph,
                             std::string &why) {
  ScoreMatcher matcher(c, graph);
  bool matches = matcher.match(scores);
  why = matcher.why;
  return matches;
}
