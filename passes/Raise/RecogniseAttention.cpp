//===- RecogniseAttention.cpp - attention written as a graph ----*- C++ -*-===//
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
#include <cmath>

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// Where(condition, ...) that puts `number` over what is not seen.
struct Hiding {
  Value condition;
  bool seenWhenTrue = true;
  double number = 0;

  bool isInfinite() const { return std::isinf(number); }
};

/// What is added to scores: a tensor times a number, or 0 and what hides.
struct Term {
  Value value;
  double factor = 1;
  std::optional<Hiding> hiding;
};

/// What a score graph is made of, the outermost first.
struct ScoreGraph {
  Value query, keyTransposed;
  double scale = 1;
  std::optional<double> softcap;
  /// Tensors that scale whole rows; true where they divide.
  SmallVector<std::pair<Value, bool>> rowScales;
  SmallVector<Term> terms;
  SmallVector<Hiding> hidings;
};

/// Past a Cast between floating point types, where `value` is one.
Value pastCast(RaiseContext &c, Value value) {
  onnx::NodeOp cast = producer(value, "Cast");
  return cast && cast->hasOneUse() && isFloat(c.get(value).kind) &&
                 isFloat(c.get(cast.getInputs()[0]).kind)
             ? Value(cast.getInputs()[0])
             : value;
}

/// `node` as a Where one side of which is a number; gives the other side.
std::optional<std::pair<Hiding, Value>> matchHiding(RaiseContext &c,
                                                    onnx::NodeOp where) {
  for (bool seenWhenTrue : {true, false}) {
    Value seen = where.getInputs()[seenWhenTrue ? 1 : 2],
          hidden = where.getInputs()[seenWhenTrue ? 2 : 1];
    if (std::optional<double> number = scalarOf(c, c.get(hidden)))
      if (!scalarOf(c, c.get(seen)) || *number != 0)
        return std::pair(Hiding{where.getInputs()[0], seenWhenTrue, *number},
                         seen);
  }
  return std::nullopt;
}

class ScoreMatcher {
public:
  explicit ScoreMatcher(RaiseContext &c) : c(c) {}

  ScoreGraph graph;
  /// Why there was no match.
  StringRef why = "its scores are not a product of query and key, scaled, "
                  "capped, biased or masked";

  bool match(Value scores) {
    value = scores;
    while (true) {
      if (!value.hasOneUse()) {
        why = "its scores are used elsewhere";
        return false;
      }
      if (onnx::NodeOp product = producer(value, "MatMul"))
        return finish(product);
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
    return false;
  }

  bool leadsToProduct(Value from, unsigned depth = 0) {
    if (depth > 12)
      return false;
    from = pastCast(c, from);
    if (producer(from, "MatMul"))
      return true;
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
        graph.rowScales.push_back({other, divides});
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
      graph.terms.push_back({other, factor, std::nullopt});
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
    value = hiding->second;
    if (graph.terms.empty()) {
      graph.hidings.push_back(hiding->first);
      return true;
    }
    // What is added outside is lost on such a number.
    if (!(hiding->first.number <= absorbing) ||
        c.get(node.getResult(0)).kind != Float32)
      return false;
    graph.terms.push_back({Value(), 1, hiding->first});
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
    graph.query = product.getInputs()[0];
    graph.keyTransposed = product.getInputs()[1];
    graph.scale = factor * graph.softcap.value_or(1) * peel(graph.query) *
                  peel(graph.keyTransposed);
    return true;
  }

  RaiseContext &c;
  Value value;
  double factor = 1;
};

/// [B, H, S, D] of a tensor of any rank from 2 on; where heads do not stay
/// `apart`, they are of the batch.
Sizes fourDimensions(RaiseContext &c, ArrayRef<OpFoldResult> shape,
                     bool apart) {
  if (apart)
    return llvm::to_vector(shape);
  return {c.product(shape.drop_back(2)), c.size(1), shape[shape.size() - 2],
          shape.back()};
}

Value asFour(RaiseContext &c, Raised raised, bool apart) {
  Sizes shape = fourDimensions(c, raised.shape, apart);
  return c
      .fromTensor(c.reshape(c.tensor(raised), raised.shape, shape), raised.kind,
                  shape)
      .tensor;
}

} // namespace

Raised tfc::raise::untransposed(RaiseContext &c, Raised &transposed) {
  int64_t rank = transposed.rank();
  SmallVector<int64_t> permutation =
      llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::swap(permutation[rank - 1], permutation[rank - 2]);
  Sizes shape = transposed.shape;
  std::swap(shape[rank - 1], shape[rank - 2]);
  Value source = c.tensor(transposed);
  if (auto op = source.getDefiningOp<linalg::TransposeOp>()) {
    SmallVector<int64_t> whole;
    for (int64_t axis : permutation)
      whole.push_back(op.getPermutation()[axis]);
    permutation = whole;
    source = op.getInput();
  }
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, rank)))
    return c.fromTensor(source, transposed.kind, shape);
  Value value =
      linalg::TransposeOp::create(c.b, c.loc, source,
                                  c.empty(shape, transposed.kind), permutation)
          ->getResult(0);
  return c.fromTensor(value, transposed.kind, shape);
}

namespace {

/// Builds attn.attention from what was matched.
class AttentionBuilder {
public:
  AttentionBuilder(NodeContext &n, onnx::NodeOp softmax, ScoreGraph &graph)
      : n(n), c(n.c), softmax(softmax), graph(graph) {}

  StringRef why;
  bool zeroNanRows = false;

  /// `zeroOver` is the Where that puts 0 over the probabilities, if any.
  std::optional<Raised> build(Raised value, std::optional<Hiding> zeroOver) {
    Raised query = c.get(graph.query), keyT = c.get(graph.keyTransposed);
    rank = value.rank();
    if (!fits(query, keyT, value))
      return std::nullopt;
    kind = query.kind;
    shape = query.shape;
    shape.back() = keyT.shape.back();
    bool zeroRows = false;
    if (zeroOver) {
      zeroRows = graph.hidings.size() == 1 && kind == Float32 &&
                 graph.hidings[0].condition == zeroOver->condition &&
                 graph.hidings[0].seenWhenTrue == zeroOver->seenWhenTrue &&
                 graph.hidings[0].number <= absorbing && zeroOver->number == 0;
      if (!zeroRows) {
        why = "its probabilities are masked otherwise than its scores";
        return std::nullopt;
      }
      graph.hidings[0].number = -std::numeric_limits<double>::infinity();
    }
    std::optional<double> maskedScore;
    Value bias, mask;
    if (!sortTerms() || !addTerms(bias) || !addHidings(mask, maskedScore))
      return std::nullopt;
    for (auto [by, divides] : graph.rowScales)
      if (!scaleRows(query, c.get(by), divides))
        return std::nullopt;
    Sizes result = shape;
    result.back() = value.shape.back();
    Sizes four = fourDimensions(c, result, apart);
    Raised key = untransposed(c, keyT);
    auto op = attn::AttentionOp::create(
        c.b, c.loc, asFour(c, query, apart), asFour(c, key, apart),
        asFour(c, value, apart), c.empty(four, kind), graph.scale);
    if (bias)
      op.getBiasMutable().assign(bias);
    if (mask)
      op.getMaskMutable().assign(mask);
    if (maskedScore)
      op.setMaskedScore(APFloat(*maskedScore));
    if (graph.softcap)
      op.setSoftcap(APFloat(*graph.softcap));
    op.setZeroMaskedRows(zeroRows);
    op.setZeroNanRows(zeroNanRows);
    c.noteAttention(op, softmax);
    return c.fromTensor(c.reshape(op->getResult(0), four, result), kind,
                        result);
  }

private:
  /// Whether the two are one size, as far as can be seen; where that is open
  /// the call asks.
  bool equal(OpFoldResult x, OpFoldResult y) {
    if (x == y)
      return true;
    std::optional<int64_t> a = getConstantIntValue(x),
                           d = getConstantIntValue(y);
    // An open size may be the one that 1 broadcasts to.
    if ((a && d) || a == 1 || d == 1)
      return false;
    n.requireEqual(x, y, "sizes of its query, key and value differ");
    return true;
  }

  bool fits(Raised &query, Raised &keyT, Raised &value) {
    why = "its query, key and value differ in rank, or have no batch";
    if (query.rank() != rank || keyT.rank() != rank || !isFloat(query.kind) ||
        value.kind != query.kind || keyT.kind != query.kind || rank < 3)
      return false;
    why = "the sizes of its query, key and value cannot be seen to fit";
    apart = rank == 4 && getConstantIntValue(query.shape[1]) &&
            getConstantIntValue(keyT.shape[1]) &&
            getConstantIntValue(value.shape[1]);
    // One head of keys and values serves all queries.
    bool oneHead = apart && isConstantIntValue(keyT.shape[1], 1) &&
                   isConstantIntValue(value.shape[1], 1);
    for (int64_t d = 0; d < rank - 2; ++d)
      if (!(oneHead && d == 1) && (!equal(query.shape[d], keyT.shape[d]) ||
                                   !equal(query.shape[d], value.shape[d])))
        return false;
    return equal(query.shape.back(), keyT.shape[rank - 2]) &&
           equal(keyT.shape.back(), value.shape[rank - 2]);
  }

  /// Terms that only hide become masks where that is the same.
  bool sortTerms() {
    for (Term &term : graph.terms) {
      onnx::NodeOp where =
          term.value ? producer(term.value, "Where") : onnx::NodeOp();
      auto hiding = where ? matchHiding(c, where) : std::nullopt;
      if (!hiding || scalarOf(c, c.get(hiding->second)) != 0.0)
        continue;
      hiding->first.number *= term.factor;
      term.hiding = hiding->first;
    }
    bool finiteOutside = llvm::any_of(
        graph.hidings, [](const Hiding &h) { return !h.isInfinite(); });
    for (auto it = graph.terms.begin(); it != graph.terms.end();) {
      bool only = graph.terms.size() == 1 && graph.hidings.empty();
      if (it->hiding && !(it->hiding->number > 0) &&
          ((it->hiding->isInfinite() && !finiteOutside) ||
           (only && kind == Float32 && it->hiding->number <= absorbing))) {
        graph.hidings.push_back(*it->hiding);
        it = graph.terms.erase(it);
      } else {
        ++it;
      }
    }
    return true;
  }

  /// A tensor that broadcasts to the scores, as rank 4.
  std::optional<Raised> broadcastOperand(Raised given) {
    why = "a bias or mask of it cannot be seen to broadcast to the scores";
    if (given.rank() > rank)
      return std::nullopt;
    Sizes padded(rank - given.rank(), c.size(1));
    padded.append(given.shape.begin(), given.shape.end());
    bool anyOne = false, anyWhole = false;
    for (int64_t d = 0; d < rank; ++d) {
      bool one = isConstantIntValue(padded[d], 1);
      if (d < rank - 2 && !isConstantIntValue(shape[d], 1))
        (one ? anyOne : anyWhole) = true;
      if (!one && !equal(padded[d], shape[d]))
        return std::nullopt;
    }
    // Folded batch dimensions have lost which of them is broadcast.
    if (!apart && anyOne && anyWhole)
      return std::nullopt;
    Sizes four = fourDimensions(c, padded, apart);
    return c.fromTensor(c.reshape(c.tensor(given), given.shape, four),
                        given.kind, four);
  }

  /// Two operands of rank 4 that broadcast to the scores, combined: as small
  /// as the two allow.
  Raised combined(Raised x, Raised y, RaiseContext::Body body) {
    Sizes both;
    for (auto [a, d] : llvm::zip(x.shape, y.shape))
      both.push_back(isConstantIntValue(a, 1) ? d : a);
    // Sizes that a check made equal are one.
    for (Raised *one : {&x, &y})
      for (auto [a, d] : llvm::zip(one->shape, both))
        if (!isConstantIntValue(a, 1))
          a = d;
    SmallVector<Raised> operands = {x, y};
    return c.elementwise(operands, both, x.kind, body);
  }

  bool addTerms(Value &bias) {
    std::optional<Raised> sum;
    for (Term &term : graph.terms) {
      std::optional<Raised> next = term.value
                                       ? broadcastOperand(c.get(term.value))
                                       : hidingBias(*term.hiding);
      if (!next || next->kind != kind)
        return false;
      if (term.factor != 1) {
        Value by = c.constantOf(kind, term.factor);
        SmallVector<Raised> operands = {*next};
        next = c.elementwise(
            operands, next->shape, kind,
            [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
              return arith::MulFOp::create(b, loc, v[0], by);
            });
      }
      sum =
          sum ? combined(*sum, *next,
                         [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                           return arith::AddFOp::create(b, loc, v[0], v[1]);
                         })
              : *next;
    }
    bias = sum ? sum->tensor : Value();
    return true;
  }

  /// 0 and what hides, as a bias.
  std::optional<Raised> hidingBias(const Hiding &hiding) {
    std::optional<Raised> mask = broadcastOperand(c.get(hiding.condition));
    if (!mask || mask->kind != Bool)
      return std::nullopt;
    Value seen = c.zero(kind), hidden = c.constantOf(kind, hiding.number);
    if (!hiding.seenWhenTrue)
      std::swap(seen, hidden);
    SmallVector<Raised> operands = {*mask};
    return c.elementwise(
        operands, mask->shape, kind,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          return arith::SelectOp::create(b, loc, v[0], seen, hidden);
        });
  }

  bool addHidings(Value &mask, std::optional<double> &maskedScore) {
    std::optional<Raised> all;
    for (const Hiding &hiding : graph.hidings) {
      why = "masks of different numbers hide its scores";
      if (hiding.number != graph.hidings.front().number || hiding.number > 0)
        return false;
      std::optional<Raised> next = broadcastOperand(c.get(hiding.condition));
      if (!next || next->kind != Bool)
        return false;
      if (!hiding.seenWhenTrue) {
        SmallVector<Raised> operands = {*next};
        Value yes =
            arith::ConstantOp::create(c.b, c.loc, c.b.getBoolAttr(true));
        next = c.elementwise(
            operands, next->shape, Bool,
            [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
              return arith::XOrIOp::create(b, loc, v[0], yes);
            });
      }
      all =
          all ? combined(*all, *next,
                         [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                           return arith::AndIOp::create(b, loc, v[0], v[1]);
                         })
              : *next;
    }
    mask = all ? all->tensor : Value();
    if (all && !graph.hidings.front().isInfinite())
      maskedScore = graph.hidings.front().number;
    return true;
  }

  /// A scale of whole rows of scores is one of the query's.
  bool scaleRows(Raised &query, Raised by, bool divides) {
    why = "a scale of it cannot be seen to be one of the query's rows";
    if (by.kind != query.kind || by.rank() > rank)
      return false;
    int64_t missing = rank - by.rank();
    for (int64_t d = 0; d < by.rank() - 1; ++d)
      if (!isConstantIntValue(by.shape[d], 1) &&
          !equal(by.shape[d], query.shape[missing + d]))
        return false;
    SmallVector<Raised> operands = {query, by};
    query =
        c.elementwise(operands, query.shape, query.kind,
                      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                        if (divides)
                          return arith::DivFOp::create(b, loc, v[0], v[1]);
                        return arith::MulFOp::create(b, loc, v[0], v[1]);
                      });
    return true;
  }

  NodeContext &n;
  RaiseContext &c;
  onnx::NodeOp softmax;
  ScoreGraph &graph;
  int64_t rank = 0;
  int32_t kind = 0;
  /// Whether heads are a dimension of the operation: their number is known.
  bool apart = false;
  /// Of the scores.
  Sizes shape;
};

} // namespace

std::optional<Raised> tfc::raise::recogniseAttention(NodeContext &n) {
  RaiseContext &c = n.c;
  Value probabilities = n.node.getInputs()[0];
  std::optional<Hiding> zeroOver;
  onnx::NodeOp where = producer(probabilities, "Where");
  onnx::NodeOp isNan =
      where ? producer(where.getInputs()[0], "IsNaN") : onnx::NodeOp();
  // Where(IsNaN(p), 0, p)
  bool safe = isNan && isNan.getInputs()[0] == where.getInputs()[2] &&
              isNan->hasOneUse() && where->hasOneUse() &&
              scalarOf(c, c.get(where.getInputs()[1])) == 0.0;
  if (safe)
    probabilities = where.getInputs()[2];
  else if (where)
    if (auto hiding = matchHiding(c, where); hiding && where->hasOneUse()) {
      zeroOver = hiding->first;
      probabilities = hiding->second;
    }
  probabilities = pastCast(c, probabilities);
  onnx::NodeOp softmax = producer(probabilities, "Softmax");
  if (!softmax)
    return std::nullopt;
  auto no = [&](const Twine &why) {
    c.noteAttention(softmax, "graph", why);
    return std::nullopt;
  };
  if (!llvm::hasNItems(softmax->getUses(), safe ? 2 : 1))
    return no("its probabilities are used elsewhere");
  Raised &value = n.input(1);
  int64_t rank = n.input(0).rank();
  auto axis = dyn_cast_or_null<IntegerAttr>(softmax.getNodeAttrs().get("axis"));
  int64_t over = axis ? axis.getInt() : (softmax.getOpset() < 13 ? 1 : -1);
  if (rank < 2 || (over != -1 && over != rank - 1) || value.rank() != rank)
    return no("its softmax is not over the keys, or its values have another "
              "rank");
  ScoreMatcher matcher(c);
  if (!matcher.match(softmax.getInputs()[0]))
    return no(matcher.why);
  AttentionBuilder builder(n, softmax, matcher.graph);
  builder.zeroNanRows = safe;
  std::optional<Raised> result = builder.build(value, zeroOver);
  if (!result)
    return no(builder.why);
  return result;
}
