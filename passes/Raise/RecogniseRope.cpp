//===- RecogniseRope.cpp - rotation written as a graph ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rotary position embedding is written in two ways: x * cos + turned(x) * sin,
// where turned(x) is (-second, first), or as (first * cos - second * sin,
// second * cos + first * sin). First and second are the halves of the features,
// or those in even and in odd places.
//
//===----------------------------------------------------------------------===//

#include "Recognise.h"
#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// Features of a tensor: `count` from `begin` on, each `step`th.
struct Part {
  Value of;
  /// The last two dimensions of `of` are one here.
  bool folded = false;
  int64_t begin = 0, count = 0, step = 1;
  /// A dimension of size 1 follows.
  bool column = false;

  bool operator==(const Part &other) const {
    return of == other.of && folded == other.folded && begin == other.begin &&
           count == other.count && step == other.step && column == other.column;
  }
};

/// Two values that lie one behind the other, or place by place.
struct Joint {
  Value first, second;
  bool interleaved = false;
};

struct RopeGraph {
  /// The rotated features, and all that the graph takes of a tensor.
  Part x;
  Value cosine, sine;
  bool interleaved = false;
  /// The angles have a last dimension of size 1 too many.
  bool column = false;
  /// Features behind the rotated ones stay.
  bool partial = false;
};

class RopeMatcher {
public:
  explicit RopeMatcher(RaiseContext &c) : c(c) {}

  std::optional<RopeGraph> match(Value value) {
    std::optional<RopeGraph> graph = matchWhole(value);
    onnx::NodeOp concat = producer(value, "Concat");
    return graph || !concat ? graph : matchPartial(concat);
  }

  ArrayRef<OpFoldResult> shape(Value value) { return c.get(value).shape; }

private:
  std::optional<RopeGraph> matchWhole(Value value) {
    if (onnx::NodeOp add = producer(value, "Add"))
      return matchSum(add);
    std::optional<Joint> joint = matchJoint(value);
    return joint ? matchPair(*joint) : std::nullopt;
  }

  /// `value` before casts that change nothing.
  Value plain(Value value) {
    while (onnx::NodeOp cast = producer(value, "Cast")) {
      if (c.get(cast.getInputs()[0]).kind != c.get(value).kind)
        break;
      value = cast.getInputs()[0];
    }
    return value;
  }

  std::optional<int64_t> lastSize(Value value) {
    return shape(value).empty() ? std::nullopt
                                : getConstantIntValue(shape(value).back());
  }

  static bool isLast(int64_t axis, int64_t rank, int64_t fromEnd = 1) {
    return axis == -fromEnd || (rank >= fromEnd && axis == rank - fromEnd);
  }

  /// The features of `view` [..., A, B] at one place of `axis`, A or B being 2.
  std::optional<Part> placeOfView(Value view, int64_t axis, int64_t place) {
    ArrayRef<OpFoldResult> sizes = shape(view);
    int64_t rank = sizes.size();
    if (rank < 2)
      return std::nullopt;
    std::optional<int64_t> a = getConstantIntValue(sizes[rank - 2]),
                           b = getConstantIntValue(sizes[rank - 1]);
    if (!a || !b || place < -2 || place > 1)
      return std::nullopt;
    place = place < 0 ? place + 2 : place;
    Part part{view, true, 0, 0, 1, false};
    if (isLast(axis, rank) && *b == 2) {
      part.begin = place;
      part.count = *a;
      part.step = 2;
    } else if (isLast(axis, rank, 2) && *a == 2) {
      part.begin = place * *b;
      part.count = *b;
    } else {
      return std::nullopt;
    }
    // The tensor as it was before it became a view.
    if (onnx::NodeOp reshape = producer(view, "Reshape")) {
      Value source = reshape.getInputs()[0];
      if (shape(source).drop_back() == sizes.drop_back(2) &&
          lastSize(source) == *a * *b) {
        part.of = plain(source);
        part.folded = false;
      }
    }
    return part;
  }

  std::optional<Part> matchSlice(onnx::NodeOp node) {
    if (node.getInputs().size() < 4)
      return std::nullopt;
    auto one = [&](unsigned i) -> std::optional<int64_t> {
      auto list = c.integers(c.get(node.getInputs()[i]));
      return list && list->size() == 1 ? std::optional((*list)[0])
                                       : std::nullopt;
    };
    Value of = plain(node.getInputs()[0]);
    auto begin = one(1), end = one(2), axis = one(3);
    bool steps =
        node.getInputs().size() > 4 && !c.get(node.getInputs()[4]).absent;
    auto step = steps ? one(4) : std::optional<int64_t>(1);
    std::optional<int64_t> size = lastSize(of);
    if (!begin || !end || !axis || !step || *step < 1 || !size ||
        !isLast(*axis, shape(of).size()))
      return std::nullopt;
    auto place = [&](int64_t at) {
      return std::clamp<int64_t>(at < 0 ? at + *size : at, 0, *size);
    };
    int64_t from = place(*begin),
            count = llvm::divideCeil(std::max<int64_t>(place(*end) - from, 0),
                                     *step);
    return ofLast(of, *size, from, count, *step);
  }

  /// `count` of the last dimension, which may be one of a view.
  std::optional<Part> ofLast(Value of, int64_t size, int64_t begin,
                             int64_t count, int64_t step) {
    if (size == 2 && count == 1 && shape(of).size() > 2)
      if (std::optional<Part> part = placeOfView(of, -1, begin)) {
        part->column = true;
        return part;
      }
    return Part{of, false, begin, count, step, false};
  }

  std::optional<Part> matchSplit(onnx::NodeOp node, Value output) {
    NodeContext split(c, node);
    Value of = plain(node.getInputs()[0]);
    std::optional<int64_t> size = lastSize(of);
    if (!size || !isLast(split.integer("axis", 0), shape(of).size()))
      return std::nullopt;
    int64_t begin = 0;
    for (Value other : node.getResults()) {
      std::optional<int64_t> count = lastSize(other);
      if (!count)
        return std::nullopt;
      if (other == output)
        return ofLast(of, *size, begin, *count, 1);
      begin += *count;
    }
    return std::nullopt;
  }

  std::optional<Part> matchGather(onnx::NodeOp node) {
    NodeContext gather(c, node);
    Raised &indices = gather.input(1);
    std::optional<SmallVector<int64_t>> list = c.integers(indices);
    if (!list || list->size() != 1 || indices.rank() > 1)
      return std::nullopt;
    int64_t axis = gather.integer("axis", 0);
    bool last = isLast(axis, gather.input(0).rank());
    if (indices.rank() == 1 && !last)
      return std::nullopt;
    std::optional<Part> part =
        placeOfView(node.getInputs()[0], axis, list->front());
    if (part)
      part->column = indices.rank() == 1;
    return part;
  }

  std::optional<Part> matchPart(Value value) {
    value = plain(value);
    if (onnx::NodeOp node = producer(value, "Slice"))
      return matchSlice(node);
    if (onnx::NodeOp node = producer(value, "Split"))
      return matchSplit(node, value);
    if (onnx::NodeOp node = producer(value, "Gather"))
      return matchGather(node);
    onnx::NodeOp squeeze = producer(value, "Squeeze");
    if (!squeeze)
      return std::nullopt;
    Value inner = squeeze.getInputs()[0];
    if (onnx::NodeOp split = producer(inner, "Split"))
      if (std::optional<Part> row = matchRowOfView(split, inner, value))
        return row;
    std::optional<Part> part = matchPart(inner);
    if (!part || !part->column || shape(inner).drop_back() != shape(value))
      return std::nullopt;
    part->column = false;
    return part;
  }

  /// One of the two rows of a view [..., 2, D / 2], squeezed.
  std::optional<Part> matchRowOfView(onnx::NodeOp split, Value row,
                                     Value squeezed) {
    int64_t axis = NodeContext(c, split).integer("axis", 0);
    ArrayRef<OpFoldResult> sizes = shape(row);
    int64_t rank = sizes.size();
    if (rank < 3 || !isLast(axis, rank, 2) ||
        !isConstantIntValue(sizes[rank - 2], 1))
      return std::nullopt;
    Sizes without(sizes.drop_back(2));
    without.push_back(sizes.back());
    if (ArrayRef<OpFoldResult>(without) != shape(squeezed))
      return std::nullopt;
    return placeOfView(split.getInputs()[0], axis,
                       cast<OpResult>(row).getResultNumber());
  }

  /// `value` before a dimension of size 1 was added at the end, or before the
  /// last.
  std::optional<Value> matchUnsqueeze(Value value, bool atEnd) {
    onnx::NodeOp node = producer(value, "Unsqueeze");
    if (!node)
      return std::nullopt;
    Sizes with(shape(node.getInputs()[0]));
    if (with.empty())
      return std::nullopt;
    with.insert(atEnd ? with.end() : with.end() - 1, c.size(1));
    return ArrayRef<OpFoldResult>(with) == shape(value)
               ? std::optional<Value>(node.getInputs()[0])
               : std::nullopt;
  }

  std::optional<Joint> matchJoint(Value value) {
    value = plain(value);
    if (onnx::NodeOp concat = producer(value, "Concat")) {
      int64_t axis = NodeContext(c, concat).integer("axis", 0);
      if (concat.getInputs().size() != 2 ||
          !isLast(axis, shape(concat.getInputs()[0]).size()))
        return std::nullopt;
      return Joint{concat.getInputs()[0], concat.getInputs()[1], false};
    }
    onnx::NodeOp reshape = producer(value, "Reshape");
    onnx::NodeOp concat =
        reshape ? producer(reshape.getInputs()[0], "Concat") : onnx::NodeOp();
    if (!concat || concat.getInputs().size() != 2 || shape(value).empty())
      return std::nullopt;
    Value first = concat.getInputs()[0], second = concat.getInputs()[1];
    ArrayRef<OpFoldResult> sizes = shape(concat.getResult(0));
    int64_t rank = sizes.size();
    int64_t axis = NodeContext(c, concat).integer("axis", 0);
    bool last = isLast(axis, rank);
    if (rank < 2 || (!last && !isLast(axis, rank, 2)) ||
        !isConstantIntValue(sizes[last ? rank - 1 : rank - 2], 2) ||
        shape(first) != shape(second) ||
        sizes.drop_back(2) != shape(value).drop_back())
      return std::nullopt;
    std::optional<Value> x = matchUnsqueeze(first, last),
                         y = matchUnsqueeze(second, last);
    if (x && y)
      return Joint{*x, *y, last};
    // What is in columns stays so.
    return last ? std::optional(Joint{first, second, true}) : std::nullopt;
  }

  /// What `value` is the negative of.
  Value matchNegative(Value value) {
    value = plain(value);
    if (onnx::NodeOp node = producer(value, "Neg"))
      return node.getInputs()[0];
    if (onnx::NodeOp node = producer(value, "Mul"))
      for (unsigned side = 0; side < 2; ++side)
        if (scalarOf(c, c.get(node.getInputs()[side])) == -1.0 &&
            shape(node.getInputs()[1 - side]) == shape(value))
          return node.getInputs()[1 - side];
    return nullptr;
  }

  /// The features of which the two parts are firsts and seconds of pairs.
  std::optional<Part> pairsOf(const Part &first, const Part &second,
                              bool interleaved) {
    Part rest = second;
    rest.begin = first.begin;
    int64_t apart = interleaved ? 1 : first.count;
    if (!(rest == first) || second.begin - first.begin != apart ||
        first.step != (interleaved ? 2 : 1) || first.count < 1)
      return std::nullopt;
    return Part{first.of, first.folded, first.begin, 2 * first.count, 1, false};
  }

  /// Whether the value is those features.
  bool isPart(Value value, const Part &part) {
    value = plain(value);
    if (value == part.of && !part.folded)
      return part.begin == 0 && part.count == lastSize(value);
    std::optional<Part> found = matchPart(value);
    return found && *found == part;
  }

  bool sameAngles(Value x, Value y) {
    if (x == y)
      return true;
    std::optional<Part> a = matchPart(x), b = matchPart(y);
    return a && b && *a == *b;
  }

  /// x * cos + turned(x) * sin
  std::optional<RopeGraph> matchSum(onnx::NodeOp add) {
    for (unsigned side = 0; side < 2; ++side) {
      onnx::NodeOp stays = producer(add.getInputs()[side], "Mul"),
                   turns = producer(add.getInputs()[1 - side], "Mul");
      if (!stays || !turns)
        return std::nullopt;
      for (unsigned t = 0; t < 2; ++t) {
        std::optional<Joint> turned = matchJoint(turns.getInputs()[t]);
        Value negative = turned ? matchNegative(turned->first) : Value();
        std::optional<Part> second =
                                negative ? matchPart(negative) : std::nullopt,
                            first = second ? matchPart(turned->second)
                                           : std::nullopt;
        auto x = first ? pairsOf(*first, *second, turned->interleaved)
                       : std::nullopt;
        if (!x)
          continue;
        for (unsigned s = 0; s < 2; ++s)
          if (isPart(stays.getInputs()[s], *x) &&
              shape(stays.getResult(0)) == shape(stays.getInputs()[s]) &&
              shape(turns.getResult(0)) == shape(stays.getInputs()[s]))
            return RopeGraph{*x,
                             stays.getInputs()[1 - s],
                             turns.getInputs()[1 - t],
                             turned->interleaved,
                             false,
                             false};
      }
    }
    return std::nullopt;
  }

  struct Term {
    Part part;
    Value angle;
  };

  /// The ways in which `value` is a part of a tensor times an angle.
  SmallVector<Term> matchTerms(Value value) {
    SmallVector<Term> terms;
    if (onnx::NodeOp node = producer(value, "Mul"))
      for (unsigned side = 0; side < 2; ++side)
        if (shape(node.getInputs()[side]) == shape(value))
          if (std::optional<Part> part = matchPart(node.getInputs()[side]))
            terms.push_back({*part, node.getInputs()[1 - side]});
    return terms;
  }

  /// first * cos - second * sin and second * cos + first * sin
  std::optional<RopeGraph> matchPair(const Joint &joint) {
    onnx::NodeOp difference = producer(joint.first, "Sub"),
                 sum = producer(joint.second, "Add");
    if (!difference || !sum)
      return std::nullopt;
    for (const Term &x : matchTerms(difference.getInputs()[0]))
      for (const Term &y : matchTerms(difference.getInputs()[1])) {
        auto pairs = pairsOf(x.part, y.part, joint.interleaved);
        if (!pairs)
          continue;
        for (unsigned side = 0; side < 2; ++side)
          for (const Term &u : matchTerms(sum.getInputs()[side]))
            for (const Term &w : matchTerms(sum.getInputs()[1 - side]))
              if (u.part == y.part && w.part == x.part &&
                  sameAngles(u.angle, x.angle) && sameAngles(w.angle, y.angle))
                return RopeGraph{*pairs,        x.angle,
                                 y.angle,       joint.interleaved,
                                 x.part.column, false};
      }
    return std::nullopt;
  }

  /// Concat(rotated features, the others)
  std::optional<RopeGraph> matchPartial(onnx::NodeOp concat) {
    unsigned count = concat.getInputs().size();
    int64_t axis = NodeContext(c, concat).integer("axis", 0);
    if (count < 2 || count > 3 ||
        !isLast(axis, shape(concat.getResult(0)).size()))
      return std::nullopt;
    Value head = concat.getInputs()[0];
    std::optional<RopeGraph> graph =
        count == 2 ? matchWhole(plain(head))
                   : matchPair({head, concat.getInputs()[1], false});
    std::optional<Part> tail = matchPart(concat.getInputs().back());
    if (!graph || !tail || graph->partial || graph->x.begin != 0 ||
        graph->x.folded)
      return std::nullopt;
    if (graph->x.count == lastSize(graph->x.of)) {
      std::optional<Part> rotated = matchPart(graph->x.of);
      if (!rotated || rotated->begin != 0 || rotated->step != 1 ||
          rotated->count != graph->x.count)
        return std::nullopt;
      graph->x = *rotated;
    }
    Part rest = graph->x;
    std::optional<int64_t> all = lastSize(rest.of);
    if (!all || rest.folded || rest.column)
      return std::nullopt;
    rest.begin = graph->x.count;
    rest.count = *all - rest.begin;
    if (!(*tail == rest))
      return std::nullopt;
    graph->partial = true;
    return graph;
  }

  RaiseContext &c;
};

/// As rank 4, of which the second dimension is 1 where there are fewer.
Sizes withHeads(RaiseContext &c, Sizes shape, size_t rank) {
  shape.insert(shape.begin(), rank - shape.size(), c.size(1));
  if (rank == 3)
    shape.insert(shape.begin() + 1, c.size(1));
  if (rank == 2)
    shape.insert(shape.begin(), 2, c.size(1));
  return shape;
}

/// The angles as rank 4; one for each rotated feature, or one for each pair.
std::optional<Value> anglesOf(RaiseContext &c, Raised angle, bool column,
                              const Raised &x, int64_t rotated) {
  Sizes shape = angle.shape;
  if (column) {
    if (shape.empty() || !isConstantIntValue(shape.back(), 1))
      return std::nullopt;
    shape.pop_back();
  }
  if (shape.empty() || angle.kind != x.kind ||
      static_cast<int64_t>(shape.size()) > x.rank())
    return std::nullopt;
  std::optional<int64_t> last = getConstantIntValue(shape.back());
  if (last != rotated && last != rotated / 2)
    return std::nullopt;
  Sizes xs = withHeads(c, x.shape, x.rank()),
        four = withHeads(c, shape, x.rank());
  for (unsigned d = 0; d < 3; ++d)
    if (four[d] != xs[d] && !isConstantIntValue(four[d], 1))
      return std::nullopt;
  return c.reshape(c.tensor(angle), angle.shape, four);
}

} // namespace

std::optional<Raised> tfc::raise::recogniseRope(NodeContext &n) {
  RaiseContext &c = n.c;
  RopeMatcher matcher(c);
  std::optional<RopeGraph> graph = matcher.match(n.node.getResult(0));
  if (!graph)
    return std::nullopt;
  Raised x = c.get(graph->x.of);
  if (graph->x.folded) {
    Sizes folded(ArrayRef(x.shape).drop_back(2));
    folded.push_back(c.multiply(x.shape[x.rank() - 2], x.shape.back()));
    x = c.fromTensor(c.reshape(c.tensor(x), x.shape, folded), x.kind, folded);
  }
  std::optional<int64_t> depth =
      x.rank() ? getConstantIntValue(x.shape.back()) : std::nullopt;
  int64_t rotated = graph->x.count;
  if (n.node.getOpType() != "Add" &&
      matcher.shape(n.node.getResult(0)) != ArrayRef<OpFoldResult>(x.shape))
    return std::nullopt;
  if (!depth || x.rank() < 2 || x.rank() > 4 || !isFloat(x.kind) ||
      graph->x.begin != 0 || (!graph->partial && rotated != *depth))
    return std::nullopt;
  std::optional<Value> cosine = anglesOf(c, c.get(graph->cosine), graph->column,
                                         x, rotated),
                       sine = anglesOf(c, c.get(graph->sine), graph->column, x,
                                       rotated);
  if (!cosine || !sine)
    return std::nullopt;
  Sizes four = withHeads(c, x.shape, x.rank());
  Value init = c.empty(four, x.kind);
  IntegerAttr size =
      graph->partial ? n.b.getI64IntegerAttr(rotated) : IntegerAttr();
  auto op = attn::RopeOp::create(n.b, n.loc, init.getType(),
                                 c.reshape(c.tensor(x), x.shape, four), *cosine,
                                 *sine, init, graph->interleaved, size);
  return c.fromTensor(c.reshape(op->getResult(0), four, x.shape), x.kind,
                      x.shape);
}
