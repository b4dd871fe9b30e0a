//===- RecogniseAttention.cpp - attention written as a graph ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Recognise.h"
#include "ScoreGraph.h"
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

  /// `outer` is the shape of the probabilities, whose batch `value` has;
  /// `zeroOver` is the Where that puts 0 over them, if any.
  std::optional<Raised> build(Raised value, const Sizes &outer,
                              std::optional<Hiding> zeroOver) {
    Raised query = graph.query, keyT = graph.keyTransposed;
    if (!chooseBatch(query, keyT, value, outer) || !fits(query, keyT, value))
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
    for (const RowScale &scale : graph.rowScales)
      if (!scaleRows(query, scale))
        return std::nullopt;
    Sizes result = shape;
    result.back() = value.shape.back();
    Sizes given = outer;
    given.back() = value.shape.back();
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
    Value whole = c.reshape(op->getResult(0), four, result);
    return c.fromTensor(c.reshape(whole, result, given), kind, given);
  }

private:
  /// The same tensor with another batch before its last two dimensions.
  Raised withBatch(Raised x, ArrayRef<OpFoldResult> batch) {
    Sizes to = llvm::to_vector(batch);
    to.append(x.shape.end() - 2, x.shape.end());
    if (llvm::equal(to, x.shape))
      return x;
    return c.fromTensor(c.reshape(c.tensor(x), x.shape, to), x.kind, to);
  }

  static ArrayRef<OpFoldResult> batchOf(const Sizes &shape) {
    return ArrayRef<OpFoldResult>(shape).drop_back(2);
  }

  /// Query, key and value with the batch that the operation has: heads apart
  /// where some view of the scores has them so, and repeated ones grouped.
  bool chooseBatch(Raised &query, Raised &keyT, Raised &value,
                   const Sizes &outer) {
    why = "its query, key and value differ in rank, or have no batch";
    rank = query.rank();
    if (rank < 3 || keyT.rank() != rank ||
        value.rank() != static_cast<int64_t>(outer.size()))
      return false;
    Sizes batch = llvm::to_vector(batchOf(query.shape));
    if (!llvm::equal(batchOf(outer), batch)) {
      why = "the batch of its scores changes on their way";
      for (auto [x, y] : llvm::zip_equal(batchOf(value.shape), batchOf(outer)))
        if (!equal(x, y))
          return false;
      if (!c.sameProduct(batchOf(outer), batch))
        return false;
      value = withBatch(value, batch);
    }
    if (rank == 5 && isConstantIntValue(keyT.shape[2], 1) &&
        isConstantIntValue(value.shape[2], 1) &&
        !isConstantIntValue(query.shape[2], 1)) {
      grouped = true;
      query = withBatch(query, {batch[0], c.multiply(batch[1], batch[2])});
      keyT = withBatch(keyT, {keyT.shape[0], keyT.shape[1]});
      value = withBatch(value, {value.shape[0], value.shape[1]});
    } else if (rank == 3) {
      for (const Sizes &view : graph.views)
        if (view.size() == 4 && getConstantIntValue(view[1]) &&
            equal(batch[0], keyT.shape[0]) && equal(batch[0], value.shape[0]) &&
            c.sameProduct(batchOf(view), batch)) {
          for (Raised *x : {&query, &keyT, &value})
            *x = withBatch(*x, batchOf(view));
          break;
        }
    }
    rank = query.rank();
    return true;
  }

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
    if (keyT.rank() != rank || value.rank() != rank || !isFloat(query.kind) ||
        value.kind != query.kind || keyT.kind != query.kind)
      return false;
    why = "the sizes of its query, key and value cannot be seen to fit";
    apart = rank == 4 && getConstantIntValue(query.shape[1]) &&
            getConstantIntValue(keyT.shape[1]) &&
            getConstantIntValue(value.shape[1]);
    // A head of keys and values serves a group of queries.
    bool groups = apart && keyT.shape[1] == value.shape[1] &&
                  *getConstantIntValue(keyT.shape[1]) != 0 &&
                  *getConstantIntValue(query.shape[1]) %
                          *getConstantIntValue(keyT.shape[1]) ==
                      0 &&
                  (grouped || isConstantIntValue(keyT.shape[1], 1));
    for (int64_t d = 0; d < rank - 2; ++d)
      if (!(groups && d == 1) && (!equal(query.shape[d], keyT.shape[d]) ||
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
      hiding->first.view = term.view;
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

  /// A tensor that broadcasts to the scores where they have the shape `view`,
  /// as rank 4.
  std::optional<Raised> broadcastOperand(Raised given, const Sizes &view) {
    why = "a bias or mask of it cannot be seen to broadcast to the scores";
    int64_t viewRank = view.size();
    if (given.rank() > viewRank)
      return std::nullopt;
    Sizes padded(viewRank - given.rank(), c.size(1));
    padded.append(given.shape.begin(), given.shape.end());
    for (int64_t d = 0; d < viewRank; ++d) {
      // What the view and the scores have last is one size.
      OpFoldResult size =
          d < viewRank - 2 ? view[d] : shape[rank - viewRank + d];
      if (!isConstantIntValue(padded[d], 1) && !equal(padded[d], size))
        return std::nullopt;
    }
    Raised whole = c.fromTensor(c.reshape(c.tensor(given), given.shape, padded),
                                given.kind, padded);
    std::optional<Raised> placed =
        rebatched(whole, batchOf(view), batchOf(shape));
    // Folded batch dimensions have lost which of them is broadcast.
    Sizes one = {c.product(batchOf(shape))};
    if (placed && !apart)
      placed = rebatched(*placed, batchOf(shape), one);
    if (!placed)
      return std::nullopt;
    Sizes four = fourDimensions(c, placed->shape, apart);
    return c.fromTensor(c.reshape(placed->tensor, placed->shape, four),
                        given.kind, four);
  }

  /// `given` of a batch that broadcasts to `from`, as one that broadcasts to
  /// `to`, which has as many elements; repeated where that needs it.
  std::optional<Raised> rebatched(Raised given, ArrayRef<OpFoldResult> from,
                                  ArrayRef<OpFoldResult> to) {
    if (llvm::equal(from, to))
      return given;
    Sizes expanded = given.shape, batch;
    size_t i = 0, j = 0;
    while (i < from.size() || j < to.size()) {
      size_t iEnd = std::min(i + 1, from.size()),
             jEnd = std::min(j + 1, to.size());
      // The least groups that have as many elements.
      bool found = false;
      for (size_t p = iEnd; p <= from.size() && !found; ++p)
        for (size_t q = jEnd; q <= to.size() && !found; ++q)
          if (c.sameProduct(from.slice(i, p - i), to.slice(j, q - j))) {
            iEnd = p;
            jEnd = q;
            found = true;
          }
      if (!found)
        return std::nullopt;
      bool ones = true;
      for (size_t d = i; d < iEnd; ++d)
        ones &= isConstantIntValue(given.shape[d], 1);
      for (size_t d = i; d < iEnd && !ones; ++d)
        expanded[d] = from[d];
      for (size_t d = j; d < jEnd; ++d)
        batch.push_back(ones ? OpFoldResult(c.size(1)) : to[d]);
      i = iEnd;
      j = jEnd;
    }
    bool repeats = false;
    for (auto [x, y] : llvm::zip_equal(expanded, given.shape))
      repeats |= isConstantIntValue(y, 1) && !isConstantIntValue(x, 1);
    if (repeats) {
      SmallVector<Raised> operands = {given};
      given = c.elementwise(
          operands, expanded, given.kind,
          [](OpBuilder &, Location, ValueRange v) -> Value { return v[0]; });
    }
    given.shape = expanded;
    return withBatch(given, batch);
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
      std::optional<Raised> next =
          term.value ? broadcastOperand(c.get(term.value), term.view)
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
    std::optional<Raised> mask =
        broadcastOperand(c.get(hiding.condition), hiding.view);
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
      std::optional<Raised> next =
          broadcastOperand(c.get(hiding.condition), hiding.view);
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
  bool scaleRows(Raised &query, const RowScale &scale) {
    why = "a scale of it cannot be seen to be one of the query's rows";
    Raised by = c.get(scale.value);
    bool divides = scale.divides;
    if (!llvm::equal(batchOf(scale.view), batchOf(shape)))
      return false;
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
  /// Whether its heads are groups that share keys and values.
  bool grouped = false;
  /// Of the scores.
  Sizes shape;
};

} // namespace

namespace {

/// A product of probabilities and values, which is MatMul or Einsum.
struct WeightedSum {
  Value probabilities;
  /// [batch, T, E], the batch being that of the probabilities.
  Raised value;
  /// The result's dimensions, by letters of [batch, S, E]; empty where they
  /// are in that order.
  std::string order, letters;
};

std::optional<WeightedSum> matchWeightedSum(NodeContext &n) {
  OperandRange inputs = n.node.getInputs();
  if (n.node.getOpType() == "MatMul")
    return WeightedSum{inputs[0], n.input(1), "", ""};
  std::optional<EinsumTerms> terms = einsumTerms(n.c, n.node);
  if (!terms)
    return std::nullopt;
  for (unsigned side : {0, 1}) {
    Value from = pastCast(n.c, inputs[side]);
    if (onnx::NodeOp where = producer(from, "Where"))
      from =
          where.getInputs()[producer(where.getInputs()[0], "IsNaN") ||
                                    scalarOf(n.c, n.c.get(where.getInputs()[1]))
                                ? 2
                                : 1];
    StringRef weights = terms->inputs[side], value = terms->inputs[1 - side];
    if (!producer(pastCast(n.c, from), "Softmax") || weights.size() < 3)
      continue;
    char row = weights[weights.size() - 2], key = weights.back();
    StringRef batch = weights.drop_back(2), result = terms->result;
    std::string own;
    for (char letter : value)
      if (!weights.contains(letter))
        own.push_back(letter);
    std::string all = (batch + Twine(row) + own).str();
    bool fits =
        own.size() == 1 && value.contains(key) && !value.contains(row) &&
        !result.contains(key) && result.size() == all.size() &&
        llvm::all_of(all, [&](char letter) { return result.contains(letter); });
    std::optional<Raised> arrangedValue =
        fits ? arranged(n.c, n.input(1 - side), value,
                        (batch + Twine(key) + own).str())
             : std::nullopt;
    if (arrangedValue)
      return WeightedSum{inputs[side], *arrangedValue,
                         result == all ? "" : result.str(), all};
  }
  return std::nullopt;
}

} // namespace

std::optional<Raised> tfc::raise::recogniseAttention(NodeContext &n) {
  RaiseContext &c = n.c;
  std::optional<WeightedSum> sum = matchWeightedSum(n);
  if (!sum)
    return std::nullopt;
  Value probabilities = sum->probabilities;
  while (Value inner = pastReshape(c, probabilities)) {
    if (!isReadOnce(probabilities))
      return std::nullopt;
    probabilities = inner;
  }
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
  Raised &value = sum->value;
  const Sizes &outer = c.get(sum->probabilities).shape;
  int64_t rank = c.get(softmax.getResult(0)).rank();
  auto axis = dyn_cast_or_null<IntegerAttr>(softmax.getNodeAttrs().get("axis"));
  int64_t over = axis ? axis.getInt() : (softmax.getOpset() < 13 ? 1 : -1);
  if (rank < 2 || (over != -1 && over != rank - 1) ||
      value.rank() != static_cast<int64_t>(outer.size()))
    return no("its softmax is not over the keys, or its values have another "
              "rank");
  ScoreGraph graph;
  std::string why;
  if (!matchScores(c, softmax.getInputs()[0], graph, why))
    return no(why);
  AttentionBuilder builder(n, softmax, graph);
  builder.zeroNanRows = safe;
  std::optional<Raised> result = builder.build(value, outer, zeroOver);
  if (!result)
    return no(builder.why);
  return sum->order.empty() ? result
                            : arranged(c, *result, sum->letters, sum->order);
}
