//===- RecogniseSums.cpp - attention by prefix sums and by groups *- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementExpressions.h"
#include "Recognise.h"
#include "ScoreGraph.h"
#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// What `value` is with a dimension of size 1 put in at `position`.
Value withoutUnit(RaiseContext &c, Value value, int64_t position) {
  onnx::NodeOp node = producer(value, "Unsqueeze");
  if (!node)
    node = producer(value, "Reshape");
  if (!node)
    return nullptr;
  Sizes expected = c.get(node.getInputs()[0]).shape;
  if (position > static_cast<int64_t>(expected.size()))
    return nullptr;
  expected.insert(expected.begin() + position, c.size(1));
  return llvm::equal(expected, c.get(value).shape) ? node.getInputs()[0]
                                                   : Value();
}

/// What `value` are the sums of, each with those before it along `axis`.
Value summedSoFar(RaiseContext &c, Value value, int64_t axis) {
  onnx::NodeOp node = producer(value, "CumSum");
  if (!node)
    return nullptr;
  NodeContext sum(c, node);
  std::optional<SmallVector<int64_t>> along = c.integers(sum.input(1));
  int64_t rank = sum.input(0).rank();
  return along && along->size() == 1 &&
                 (along->front() == axis || along->front() == axis - rank) &&
                 sum.integer("exclusive", 0) == 0 &&
                 sum.integer("reverse", 0) == 0
             ? node.getInputs()[0]
             : Value();
}

bool isEinsum(RaiseContext &c, onnx::NodeOp node, StringRef x, StringRef y,
              StringRef result) {
  std::optional<EinsumTerms> terms = einsumTerms(c, node);
  if (!terms || terms->inputs[0].size() != x.size() ||
      terms->inputs[1].size() != y.size() ||
      terms->result.size() != result.size())
    return false;
  // The same letters in the same places, whatever they are.
  std::string own = x.str() + y.str() + result.str(),
              given = terms->inputs[0] + terms->inputs[1] + terms->result;
  for (size_t i = 0; i < own.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if ((own[i] == own[j]) != (given[i] == given[j]))
        return false;
  return true;
}

/// key and value of [B, H, S, D, E], the products of their rows.
std::optional<std::pair<Value, Value>> outerProducts(RaiseContext &c,
                                                     Value value) {
  if (onnx::NodeOp node = producer(value, "Einsum"))
    if (isEinsum(c, node, "bhsd", "bhse", "bhsde"))
      return std::pair(node.getInputs()[0], node.getInputs()[1]);
  if (onnx::NodeOp node = producer(value, "Mul"))
    for (unsigned side : {0, 1}) {
      Value key = withoutUnit(c, node.getInputs()[side], 4),
            other = withoutUnit(c, node.getInputs()[1 - side], 3);
      if (key && other)
        return std::pair(key, other);
    }
  return std::nullopt;
}

/// query and states of rows times the states at their positions.
std::optional<std::pair<Value, Value>> rowsTimesStates(RaiseContext &c,
                                                       Value value) {
  if (onnx::NodeOp node = producer(value, "Einsum")) {
    if (isEinsum(c, node, "bhsd", "bhsde", "bhse"))
      return std::pair(node.getInputs()[0], node.getInputs()[1]);
    return std::nullopt;
  }
  onnx::NodeOp squeeze = producer(value, "Squeeze");
  if (!squeeze)
    squeeze = producer(value, "Reshape");
  onnx::NodeOp product =
      squeeze ? producer(squeeze.getInputs()[0], "MatMul") : onnx::NodeOp();
  if (!product || !product->hasOneUse())
    return std::nullopt;
  Sizes kept = c.get(squeeze.getInputs()[0]).shape;
  Value query = withoutUnit(c, product.getInputs()[0], 3);
  if (!query || kept.size() != 5 || !isConstantIntValue(kept[3], 1))
    return std::nullopt;
  kept.erase(kept.begin() + 3);
  if (!llvm::equal(kept, c.get(value).shape))
    return std::nullopt;
  return std::pair(query, product.getInputs()[1]);
}

/// query and key of sum over d of query * (key summed so far).
bool isNormOf(RaiseContext &c, Value total, Value query, Value key) {
  Value product;
  if (onnx::NodeOp node = producer(total, "ReduceSum")) {
    NodeContext sum(c, node);
    auto axes = sum.listOrInput("axes", 1);
    if (axes && axes->size() == 1 && sum.integer("keepdims", 1) != 0 &&
        (axes->front() == -1 || axes->front() == 3))
      product = node.getInputs()[0];
  } else if (Value flat = withoutUnit(c, total, 3)) {
    onnx::NodeOp einsum = producer(flat, "Einsum");
    return einsum && isEinsum(c, einsum, "bhsd", "bhsd", "bhs") &&
           einsum.getInputs()[0] == query &&
           summedSoFar(c, einsum.getInputs()[1], 2) == key;
  }
  onnx::NodeOp node = product ? producer(product, "Mul") : onnx::NodeOp();
  if (!node)
    return false;
  for (unsigned side : {0, 1})
    if (node.getInputs()[side] == query &&
        summedSoFar(c, node.getInputs()[1 - side], 2) == key)
      return true;
  return false;
}

/// [from, to) of `value` along `axis`; gives what it is a slice of.
Value sliceAlong(RaiseContext &c, Value value, int64_t axis, int64_t from,
                 int64_t to) {
  onnx::NodeOp node = producer(value, "Slice");
  if (!node || node.getInputs().size() < 4)
    return nullptr;
  auto one = [&](unsigned i) -> std::optional<int64_t> {
    auto list = c.integers(c.get(node.getInputs()[i]));
    return list && list->size() == 1 ? std::optional((*list)[0]) : std::nullopt;
  };
  const Raised &of = c.get(node.getInputs()[0]);
  auto begin = one(1), end = one(2), along = one(3);
  auto step = node.getInputs().size() > 4 ? one(4) : std::optional<int64_t>(1);
  if (!begin || !end || !along || step != 1 ||
      (*along != axis && *along != axis - of.rank()))
    return nullptr;
  std::optional<int64_t> size = getConstantIntValue(of.shape[axis]);
  auto place = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + *size : at, 0, *size);
  };
  return size && place(*begin) == from && place(*end) == to
             ? node.getInputs()[0]
             : Value();
}

bool isZeros(RaiseContext &c, Raised &raised) {
  Attribute constant = raised.constant;
  Value tensor = raised.tensor;
  if (!constant && tensor)
    if (auto fill = tensor.getDefiningOp<linalg::FillOp>())
      tensor = fill.getInputs()[0];
  if (!constant && (!tensor || !matchPattern(tensor, m_Constant(&constant))))
    return false;
  if (auto number = dyn_cast<FloatAttr>(constant))
    return number.getValue().isZero();
  std::optional<SmallVector<double>> numbers = constantNumbers(constant);
  return numbers && llvm::all_of(*numbers, [](double n) { return n == 0; });
}

bool isOverLast(RaiseContext &c, onnx::NodeOp node, int64_t otherwise) {
  int64_t axis = NodeContext(c, node).integer("axis", otherwise);
  return axis == -1 || axis == c.get(node.getInputs()[0]).rank() - 1;
}

/// Gates of groups, which scores they are the softmax of, and how many of them
/// are not 0.
struct Gates {
  onnx::NodeOp softmax;
  std::optional<int64_t> top;
};

std::optional<Gates> matchGates(RaiseContext &c, Value value) {
  Gates gates;
  if (onnx::NodeOp scatter = producer(value, "ScatterElements")) {
    NodeContext n(c, scatter);
    onnx::NodeOp top = producer(scatter.getInputs()[2], "TopK");
    if (!top || n.text("reduction", "none") != "none" ||
        !isOverLast(c, scatter, 0) || !isZeros(c, n.input(0)) ||
        scatter.getInputs()[1] != top.getResult(1) ||
        scatter.getInputs()[2] != top.getResult(0) ||
        !llvm::equal(n.input(0).shape, c.get(top.getInputs()[0]).shape))
      return std::nullopt;
    std::optional<SmallVector<int64_t>> count =
        c.integers(c.get(top.getInputs()[1]));
    if (!count || count->size() != 1 || count->front() < 1 ||
        NodeContext(c, top).integer("largest", 1) == 0 ||
        !isOverLast(c, top, -1))
      return std::nullopt;
    gates.top = count->front();
    value = top.getInputs()[0];
  }
  gates.softmax = producer(value, "Softmax");
  if (!gates.softmax || !isOverLast(c, gates.softmax, -1))
    return std::nullopt;
  return gates;
}

/// The last of each group along the last of five dimensions.
Value landmarksOf(RaiseContext &c, Value value, int64_t size) {
  if (onnx::NodeOp gather = producer(value, "Gather")) {
    NodeContext n(c, gather);
    std::optional<SmallVector<int64_t>> at = c.integers(n.input(1));
    int64_t axis = n.integer("axis", 0);
    return n.input(0).rank() == 5 && n.input(1).rank() == 0 && at &&
                   (axis == 4 || axis == -1) &&
                   (at->front() == -1 || at->front() == size - 1)
               ? gather.getInputs()[0]
               : Value();
  }
  onnx::NodeOp squeeze = producer(value, "Squeeze");
  return squeeze && c.get(squeeze.getInputs()[0]).rank() == 5 &&
                 c.get(value).rank() == 4
             ? sliceAlong(c, squeeze.getInputs()[0], 4, size - 1, size)
             : Value();
}

/// What `value` of rank 5 is of rank 4, dimension `axis` being cut in two.
Value uncut(RaiseContext &c, Value value, int64_t axis) {
  onnx::NodeOp node = producer(value, "Reshape");
  if (!node || c.get(value).rank() != 5 ||
      c.get(node.getInputs()[0]).rank() != 4)
    return nullptr;
  Sizes shape = c.get(value).shape;
  shape[axis] = c.multiply(shape[axis], shape[axis + 1]);
  shape.erase(shape.begin() + axis + 1);
  return llvm::equal(shape, c.get(node.getInputs()[0]).shape)
             ? node.getInputs()[0]
             : Value();
}

} // namespace

std::optional<Raised>
tfc::raise::recogniseCausalLinearAttention(NodeContext &n) {
  RaiseContext &c = n.c;
  auto rows = rowsTimesStates(c, n.node.getInputs()[0]);
  Value outer = rows ? summedSoFar(c, rows->second, 2) : Value();
  auto parts = outer ? outerProducts(c, outer) : std::nullopt;
  if (!parts)
    return std::nullopt;
  auto [total, epsilon] = withoutEpsilon(c, n.node.getInputs()[1]);
  Value query = rows->first;
  auto [key, value] = *parts;
  if (!isNormOf(c, total, query, key) ||
      !queryKeyValueFit(c.get(query), c.get(key), c.get(value)) ||
      c.get(query).shape[2] != c.get(key).shape[2])
    return std::nullopt;
  Raised result = makeAttention(n, c.get(query), c.get(key), c.get(value),
                                attn::ScoreFunction::Linear);
  auto op = result.tensor.getDefiningOp<attn::AttentionOp>();
  op.setCausal(true);
  // Queries and keys are as many; where that is open, the operation must know.
  if (!getConstantIntValue(c.get(query).shape[2]))
    op.getQueryOffsetMutable().assign(c.value(c.size(0)));
  if (epsilon != 0)
    op.setEpsilon(APFloat(epsilon));
  return result;
}

std::optional<Raised> tfc::raise::recogniseGroupedAttention(NodeContext &n) {
  RaiseContext &c = n.c;
  if (n.node.getOpType() != "Einsum" ||
      !isEinsum(c, n.node, "bhtnw", "bhnwd", "bhtd"))
    return std::nullopt;
  onnx::NodeOp weights = producer(n.node.getInputs()[0], "Mul");
  for (unsigned side : {0, 1}) {
    onnx::NodeOp shares = weights
                              ? producer(weights.getInputs()[side], "Softmax")
                              : onnx::NodeOp();
    Value gate =
        shares ? withoutUnit(c, weights.getInputs()[1 - side], 4) : Value();
    std::optional<Gates> gates = gate ? matchGates(c, gate) : std::nullopt;
    std::optional<int64_t> others =
        shares ? getConstantIntValue(c.get(shares.getResult(0)).shape.back())
               : std::nullopt;
    if (!gates || !others || !isOverLast(c, shares, -1))
      continue;
    Value scores = sliceAlong(c, shares.getInputs()[0], 4, 0, *others),
          values = sliceAlong(c, n.node.getInputs()[1], 3, 0, *others);
    if (!scores || !values || c.get(scores).rank() != 5 ||
        getConstantIntValue(c.get(scores).shape[4]) != *others + 1 ||
        landmarksOf(c, gates->softmax.getInputs()[0], *others + 1) != scores)
      continue;
    Value products = uncut(c, scores, 3), value = uncut(c, values, 2);
    ScoreGraph graph;
    std::string why;
    if (!products || !value || !matchScores(c, products, graph, why) ||
        !graph.terms.empty() || !graph.hidings.empty() ||
        !graph.rowScales.empty() || graph.query.rank() != 4 ||
        graph.keyTransposed.rank() != 4)
      continue;
    Raised key = untransposed(c, graph.keyTransposed);
    if (!queryKeyValueFit(graph.query, key, c.get(value)))
      continue;
    Raised result = makeAttention(n, graph.query, key, c.get(value),
                                  attn::ScoreFunction::Grouped);
    auto op = result.tensor.getDefiningOp<attn::AttentionOp>();
    op.setScale(APFloat(graph.scale));
    op.setGroupSize(*others + 1);
    if (graph.softcap)
      op.setSoftcap(APFloat(*graph.softcap));
    if (gates->top)
      op.setTopGroups(*gates->top);
    return result;
  }
  return std::nullopt;
}
