//===- CalibrationData.cpp - inputs that stand for all others ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CalibrationData.h"

#include <cmath>
#include <cstring>

using namespace mlir;
using namespace tfc;

llvm::Error CalibrationData::read(StringRef path) {
  file = path.str();
  std::string error = run::readNpz(file, arrays);
  if (!error.empty())
    return llvm::createStringError("calibration data '" + file + "': " + error);
  return llvm::Error::success();
}

static std::string shapeText(ArrayRef<int64_t> sizes) {
  std::string text = "[";
  for (auto [i, size] : llvm::enumerate(sizes))
    text += (i ? ", " : "") +
            (ShapedType::isDynamic(size) ? "?" : std::to_string(size));
  return text + "]";
}

static bool fits(ArrayRef<int64_t> sizes, ArrayRef<int64_t> shape) {
  return sizes.size() == shape.size() &&
         llvm::all_of(llvm::zip(sizes, shape), [](auto pair) {
           auto [size, known] = pair;
           return ShapedType::isDynamic(known) || size == known;
         });
}

template <typename T>
static int64_t firstNotFinite(const run::Array &array) {
  for (int64_t i = 0, end = array.elements(); i < end; ++i) {
    T value;
    std::memcpy(&value, &array.data[i * sizeof(T)], sizeof(T));
    if constexpr (std::is_floating_point_v<T>) {
      if (!std::isfinite(value))
        return i;
    } else {
      // Half precision, or bfloat16: all bits of the exponent.
      T exponent = array.type == TFC_FLOAT16 ? 0x7c00 : 0x7f80;
      if ((value & exponent) == exponent)
        return i;
    }
  }
  return -1;
}

static int64_t firstNotFinite(const run::Array &array) {
  switch (array.type) {
  case TFC_FLOAT32:
    return firstNotFinite<float>(array);
  case TFC_FLOAT64:
    return firstNotFinite<double>(array);
  case TFC_FLOAT16:
  case TFC_BFLOAT16:
    return firstNotFinite<uint16_t>(array);
  default:
    return -1;
  }
}

/// The type of an argument that does not say it.
static int32_t typeOf(Type element) {
  if (element.isF32())
    return TFC_FLOAT32;
  if (element.isF16())
    return TFC_FLOAT16;
  if (element.isF64())
    return TFC_FLOAT64;
  if (element.isBF16())
    return TFC_BFLOAT16;
  switch (element.getIntOrFloatBitWidth()) {
  case 1:
    return TFC_BOOL;
  case 8:
    return TFC_INT8;
  case 16:
    return TFC_INT16;
  case 32:
    return TFC_INT32;
  default:
    return TFC_INT64;
  }
}

llvm::Error CalibrationData::matchInput(StringRef name, int32_t type,
                                        RankedTensorType shape) {
  auto fail = [&](const Twine &what) {
    return llvm::createStringError("calibration data '" + file + "': input '" +
                                   name + "' " + what);
  };
  auto found = arrays.find(name.str());
  if (found == arrays.end()) {
    std::string names;
    for (const auto &[known, array] : arrays)
      names += (names.empty() ? "'" : ", '") + known + "'";
    return fail("is missing; the file has " +
                (names.empty() ? "no arrays" : names));
  }
  run::Array &array = found->second;
  if (!run::storedAlike(array.type, type))
    return fail(Twine("is ") + run::typeName(type) + ", not " +
                run::typeName(array.type));
  array.type = type;
  ArrayRef<int64_t> sizes(array.dims), known = shape.getShape();
  Input input{&array, array.dims, 1};
  bool isMany = sizes.size() == known.size() && !known.empty() &&
                !ShapedType::isDynamic(known[0]) && known[0] > 0 &&
                sizes[0] % known[0] == 0 &&
                fits(sizes.drop_front(), known.drop_front());
  if (isMany) {
    input.samples = sizes[0] / known[0];
    input.dims[0] = known[0];
  } else if (!sizes.empty() && fits(sizes.drop_front(), known)) {
    input.samples = sizes[0];
    input.dims.erase(input.dims.begin());
  } else if (!fits(sizes, known)) {
    return fail("has shape " + shapeText(known) + ", which " +
                shapeText(sizes) +
                " is not, nor with samples in a dimension before it or in a "
                "multiple of its first size");
  }
  if (array.elements() == 0 || input.samples == 0)
    return fail("is empty: " + shapeText(sizes));
  if (int64_t at = firstNotFinite(array); at >= 0)
    return fail("has NaN or infinity, the first as element " + Twine(at));
  inputs.push_back(std::move(input));
  return llvm::Error::success();
}

llvm::Error CalibrationData::open(StringRef path, func::FuncOp function) {
  if (llvm::Error error = read(path))
    return error;
  return match(function);
}

llvm::Error CalibrationData::match(func::FuncOp function) {
  inputs.clear();
  for (BlockArgument argument : function.getArguments()) {
    unsigned number = argument.getArgNumber();
    auto shape = dyn_cast<RankedTensorType>(argument.getType());
    auto name = function.getArgAttrOfType<StringAttr>(number, "tfc.name");
    auto type = function.getArgAttrOfType<IntegerAttr>(number, "tfc.type");
    std::string called =
        name ? name.getValue().str() : "input" + std::to_string(number);
    if (!shape || !shape.getElementType().isIntOrFloat())
      return llvm::createStringError("input '" + called +
                                     "' is no tensor of numbers");
    if (llvm::Error error = matchInput(
            called, type ? type.getInt() : typeOf(shape.getElementType()),
            shape))
      return error;
  }
  for (const Input &input : inputs)
    numSamples = std::max(numSamples, input.samples);
  for (auto [i, input] : llvm::enumerate(inputs)) {
    if (input.samples == 1 || input.samples == numSamples)
      continue;
    return llvm::createStringError(
        "calibration data '" + file + "': an input has " + Twine(numSamples) +
        " samples, input " + Twine(i) + " has " + Twine(input.samples) +
        "; expected as many, or one for all");
  }
  return llvm::Error::success();
}

std::vector<llvm::SmallVector<int64_t>> CalibrationData::shapes() const {
  std::vector<llvm::SmallVector<int64_t>> all;
  for (const Input &input : inputs)
    all.emplace_back(input.dims.begin(), input.dims.end());
  return all;
}

std::vector<tfc_tensor> CalibrationData::sample(int64_t i) {
  std::vector<tfc_tensor> tensors;
  for (Input &input : inputs) {
    size_t bytes = input.array->data.size() / input.samples;
    int64_t at = input.samples == 1 ? 0 : i * stride;
    tensors.push_back({input.array->data.data() + at * bytes, input.dims.data(),
                       static_cast<int32_t>(input.dims.size()),
                       input.array->type});
  }
  return tensors;
}
