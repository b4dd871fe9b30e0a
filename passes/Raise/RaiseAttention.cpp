//===- RaiseAttention.cpp - norms and attention -----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Heads.h"
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
          "its scale or bias has not the shape of what is normalised");
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

/// The mask as rank 4; nothing, after the reason, where it does not fit.
std::optional<Raised> maskOperand(NodeContext &n, Raised &mask, int32_t kind,
                                  ArrayRef<OpFoldResult> scores) {
  auto no = [&](StringRef why) {
    n.reason = why.str();
    return std::nullopt;
  };
  if (mask.rank() > 4)
    return no("its mask has more than four dimensions");
  if (mask.kind != kind && mask.kind != Bool)
    return no("its mask has another element type than its query");
  Sizes shape(4 - mask.rank(), n.c.size(1));
  shape.append(mask.shape.begin(), mask.shape.end());
  for (unsigned d = 0; d < 4; ++d)
    if (!isConstantIntValue(shape[d], 1) && shape[d] != scores[d])
      return no("its mask cannot be seen to fit the scores");
  return n.c.fromTensor(n.c.reshape(n.c.tensor(mask), mask.shape, shape),
                        mask.kind, shape);
}

/// [past, present] along the tokens.
Raised withPast(NodeContext &n, Raised past, Raised present) {
  Sizes shape = present.shape;
  shape[2] = n.c.add(past.shape[2], present.shape[2]);
  Sizes zeros(4, n.c.size(0)), ones(4, n.c.size(1)), behind = zeros;
  behind[2] = past.shape[2];
  Value all = tensor::InsertSliceOp::create(n.b, n.loc, n.c.tensor(past),
                                            n.c.empty(shape, present.kind),
                                            zeros, past.shape, ones);
  all = tensor::InsertSliceOp::create(n.b, n.loc, n.c.tensor(present), all,
                                      behind, present.shape, ones);
  return n.c.fromTensor(all, present.kind, shape);
}

/// What an Attention node takes, with heads apart and the past before the
/// present.
struct AttentionInputs {
  Raised query, key, value;
  bool packed = false;
  /// The position of the first query among the keys: the tokens of the past.
  OpFoldResult position;
  /// Whether the last query is at the last key.
  bool endsTogether = false;
};

FailureOr<AttentionInputs> attentionInputs(NodeContext &n) {
  AttentionInputs in;
  in.query = n.input(0);
  in.key = n.input(1);
  in.value = n.input(2);
  in.packed = in.query.rank() == 3;
  if (in.packed) {
    int64_t heads = n.integer("q_num_heads", 0),
            keyHeads = n.integer("kv_num_heads", 0);
    if (heads <= 0 || keyHeads <= 0 || in.key.rank() != 3 ||
        in.value.rank() != 3)
      return n.fail("packed heads need q_num_heads and kv_num_heads");
    in.query = splitHeads(n, in.query, heads);
    in.key = splitHeads(n, in.key, keyHeads);
    in.value = splitHeads(n, in.value, keyHeads);
  }
  if (in.query.rank() != 4 || in.key.rank() != 4 || in.value.rank() != 4 ||
      !isFloat(in.query.kind) || in.key.kind != in.query.kind ||
      in.value.kind != in.query.kind)
    return n.fail("it takes floating point of one type and of rank 3 or 4");
  in.position = n.c.size(0);
  in.endsTogether = in.query.shape[2] == in.key.shape[2];
  if (n.has(4) != n.has(5))
    return n.fail("it has a past of keys or of values alone");
  if (n.has(4)) {
    Raised pastKey = n.input(4), pastValue = n.input(5);
    for (auto [past, present] :
         {std::pair(&pastKey, &in.key), std::pair(&pastValue, &in.value)}) {
      if (past->rank() != 4 || past->kind != present->kind)
        return n.fail("its past has another rank or type than its key");
      for (unsigned d : {0, 1, 3})
        if (past->shape[d] != present->shape[d])
          return n.fail("the sizes of its past cannot be seen to fit");
    }
    in.position = pastKey.shape[2];
    in.key = withPast(n, pastKey, in.key);
    in.value = withPast(n, pastValue, in.value);
  }
  if (!getConstantIntValue(in.query.shape[1]) ||
      !getConstantIntValue(in.key.shape[1]))
    return n.fail("its number of heads is open");
  if (!getConstantIntValue(in.query.shape[3]) ||
      in.key.shape[3] != in.query.shape[3] ||
      in.key.shape[2] != in.value.shape[2] ||
      in.key.shape[0] != in.query.shape[0] ||
      in.value.shape[0] != in.query.shape[0] ||
      in.key.shape[1] != in.value.shape[1])
    return n.fail("the sizes of its query, key and value cannot be seen to "
                  "fit");
  return in;
}

/// The structure that the attributes give; nothing when there is none.
LogicalResult checkAttention(NodeContext &n) {
  if (n.isUsed(3))
    return n.fail("its intermediate products are not raised");
  int32_t kind = n.input(0).kind;
  int64_t precision = n.integer("softmax_precision", 0);
  // Softmax is computed in f32, or in f64 for f64.
  if (precision != 0 && precision != kind && precision != accumulatorKind(kind))
    return n.fail("softmax of another precision is not raised");
  if (n.number("softcap", 0) != 0 && n.node.getOpset() < 24)
    return n.fail("soft caps over masks are not raised");
  if (n.has(6) && n.has(4))
    return n.fail("it has both a past and lengths of its keys");
  if (n.has(6) && (n.input(6).rank() != 1 || n.input(6).kind != Int64 ||
                   n.input(6).shape[0] != n.input(0).shape[0]))
    return n.fail("the lengths of its keys must be one for each batch");
  return success();
}

/// Where each batch's queries begin when the last is at its last key.
Value offsetsOfLengths(NodeContext &n, const AttentionInputs &in) {
  SmallVector<Raised> operands = {n.input(6)};
  Value queries = n.c.value(in.query.shape[2]);
  Raised offsets = n.c.elementwise(
      operands, operands[0].shape, Int64,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        return arith::SubIOp::create(
            b, loc, v[0],
            arith::IndexCastOp::create(b, loc, b.getI64Type(), queries));
      });
  return n.c.tensor(offsets);
}

void setStructure(NodeContext &n, attn::AttentionOp op,
                  const AttentionInputs &in) {
  // The lengths of the keys say what one query sees, the last.
  bool causal = n.integer("is_causal", 0) != 0 &&
                !(n.has(6) && isConstantIntValue(in.query.shape[2], 1));
  int64_t left = n.integer("left_window_size", -1),
          right = n.integer("right_window_size", -1);
  op.setCausal(causal);
  if (left >= 0)
    op.setLeftWindow(left);
  if (right >= 0 && !causal)
    op.setRightWindow(right);
  // ONNX counts positions from the past, attn.attention from the last key.
  bool positioned = causal || left >= 0 || right >= 0;
  if (!positioned)
    return;
  OpBuilder::InsertionGuard guard(n.b);
  n.b.setInsertionPoint(op);
  if (n.has(6))
    op.getQueryOffsetMutable().assign(offsetsOfLengths(n, in));
  else if (!in.endsTogether)
    op.getQueryOffsetMutable().assign(n.c.value(in.position));
}

/// The operator as attn.attention; fails with the reason where it has no form.
LogicalResult raiseAttentionOperator(NodeContext &n) {
  if (failed(checkAttention(n)))
    return failure();
  FailureOr<AttentionInputs> inputs = attentionInputs(n);
  if (failed(inputs))
    return failure();
  Raised &query = inputs->query, &key = inputs->key, &value = inputs->value;
  float depth = *getConstantIntValue(query.shape[3]);
  float scale = n.number("scale", 1.0f / std::sqrt(depth));
  Sizes shape = {query.shape[0], query.shape[1], query.shape[2],
                 value.shape[3]},
        scores = shape;
  scores[3] = key.shape[2];
  std::optional<Raised> bias;
  if (n.has(3)) {
    bias = maskOperand(n, n.input(3), query.kind, scores);
    if (!bias)
      return failure();
  }
  auto op = attn::AttentionOp::create(n.b, n.loc, n.c.tensor(query),
                                      n.c.tensor(key), n.c.tensor(value),
                                      n.c.empty(shape, query.kind), scale);
  setStructure(n, op, *inputs);
  if (bias)
    (bias->kind == Bool ? op.getMaskMutable() : op.getBiasMutable())
        .assign(bias->tensor);
  if (n.has(6))
    op.getKeyLengthsMutable().assign(n.tensor(6));
  if (float cap = n.number("softcap", 0))
    op.setSoftcap(APFloat(static_cast<double>(cap)));
  op.setZeroMaskedRows(true);
  n.c.noteAttention(op, n.node);
  if (n.isUsed(1))
    n.c.set(n.node.getResult(1), key);
  if (n.isUsed(2))
    n.c.set(n.node.getResult(2), value);
  Raised result = n.c.fromTensor(op->getResult(0), query.kind, shape);
  return n.finish(inputs->packed ? joinHeads(n, result) : result);
}

/// Attention-23 and later. What attn.attention has no form for (intermediate
/// products, positions by key lengths) is left to ONNX's own function body.
LogicalResult raiseAttention(NodeContext &n) {
  if (failed(raiseAttentionOperator(n))) {
    n.c.noteAttention(n.node, "function body", n.reason);
    return failure();
  }
  return success();
}

} // namespace

void tfc::raise::populateAttentionRules(RuleSet &rules) {
  rules.add("LayerNormalization",
            [](NodeContext &n) { return raiseNorm(n, attn::NormKind::Layer); });
  rules.add("RMSNormalization",
            [](NodeContext &n) { return raiseNorm(n, attn::NormKind::Rms); });
  rules.add("Attention", raiseAttention);
}
