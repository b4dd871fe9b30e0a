//===- RaiseAttention.cpp - norms and attention -----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RaiseContext.h"
#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

LogicalResult raiseNorm(NodeContext &n, attn::NormKind kind) {
  Raised &x = n.input(0);
  if (n.isUsed(1) || n.isUsed(2))
    return n.fail("its mean or inverse deviation is used");
  if (!isFloat(x.kind))
    return n.fail("only floating point is supported");
  FailureOr<int64_t> axis = n.normalAxis(n.integer("axis", -1), x.rank());
  if (failed(axis))
    return failure();
  ArrayRef<OpFoldResult> normal = ArrayRef(x.shape).drop_front(*axis);
  auto operand = [&](unsigned i) -> FailureOr<Value> {
    if (!n.has(i))
      return Value();
    Raised &row = n.input(i);
    if (!llvm::equal(ArrayRef<OpFoldResult>(row.shape), normal) ||
        row.kind != x.kind)
      return n.fail(
                 "its scale or bias has not the shape of what is normalised"),
             failure();
    return n.c.tensor(row);
  };
  FailureOr<Value> scale = operand(1), bias = kind == attn::NormKind::Layer
                                                  ? operand(2)
                                                  : FailureOr<Value>(Value());
  if (failed(scale) || failed(bias))
    return failure();
  Value init = n.c.empty(x.shape, x.kind);
  auto op = attn::NormOp::create(
      n.b, n.loc, init.getType(), n.c.tensor(x), *scale, *bias, init, kind,
      *axis, APFloat(static_cast<double>(n.number("epsilon", 1e-5f))));
  return n.finish(n.c.fromTensor(op->getResult(0), x.kind, x.shape));
}

/// [B, S, heads * D] as [B, heads, S, D].
Raised splitHeads(NodeContext &n, Raised &packed, int64_t heads) {
  OpFoldResult count = n.c.size(heads),
               depth = n.c.quotient({packed.shape[2]}, {count});
  Sizes split = {packed.shape[0], packed.shape[1], count, depth},
        shape = {packed.shape[0], count, packed.shape[1], depth};
  Value value = n.c.reshape(n.c.tensor(packed), packed.shape, split);
  value = linalg::TransposeOp::create(n.b, n.loc, value,
                                      n.c.empty(shape, packed.kind),
                                      ArrayRef<int64_t>{0, 2, 1, 3})
              ->getResult(0);
  return n.c.fromTensor(value, packed.kind, shape);
}

/// The mask as a bias of rank 4: false is -inf.
FailureOr<Value> maskBias(NodeContext &n, Raised &mask, int32_t kind,
                          ArrayRef<OpFoldResult> scores) {
  Sizes shape(4 - std::min<int64_t>(4, mask.rank()), n.c.size(1));
  shape.append(mask.shape.begin(), mask.shape.end());
  if (shape.size() != 4)
    return n.fail("its mask has more than four dimensions"), failure();
  for (unsigned d = 0; d < 4; ++d)
    if (!isConstantIntValue(shape[d], 1) && shape[d] != scores[d])
      return n.fail("its mask cannot be seen to fit the scores"), failure();
  Raised four = n.c.fromTensor(n.c.reshape(n.c.tensor(mask), mask.shape, shape),
                               mask.kind, shape);
  if (mask.kind == kind)
    return four.tensor;
  if (mask.kind != Bool)
    return n.fail("its mask has another element type than its query"),
           failure();
  Value zero = n.c.zero(kind),
        hidden = n.c.constantOf(kind, -std::numeric_limits<double>::infinity());
  SmallVector<Raised> operands = {four};
  return n.c
      .elementwise(operands, shape, kind,
                   [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                     return arith::SelectOp::create(b, loc, v[0], zero, hidden);
                   })
      .tensor;
}

/// The operator as attn.attention; fails with the reason where it has no form.
LogicalResult raiseAttentionOperator(NodeContext &n) {
  if (n.has(4) || n.has(5) || n.has(6) || n.isUsed(1) || n.isUsed(2) ||
      n.isUsed(3))
    return n.fail(
        "caches, key lengths and intermediate results are not raised");
  if (n.number("softcap", 0) != 0 || n.integer("softmax_precision", 0) != 0)
    return n.fail("soft caps and softmax precisions are not raised");
  if (n.integer("left_window_size", -1) >= 0 ||
      n.integer("right_window_size", -1) >= 0)
    return n.fail("windows are not raised");
  Raised query = n.input(0), key = n.input(1), value = n.input(2);
  bool packed = query.rank() == 3;
  if (packed) {
    int64_t heads = n.integer("q_num_heads", 0),
            keyHeads = n.integer("kv_num_heads", 0);
    if (heads <= 0 || keyHeads <= 0 || key.rank() != 3 || value.rank() != 3)
      return n.fail("packed heads need q_num_heads and kv_num_heads");
    query = splitHeads(n, query, heads);
    key = splitHeads(n, key, keyHeads);
    value = splitHeads(n, value, keyHeads);
  }
  if (query.rank() != 4 || key.rank() != 4 || value.rank() != 4 ||
      !isFloat(query.kind))
    return n.fail("it takes floating point of rank 3 or 4");
  std::optional<int64_t> depth = getConstantIntValue(query.shape[3]);
  if (!depth || key.shape[3] != query.shape[3] ||
      key.shape[2] != value.shape[2] || key.shape[0] != query.shape[0] ||
      value.shape[0] != query.shape[0] || key.shape[1] != value.shape[1])
    return n.fail(
        "the sizes of its query, key and value cannot be seen to fit");
  bool causal = n.integer("is_causal", 0) != 0;
  // ONNX aligns the causal triangle to the first key, attn.attention to the
  // last.
  if (causal && query.shape[2] != key.shape[2])
    return n.fail("a causal mask with fewer queries than keys is not raised");
  float scale = n.number("scale", 1.0f / std::sqrt(static_cast<float>(*depth)));
  Sizes shape = {query.shape[0], query.shape[1], query.shape[2],
                 value.shape[3]},
        scores = shape;
  scores[3] = key.shape[2];
  Value bias;
  if (n.has(3)) {
    FailureOr<Value> mask = maskBias(n, n.input(3), query.kind, scores);
    if (failed(mask))
      return failure();
    bias = *mask;
  }
  Value init = n.c.empty(shape, query.kind);
  auto op =
      attn::AttentionOp::create(n.b, n.loc, n.c.tensor(query), n.c.tensor(key),
                                n.c.tensor(value), init, scale);
  op.setCausal(causal);
  if (bias)
    op.getBiasMutable().assign(bias);
  op.setZeroMaskedRows(bias != nullptr);
  Raised result = n.c.fromTensor(op->getResult(0), query.kind, shape);
  if (!packed)
    return n.finish(result);
  Sizes moved = {shape[0], shape[2], shape[1], shape[3]},
        merged = {shape[0], shape[2], n.c.multiply(shape[1], shape[3])};
  Value joined = linalg::TransposeOp::create(n.b, n.loc, result.tensor,
                                             n.c.empty(moved, query.kind),
                                             ArrayRef<int64_t>{0, 2, 1, 3})
                     ->getResult(0);
  return n.finish(
      n.c.fromTensor(n.c.reshape(joined, moved, merged), query.kind, merged));
}

/// Attention-23 and later. What attn.attention has no form for (a cache, a soft
/// cap, intermediate results) is left to ONNX's own function body.
LogicalResult raiseAttention(NodeContext &n) {
  if (failed(raiseAttentionOperator(n))) {
    n.c.noteAttention(n.node, "function body", n.reason);
    return failure();
  }
  n.c.noteAttention(n.node, "attn.attention",
                    Twine(n.integer("is_causal", 0) ? "causal" : "not causal") +
                        (n.has(3) ? ", with a mask" : ", without a mask"));
  return success();
}

/// (x - mean) / sqrt(variance + epsilon) over the pixels of each channel.
LogicalResult raiseInstanceNorm(NodeContext &n) {
  Raised &x = n.input(0);
  if (x.rank() < 3 || !isFloat(x.kind))
    return n.fail("it takes floating point of rank 3 and more");
  Sizes flat = {x.shape[0], x.shape[1],
                n.c.product(ArrayRef(x.shape).drop_front(2))};
  Raised source =
      n.c.fromTensor(n.c.reshape(n.c.tensor(x), x.shape, flat), x.kind, flat);
  Value init = n.c.empty(flat, x.kind);
  auto norm = attn::NormOp::create(
      n.b, n.loc, init.getType(), source.tensor, Value(), Value(), init,
      attn::NormKind::Layer, 2,
      APFloat(static_cast<double>(n.number("epsilon", 1e-5f))));
  Sizes column = {x.shape[1], n.c.size(1)};
  auto spread = [&](unsigned i) {
    return n.c.fromTensor(n.c.reshape(n.tensor(i), n.input(i).shape, column),
                          x.kind, column);
  };
  SmallVector<Raised> operands = {
      n.c.fromTensor(norm->getResult(0), x.kind, flat), spread(1), spread(2)};
  Raised result = n.c.elementwise(
      operands, flat, x.kind,
      [](OpBuilder &b, Location loc, ValueRange v) -> Value {
        return arith::AddFOp::create(
            b, loc, arith::MulFOp::create(b, loc, v[0], v[1]), v[2]);
      });
  return n.finish(n.c.fromTensor(n.c.reshape(result.tensor, flat, x.shape),
                                 x.kind, x.shape));
}

} // namespace

void tfc::raise::populateAttentionRules(RuleSet &rules) {
  rules.add("LayerNormalization",
            [](NodeContext &n) { return raiseNorm(n, attn::NormKind::Layer); });
  rules.add("RMSNormalization",
            [](NodeContext &n) { return raiseNorm(n, attn::NormKind::Rms); });
  rules.add("InstanceNormalization", raiseInstanceNorm);
  rules.add("Attention", raiseAttention);
}
