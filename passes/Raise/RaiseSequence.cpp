//===- RaiseSequence.cpp - lists of tensors ---------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A sequence is a list while raising, and nothing of it is left afterwards: its
// length and the positions at which it is read must be known. An optional value
// is the value itself, or one that is absent.
//
//===----------------------------------------------------------------------===//

#include "Indexing.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

Raised listOf(std::vector<Raised> items) {
  Raised raised;
  raised.sequence = std::make_shared<std::vector<Raised>>(std::move(items));
  return raised;
}

LogicalResult failWithoutSequence(NodeContext &n) {
  return n.fail("its first input is not a sequence whose length is known");
}

LogicalResult failOnList(NodeContext &n) {
  return n.fail("only tensors can be in a sequence");
}

/// The position in input `i`, counted from the front; `end` is the largest.
FailureOr<int64_t> position(NodeContext &n, unsigned i, int64_t length,
                            int64_t end) {
  std::optional<SmallVector<int64_t>> given = n.c.integers(n.input(i));
  if (!given || given->size() != 1)
    return n.fail("its position depends on data");
  int64_t at = given->front();
  if (at < -length || at > end)
    return n.fail("its position " + Twine(at) + " lies outside a sequence of " +
                  Twine(length));
  return at < 0 ? at + length : at;
}

LogicalResult raiseSequenceConstruct(NodeContext &n) {
  std::vector<Raised> items;
  for (unsigned i = 0; i < n.numInputs(); ++i)
    if (!n.input(i).isTensor())
      return failOnList(n);
  for (unsigned i = 0; i < n.numInputs(); ++i)
    items.push_back(n.input(i));
  return n.finish(listOf(std::move(items)));
}

LogicalResult raiseSequenceEmpty(NodeContext &n) {
  return n.finish(listOf({}));
}

LogicalResult raiseSequenceAt(NodeContext &n) {
  auto items = n.input(0).sequence;
  if (!items)
    return failWithoutSequence(n);
  int64_t length = items->size();
  FailureOr<int64_t> at = position(n, 1, length, length - 1);
  return failed(at) ? failure() : n.finish((*items)[*at]);
}

LogicalResult raiseSequenceInsert(NodeContext &n) {
  if (!n.input(0).sequence)
    return failWithoutSequence(n);
  std::vector<Raised> items = *n.input(0).sequence;
  int64_t at = items.size();
  if (n.has(2)) {
    FailureOr<int64_t> given = position(n, 2, at, at);
    if (failed(given))
      return failure();
    at = *given;
  }
  if (!n.input(1).isTensor())
    return failOnList(n);
  items.insert(items.begin() + at, n.input(1));
  return n.finish(listOf(std::move(items)));
}

LogicalResult raiseSequenceErase(NodeContext &n) {
  if (!n.input(0).sequence)
    return failWithoutSequence(n);
  std::vector<Raised> items = *n.input(0).sequence;
  int64_t length = items.size(), at = length - 1;
  if (n.has(1)) {
    FailureOr<int64_t> given = position(n, 1, length, length - 1);
    if (failed(given))
      return failure();
    at = *given;
  }
  if (items.empty())
    return n.fail("its sequence is empty");
  items.erase(items.begin() + at);
  return n.finish(listOf(std::move(items)));
}

LogicalResult raiseSequenceLength(NodeContext &n) {
  auto items = n.input(0).sequence;
  if (!items)
    return failWithoutSequence(n);
  return n.finish(n.c.fromElements(
      {n.c.size(static_cast<int64_t>(items->size()))}, Int64, {}));
}

/// The same elements in another shape.
Raised reshaped(NodeContext &n, Raised input, Sizes shape) {
  if (std::optional<Sizes> elements = n.c.elements(input)) {
    Raised result;
    result.kind = input.kind;
    result.shape = std::move(shape);
    result.elements = elements;
    return result;
  }
  Value tensor = n.c.reshape(n.c.tensor(input), input.shape, shape);
  return n.c.fromTensor(tensor, input.kind, std::move(shape));
}

LogicalResult raiseConcatFromSequence(NodeContext &n) {
  if (!n.input(0).sequence)
    return failWithoutSequence(n);
  std::vector<Raised> parts = *n.input(0).sequence;
  if (parts.empty())
    return n.fail("its sequence is empty");
  bool isNew = n.integer("new_axis", 0) != 0;
  FailureOr<int64_t> axis =
      n.normalAxis(n.integer("axis", 0), parts.front().rank() + isNew);
  if (failed(axis))
    return failure();
  for (Raised &part : parts) {
    if (!isNew)
      break;
    if (*axis > part.rank())
      return n.fail("its tensors differ in rank");
    Sizes shape = part.shape;
    shape.insert(shape.begin() + *axis, n.c.size(1));
    part = reshaped(n, part, shape);
  }
  FailureOr<Raised> joined = concatenated(n, parts, *axis);
  return failed(joined) ? failure() : n.finish(*joined);
}

/// The sizes of the parts along the axis; `single` where each is one element.
FailureOr<Sizes> partSizes(NodeContext &n, OpFoldResult extent, bool &single) {
  std::optional<int64_t> total = getConstantIntValue(extent);
  Sizes sizes;
  single = !n.has(1);
  if (n.has(1) && n.input(1).rank() == 1) {
    std::optional<Sizes> given = n.c.elements(n.input(1));
    if (!given)
      return n.fail("its split depends on data");
    OpFoldResult sum = n.c.size(0);
    for (OpFoldResult size : *given) {
      if (getConstantIntValue(size).value_or(0) < 0)
        return n.fail("its split has a negative size");
      sum = n.c.add(sum, size);
    }
    if (total && getConstantIntValue(sum) && sum != extent)
      return n.fail("its split does not add up to its axis");
    n.requireEqual(sum, extent, "its split does not add up to its axis");
    return *given;
  }
  int64_t each = 1;
  if (n.has(1)) {
    std::optional<SmallVector<int64_t>> given = n.c.integers(n.input(1));
    if (!given || given->size() != 1 || given->front() <= 0)
      return n.fail("its split is not a known positive number");
    each = given->front();
  }
  if (!total)
    return n.fail("the size of the axis that it splits is not known");
  for (int64_t at = 0; at < *total; at += each)
    sizes.push_back(n.c.size(std::min(each, *total - at)));
  return sizes;
}

LogicalResult raiseSplitToSequence(NodeContext &n) {
  Raised input = n.input(0);
  FailureOr<int64_t> axis = n.normalAxis(n.integer("axis", 0), input.rank());
  if (failed(axis))
    return failure();
  if (!input.isTensor() || input.rank() == 0)
    return n.fail("its input is not a tensor that has an axis");
  bool single = false;
  FailureOr<Sizes> sizes = partSizes(n, input.shape[*axis], single);
  if (failed(sizes))
    return failure();
  if (sizes->size() > maxElements)
    return n.fail("it makes a sequence of " + Twine(sizes->size()) +
                  " tensors");
  bool drops = single && n.integer("keepdims", 1) == 0;
  std::optional<Sizes> elements =
      input.rank() == 1 ? n.c.elements(input) : std::nullopt;
  std::vector<Raised> parts;
  Sizes offsets(input.rank(), n.c.size(0)), strides(input.rank(), n.c.size(1));
  for (OpFoldResult size : *sizes) {
    Sizes shape = input.shape;
    shape[*axis] = size;
    std::optional<int64_t> at = getConstantIntValue(offsets[*axis]),
                           count = getConstantIntValue(size);
    Raised part =
        elements && at && count
            ? n.c.fromElements(
                  Sizes(ArrayRef<OpFoldResult>(*elements).slice(*at, *count)),
                  input.kind, {*count})
            : slice(n, input, offsets, shape, strides);
    offsets[*axis] = n.c.add(offsets[*axis], size);
    if (drops) {
      shape.erase(shape.begin() + *axis);
      part = reshaped(n, part, shape);
    }
    parts.push_back(part);
  }
  return n.finish(listOf(std::move(parts)));
}

/// The body on each position of the sequences; tensors are the same for all.
LogicalResult raiseSequenceMap(NodeContext &n) {
  Region *body = n.subgraph("body");
  auto first = n.input(0).sequence;
  if (!body || !first)
    return failWithoutSequence(n);
  std::vector<std::vector<Raised>> lists(n.node.getNumResults());
  for (size_t i = 0; i < first->size(); ++i) {
    SmallVector<Raised> arguments;
    for (unsigned k = 0; k < n.numInputs(); ++k) {
      auto items = n.input(k).sequence;
      if (items && items->size() != first->size())
        return n.fail("its sequences differ in length");
      arguments.push_back(items ? (*items)[i] : n.input(k));
    }
    FailureOr<SmallVector<Raised>> outputs =
        n.c.raiseSubgraph(*body, arguments);
    if (failed(outputs))
      return n.fail("its body is not supported");
    for (auto [list, output] : llvm::zip(lists, *outputs))
      list.push_back(output);
  }
  for (auto [result, list] : llvm::zip(n.node.getResults(), lists))
    n.c.set(result, listOf(std::move(list)));
  return success();
}

LogicalResult raiseOptional(NodeContext &n) {
  if (!n.has(0)) {
    Raised nothing;
    nothing.absent = true;
    return n.finish(nothing);
  }
  return n.finish(n.input(0));
}

LogicalResult raiseOptionalHasElement(NodeContext &n) {
  return n.finish(n.c.fromElements({n.c.size(n.has(0))}, Bool, {}));
}

LogicalResult raiseOptionalGetElement(NodeContext &n) {
  if (!n.has(0))
    return n.fail("its input is empty");
  return n.finish(n.input(0));
}

} // namespace

void tfc::raise::populateSequenceRules(RuleSet &rules) {
  rules.add("SequenceConstruct", raiseSequenceConstruct);
  rules.add("SequenceEmpty", raiseSequenceEmpty);
  rules.add("SequenceAt", raiseSequenceAt);
  rules.add("SequenceInsert", raiseSequenceInsert);
  rules.add("SequenceErase", raiseSequenceErase);
  rules.add("SequenceLength", raiseSequenceLength);
  rules.add("SequenceMap", raiseSequenceMap);
  rules.add("ConcatFromSequence", raiseConcatFromSequence);
  rules.add("SplitToSequence", raiseSplitToSequence);
  rules.add("Optional", raiseOptional);
  rules.add("OptionalHasElement", raiseOptionalHasElement);
  rules.add("OptionalGetElement", raiseOptionalGetElement);
}
