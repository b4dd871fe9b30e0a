//===- RunningSoftmax.cpp - a softmax of scores that come by parts *- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RunningSoftmax.h"
#include "KeyRange.h"

#include <limits>

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

static constexpr double infinity = std::numeric_limits<double>::infinity();

RunningSoftmax::RunningSoftmax(attn::AttentionOp op, KernelBuilder &k)
    : op(op), k(k),
      factor(
          (KeyRange::needsScoresOf(op) ? 1 : op.getScale().convertToDouble()) *
          llvm::numbers::log2e) {}

SmallVector<Value *> RunningSoftmax::all() {
  SmallVector<Value *> values;
  for (SmallVector<Value> *list : {&results, &greatest, &sums})
    for (Value &value : *list)
      values.push_back(&value);
  return values;
}

void RunningSoftmax::begin() {
  for (Value &value : results)
    value = k.number(0);
  for (Value &value : greatest)
    value = k.number(-infinity);
  for (Value &value : sums)
    value = k.number(0);
}

Value RunningSoftmax::baseOf(Value most) {
  Value isNone = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::OEQ,
                                       most, k.number(-infinity));
  return k.select(isNone, k.number(0), most);
}

Value RunningSoftmax::weightOf(Value score, Value base) {
  // Differences of numbers near the end of f32's range must be taken first.
  if (op.getMaskedScore())
    return k.exp2(k.mulF(k.subF(score, base), k.number(factor)));
  Value shift =
      arith::NegFOp::create(k.b, k.loc, k.mulF(base, k.number(factor)));
  return k.exp2(k.fma(score, k.number(factor), shift));
}

void RunningSoftmax::weigh(int64_t row, ArrayRef<Value *> scores,
                           ArrayRef<Value *> results, ArrayRef<int64_t> lanes,
                           bool isMasked) {
  Value most;
  for (Value *score : scores)
    most = most ? k.maxF(most, *score) : *score;
  most =
      k.maxF(greatest[row], k.acrossLanes(most, lanes, &KernelBuilder::maxF));
  Value base = isMasked ? baseOf(most) : most;
  Value scaling = weightOf(greatest[row], base), added;
  for (Value *score : scores) {
    *score = weightOf(*score, base);
    added = added ? k.addF(added, *score) : *score;
  }
  sums[row] = k.fma(sums[row], scaling, added);
  greatest[row] = most;
  for (Value *result : results)
    *result = k.mulF(*result, scaling);
}

RunningSoftmax::Divisor RunningSoftmax::divisorOf(Value sum) {
  Divisor by{k.reciprocal(sum), Value()};
  if (op.getZeroMaskedRows() || op.getZeroNanRows())
    by.isZero =
        arith::CmpFOp::create(k.b, k.loc,
                              op.getZeroNanRows() ? arith::CmpFPredicate::UEQ
                                                  : arith::CmpFPredicate::OEQ,
                              sum, k.number(0));
  return by;
}

Value RunningSoftmax::divided(Value result, const Divisor &by) {
  Value value = k.mulF(result, by.factor);
  return by.isZero ? k.select(by.isZero, k.number(0), value) : value;
}
