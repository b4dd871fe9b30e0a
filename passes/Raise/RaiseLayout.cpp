//===- RaiseLayout.cpp - moving elements ------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RaiseContext.h"
#include "Recognise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc::raise;

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
  Raised &first = n.input(0);
  FailureOr<int64_t> axis = n.normalAxis(n.integer("axis", 0), first.rank());
  if (failed(axis))
    return failure();
  // Lists of sizes stay lists.
  if (first.rank() == 1) {
    Sizes all;
    bool known = true;
    for (unsigned i = 0; i < n.numInputs() && known; ++i) {
      std::optional<Sizes> elements = n.c.elements(n.input(i));
      known = elements && n.input(i).kind == first.kind;
      if (known)
        all.append(elements->begin(), elements->end());
    }
    if (known) {
      int64_t count = all.size();
      return n.finish(n.c.fromElements(std::move(all), first.kind, {count}));
    }
  }
  Sizes shape = first.shape;
  SmallVector<Value> parts;
  for (unsigned i = 0; i < n.numInputs(); ++i) {
    Raised &part = n.input(i);
    if (part.rank() != first.rank())
      return n.fail("its inputs differ in rank");
    for (int64_t d = 0; d < first.rank(); ++d) {
      if (d == *axis || part.shape[d] == shape[d])
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
  shape[*axis] = n.c.size(0);
  for (unsigned i = 0; i < n.numInputs(); ++i)
    shape[*axis] = n.c.add(shape[*axis], n.input(i).shape[*axis]);
  Value result = n.c.empty(shape, first.kind);
  SmallVector<OpFoldResult> offsets(first.rank(), n.c.size(0)),
      strides(first.rank(), n.c.size(1));
  for (unsigned i = 0; i < n.numInputs(); ++i) {
    SmallVector<OpFoldResult> sizes = shape;
    sizes[*axis] = n.input(i).shape[*axis];
    Raised part = n.c.fromTensor(n.tensor(i), first.kind, sizes);
    result = tensor::InsertSliceOp::create(n.b, n.loc, part.tensor, result,
                                           offsets, sizes, strides);
    offsets[*axis] = n.c.add(offsets[*axis], sizes[*axis]);
  }
  return n.finish(n.c.fromTensor(result, first.kind, shape));
}

Raised slice(NodeContext &n, Raised &input, ArrayRef<OpFoldResult> offsets,
             Sizes sizes, ArrayRef<OpFoldResult> strides) {
  Value part = tensor::ExtractSliceOp::create(n.b, n.loc, n.c.tensor(input),
                                              offsets, sizes, strides);
  return n.c.fromTensor(part, input.kind, std::move(sizes));
}

LogicalResult raiseSplit(NodeContext &n) {
  Raised &input = n.input(0);
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
    std::optional<Sizes> given = n.c.elements(n.input(1));
    if (!given)
      return n.fail("the sizes of its parts are not known");
    parts = *given;
  } else {
    std::optional<int64_t> total = getConstantIntValue(input.shape[*axis]);
    if (!total)
      return n.fail("it splits an open dimension evenly");
    int64_t part = (*total + count - 1) / count;
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

/// Start, end and step of a slice of one dimension, as ONNX clamps them.
struct Span {
  OpFoldResult offset, size;
  int64_t step = 1;
};

FailureOr<Span> clampSpan(NodeContext &n, OpFoldResult extent,
                          OpFoldResult start, OpFoldResult end, int64_t step) {
  RaiseContext &c = n.c;
  std::optional<int64_t> size = getConstantIntValue(extent),
                         first = getConstantIntValue(start),
                         last = getConstantIntValue(end);
  Span span;
  span.step = step;
  if (size && first && last) {
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? *size : *size - 1;
    auto clamp = [&](int64_t x) {
      return std::clamp(x < 0 ? x + *size : x, low, high);
    };
    int64_t from =
        step > 0 ? clamp(*first)
                 : std::clamp<int64_t>(*first < 0 ? *first + *size : *first, 0,
                                       std::max<int64_t>(high, 0));
    int64_t to = clamp(*last);
    int64_t count =
        std::max<int64_t>(0, step > 0 ? (to - from + step - 1) / step
                                      : (from - to - step - 1) / -step);
    span.offset = c.size(count == 0 ? 0 : from);
    span.size = c.size(count);
    return span;
  }
  if (step <= 0) {
    n.reason = "a negative step over an open dimension is not supported";
    return failure();
  }
  OpBuilder &b = c.b;
  auto resolve = [&](OpFoldResult position,
                     std::optional<int64_t> number) -> OpFoldResult {
    if (position == extent || (number && *number >= (int64_t(1) << 31)))
      return extent;
    if (number && *number == 0)
      return position;
    Value value = c.value(position), whole = c.value(extent);
    if (number && *number < 0) {
      value = b.createOrFold<arith::AddIOp>(c.loc, value, whole);
      return getAsOpFoldResult(
          b.createOrFold<arith::MaxSIOp>(c.loc, value, c.value(c.size(0))));
    }
    if (!number && !size) {
      // A position computed from sizes may still be negative.
      Value zero = c.value(c.size(0));
      Value negative = b.createOrFold<arith::CmpIOp>(
          c.loc, arith::CmpIPredicate::slt, value, zero);
      Value wrapped = b.createOrFold<arith::AddIOp>(c.loc, value, whole);
      value = b.createOrFold<arith::SelectOp>(c.loc, negative, wrapped, value);
      value = b.createOrFold<arith::MaxSIOp>(c.loc, value, zero);
    }
    return getAsOpFoldResult(
        b.createOrFold<arith::MinSIOp>(c.loc, value, whole));
  };
  OpFoldResult from = resolve(start, first), to = resolve(end, last);
  span.offset = from;
  if (isConstantIntValue(from, 0) && step == 1) {
    span.size = to;
    return span;
  }
  Value length =
      b.createOrFold<arith::SubIOp>(c.loc, c.value(to), c.value(from));
  length = b.createOrFold<arith::MaxSIOp>(c.loc, length, c.value(c.size(0)));
  if (step != 1)
    length = b.createOrFold<arith::CeilDivSIOp>(c.loc, length,
                                                c.value(c.size(step)));
  span.size = getAsOpFoldResult(length);
  return span;
}

/// A dimension read backwards.
Raised reversed(NodeContext &n, Raised input, int64_t axis) {
  int64_t rank = input.rank();
  Value source = n.c.tensor(input);
  Value last = n.c.value(n.c.add(input.shape[axis], n.c.size(-1)));
  return n.c.elementwise(
      {}, input.shape, input.kind,
      [&](OpBuilder &b, Location loc, ValueRange) -> Value {
        SmallVector<Value> indices;
        for (int64_t d = 0; d < rank; ++d) {
          Value i = linalg::IndexOp::create(b, loc, d);
          indices.push_back(
              d == axis ? Value(arith::SubIOp::create(b, loc, last, i)) : i);
        }
        return tensor::ExtractOp::create(b, loc, source, indices);
      });
}

/// The elements of a slice, where all are known; `backwards` are the axes that
/// are read from their end.
std::optional<Raised> sliceElements(NodeContext &n, Raised &input,
                                    ArrayRef<OpFoldResult> offsets,
                                    ArrayRef<OpFoldResult> sizes,
                                    ArrayRef<OpFoldResult> strides,
                                    ArrayRef<int64_t> backwards) {
  std::optional<Sizes> elements = n.c.elements(input);
  std::optional<SmallVector<int64_t>> from = getConstantIntValues(offsets),
                                      count = getConstantIntValues(sizes),
                                      step = getConstantIntValues(strides),
                                      whole = getConstantIntValues(input.shape);
  if (!elements || !from || !count || !step || !whole)
    return std::nullopt;
  Sizes out;
  SmallVector<int64_t> index(input.rank(), 0);
  for (int64_t i = 0, total = ShapedType::getNumElements(*count); i < total;
       ++i) {
    int64_t position = 0;
    for (int64_t d = 0; d < input.rank(); ++d) {
      int64_t at = llvm::is_contained(backwards, d) ? (*count)[d] - 1 - index[d]
                                                    : index[d];
      position = position * (*whole)[d] + (*from)[d] + at * (*step)[d];
    }
    out.push_back((*elements)[position]);
    for (int64_t d = input.rank() - 1; d >= 0 && ++index[d] == (*count)[d]; --d)
      index[d] = 0;
  }
  return n.c.fromElements(out, input.kind, *count);
}

LogicalResult raiseSlice(NodeContext &n) {
  Raised &input = n.input(0);
  auto part = [&](StringRef name, unsigned i) -> std::optional<Sizes> {
    if (auto list = n.list(name)) {
      Sizes out;
      for (int64_t number : *list)
        out.push_back(n.c.size(number));
      return out;
    }
    return n.has(i) ? n.c.elements(n.input(i)) : std::nullopt;
  };
  std::optional<Sizes> starts = part("starts", 1), ends = part("ends", 2);
  if (!starts || !ends || starts->size() != ends->size())
    return n.fail("its bounds depend on data, not on sizes");
  SmallVector<int64_t> axes, steps(starts->size(), 1);
  if (n.hasAttr("axes") || n.has(3)) {
    auto given = n.listOrInput("axes", 3);
    if (!given)
      return n.fail("its axes are not constant");
    axes = *given;
  } else {
    axes = llvm::to_vector(llvm::seq<int64_t>(0, starts->size()));
  }
  if (n.has(4)) {
    auto given = n.c.integers(n.input(4));
    if (!given)
      return n.fail("its steps are not constant");
    steps = *given;
  }
  if (axes.size() != starts->size() || steps.size() != starts->size())
    return n.fail("its bounds, axes and steps differ in number");
  Sizes offsets(input.rank(), n.c.size(0)), sizes = input.shape,
                                            strides(input.rank(), n.c.size(1));
  SmallVector<std::pair<int64_t, Span>> backwards;
  for (unsigned i = 0; i < axes.size(); ++i) {
    FailureOr<int64_t> axis = n.normalAxis(axes[i], input.rank());
    if (failed(axis) || steps[i] == 0)
      return n.fail("an axis or a step is out of range");
    FailureOr<Span> span =
        clampSpan(n, input.shape[*axis], (*starts)[i], (*ends)[i], steps[i]);
    if (failed(span))
      return failure();
    if (span->step < 0) {
      // Take the range forwards from its last element, then turn it round.
      int64_t count = *getConstantIntValue(span->size),
              first = *getConstantIntValue(span->offset);
      backwards.push_back({*axis, *span});
      offsets[*axis] =
          n.c.size(count == 0 ? 0 : first + (count - 1) * span->step);
      sizes[*axis] = span->size;
      strides[*axis] = n.c.size(-span->step);
      continue;
    }
    offsets[*axis] = span->offset;
    sizes[*axis] = span->size;
    strides[*axis] = n.c.size(span->step);
  }
  // What is known element by element stays so.
  SmallVector<int64_t> turned;
  for (auto &[axis, span] : backwards)
    turned.push_back(axis);
  if (std::optional<Raised> known =
          sliceElements(n, input, offsets, sizes, strides, turned))
    return n.finish(*known);
  if (llvm::equal(sizes, input.shape) && backwards.empty())
    return n.finish(input);
  Raised result = slice(n, input, offsets, sizes, strides);
  for (auto &[axis, span] : backwards)
    result = reversed(n, result, axis);
  return n.finish(result);
}

LogicalResult raisePad(NodeContext &n) {
  Raised &input = n.input(0);
  StringRef mode = n.text("mode", "constant");
  std::optional<SmallVector<int64_t>> pads = n.listOrInput("pads", 1);
  if (!pads)
    return n.fail("its pads are not constant");
  SmallVector<int64_t> axes =
      llvm::to_vector(llvm::seq<int64_t>(0, input.rank()));
  if (n.has(3)) {
    auto given = n.c.integers(n.input(3));
    if (!given)
      return n.fail("its axes are not constant");
    axes = *given;
  }
  if (pads->size() != 2 * axes.size())
    return n.fail("its pads and axes differ in number");
  SmallVector<int64_t> low(input.rank(), 0), high(input.rank(), 0);
  for (unsigned i = 0; i < axes.size(); ++i) {
    FailureOr<int64_t> axis = n.normalAxis(axes[i], input.rank());
    if (failed(axis))
      return failure();
    low[*axis] = (*pads)[i];
    high[*axis] = (*pads)[i + axes.size()];
  }
  // A negative pad cuts; what is left is padded.
  Sizes offsets, kept, ones(input.rank(), n.c.size(1)), shape;
  bool cuts = false;
  for (int64_t d = 0; d < input.rank(); ++d) {
    offsets.push_back(n.c.size(std::max<int64_t>(0, -low[d])));
    kept.push_back(
        n.c.add(input.shape[d], n.c.size(std::min<int64_t>(0, low[d]) +
                                         std::min<int64_t>(0, high[d]))));
    cuts |= low[d] < 0 || high[d] < 0;
    low[d] = std::max<int64_t>(0, low[d]);
    high[d] = std::max<int64_t>(0, high[d]);
    shape.push_back(n.c.add(kept[d], n.c.size(low[d] + high[d])));
  }
  Raised source = cuts ? slice(n, input, offsets, kept, ones) : input;
  Value from = n.c.tensor(source);
  int64_t rank = input.rank();
  if (mode == "constant") {
    Value fill = n.c.zero(input.kind);
    if (n.has(2))
      fill = tensor::ExtractOp::create(
          n.b, n.loc, n.c.reshape(n.tensor(2), n.input(2).shape, {}),
          ValueRange());
    else if (n.hasAttr("value"))
      fill = n.c.constantOf(input.kind, n.number("value", 0));
    Value whole = n.c.filled(shape, fill, input.kind);
    Sizes at;
    for (int64_t pad : low)
      at.push_back(n.c.size(pad));
    Value padded =
        tensor::InsertSliceOp::create(n.b, n.loc, from, whole, at, kept, ones);
    return n.finish(n.c.fromTensor(padded, input.kind, shape));
  }
  if (mode != "reflect" && mode != "edge" && mode != "wrap")
    return n.fail("mode '" + mode + "' is not supported");
  return n.finish(n.c.elementwise(
      {}, shape, input.kind,
      [&](OpBuilder &b, Location loc, ValueRange) -> Value {
        SmallVector<Value> indices;
        auto number = [&](int64_t x) -> Value {
          return arith::ConstantIndexOp::create(b, loc, x);
        };
        for (int64_t d = 0; d < rank; ++d) {
          Value i = arith::SubIOp::create(
              b, loc, linalg::IndexOp::create(b, loc, d), number(low[d]));
          Value extent = getValueOrCreateConstantIndexOp(b, loc, kept[d]);
          Value last = arith::SubIOp::create(b, loc, extent, number(1));
          if (mode == "edge") {
            i = arith::MinSIOp::create(
                b, loc, arith::MaxSIOp::create(b, loc, i, number(0)), last);
          } else if (mode == "wrap") {
            i = arith::RemSIOp::create(
                b, loc, arith::AddIOp::create(b, loc, i, extent), extent);
          } else {
            Value mirrored = arith::MaxSIOp::create(
                b, loc, i, arith::SubIOp::create(b, loc, number(0), i));
            Value twice = arith::SubIOp::create(
                b, loc, arith::AddIOp::create(b, loc, last, last), mirrored);
            i = arith::MinSIOp::create(b, loc, mirrored, twice);
          }
          indices.push_back(i);
        }
        return tensor::ExtractOp::create(b, loc, from, indices);
      }));
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
  rules.add("Concat", raiseConcat);
  rules.add("Split", raiseSplit);
  rules.add("Slice", raiseSlice);
  rules.add("Pad", raisePad);
  rules.add("DepthToSpace", raiseDepthToSpace);
}
