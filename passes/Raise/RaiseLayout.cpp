//===- RaiseLayout.cpp - moving elements ------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Indexing.h"
#include "RaiseContext.h"
#include "Recognise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc::raise;

FailureOr<Raised> tfc::raise::concatenated(NodeContext &n,
                                           MutableArrayRef<Raised> parts,
                                           int64_t axis) {
  Raised &first = parts.front();
  // Lists of sizes stay lists.
  if (first.rank() == 1) {
    Sizes all;
    bool known = true;
    for (Raised &part : parts) {
      std::optional<Sizes> elements = n.c.elements(part);
      known &= elements && part.kind == first.kind;
      if (!known)
        break;
      all.append(elements->begin(), elements->end());
    }
    if (known) {
      int64_t count = all.size();
      return n.c.fromElements(std::move(all), first.kind, {count});
    }
  }
  Sizes shape = first.shape;
  for (Raised &part : parts) {
    if (part.rank() != first.rank())
      return n.fail("its inputs differ in rank");
    if (part.kind != first.kind)
      return n.fail("its inputs differ in type");
    for (int64_t d = 0; d < first.rank(); ++d) {
      if (d == axis || part.shape[d] == shape[d])
        continue;
      std::optional<int64_t> a = getConstantIntValue(part.shape[d]),
                             s = getConstantIntValue(shape[d]);
      if (a && s)
        return n.fail("sizes " + Twine(*a) + " and " + Twine(*s) +
                      " of dimension " + Twine(d) + " differ");
      Value equal =
          arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::eq,
                                n.c.value(part.shape[d]), n.c.value(shape[d]));
      n.c.require(equal, n.describe() +
                             ": sizes of its inputs differ outside the axis");
      if (a)
        shape[d] = part.shape[d];
    }
  }
  shape[axis] = n.c.size(0);
  for (Raised &part : parts)
    shape[axis] = n.c.add(shape[axis], part.shape[axis]);
  Value result = n.c.empty(shape, first.kind);
  SmallVector<OpFoldResult> offsets(first.rank(), n.c.size(0)),
      strides(first.rank(), n.c.size(1));
  for (Raised &part : parts) {
    SmallVector<OpFoldResult> sizes = shape;
    sizes[axis] = part.shape[axis];
    Raised sized = n.c.fromTensor(n.c.tensor(part), first.kind, sizes);
    result = tensor::InsertSliceOp::create(n.b, n.loc, sized.tensor, result,
                                           offsets, sizes, strides);
    offsets[axis] = n.c.add(offsets[axis], sizes[axis]);
  }
  return n.c.fromTensor(result, first.kind, shape);
}

namespace {

LogicalResult raiseTranspose(NodeContext &n) {
  if (std::optional<Raised> patches = recognisePatchEmbed(n))
    return n.finish(*patches);
  Raised &input = n.input(0);
  SmallVector<int64_t> permutation;
  if (auto given = n.list("perm"))
    permutation = *given;
  else
    for (int64_t i = input.rank() - 1; i >= 0; --i)
      permutation.push_back(i);
  if (static_cast<int64_t>(permutation.size()) != input.rank() ||
      !isPermutationVector(permutation))
    return n.fail("perm is no permutation of its " + Twine(input.rank()) +
                  " dimensions");
  Sizes shape;
  for (int64_t axis : permutation)
    shape.push_back(input.shape[axis]);
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, input.rank())))
    return n.finish(input);
  if (std::optional<Sizes> elements = n.c.elements(input)) {
    SmallVector<int64_t> sizes = *getConstantIntValues(input.shape);
    SmallVector<int64_t> strides = computeStrides(sizes), to;
    for (int64_t axis : permutation)
      to.push_back(sizes[axis]);
    Sizes out;
    SmallVector<int64_t> index(input.rank(), 0);
    for (size_t i = 0; i < elements->size(); ++i) {
      int64_t position = 0;
      for (auto [d, axis] : llvm::enumerate(permutation))
        position += index[d] * strides[axis];
      out.push_back((*elements)[position]);
      for (int64_t d = input.rank() - 1; d >= 0 && ++index[d] == to[d]; --d)
        index[d] = 0;
    }
    return n.finish(n.c.fromElements(out, input.kind, to));
  }
  auto transposed = linalg::TransposeOp::create(
      n.b, n.loc, n.c.tensor(input), n.c.empty(shape, input.kind), permutation);
  return n.finish(n.c.fromTensor(transposed->getResult(0), input.kind, shape));
}

LogicalResult raiseConcat(NodeContext &n) {
  FailureOr<int64_t> axis =
      n.normalAxis(n.integer("axis", 0), n.input(0).rank());
  if (failed(axis))
    return failure();
  SmallVector<Raised> parts;
  for (unsigned i = 0; i < n.numInputs(); ++i)
    parts.push_back(n.input(i));
  FailureOr<Raised> joined = concatenated(n, parts, *axis);
  return failed(joined) ? failure() : n.finish(*joined);
}

/// Sizes of parts that are read when the call runs: those that the model
/// states, or no larger than what is split.
LogicalResult boundParts(NodeContext &n, int64_t axis, Sizes &parts) {
  OpFoldResult whole = n.input(0).shape[axis], total = n.c.size(0);
  for (auto [i, part] : llvm::enumerate(parts)) {
    if (std::optional<Sizes> stated = n.declared(i)) {
      n.requireEqual(part, (*stated)[axis],
                     "a part has not the size that the model states");
      part = (*stated)[axis];
    } else {
      n.c.require(arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::ule,
                                        n.c.value(part), n.c.value(whole)),
                  n.describe() + ": a part is larger than the whole");
      part =
          arith::MinUIOp::create(n.b, n.loc, n.c.value(part), n.c.value(whole))
              .getResult();
    }
    total = n.c.add(total, part);
  }
  n.requireEqual(total, whole, "its parts do not make up the whole");
  return success();
}

LogicalResult raiseSplit(NodeContext &n) {
  // A copy: the first result that is set may move what is known of values.
  Raised input = n.input(0);
  FailureOr<int64_t> axis = n.normalAxis(n.integer("axis", 0), input.rank());
  if (failed(axis))
    return failure();
  unsigned count = n.node.getNumResults();
  Sizes parts;
  if (n.hasAttr("split")) {
    SmallVector<int64_t> given = *n.list("split");
    for (int64_t size : given)
      parts.push_back(n.c.size(size));
  } else if (n.has(1)) {
    std::optional<Sizes> given = n.scalars(1);
    if (!given || given->size() != count)
      return n.fail("the number of its parts is not known");
    parts = *given;
    if (!n.c.elements(n.input(1)) && failed(boundParts(n, *axis, parts)))
      return failure();
  } else {
    std::optional<int64_t> total = getConstantIntValue(input.shape[*axis]);
    if (!total)
      return n.fail("it splits an open dimension evenly");
    int64_t part = (*total + count - 1) / count;
    if (part * (count - 1) > *total)
      return n.fail("it has more outputs than parts of " + Twine(part));
    for (unsigned i = 0; i < count; ++i)
      parts.push_back(
          n.c.size(std::min(part, *total - part * static_cast<int64_t>(i))));
  }
  if (parts.size() != count)
    return n.fail("it has " + Twine(count) + " outputs and " +
                  Twine(parts.size()) + " sizes");
  SmallVector<OpFoldResult> offsets(input.rank(), n.c.size(0)),
      strides(input.rank(), n.c.size(1));
  for (unsigned i = 0; i < count; ++i) {
    Sizes sizes = input.shape;
    sizes[*axis] = parts[i];
    n.c.set(n.node.getResult(i), slice(n, input, offsets, sizes, strides));
    offsets[*axis] = n.c.add(offsets[*axis], parts[i]);
  }
  return success();
}

LogicalResult raiseDepthToSpace(NodeContext &n) {
  Raised &input = n.input(0);
  int64_t block = n.integer("blocksize", 0);
  if (input.rank() != 4 || block <= 0)
    return n.fail("it takes images of rank 4");
  bool columnsFirst = n.text("mode", "DCR") == "DCR";
  OpFoldResult size = n.c.size(block),
               depth = n.c.quotient({input.shape[1]}, {size, size});
  const Sizes &s = input.shape;
  Sizes split = columnsFirst ? Sizes{s[0], size, size, depth, s[2], s[3]}
                             : Sizes{s[0], depth, size, size, s[2], s[3]};
  SmallVector<int64_t> permutation =
      columnsFirst ? SmallVector<int64_t>{0, 3, 4, 1, 5, 2}
                   : SmallVector<int64_t>{0, 1, 4, 2, 5, 3};
  Sizes moved;
  for (int64_t axis : permutation)
    moved.push_back(split[axis]);
  Value value = n.c.reshape(n.c.tensor(input), s, split);
  value = linalg::TransposeOp::create(n.b, n.loc, value,
                                      n.c.empty(moved, input.kind), permutation)
              ->getResult(0);
  Sizes shape = {s[0], depth, n.c.multiply(s[2], size),
                 n.c.multiply(s[3], size)};
  return n.finish(
      n.c.fromTensor(n.c.reshape(value, moved, shape), input.kind, shape));
}

} // namespace

void tfc::raise::populateLayoutRules(RuleSet &rules) {
  rules.add("Transpose", raiseTranspose);
  rules.add("Concat", [](NodeContext &n) {
    if (failed(raiseConcat(n)))
      return failure();
    std::optional<Raised> turned = recogniseRope(n);
    return turned ? n.finish(*turned) : success();
  });
  rules.add("Split", raiseSplit);
  rules.add("DepthToSpace", raiseDepthToSpace);
}
