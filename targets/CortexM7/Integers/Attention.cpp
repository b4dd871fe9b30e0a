//===- Attention.cpp - attention of int8 as a whole -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphForms.h"
#include "IntegerGraph.h"
#include "ProductLoops.h"

using namespace tfc;
using namespace tfc::m7;

/// Past operations that leave the order of elements.
static Value pastReshapes(Value real) {
  while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
      real.getDefiningOp()))
    real = real.getDefiningOp()->getOperand(0);
  return real;
}

/// What was rounded to the numbers that `real` is; null where it was not.
static Value beforeRounding(Value real, std::optional<Quantization> &type) {
  auto dequantize = pastReshapes(real).getDefiningOp<attn::DequantizeOp>();
  auto quantize = dequantize
                      ? dequantize.getX().getDefiningOp<attn::QuantizeOp>()
                      : attn::QuantizeOp();
  if (!quantize || quantize.getQuantizedType() != dequantize.getQuantizedType())
    return {};
  type = quantizationOf(quantize.getQuantizedType());
  return type ? pastReshapes(quantize.getX()) : Value();
}

std::optional<IntegerGraph::Scores>
IntegerGraph::scoresOf(Value probabilities) {
  Scores scores;
  std::optional<Quantization> type;
  Value softmax = beforeRounding(probabilities, type);
  auto divide = softmax ? softmax.getDefiningOp<linalg::GenericOp>()
                        : linalg::GenericOp();
  Value input = divide ? softmaxInput(divide) : Value();
  if (!input)
    return std::nullopt;
  scores.probabilities = *type;
  Value real = beforeRounding(input, type);
  if (!real)
    return std::nullopt;
  scores.input = *type;
  // Roundings of the scores before they are scaled fall away: the kernel rounds
  // once.
  while (auto part = multipleOf(real.getDefiningOp<linalg::GenericOp>())) {
    if (!(part->second > 0))
      return std::nullopt;
    scores.factor *= part->second;
    real = pastReshapes(part->first);
    if (Value before = beforeRounding(real, type))
      real = before;
  }
  std::optional<Contraction> c = contractionOf(real.getDefiningOp());
  if (!c || realConstant(c->x) || realConstant(c->y))
    return std::nullopt;
  scores.product = *c;
  return scores;
}

std::optional<Value> IntegerGraph::selectAttention(const Contraction &c,
                                                   Quantization to) {
  std::optional<Scores> scores = scoresOf(c.x);
  if (!scores)
    return std::nullopt;
  const Contraction &first = scores->product;
  auto inner = kindsOf(first.xMap, first.yMap, first.outMap);
  auto outer = kindsOf(c.xMap, c.yMap, c.outMap);
  if (!inner || !outer)
    return std::nullopt;
  auto size = [](const Contraction &of, ArrayRef<unsigned> loops) {
    return product(of.sizes, loops);
  };
  int64_t batch = size(c, outer->batch), rows = size(c, outer->rows),
          keys = size(c, outer->depth), depth = size(c, outer->columns);
  // The probabilities are [batch, rows, keys] on both sides.
  bool isPlain =
      loopsOf(first.outMap) ==
          concat(concat(inner->batch, inner->rows), inner->columns) &&
      loopsOf(c.xMap) ==
          concat(concat(outer->batch, outer->rows), outer->depth) &&
      size(first, inner->batch) == batch && size(first, inner->rows) == rows &&
      size(first, inner->columns) == keys;
  // What the kernel takes.
  if (!isPlain || size(first, inner->depth) != depth || depth % 4 ||
      keys > 4096)
    return std::nullopt;
  FailureOr<Source> q = sourceOf(first.x), k = sourceOf(first.y),
                    v = sourceOf(c.y);
  if (failed(q) || failed(k) || failed(v))
    return std::nullopt;
  auto scoring = multiplierOf(q->quantization.scale * k->quantization.scale *
                              scores->factor / scores->input.scale);
  auto mixing = multiplierOf(scores->probabilities.scale *
                             v->quantization.scale / to.scale);
  auto softmax =
      softmaxParameters(scores->input.scale, keys, scores->probabilities.scale);
  if (!scoring || !mixing || !softmax)
    return std::nullopt;
  Value queries = matrices(first, *q, first.xMap, inner->batch, inner->rows,
                           inner->depth),
        allKeys = matrices(first, *k, first.yMap, inner->batch, inner->columns,
                           inner->depth),
        values =
            matrices(c, *v, c.yMap, outer->batch, outer->depth, outer->columns);
  auto table =
      DenseElementsAttr::get(RankedTensorType::get({256}, b.getI32Type()),
                             ArrayRef<int32_t>(softmax->table));
  Value all = empty({batch, rows, depth});
  for (int64_t i = 0; i < batch; ++i) {
    Value head = AttentionOp::create(
                     b, loc, bytes({rows, depth}), matrixOf(b, loc, queries, i),
                     matrixOf(b, loc, allKeys, i), matrixOf(b, loc, values, i),
                     empty({rows, depth}), Value(), q->quantization.zero,
                     k->quantization.zero, v->quantization.zero, *scoring,
                     scores->input.zero, table, softmax->numerator,
                     scores->probabilities.zero, *mixing, to.zero)
                     .getResult();
    all = withMatrix(b, loc, head, all, i);
  }
  return resultOf(c, all,
                  concat(concat(outer->batch, outer->rows), outer->columns));
}
