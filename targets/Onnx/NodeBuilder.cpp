//===- NodeBuilder.cpp - builds onnx.node -----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NodeBuilder.h"

#include "tfc/Import/ElementTypes.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::toonnx;

RankedTensorType tfc::toonnx::tensorTypeFor(Type type) {
  ArrayRef<int64_t> shape;
  if (auto tensor = dyn_cast<RankedTensorType>(type)) {
    if (tensor.getEncoding())
      return nullptr;
    shape = tensor.getShape();
    type = tensor.getElementType();
  }
  if (type.isIndex())
    type = IntegerType::get(type.getContext(), 64);
  if (!type.isIntOrFloat())
    return nullptr;
  return RankedTensorType::get(shape, type);
}

/// The name that the file gave the node an operation came from.
static StringRef nodeName(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName();
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (StringRef name = nodeName(part); !name.empty())
        return name;
  return "";
}

tfc::onnx::NodeOp NodeBuilder::nodeOp(StringRef opType, ValueRange inputs,
                                      TypeRange results, Attributes attributes,
                                      ArrayRef<StringRef> subgraphs) {
  // What a loop carries is named even if nobody uses it.
  SmallVector<StringRef> outputs(results.size(),
                                 subgraphs.empty() ? "" : "result");
  OperationState state(loc, onnx::NodeOp::getOperationName());
  onnx::NodeOp::build(b, state, results, opType, "", toonnx::opset,
                      nodeName(loc), b.getDictionaryAttr(attributes),
                      b.getStrArrayAttr(outputs), b.getStrArrayAttr(subgraphs),
                      inputs, subgraphs.size());
  return llvm::cast<onnx::NodeOp>(b.create(state));
}

Value NodeBuilder::node(StringRef opType, ValueRange inputs, Type result,
                        Attributes attributes) {
  return nodeOp(opType, inputs, result, attributes).getOutputs()[0];
}

NamedAttribute NodeBuilder::integer(StringRef name, int64_t value) {
  return b.getNamedAttr(name, b.getI64IntegerAttr(value));
}

NamedAttribute NodeBuilder::integers(StringRef name, ArrayRef<int64_t> values) {
  return b.getNamedAttr(name, b.getDenseI64ArrayAttr(values));
}

Value NodeBuilder::absent() {
  return onnx::AbsentOp::create(b, loc, b.getNoneType());
}

Value NodeBuilder::constant(ElementsAttr value, StringRef name) {
  return onnx::InitializerOp::create(b, loc, value.getType(), name, value);
}

Value NodeBuilder::scalar(Type element, double value) {
  auto type = RankedTensorType::get({}, element);
  Attribute attr = isa<FloatType>(element)
                       ? Attribute(b.getFloatAttr(element, value))
                       : b.getIntegerAttr(element, static_cast<int64_t>(value));
  return constant(DenseElementsAttr::get(type, attr));
}

Value NodeBuilder::number(int64_t value) {
  auto type = RankedTensorType::get({}, b.getI64Type());
  return constant(DenseElementsAttr::get(type, ArrayRef<int64_t>(value)));
}

Value NodeBuilder::list(ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    b.getI64Type());
  return constant(DenseElementsAttr::get(type, values));
}

Value NodeBuilder::list(ArrayRef<OpFoldResult> sizes) {
  if (std::optional<SmallVector<int64_t>> known = getConstantIntValues(sizes))
    return list(*known);
  SmallVector<Value> parts;
  for (OpFoldResult size : sizes)
    parts.push_back(isa<Attribute>(size)
                        ? list({*getConstantIntValue(size)})
                        : unsqueeze(llvm::cast<Value>(size), {0}));
  return parts.size() == 1 ? parts[0] : concat(parts, 0);
}

Value NodeBuilder::elementwise(StringRef opType, ValueRange inputs,
                               Type element) {
  SmallVector<int64_t> shape;
  for (Value input : inputs) {
    ArrayRef<int64_t> other = typeOf(input).getShape();
    if (shape.size() < other.size())
      shape.insert(shape.begin(), other.size() - shape.size(), 1);
    for (size_t i = 1; i <= other.size(); ++i) {
      int64_t &size = shape[shape.size() - i];
      int64_t wanted = other[other.size() - i];
      // A known size above 1 is the result's, whatever the open one is.
      if (size == 1 || (ShapedType::isDynamic(size) && wanted != 1))
        size = wanted;
    }
  }
  if (!element)
    element = typeOf(inputs[0]).getElementType();
  return node(opType, inputs, RankedTensorType::get(shape, element));
}

Value NodeBuilder::cast(Value value, Type element) {
  if (typeOf(value).getElementType() == element)
    return value;
  return node("Cast", value, typeOf(value).clone(element),
              integer("to", elementTypeNumber(element)));
}

Value NodeBuilder::as(Value value, Type type) {
  return value.getType() == type ? value : node("Identity", value, type);
}

Value NodeBuilder::transpose(Value value, ArrayRef<int64_t> order) {
  if (llvm::is_sorted(order))
    return value;
  SmallVector<int64_t> shape;
  for (int64_t axis : order)
    shape.push_back(typeOf(value).getDimSize(axis));
  return node("Transpose", value, typeOf(value).clone(shape),
              integers("perm", order));
}

Value NodeBuilder::unsqueeze(Value value, ArrayRef<int64_t> axes) {
  if (axes.empty())
    return value;
  SmallVector<int64_t> shape(typeOf(value).getShape());
  for (int64_t axis : axes)
    shape.insert(shape.begin() + axis, 1);
  return node("Unsqueeze", {value, list(axes)}, typeOf(value).clone(shape));
}

Value NodeBuilder::squeeze(Value value, ArrayRef<int64_t> axes) {
  if (axes.empty())
    return value;
  SmallVector<int64_t> shape;
  for (auto [i, size] : llvm::enumerate(typeOf(value).getShape()))
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      shape.push_back(size);
  return node("Squeeze", {value, list(axes)}, typeOf(value).clone(shape));
}

SmallVector<int64_t> NodeBuilder::shapeOf(ArrayRef<OpFoldResult> sizes) {
  SmallVector<int64_t> shape;
  for (OpFoldResult size : sizes)
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  return shape;
}

Value NodeBuilder::expand(Value value, ArrayRef<OpFoldResult> sizes) {
  SmallVector<int64_t> shape = shapeOf(sizes);
  if (ArrayRef<int64_t>(shape) == typeOf(value).getShape() &&
      !ShapedType::isDynamicShape(shape))
    return value;
  return node("Expand", {value, list(sizes)}, typeOf(value).clone(shape));
}

Value NodeBuilder::reshape(Value value, ArrayRef<OpFoldResult> sizes) {
  SmallVector<int64_t> shape = shapeOf(sizes);
  if (ArrayRef<int64_t>(shape) == typeOf(value).getShape() &&
      llvm::count_if(shape, ShapedType::isDynamic) <= 1)
    return value;
  // One open size follows from the others, unless a size is 0.
  SmallVector<OpFoldResult> wanted(sizes);
  if (llvm::count_if(shape, ShapedType::isDynamic) == 1 &&
      !llvm::is_contained(shape, 0))
    *llvm::find_if(wanted, [](OpFoldResult s) { return isa<Value>(s); }) =
        size(-1);
  return node("Reshape", {value, list(wanted)}, typeOf(value).clone(shape),
              integer("allowzero", 1));
}

Value NodeBuilder::slice(Value value, int64_t axis, OpFoldResult start,
                         OpFoldResult end, int64_t step) {
  std::optional<int64_t> from = getConstantIntValue(start),
                         to = getConstantIntValue(end);
  int64_t whole = typeOf(value).getDimSize(axis);
  if (step == 1 && from == 0 && to && *to == whole)
    return value;
  SmallVector<int64_t> shape(typeOf(value).getShape());
  shape[axis] =
      from && to ? (*to - *from + step - 1) / step : ShapedType::kDynamic;
  return node("Slice",
              {value, list({start}), list({end}), list({axis}), list({step})},
              typeOf(value).clone(shape));
}

Value NodeBuilder::gather(Value value, Value indices, int64_t axis) {
  SmallVector<int64_t> shape(typeOf(value).getShape());
  ArrayRef<int64_t> inner = typeOf(indices).getShape();
  shape.erase(shape.begin() + axis);
  shape.insert(shape.begin() + axis, inner.begin(), inner.end());
  return node("Gather", {value, indices}, typeOf(value).clone(shape),
              integer("axis", axis));
}

Value NodeBuilder::concat(ValueRange values, int64_t axis) {
  if (values.size() == 1)
    return values[0];
  SmallVector<int64_t> shape(typeOf(values[0]).getShape());
  for (Value value : values.drop_front()) {
    for (auto [i, size] : llvm::enumerate(typeOf(value).getShape()))
      if (static_cast<int64_t>(i) == axis)
        shape[i] =
            ShapedType::isDynamic(shape[i]) || ShapedType::isDynamic(size)
                ? ShapedType::kDynamic
                : shape[i] + size;
      else if (ShapedType::isDynamic(shape[i]))
        shape[i] = size;
  }
  return node("Concat", values, typeOf(values[0]).clone(shape),
              integer("axis", axis));
}

Value NodeBuilder::reduce(StringRef opType, Value value, ArrayRef<int64_t> axes,
                          bool keep) {
  if (axes.empty())
    return value;
  SmallVector<int64_t> shape;
  for (auto [i, size] : llvm::enumerate(typeOf(value).getShape())) {
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      shape.push_back(size);
    else if (keep)
      shape.push_back(1);
  }
  return node(opType, {value, list(axes)}, typeOf(value).clone(shape),
              integer("keepdims", keep));
}

Value NodeBuilder::range(OpFoldResult count) {
  std::optional<int64_t> known = getConstantIntValue(count);
  auto type = RankedTensorType::get({known.value_or(ShapedType::kDynamic)},
                                    b.getI64Type());
  if (!known || *known > (1 << 20))
    return node("Range", {number(0), value(count), number(1)}, type);
  return list(
      ArrayRef<int64_t>(llvm::to_vector(llvm::seq<int64_t>(0, *known))));
}

Value NodeBuilder::undefined(ArrayRef<OpFoldResult> sizes, Type element) {
  auto one = RankedTensorType::get({1}, element);
  Attribute zero = b.getZeroAttr(element);
  return node("ConstantOfShape", list(sizes),
              RankedTensorType::get(shapeOf(sizes), element),
              b.getNamedAttr("value", DenseElementsAttr::get(one, zero)));
}

OpFoldResult NodeBuilder::size(Value tensor, int64_t dim) {
  int64_t known = typeOf(tensor).getDimSize(dim);
  if (!ShapedType::isDynamic(known))
    return size(known);
  auto one = RankedTensorType::get({1}, b.getI64Type());
  Value part = node("Shape", tensor, one,
                    {integer("end", dim + 1), integer("start", dim)});
  return squeeze(part, {0});
}

Sizes NodeBuilder::sizes(Value tensor) {
  Sizes all;
  for (int64_t i = 0; i < typeOf(tensor).getRank(); ++i)
    all.push_back(size(tensor, i));
  return all;
}

Value NodeBuilder::value(OpFoldResult size) {
  if (auto known = dyn_cast<Value>(size))
    return known;
  return number(*getConstantIntValue(size));
}

OpFoldResult NodeBuilder::add(OpFoldResult x, OpFoldResult y) {
  std::optional<int64_t> a = getConstantIntValue(x), c = getConstantIntValue(y);
  if (a && c)
    return size(*a + *c);
  if (a == 0)
    return y;
  if (c == 0)
    return x;
  return elementwise("Add", {value(x), value(y)});
}

OpFoldResult NodeBuilder::multiply(OpFoldResult x, OpFoldResult y) {
  std::optional<int64_t> a = getConstantIntValue(x), c = getConstantIntValue(y);
  if (a && c)
    return size(*a * *c);
  if (a == 1)
    return y;
  if (c == 1)
    return x;
  return elementwise("Mul", {value(x), value(y)});
}
