//===- RaiseScan.cpp - operators that are linear recurrences ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Heads.h"
#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <cmath>

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// LinearAttention-27 as attn.scan.
class LinearAttention {
public:
  explicit LinearAttention(NodeContext &n)
      : n(n), rule(n.text("update_rule", "gated_delta")) {}

  LogicalResult raise() {
    bool gated = rule == "gated" || rule == "gated_delta",
         delta = rule == "delta" || rule == "gated_delta";
    if (!gated && !delta && rule != "linear")
      return n.fail("its update_rule '" + rule + "' is not known");
    if (failed(findHeads()) || failed(findState()) ||
        (gated && failed(findDecay())) || (delta && failed(findBeta())))
      return failure();
    Sizes shape = query.shape;
    shape.back() = value.shape.back();
    Value init = n.c.empty(shape, query.kind);
    auto op = attn::ScanOp::create(
        n.b, n.loc, TypeRange{init.getType(), state.tensor.getType()},
        query.tensor, key.tensor, value.tensor, decay, /*step=*/Value(),
        /*rate=*/Value(), beta, init, state.tensor, APFloat(scale()));
    if (n.isUsed(1))
      n.c.set(n.node.getResult(1),
              n.c.fromTensor(op->getResult(1), state.kind, state.shape));
    Raised result = n.c.fromTensor(op->getResult(0), query.kind, shape);
    return n.finish(joinHeads(n, result));
  }

private:
  LogicalResult findHeads() {
    int64_t queryHeads = n.integer("q_num_heads", 0);
    heads = n.integer("kv_num_heads", 0);
    if (queryHeads <= 0 || heads <= 0 || queryHeads % heads)
      return n.fail("its q_num_heads is not a multiple of its kv_num_heads");
    for (unsigned i : {0, 1, 2})
      if (n.input(i).rank() != 3 || n.input(i).kind != n.input(0).kind ||
          !isFloat(n.input(i).kind) ||
          !llvm::equal(ArrayRef(n.input(i).shape).take_front(2),
                       ArrayRef(n.input(0).shape).take_front(2)))
        return n.fail("its query, key and value are not floating point of rank "
                      "3 that is seen to be of one batch and length");
    query = splitHeads(n, n.input(0), queryHeads);
    key = splitHeads(n, n.input(1), heads);
    value = splitHeads(n, n.input(2), heads);
    depth = getConstantIntValue(query.shape[3]);
    if (!depth || key.shape[3] != query.shape[3])
      return n.fail("its query and key are not seen to have one number of "
                    "features");
    return success();
  }

  LogicalResult findState() {
    Sizes shape = {query.shape[0], n.c.size(heads), key.shape[3],
                   value.shape[3]};
    if (n.has(3)) {
      state = n.input(3);
      if (!llvm::equal(state.shape, shape) || !isFloat(state.kind))
        return n.fail("the sizes of its state cannot be seen to fit");
      n.c.tensor(state);
      return success();
    }
    // Without a past the state has the query's type.
    state = n.c.fromTensor(n.c.filled(shape, n.c.zero(query.kind), query.kind),
                           query.kind, shape);
    return success();
  }

  LogicalResult findDecay() {
    if (!n.has(4))
      return n.fail("its update_rule needs a decay");
    Raised &given = n.input(4);
    std::optional<int64_t> features =
        given.rank() == 3 ? getConstantIntValue(given.shape[2]) : std::nullopt;
    if (!features || (*features != heads && *features != heads * *depth) ||
        given.shape[1] != query.shape[2] || given.kind != query.kind)
      return n.fail("the sizes of its decay cannot be seen to fit");
    decay = splitHeads(n, given, heads).tensor;
    return success();
  }

  LogicalResult findBeta() {
    if (!n.has(5))
      return n.fail("its update_rule needs a beta");
    Raised given = n.input(5);
    bool shared = given.rank() == 3 && isConstantIntValue(given.shape[2], 1);
    if (given.rank() != 3 || given.kind != query.kind ||
        (!shared && getConstantIntValue(given.shape[2]) != heads) ||
        given.shape[1] != query.shape[2])
      return n.fail("the sizes of its beta cannot be seen to fit");
    Raised apart = splitHeads(n, given, shared ? 1 : heads);
    if (shared && heads != 1) {
      Sizes all = apart.shape;
      all[1] = n.c.size(heads);
      SmallVector<Raised> operands = {apart};
      apart = n.c.elementwise(
          operands, all, apart.kind,
          [](OpBuilder &, Location, ValueRange v) { return v[0]; });
    }
    beta = apart.tensor;
    return success();
  }

  double scale() {
    float given = n.number("scale", 0);
    return given != 0 ? given : 1 / std::sqrt(static_cast<double>(*depth));
  }

  NodeContext &n;
  StringRef rule;
  int64_t heads = 0;
  std::optional<int64_t> depth;
  Raised query, key, value, state;
  Value decay, beta;
};

LogicalResult raiseLinearAttention(NodeContext &n) {
  return LinearAttention(n).raise();
}

} // namespace

void tfc::raise::populateScanRules(RuleSet &rules) {
  rules.add("LinearAttention", raiseLinearAttention);
}
