//===- RaiseShape.cpp - shapes and what only changes them -------*- C++ -*-===//
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
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include <cmath>

using namespace mlir;
using namespace tfc::raise;

namespace {

/// The same elements in another shape.
LogicalResult finishReshaped(NodeContext &n, Raised &input, Sizes shape) {
  Raised result;
  result.kind = input.kind;
  std::optional<Sizes> elements = n.c.elements(input);
  bool isStatic = llvm::all_of(
      shape, [](OpFoldResult s) { return getConstantIntValue(s).has_value(); });
  if (elements && isStatic) {
    result.elements = elements;
    result.shape = std::move(shape);
    return n.finish(result);
  }
  if (auto resource =
          dyn_cast_if_present<DenseResourceElementsAttr>(input.constant);
      resource && isStatic) {
    // A weight in another shape is the same weight.
    auto type = cast<RankedTensorType>(resource.getType());
    SmallVector<int64_t> dims;
    for (OpFoldResult size : shape)
      dims.push_back(*getConstantIntValue(size));
    result.constant = DenseResourceElementsAttr::get(
        RankedTensorType::get(dims, type.getElementType()),
        resource.getRawHandle());
    result.shape = std::move(shape);
    return n.finish(result);
  }
  Value tensor = n.c.reshape(n.c.tensor(input), input.shape, shape);
  return n.finish(n.c.fromTensor(tensor, input.kind, std::move(shape)));
}

LogicalResult raiseIdentity(NodeContext &n) { return n.finish(n.input(0)); }

LogicalResult raiseDropout(NodeContext &n) {
  if (n.has(2)) {
    std::optional<SmallVector<int64_t>> training = n.c.integers(n.input(2));
    if (!training || training->front() != 0)
      return n.fail("its training_mode is not a constant false; only inference "
                    "is supported");
  }
  if (n.isUsed(1)) {
    if (n.node.getOpset() < 10)
      return n.fail("its mask is used, which is not of booleans before opset "
                    "10");
    // Nothing is dropped.
    Value yes = arith::ConstantOp::create(n.b, n.loc, n.b.getBoolAttr(true));
    Sizes shape = n.input(0).shape;
    n.c.set(n.node.getResult(1),
            n.c.fromTensor(n.c.filled(shape, yes, Bool), Bool, shape));
  }
  return n.finish(n.input(0));
}

LogicalResult raiseConstant(NodeContext &n) {
  DictionaryAttr attrs = n.node.getNodeAttrs();
  Raised result;
  auto list = [&](Sizes elements, int32_t kind, bool scalar) {
    int64_t count = elements.size();
    return n.finish(n.c.fromElements(std::move(elements), kind,
                                     scalar ? ArrayRef<int64_t>()
                                            : ArrayRef<int64_t>(count)));
  };
  if (auto integer = attrs.getAs<IntegerAttr>("value_int"))
    return list({n.c.size(integer.getInt())}, Int64, true);
  if (auto real = attrs.getAs<FloatAttr>("value_float"))
    return list({OpFoldResult(real)}, Float32, true);
  if (auto integers = attrs.getAs<DenseI64ArrayAttr>("value_ints")) {
    Sizes elements;
    for (int64_t value : integers.asArrayRef())
      elements.push_back(n.c.size(value));
    return list(elements, Int64, false);
  }
  if (auto reals = attrs.getAs<DenseF32ArrayAttr>("value_floats")) {
    Sizes elements;
    for (float value : reals.asArrayRef())
      elements.push_back(n.b.getF32FloatAttr(value));
    return list(elements, Float32, false);
  }
  auto value = attrs.getAs<ElementsAttr>("value");
  if (!value)
    return n.fail("only its dense numeric forms are supported");
  result.constant = value;
  result.kind =
      kindOfElement(cast<RankedTensorType>(value.getType()).getElementType());
  if (result.kind == 0)
    return n.fail("its element type is not supported");
  for (int64_t dim : cast<RankedTensorType>(value.getType()).getShape())
    result.shape.push_back(n.c.size(dim));
  return n.finish(result);
}

LogicalResult raiseShape(NodeContext &n) {
  Raised &input = n.input(0);
  int64_t rank = input.rank();
  auto bound = [&](int64_t position) {
    return std::clamp<int64_t>(position < 0 ? position + rank : position, 0,
                               rank);
  };
  int64_t start = bound(n.integer("start", 0)),
          end = bound(n.integer("end", rank));
  Sizes elements;
  for (int64_t i = start; i < end; ++i)
    elements.push_back(input.shape[i]);
  int64_t count = elements.size();
  return n.finish(n.c.fromElements(std::move(elements), Int64, {count}));
}

LogicalResult raiseSize(NodeContext &n) {
  return n.finish(n.c.fromElements({n.c.product(n.input(0).shape)}, Int64, {}));
}

/// The sizes that the model states for a reshape whose shape is read when the
/// call runs; there they are compared.
std::optional<Sizes> shapeFromData(NodeContext &n, bool allowZero) {
  Raised &input = n.input(0);
  std::optional<Sizes> expected = n.declared(), found;
  if (expected)
    found = n.scalars(1);
  if (!found || found->size() != expected->size())
    return std::nullopt;
  auto equals = [&](OpFoldResult a, OpFoldResult d) -> Value {
    return arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::eq,
                                 n.c.value(a), n.c.value(d));
  };
  auto either = [&](Value a, Value d) -> Value {
    return arith::OrIOp::create(n.b, n.loc, a, d);
  };
  for (auto [i, pair] : llvm::enumerate(llvm::zip(*expected, *found))) {
    auto [size, value] = pair;
    Value ok = either(equals(value, size), equals(value, n.c.size(-1)));
    if (!allowZero && static_cast<int64_t>(i) < input.rank())
      ok = either(ok,
                  arith::AndIOp::create(n.b, n.loc, equals(value, n.c.size(0)),
                                        equals(input.shape[i], size)));
    n.c.require(ok, n.describe() + ": its shape is not the one that the model "
                                   "states for its output");
  }
  if (!n.c.sameProduct(input.shape, *expected))
    n.requireEqual(n.c.product(input.shape), n.c.product(*expected),
                   "its input and its shape differ in the number of elements");
  return expected;
}

LogicalResult raiseReshape(NodeContext &n) {
  Raised &input = n.input(0);
  std::optional<Sizes> target;
  if (n.hasAttr("shape")) {
    target.emplace();
    SmallVector<int64_t> given = *n.list("shape");
    for (int64_t size : given)
      target->push_back(n.c.size(size));
  } else {
    target = n.c.elements(n.input(1));
  }
  bool allowZero = n.integer("allowzero", 0) != 0;
  if (!target) {
    std::optional<Sizes> shape = shapeFromData(n, allowZero);
    return shape ? finishReshaped(n, input, *shape)
                 : n.fail("its shape depends on data, and the model states no "
                          "sizes for its output");
  }
  Sizes shape, known;
  std::optional<unsigned> inferred;
  for (auto [i, size] : llvm::enumerate(*target)) {
    std::optional<int64_t> number = getConstantIntValue(size);
    if (number && *number == 0 && !allowZero) {
      if (i >= input.shape.size())
        return n.fail("dimension " + Twine(i) +
                      " is copied from an input of rank " +
                      Twine(input.rank()));
      size = input.shape[i];
    }
    if (number && *number == -1) {
      if (inferred)
        return n.fail("two of its dimensions are -1");
      inferred = i;
    } else if (number && *number < -1) {
      return n.fail("dimension " + Twine(*number) + " is negative");
    } else {
      known.push_back(size);
    }
    shape.push_back(size);
  }
  if (inferred)
    shape[*inferred] = n.c.quotient(input.shape, known);
  if (!n.c.sameProduct(input.shape, shape)) {
    OpFoldResult from = n.c.product(input.shape), to = n.c.product(shape);
    std::optional<int64_t> a = getConstantIntValue(from),
                           d = getConstantIntValue(to);
    if (a && d)
      return n.fail("its input has " + Twine(*a) + " elements, its shape " +
                    Twine(*d));
    Value equal = arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::eq,
                                        n.c.value(from), n.c.value(to));
    n.c.require(
        equal,
        n.describe() +
            ": its input and its shape differ in the number of elements");
  }
  return finishReshaped(n, input, shape);
}

LogicalResult raiseFlatten(NodeContext &n) {
  Raised &input = n.input(0);
  int64_t axis = n.integer("axis", 1);
  if (axis < 0)
    axis += input.rank();
  if (axis < 0 || axis > input.rank())
    return n.fail("its axis lies outside the rank");
  ArrayRef<OpFoldResult> shape(input.shape);
  return finishReshaped(n, input,
                        {n.c.product(shape.take_front(axis)),
                         n.c.product(shape.drop_front(axis))});
}

/// Squeeze and Unsqueeze whose axes are read when the call runs: the model
/// states the result's sizes, and each axis must be a 1 in `longer`, the longer
/// one of the two shapes.
LogicalResult raiseWithRuntimeAxes(NodeContext &n, Sizes longer) {
  Raised &input = n.input(0);
  std::optional<Sizes> shape = n.declared(), axes = n.scalars(1);
  if (!shape || !axes)
    return n.fail("its axes depend on data, and the model states no sizes for "
                  "its output");
  size_t shorter = std::min<size_t>(input.rank(), shape->size());
  if (shorter + axes->size() != longer.size() ||
      !n.c.sameProduct(input.shape, *shape))
    return n.fail("the sizes that the model states for its output do not fit");
  for (OpFoldResult axis : *axes) {
    Value at = n.runtimeAxis(axis, longer.size()), size = n.c.value(longer[0]);
    for (size_t d = 1; d < longer.size(); ++d) {
      Value here = arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::eq,
                                         at, n.c.value(n.c.size(d)));
      size =
          arith::SelectOp::create(n.b, n.loc, here, n.c.value(longer[d]), size);
    }
    n.requireEqual(size, n.c.size(1),
                   "an axis is not where the model's sizes have a 1");
  }
  return finishReshaped(n, input, *shape);
}

LogicalResult raiseSqueeze(NodeContext &n) {
  Raised &input = n.input(0);
  SmallVector<bool> drop(input.rank(), false);
  if (n.hasAttr("axes") || n.has(1)) {
    auto axes = n.listOrInput("axes", 1);
    if (!axes)
      return raiseWithRuntimeAxes(n, input.shape);
    for (int64_t axis : *axes) {
      FailureOr<int64_t> position = n.normalAxis(axis, input.rank());
      if (failed(position))
        return failure();
      if (std::optional<int64_t> size =
              getConstantIntValue(input.shape[*position]);
          size && *size != 1)
        return n.fail("dimension " + Twine(axis) + " has size " + Twine(*size) +
                      ", not 1");
      drop[*position] = true;
    }
  } else {
    for (int64_t i = 0; i < input.rank(); ++i) {
      std::optional<int64_t> size = getConstantIntValue(input.shape[i]);
      if (!size)
        return n.fail("it names no axes, and dimension " + Twine(i) +
                      " is open");
      drop[i] = *size == 1;
    }
  }
  Sizes shape;
  for (int64_t i = 0; i < input.rank(); ++i) {
    if (!drop[i]) {
      shape.push_back(input.shape[i]);
    } else if (!getConstantIntValue(input.shape[i])) {
      Value one = arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::eq,
                                        n.c.value(input.shape[i]),
                                        n.c.value(n.c.size(1)));
      n.c.require(one, n.describe() + ": a squeezed dimension is not 1");
    }
  }
  return finishReshaped(n, input, shape);
}

LogicalResult raiseUnsqueeze(NodeContext &n) {
  Raised &input = n.input(0);
  auto axes = n.listOrInput("axes", 1);
  if (!axes) {
    std::optional<Sizes> shape = n.declared();
    return raiseWithRuntimeAxes(n, shape ? *shape : Sizes());
  }
  int64_t rank = input.rank() + axes->size();
  SmallVector<bool> isNew(rank, false);
  for (int64_t axis : *axes) {
    FailureOr<int64_t> position = n.normalAxis(axis, rank);
    if (failed(position))
      return failure();
    isNew[*position] = true;
  }
  Sizes shape;
  unsigned next = 0;
  for (int64_t i = 0; i < rank; ++i)
    shape.push_back(isNew[i] ? n.c.size(1) : input.shape[next++]);
  return finishReshaped(n, input, shape);
}

/// `input` repeated to `shape`, to which it broadcasts.
Raised broadcastTo(NodeContext &n, Raised input, Sizes shape) {
  SmallVector<Raised> operands = {std::move(input)};
  return n.c.elementwise(
      operands, std::move(shape), operands[0].kind,
      [](OpBuilder &, Location, ValueRange v) { return v[0]; });
}

LogicalResult raiseExpand(NodeContext &n) {
  std::optional<Sizes> target = n.listedSizes(1, /*broadcasts=*/true);
  if (!target)
    return n.fail(
        "its shape depends on data, and the model states no sizes for "
        "its output");
  Raised wanted;
  wanted.shape = *target;
  SmallVector<Raised> operands = {n.input(0), wanted};
  FailureOr<Sizes> shape = n.broadcast(operands);
  if (failed(shape))
    return failure();
  if (llvm::equal(*shape, n.input(0).shape))
    return n.finish(n.input(0));
  std::optional<Sizes> elements = n.c.elements(n.input(0));
  if (elements && elements->size() == 1) {
    OpFoldResult count = n.c.product(*shape);
    if (std::optional<int64_t> number = getConstantIntValue(count);
        number && *number <= maxElements) {
      SmallVector<int64_t> dims;
      for (OpFoldResult size : *shape)
        dims.push_back(*getConstantIntValue(size));
      return n.finish(n.c.fromElements(Sizes(*number, elements->front()),
                                       n.input(0).kind, dims));
    }
  }
  return n.finish(broadcastTo(n, n.input(0), *shape));
}

LogicalResult raiseConstantOfShape(NodeContext &n) {
  std::optional<Sizes> shape = n.listedSizes(0);
  if (!shape)
    return n.fail(
        "its shape depends on data, and the model states no sizes for "
        "its output");
  Raised fill;
  if (auto value = n.node.getNodeAttrs().getAs<ElementsAttr>("value")) {
    fill.kind =
        kindOfElement(cast<RankedTensorType>(value.getType()).getElementType());
    fill.constant = value;
    fill.shape = {n.c.size(1)};
  } else {
    fill = n.c.fromElements({n.b.getF32FloatAttr(0)}, Float32, {1});
  }
  if (fill.kind == 0)
    return n.fail("its element type is not supported");
  OpFoldResult count = n.c.product(*shape);
  std::optional<int64_t> number = getConstantIntValue(count);
  std::optional<Sizes> element = n.c.elements(fill);
  if (number && *number <= maxElements && element) {
    SmallVector<int64_t> dims;
    for (OpFoldResult size : *shape)
      dims.push_back(*getConstantIntValue(size));
    return n.finish(
        n.c.fromElements(Sizes(*number, element->front()), fill.kind, dims));
  }
  Value scalar = tensor::ExtractOp::create(n.b, n.loc, n.c.tensor(fill),
                                           n.c.value(n.c.size(0)));
  return n.finish(
      n.c.fromTensor(n.c.filled(*shape, scalar, fill.kind), fill.kind, *shape));
}

/// A range whose bounds are read when the call runs, or are real: constants
/// give its length, else the model must state it.
LogicalResult raiseRangeOfData(NodeContext &n) {
  int32_t kind = n.input(0).kind;
  OpBuilder &b = n.b;
  Location loc = n.loc;
  Value parts[3];
  std::optional<double> numbers[3];
  for (unsigned i = 0; i < 3; ++i) {
    Raised &part = n.input(i);
    if (auto known = n.c.elements(part); known && known->size() == 1)
      if (auto real = dyn_cast_if_present<FloatAttr>(
              dyn_cast<Attribute>(known->front())))
        numbers[i] = real.getValueAsDouble();
    parts[i] = tensor::ExtractOp::create(
        b, loc, n.c.reshape(n.c.tensor(part), part.shape, {}), ValueRange());
  }
  std::optional<Sizes> shape = n.declared();
  if (numbers[0] && numbers[1] && numbers[2] && *numbers[2] != 0) {
    shape = Sizes{n.c.size(std::max<int64_t>(
        0, std::ceil((*numbers[1] - *numbers[0]) / *numbers[2])))};
  } else if (shape && shape->size() == 1) {
    // In double precision, as ONNX's definition counts.
    Value wide[3];
    for (unsigned i = 0; i < 3; ++i) {
      if (!isFloat(kind))
        wide[i] = arith::SIToFPOp::create(b, loc, b.getF64Type(), parts[i]);
      else
        wide[i] = parts[i].getType().isF64()
                      ? parts[i]
                      : arith::ExtFOp::create(b, loc, b.getF64Type(), parts[i])
                            .getResult();
    }
    Value steps = arith::DivFOp::create(
        b, loc, arith::SubFOp::create(b, loc, wide[1], wide[0]), wide[2]);
    Value count = arith::MaximumFOp::create(
        b, loc, math::CeilOp::create(b, loc, steps), n.c.zero(Float64));
    Value expected =
        n.c.constantOf(Float64, *getConstantIntValue(shape->front()));
    n.c.require(arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, count,
                                      expected),
                n.describe() + ": its length is not the one that the model "
                               "states for its output");
  } else {
    return n.fail("its length depends on data, and the model states none for "
                  "its output");
  }
  return n.finish(n.c.elementwise(
      {}, *shape, kind, [&](OpBuilder &b, Location loc, ValueRange) -> Value {
        Type type = n.c.elementType(kind);
        Value i = arith::IndexCastOp::create(
            b, loc, b.getI64Type(),
            linalg::IndexOp::create(b, loc, 0).getResult());
        if (isFloat(kind)) {
          i = arith::SIToFPOp::create(b, loc, type, i);
          return arith::AddFOp::create(
              b, loc, parts[0], arith::MulFOp::create(b, loc, i, parts[2]));
        }
        if (!type.isInteger(64))
          i = arith::TruncIOp::create(b, loc, type, i);
        return arith::AddIOp::create(
            b, loc, parts[0], arith::MulIOp::create(b, loc, i, parts[2]));
      }));
}

LogicalResult raiseRange(NodeContext &n) {
  std::optional<Sizes> start = n.c.elements(n.input(0)),
                       limit = n.c.elements(n.input(1)),
                       delta = n.c.elements(n.input(2));
  int32_t kind = n.input(0).kind;
  if (!start || !limit || !delta || isFloat(kind))
    return raiseRangeOfData(n);
  std::optional<int64_t> first = getConstantIntValue(start->front()),
                         last = getConstantIntValue(limit->front()),
                         step = getConstantIntValue(delta->front());
  if (!step || *step == 0)
    return n.fail("its step must be a constant other than 0");
  if (first && last) {
    int64_t count = std::max<int64_t>(
        0, (*last - *first + *step + (*step > 0 ? -1 : 1)) / *step);
    if (count <= maxElements) {
      Sizes elements;
      for (int64_t i = 0; i < count; ++i)
        elements.push_back(n.c.size(*first + i * *step));
      return n.finish(n.c.fromElements(elements, kind, {count}));
    }
  }
  OpFoldResult count = limit->front();
  if (!first || *first != 0) {
    Value difference = n.b.createOrFold<arith::SubIOp>(
        n.loc, n.c.value(limit->front()), n.c.value(start->front()));
    count = getAsOpFoldResult(difference);
  }
  if (*step != 1) {
    Value stepValue = n.c.value(n.c.size(*step));
    count = getAsOpFoldResult(n.b.createOrFold<arith::CeilDivSIOp>(
        n.loc, n.c.value(count), stepValue));
  }
  Value base = arith::IndexCastOp::create(n.b, n.loc, n.c.elementType(kind),
                                          n.c.value(start->front()));
  Value increment = n.c.constantOf(kind, *step);
  Type type = n.c.elementType(kind);
  return n.finish(n.c.elementwise(
      {}, {count}, kind, [&](OpBuilder &b, Location loc, ValueRange) -> Value {
        Value i = arith::IndexCastOp::create(
            b, loc, type, linalg::IndexOp::create(b, loc, 0).getResult());
        return arith::AddIOp::create(
            b, loc, base, arith::MulIOp::create(b, loc, i, increment));
      }));
}

/// Tile as a broadcast: [a, b] by [r, s] is [r, a, s, b].
LogicalResult raiseTile(NodeContext &n) {
  Raised &input = n.input(0);
  std::optional<Sizes> repeats = n.c.elements(n.input(1)), whole = n.declared();
  if (!repeats && whole && static_cast<int64_t>(whole->size()) == input.rank())
    if (std::optional<Sizes> found = n.scalars(1);
        found && found->size() == whole->size()) {
      for (int64_t d = 0; d < input.rank(); ++d) {
        OpFoldResult expected = n.c.quotient({(*whole)[d]}, {input.shape[d]});
        n.requireEqual(
            (*found)[d], expected,
            "its repeats do not give the sizes that the model states "
            "for its output");
        (*found)[d] = expected;
      }
      repeats = found;
    }
  if (!repeats || static_cast<int64_t>(repeats->size()) != input.rank())
    return n.fail("its repeats depend on data, and the model states no sizes "
                  "for its output");
  Sizes split, spread, shape;
  for (auto [size, times] : llvm::zip(input.shape, *repeats)) {
    split.append({n.c.size(1), size});
    spread.append({times, size});
    shape.push_back(n.c.multiply(size, times));
  }
  Raised expanded = n.c.fromTensor(
      n.c.reshape(n.c.tensor(input), input.shape, split), input.kind, split);
  Raised repeated = broadcastTo(n, expanded, spread);
  return n.finish(n.c.fromTensor(n.c.reshape(repeated.tensor, spread, shape),
                                 input.kind, shape));
}

} // namespace

void tfc::raise::populateShapeRules(RuleSet &rules) {
  rules.add("Identity", raiseIdentity);
  rules.add("Dropout", raiseDropout);
  rules.add("Constant", raiseConstant);
  rules.add("Shape", raiseShape);
  rules.add("Size", raiseSize);
  rules.add("Reshape", [](NodeContext &n) {
    if (failed(raiseReshape(n)))
      return failure();
    std::optional<Raised> turned = recogniseRope(n);
    return turned ? n.finish(*turned) : success();
  });
  rules.add("Flatten", raiseFlatten);
  rules.add("Squeeze", raiseSqueeze);
  rules.add("Unsqueeze", raiseUnsqueeze);
  rules.add("Expand", raiseExpand);
  rules.add("ConstantOfShape", raiseConstantOfShape);
  rules.add("Range", raiseRange);
  rules.add("Tile", raiseTile);
}
