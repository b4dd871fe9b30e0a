//===- RaiseRotary.cpp - rotary embedding operators -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphWriter.h"
#include "Heads.h"
#include "RaiseContext.h"
#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// RotaryEmbedding of a given x, cosines and sines, which lie at the node's
/// inputs 0 to 2, those of its own positions.
LogicalResult raiseGivenAngles(NodeContext &n) {
  Raised x = n.input(0);
  bool packed = x.rank() == 3;
  if (packed) {
    if (n.integer("num_heads", 0) <= 0)
      return n.fail("packed heads need num_heads");
    x = splitHeads(n, x, n.integer("num_heads", 0));
  }
  std::optional<int64_t> depth =
      x.rank() == 4 ? getConstantIntValue(x.shape[3]) : std::nullopt;
  if (!depth || !isFloat(x.kind))
    return n.fail("it takes floating point of rank 3 or 4, and a known number "
                  "of features");
  int64_t rotated = n.integer("rotary_embedding_dim", 0);
  if (rotated == 0)
    rotated = *depth;
  Value angles[2];
  for (unsigned i : {0, 1}) {
    Raised &given = n.input(1 + i);
    if (given.rank() != 3 || given.kind != x.kind ||
        (given.shape[0] != x.shape[0] &&
         !isConstantIntValue(given.shape[0], 1)) ||
        given.shape[1] != x.shape[2] ||
        getConstantIntValue(given.shape[2]) != rotated / 2 || rotated % 2 ||
        rotated > *depth)
      return n.fail("the sizes of its angles cannot be seen to fit");
    Sizes four = {given.shape[0], n.c.size(1), given.shape[1], given.shape[2]};
    angles[i] = n.c.reshape(n.tensor(1 + i), given.shape, four);
  }
  Value init = n.c.empty(x.shape, x.kind);
  IntegerAttr size =
      rotated == *depth ? IntegerAttr() : n.b.getI64IntegerAttr(rotated);
  auto op = attn::RopeOp::create(n.b, n.loc, init.getType(), n.c.tensor(x),
                                 angles[0], angles[1], init,
                                 n.integer("interleaved", 0) != 0, size);
  Raised result = n.c.fromTensor(op->getResult(0), x.kind, x.shape);
  return n.finish(packed ? joinHeads(n, result) : result);
}

struct Lookup {
  unsigned cosine, sine, positions;
  int64_t heads;
};

/// The rows of the tables at the positions, then RotaryEmbedding of these. One
/// position alone is that of the first row of every sample.
LogicalResult raiseLookup(NodeContext &n, const Lookup &lookup) {
  Raised &x = n.input(0), &positions = n.input(lookup.positions);
  bool first = positions.rank() <= 1;
  if (first && positions.rank() == 1 &&
      !isConstantIntValue(positions.shape[0], 1))
    return n.fail("its positions must be one, or a row for each sample");
  if (!first && (positions.rank() != 2 || x.rank() < 3 ||
                 positions.shape[0] != x.shape[0] ||
                 positions.shape[1] != x.shape[x.rank() == 3 ? 1 : 2]))
    return n.fail("the sizes of its positions cannot be seen to fit");
  return n.c.raiseInstead(n.node, [&](OpBuilder &b,
                                      SmallVectorImpl<Value> &results) {
    GraphWriter w(b, n.node);
    auto inputs = n.node.getInputs();
    Value at = inputs[lookup.positions];
    if (first) {
      int64_t dim = x.rank() == 3 ? 1 : 2;
      Value length =
          w.add("Squeeze",
                {w.add("Shape", {inputs[0]},
                       {b.getNamedAttr("start", b.getI64IntegerAttr(dim)),
                        b.getNamedAttr("end", b.getI64IntegerAttr(dim + 1))})});
      Value rows = w.add("Range", {w.integer(0), length, w.integer(1)});
      at = w.add("Add", {w.cast(at, positions.kind, Int64), rows});
      at = w.add("Unsqueeze", {at, w.integers({0})});
    }
    Value cosine = w.add("Gather", {inputs[lookup.cosine], at}),
          sine = w.add("Gather", {inputs[lookup.sine], at});
    SmallVector<NamedAttribute> attributes;
    for (StringRef name : {"interleaved", "rotary_embedding_dim"})
      attributes.push_back(
          b.getNamedAttr(name, b.getI64IntegerAttr(n.integer(name, 0))));
    attributes.push_back(
        b.getNamedAttr("num_heads", b.getI64IntegerAttr(lookup.heads)));
    results.push_back(
        w.add("RotaryEmbedding", {inputs[0], cosine, sine}, attributes));
    return success();
  });
}

/// RotaryEmbedding-23 of (x, cosines, sines, [positions])
LogicalResult raiseRotaryEmbedding(NodeContext &n) {
  if (!n.has(3))
    return raiseGivenAngles(n);
  return raiseLookup(n, {1, 2, 3, n.integer("num_heads", 0)});
}

/// com.microsoft.RotaryEmbedding of (x, positions, cosines, sines)
LogicalResult raiseVendorRotary(NodeContext &n) {
  if (n.integer("is_packed_batching", 0) || n.number("scale", 1) != 1)
    return n.fail("packed batches and scales are not covered");
  int64_t heads = n.integer("num_heads", 0);
  Raised &x = n.input(0), &table = n.input(2);
  if (x.rank() == 3 && heads == 0) {
    std::optional<int64_t> width = getConstantIntValue(x.shape[2]),
                           half = table.rank() == 2
                                      ? getConstantIntValue(table.shape[1])
                                      : std::nullopt;
    if (!width || !half || *half <= 0 || *width % (2 * *half))
      return n.fail("its number of heads is not known");
    heads = *width / (2 * *half);
  }
  return raiseLookup(n, {2, 3, 1, heads});
}

} // namespace

void tfc::raise::populateRotaryRules(RuleSet &rules) {
  rules.add("RotaryEmbedding", raiseRotaryEmbedding);
  rules.add("com.microsoft.RotaryEmbedding", raiseVendorRotary);
}
