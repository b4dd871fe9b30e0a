//===- RaiseChannels.cpp - norms of channels, gates -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RaiseContext.h"
#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// (x - mean) / sqrt(variance + epsilon) of each group of channels, which
/// scale and bias then take one by one, or by groups.
LogicalResult raiseGroups(NodeContext &n, OpFoldResult groups) {
  Raised &x = n.input(0);
  Sizes rows = {x.shape[0], groups,
                n.c.quotient(ArrayRef(x.shape).drop_front(1), {groups})};
  Value init = n.c.empty(rows, x.kind);
  auto norm = attn::NormOp::create(
      n.b, n.loc, init.getType(), n.c.reshape(n.c.tensor(x), x.shape, rows),
      Value(), Value(), init, attn::NormKind::Layer, 2,
      APFloat(static_cast<double>(n.number("epsilon", 1e-5f))));
  OpFoldResult each = n.input(1).shape[0];
  Sizes flat = {x.shape[0], each,
                n.c.quotient(ArrayRef(x.shape).drop_front(1), {each})},
        column = {each, n.c.size(1)};
  auto spread = [&](unsigned i) {
    return n.c.fromTensor(n.c.reshape(n.tensor(i), n.input(i).shape, column),
                          x.kind, column);
  };
  SmallVector<Raised> operands = {
      n.c.fromTensor(n.c.reshape(norm->getResult(0), rows, flat), x.kind, flat),
      spread(1), spread(2)};
  Raised result = n.c.elementwise(
      operands, flat, x.kind,
      [](OpBuilder &b, Location loc, ValueRange v) -> Value {
        return arith::AddFOp::create(
            b, loc, arith::MulFOp::create(b, loc, v[0], v[1]), v[2]);
      });
  return n.finish(n.c.fromTensor(n.c.reshape(result.tensor, flat, x.shape),
                                 x.kind, x.shape));
}

/// Whether scale and bias are rows of `count` numbers of the input's type.
bool haveSize(NodeContext &n, OpFoldResult count) {
  return llvm::all_of(ArrayRef<unsigned>{1, 2}, [&](unsigned i) {
    return n.input(i).rank() == 1 && n.input(i).shape[0] == count &&
           n.input(i).kind == n.input(0).kind;
  });
}

LogicalResult raiseInstanceNorm(NodeContext &n) {
  Raised &x = n.input(0);
  if (x.rank() < 3 || !isFloat(x.kind) || !haveSize(n, x.shape[1]))
    return n.fail("it takes floating point of rank 3 and more, and a scale and "
                  "bias for each channel");
  return raiseGroups(n, x.shape[1]);
}

/// GroupNormalization-18, whose scale and bias are those of groups, and -21,
/// where they are those of channels.
LogicalResult raiseGroupNorm(NodeContext &n) {
  Raised &x = n.input(0);
  int64_t groups = n.integer("num_groups", 0);
  std::optional<int64_t> channels =
      x.rank() >= 3 ? getConstantIntValue(x.shape[1]) : std::nullopt;
  if (!channels || !isFloat(x.kind) || groups <= 0 || *channels % groups)
    return n.fail("it takes floating point of rank 3 and more, and a number of "
                  "channels that its groups divide");
  if (!haveSize(n, n.node.getOpset() < 21 ? n.c.size(groups) : x.shape[1]))
    return n.fail("its scale or bias has another size or type");
  return raiseGroups(n, n.c.size(groups));
}

/// x * sigmoid(alpha * x), of half precision in single.
Value swish(OpBuilder &b, Location loc, Value x, double alpha) {
  Type type = x.getType();
  auto number = [&](double value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  };
  Value scaled =
      alpha == 1 ? x : arith::MulFOp::create(b, loc, x, number(alpha));
  Value decay =
      math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, scaled));
  Value share = arith::DivFOp::create(
      b, loc, number(1), arith::AddFOp::create(b, loc, number(1), decay));
  return arith::MulFOp::create(b, loc, x, share);
}

/// Swish-24; SwiGLU-28 where a second input is gated by it.
LogicalResult raiseSwish(NodeContext &n) {
  Raised &x = n.input(0);
  if (!isFloat(x.kind))
    return n.fail("only floating point is supported");
  SmallVector<Raised> operands = {x};
  if (n.has(1)) {
    Raised &gated = n.input(1);
    if (gated.kind != x.kind || gated.rank() != x.rank())
      return n.fail("its inputs differ in type or rank");
    for (auto [a, d] : llvm::zip(x.shape, gated.shape)) {
      if (getConstantIntValue(a) && getConstantIntValue(d) && a != d)
        return n.fail("its inputs differ in size");
      n.requireEqual(d, a, "its inputs differ in size");
    }
    operands.push_back(n.c.fromTensor(n.c.tensor(gated), x.kind, gated.shape));
    operands.back().shape = x.shape;
  }
  double alpha = n.number("alpha", 1);
  Type wide = n.c.elementType(accumulatorKind(x.kind));
  Raised result = n.c.elementwise(
      operands, x.shape, accumulatorKind(x.kind),
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value y = swish(b, loc, widened(b, loc, v[0], wide), alpha);
        if (v.size() == 1)
          return y;
        return arith::MulFOp::create(b, loc, y, widened(b, loc, v[1], wide));
      });
  return n.finish(n.c.rounded(result, x.kind));
}

} // namespace

void tfc::raise::populateChannelRules(RuleSet &rules) {
  rules.add("InstanceNormalization", raiseInstanceNorm);
  rules.add("GroupNormalization", raiseGroupNorm);
  rules.add("Swish", raiseSwish);
  rules.add("SwiGLU", raiseSwish);
}
