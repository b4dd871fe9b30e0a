//===- RaiseFlexAttention.cpp - attention with subgraphs --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// FlexAttention is written out as the graph that it stands for, subgraphs in
// place, so that the rules of recognition see what they see in other models.
//
//===----------------------------------------------------------------------===//

#include "GraphWriter.h"
#include "RaiseContext.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <cmath>

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// The kind that holds the numbers of both.
int32_t widerOf(int32_t x, int32_t y) {
  if (x == y)
    return x;
  return x == Float64 || y == Float64 ? Float64 : Float32;
}

struct FlexAttention {
  int32_t kind, precision;
  int64_t heads, keyHeads, depth, valueDepth;
  float scale;
  Region *scoreMod, *probMod;
};

/// What the node says; fails with the reason where it has no form.
FailureOr<FlexAttention> readFlexAttention(NodeContext &n) {
  Raised &query = n.input(0), &key = n.input(1), &value = n.input(2);
  if (query.rank() != 4 || key.rank() != 4 || value.rank() != 4 ||
      !isFloat(query.kind) || key.kind != query.kind ||
      value.kind != query.kind)
    return n.fail("it takes floating point of one type and of rank 4");
  std::optional<int64_t> heads = getConstantIntValue(query.shape[1]),
                         keyHeads = getConstantIntValue(key.shape[1]),
                         depth = getConstantIntValue(query.shape[3]),
                         valueDepth = getConstantIntValue(value.shape[3]);
  if (!heads || !keyHeads || !depth || !valueDepth || *keyHeads <= 0 ||
      *heads % *keyHeads || key.shape[1] != value.shape[1] ||
      key.shape[3] != query.shape[3])
    return n.fail("its numbers of heads and features are open or do not fit");
  FlexAttention flex{query.kind,
                     0,
                     *heads,
                     *keyHeads,
                     *depth,
                     *valueDepth,
                     n.number("scale", 1.0f / std::sqrt(float(*depth))),
                     n.subgraph("score_mod"),
                     n.subgraph("prob_mod")};
  flex.precision =
      n.integer("softmax_precision", query.kind == Float64 ? Float64 : Float32);
  if (!isFloat(flex.precision))
    return n.fail("its softmax_precision is not a floating point type");
  for (Region *mod : {flex.scoreMod, flex.probMod})
    if (mod && (mod->front().getNumArguments() != 1 ||
                mod->front().getTerminator()->getNumOperands() != 1))
      return n.fail("its subgraphs must have one input and one output");
  return flex;
}

/// Keys or values, as many heads as the query has.
Value repeatHeads(GraphWriter &w, const FlexAttention &flex, Value x,
                  int64_t depth) {
  int64_t times = flex.heads / flex.keyHeads;
  if (times == 1)
    return x;
  Value apart = w.add("Unsqueeze", {x, w.integers({2})});
  Value repeated = w.add("Expand", {apart, w.integers({1, 1, times, 1, 1})});
  return w.add("Reshape", {repeated, w.integers({0, flex.heads, -1, depth})});
}

/// softmax(score_mod(scale query keyᵀ)), prob_mod over it, times the values.
/// Products are in the wider of the inputs' type and that of the softmax.
Value writeFlexAttention(GraphWriter &w, const FlexAttention &flex) {
  int32_t wide = widerOf(flex.kind, flex.precision);
  auto input = [&](unsigned i, int32_t kind) {
    return w.cast(w.node.getInputs()[i], flex.kind, kind);
  };
  Value key = repeatHeads(w, flex, input(1, wide), flex.depth),
        value = repeatHeads(w, flex, input(2, flex.precision), flex.valueDepth);
  Value scores =
      w.add("MatMul", {input(0, wide), w.transpose(key, {0, 1, 3, 2})});
  scores = w.add("Mul", {scores, w.cast(w.real(flex.scale), Float32, wide)});
  scores = w.cast(scores, wide, flex.precision);
  if (flex.scoreMod)
    scores = w.inlined(*flex.scoreMod, scores);
  Value shares = w.add("Softmax", {scores},
                       w.b.getNamedAttr("axis", w.b.getI64IntegerAttr(-1)));
  if (flex.probMod)
    shares = w.inlined(*flex.probMod, shares);
  return w.cast(w.add("MatMul", {shares, value}), flex.precision, flex.kind);
}

/// ai.onnx.preview.FlexAttention-1
LogicalResult raiseFlexAttention(NodeContext &n) {
  FailureOr<FlexAttention> flex = readFlexAttention(n);
  if (failed(flex))
    return failure();
  Raised &query = n.input(0), &key = n.input(1), &value = n.input(2);
  n.requireEqual(key.shape[0], query.shape[0], "its batches differ");
  n.requireEqual(value.shape[0], query.shape[0], "its batches differ");
  n.requireEqual(value.shape[2], key.shape[2],
                 "its keys and values differ in number");
  return n.c.raiseInstead(
      n.node, [&](OpBuilder &b, SmallVectorImpl<Value> &results) {
        GraphWriter writer(b, n.node);
        results.push_back(writeFlexAttention(writer, *flex));
        return success();
      });
}

} // namespace

void tfc::raise::populateFlexAttentionRules(RuleSet &rules) {
  rules.add("ai.onnx.preview.FlexAttention", raiseFlexAttention);
}
