//===- RaiseSlice.cpp - slices and pads -------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Indexing.h"
#include "RaiseContext.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace tfc::raise;

Raised tfc::raise::slice(NodeContext &n, Raised &input,
                         ArrayRef<OpFoldResult> offsets, Sizes sizes,
                         ArrayRef<OpFoldResult> strides) {
  Value part = tensor::ExtractSliceOp::create(n.b, n.loc, n.c.tensor(input),
                                              offsets, sizes, strides);
  return n.c.fromTensor(part, input.kind, std::move(sizes));
}

namespace {

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

/// Where the elements of a slice's result lie along one dimension.
struct RuntimeSpan {
  Value start, step;
  OpFoldResult count;
};

/// Bounds of one dimension as ONNX clamps them, computed when the call runs.
RuntimeSpan clampAtRuntime(NodeContext &n, OpFoldResult extent,
                           OpFoldResult first, OpFoldResult last, Value step) {
  ImplicitLocOpBuilder b(n.loc, n.b);
  using P = arith::CmpIPredicate;
  Value size = n.c.value(extent), zero = n.c.value(n.c.size(0)),
        one = n.c.value(n.c.size(1));
  n.c.require(arith::CmpIOp::create(b, P::ne, step, zero),
              n.describe() + ": a step is 0");
  Value backwards = arith::CmpIOp::create(b, P::slt, step, zero);
  Value high = arith::SelectOp::create(
      b, backwards, arith::SubIOp::create(b, size, one), size);
  Value low =
      arith::SelectOp::create(b, backwards, n.c.value(n.c.size(-1)), zero);
  auto resolve = [&](OpFoldResult bound, Value least) -> Value {
    Value x = n.c.value(bound);
    Value negative = arith::CmpIOp::create(b, P::slt, x, zero);
    x = arith::SelectOp::create(b, negative, arith::AddIOp::create(b, x, size),
                                x);
    x = arith::MinSIOp::create(b, x, high);
    return arith::MaxSIOp::create(b, x, least);
  };
  Value from = resolve(first, zero), to = resolve(last, low);
  Value distance =
      arith::SelectOp::create(b, backwards, arith::SubIOp::create(b, from, to),
                              arith::SubIOp::create(b, to, from));
  Value stride = arith::SelectOp::create(
      b, backwards, arith::SubIOp::create(b, zero, step), step);
  // Nothing divides by a step of 0, which the check above refuses.
  stride = arith::MaxSIOp::create(b, stride, one);
  Value count = arith::MaxSIOp::create(
      b, arith::CeilDivSIOp::create(b, distance, stride), zero);
  return {from, step, count};
}

/// A slice whose bounds, axes or steps are read when the call runs.
LogicalResult raiseSliceOfData(NodeContext &n) {
  Raised input = n.input(0);
  std::optional<Sizes> starts = n.scalars(1), ends = n.scalars(2), axes, steps;
  if (!starts || !ends || starts->size() != ends->size())
    return n.fail("the number of its bounds is not known");
  if (n.has(3))
    axes = n.scalars(3);
  if (n.has(4))
    steps = n.scalars(4);
  if ((n.has(3) && (!axes || axes->size() != starts->size())) ||
      (n.has(4) && (!steps || steps->size() != starts->size())))
    return n.fail("its bounds, axes and steps differ in number");
  SmallVector<RuntimeSpan> spans;
  for (OpFoldResult size : input.shape)
    spans.push_back({n.c.value(n.c.size(0)), n.c.value(n.c.size(1)), size});
  auto choose = [&](Value here, Value yes, Value no) {
    return n.b.createOrFold<arith::SelectOp>(n.loc, here, yes, no);
  };
  for (unsigned i = 0; i < starts->size(); ++i) {
    Value axis = n.runtimeAxis(axes ? (*axes)[i] : n.c.size(i), input.rank());
    Value step = n.c.value(steps ? (*steps)[i] : n.c.size(1));
    std::optional<int64_t> known = getConstantIntValue(axis);
    for (int64_t d = 0; d < input.rank(); ++d) {
      if (known && *known != d)
        continue;
      RuntimeSpan span =
          clampAtRuntime(n, input.shape[d], (*starts)[i], (*ends)[i], step);
      Value here = n.b.createOrFold<arith::CmpIOp>(
          n.loc, arith::CmpIPredicate::eq, axis, n.c.value(n.c.size(d)));
      spans[d].start = choose(here, span.start, spans[d].start);
      spans[d].step = choose(here, span.step, spans[d].step);
      spans[d].count =
          choose(here, n.c.value(span.count), n.c.value(spans[d].count));
    }
  }
  std::optional<Sizes> stated = n.declared();
  if (stated && static_cast<int64_t>(stated->size()) != input.rank())
    return n.fail("the model states another rank for its output");
  Sizes shape;
  for (int64_t d = 0; d < input.rank(); ++d) {
    OpFoldResult count = spans[d].count;
    if (stated) {
      n.requireEqual(count, (*stated)[d],
                     "it gives other sizes than the model states");
      count = (*stated)[d];
    } else if (count != input.shape[d]) {
      count = arith::MinUIOp::create(n.b, n.loc, n.c.value(count),
                                     n.c.value(input.shape[d]))
                  .getResult();
    }
    shape.push_back(count);
  }
  Value source = n.c.tensor(input);
  return n.finish(n.c.elementwise(
      {}, shape, input.kind,
      [&](OpBuilder &b, Location loc, ValueRange) -> Value {
        SmallVector<Value> index;
        for (int64_t d = 0; d < input.rank(); ++d)
          index.push_back(arith::AddIOp::create(
              b, loc, spans[d].start,
              arith::MulIOp::create(b, loc, linalg::IndexOp::create(b, loc, d),
                                    spans[d].step)));
        return tensor::ExtractOp::create(b, loc, source, index);
      }));
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
  auto isKnown = [&](unsigned i) {
    return !n.has(i) || n.c.integers(n.input(i)).has_value();
  };
  if (!starts || !ends || !isKnown(3) || !isKnown(4))
    return raiseSliceOfData(n);
  if (starts->size() != ends->size())
    return n.fail("its starts and ends differ in number");
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
    // Of one element nothing can be cut off but itself; that it stays is worth
    // knowing, for then it broadcasts.
    if (isConstantIntValue(input.shape[*axis], 1) &&
        !getConstantIntValue(span->size)) {
      n.requireEqual(span->size, n.c.size(1),
                     "it leaves nothing of a dimension of size 1");
      *span = {n.c.size(0), n.c.size(1), 1};
    }
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

/// The position inside of `extent` that position `i` around it repeats.
Value mirrorInto(OpBuilder &b, Location loc, StringRef mode, Value i,
                 Value extent) {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0),
        one = arith::ConstantIndexOp::create(b, loc, 1);
  Value last = arith::SubIOp::create(b, loc, extent, one);
  if (mode == "edge")
    return arith::MinSIOp::create(
        b, loc, arith::MaxSIOp::create(b, loc, i, zero), last);
  if (mode == "wrap")
    return arith::RemSIOp::create(
        b, loc, arith::AddIOp::create(b, loc, i, extent), extent);
  Value mirrored =
      arith::MaxSIOp::create(b, loc, i, arith::SubIOp::create(b, loc, zero, i));
  Value twice = arith::SubIOp::create(
      b, loc, arith::AddIOp::create(b, loc, last, last), mirrored);
  return arith::MinSIOp::create(b, loc, mirrored, twice);
}

/// The value around what is padded.
Value padding(NodeContext &n) {
  int32_t kind = n.input(0).kind;
  if (n.has(2))
    return tensor::ExtractOp::create(
        n.b, n.loc, n.c.reshape(n.tensor(2), n.input(2).shape, {}),
        ValueRange());
  return n.hasAttr("value") ? n.c.constantOf(kind, n.number("value", 0))
                            : n.c.zero(kind);
}

/// Pads that are read when the call runs; the model states the result's sizes.
LogicalResult raisePadOfData(NodeContext &n, StringRef mode) {
  Raised input = n.input(0);
  std::optional<Sizes> shape = n.declared(), pads, axes;
  if (shape && n.has(1))
    pads = n.scalars(1);
  if (n.has(3))
    axes = n.scalars(3);
  int64_t rank = input.rank();
  if (!pads || static_cast<int64_t>(shape->size()) != rank)
    return n.fail("its pads depend on data, and the model states no sizes for "
                  "its output");
  size_t count = axes ? axes->size() : rank;
  if ((n.has(3) && !axes) || pads->size() != 2 * count)
    return n.fail("its pads and axes differ in number");
  if (mode != "constant" && mode != "reflect" && mode != "edge" &&
      mode != "wrap")
    return n.fail("mode '" + mode + "' is not supported");
  OpBuilder &b = n.b;
  Value zero = n.c.value(n.c.size(0));
  SmallVector<Value> low(rank, zero), high(rank, zero);
  for (size_t i = 0; i < count; ++i) {
    Value axis = n.runtimeAxis(axes ? (*axes)[i] : n.c.size(i), rank);
    for (int64_t d = 0; d < rank; ++d) {
      Value here = b.createOrFold<arith::CmpIOp>(
          n.loc, arith::CmpIPredicate::eq, axis, n.c.value(n.c.size(d)));
      low[d] = b.createOrFold<arith::SelectOp>(n.loc, here,
                                               n.c.value((*pads)[i]), low[d]);
      high[d] = b.createOrFold<arith::SelectOp>(
          n.loc, here, n.c.value((*pads)[i + count]), high[d]);
    }
  }
  for (int64_t d = 0; d < rank; ++d) {
    OpFoldResult whole = n.c.add(n.c.add(input.shape[d], low[d]), high[d]);
    n.requireEqual(whole, (*shape)[d],
                   "its pads do not give the sizes that the model states");
    if (mode == "constant")
      continue;
    for (Value pad : {low[d], high[d]})
      n.c.require(
          arith::CmpIOp::create(b, n.loc, arith::CmpIPredicate::sge, pad, zero),
          n.describe() + ": a pad is negative in mode " + mode);
  }
  Value source = n.c.tensor(input),
        fill = mode == "constant" ? padding(n) : Value();
  return n.finish(n.c.elementwise(
      {}, *shape, input.kind,
      [&](OpBuilder &b, Location loc, ValueRange) -> Value {
        SmallVector<Value> index;
        Value inside;
        for (int64_t d = 0; d < rank; ++d) {
          Value i = arith::SubIOp::create(
              b, loc, linalg::IndexOp::create(b, loc, d), low[d]);
          Value extent =
              getValueOrCreateConstantIndexOp(b, loc, input.shape[d]);
          if (mode == "constant") {
            Value here = arith::CmpIOp::create(
                b, loc, arith::CmpIPredicate::ult, i, extent);
            inside =
                inside ? arith::AndIOp::create(b, loc, inside, here).getResult()
                       : here;
            i = mirrorInto(b, loc, "edge", i, extent);
          } else {
            i = mirrorInto(b, loc, mode, i, extent);
          }
          index.push_back(i);
        }
        if (!inside)
          return tensor::ExtractOp::create(b, loc, source, index);
        // Nothing is read of an empty input.
        auto choice = scf::IfOp::create(
            b, loc, inside,
            [&](OpBuilder &b, Location loc) {
              Value element = tensor::ExtractOp::create(b, loc, source, index);
              scf::YieldOp::create(b, loc, element);
            },
            [&](OpBuilder &b, Location loc) {
              scf::YieldOp::create(b, loc, fill);
            });
        return choice.getResult(0);
      }));
}

LogicalResult raisePad(NodeContext &n) {
  Raised &input = n.input(0);
  StringRef mode = n.text("mode", "constant");
  std::optional<SmallVector<int64_t>> pads = n.listOrInput("pads", 1);
  if (!pads || (n.has(3) && !n.c.integers(n.input(3))))
    return raisePadOfData(n, mode);
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
    Value whole = n.c.filled(shape, padding(n), input.kind);
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
          i = mirrorInto(b, loc, mode, i, extent);
          indices.push_back(i);
        }
        return tensor::ExtractOp::create(b, loc, from, indices);
      }));
}

/// Sizes that are read when the call runs are those that the model states;
/// ONNX's function body does the rest.
LogicalResult raiseCenterCropPad(NodeContext &n) {
  Raised &wanted = n.input(1);
  std::optional<Sizes> stated = n.declared();
  int64_t rank = n.input(0).rank();
  if (n.c.elements(wanted) || !stated ||
      static_cast<int64_t>(stated->size()) != rank)
    return failure();
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (auto given = n.list("axes"))
    axes = *given;
  std::optional<Sizes> found = n.scalars(1);
  if (!found || found->size() != axes.size())
    return n.fail("its axes and sizes differ in number");
  Sizes sizes;
  for (auto [axis, size] : llvm::zip(axes, *found)) {
    FailureOr<int64_t> normal = n.normalAxis(axis, rank);
    if (failed(normal))
      return failure();
    sizes.push_back((*stated)[*normal]);
    n.requireEqual(size, sizes.back(),
                   "its sizes are not those that the model states for its "
                   "output");
  }
  wanted.elements = sizes;
  return failure();
}

} // namespace

void tfc::raise::populateSliceRules(RuleSet &rules) {
  rules.add("CenterCropPad", raiseCenterCropPad);
  rules.add("Slice", raiseSlice);
  rules.add("Pad", raisePad);
}
