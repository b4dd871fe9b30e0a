//===- RealConstant.cpp - constants of a quantised graph --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RealConstant.h"
#include "../KernelConstants.h"
#include "ElementFunction.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Dialect/Attn/ConstantElements.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::m7;

/// Beyond these, constants are not computed here.
static constexpr int64_t mostElements = 1 << 18;

bool RealConstant::isUniform() const { return llvm::all_equal(values); }

static std::optional<std::vector<double>> floatsOf(ElementsAttr constant) {
  auto values = attn::constantElements<float>(constant);
  if (!values)
    return std::nullopt;
  return std::vector<double>(values->begin(), values->end());
}

static std::vector<int32_t> integersOf(ElementsAttr constant, bool isSigned) {
  switch (constant.getElementType().getIntOrFloatBitWidth()) {
  case 8: {
    std::vector<int32_t> wide;
    for (int8_t value : elementsOf<int8_t>(constant))
      wide.push_back(isSigned ? value : static_cast<uint8_t>(value));
    return wide;
  }
  case 32:
    return elementsOf<int32_t>(constant);
  default:
    return {};
  }
}

static std::optional<RealConstant> dequantized(attn::DequantizeOp op) {
  ElementsAttr constant;
  if (!matchPattern(op.getX(), m_Constant(&constant)))
    return std::nullopt;
  auto type = cast<quant::QuantizedType>(op.getQuantizedType());
  // No kernel takes a scale for each block.
  if (isa<quant::UniformQuantizedSubChannelType>(type))
    return std::nullopt;
  RealConstant result;
  result.integers = integersOf(constant, type.isSigned());
  if (result.integers.empty())
    return std::nullopt;
  result.shape.assign(constant.getShapedType().getShape().begin(),
                      constant.getShapedType().getShape().end());
  SmallVector<double> scales;
  SmallVector<int64_t> zeros;
  int64_t inner = result.integers.size();
  if (auto one = dyn_cast<quant::UniformQuantizedType>(type)) {
    scales.push_back(one.getScale());
    zeros.push_back(one.getZeroPoint());
  } else {
    auto many = cast<quant::UniformQuantizedPerAxisType>(type);
    scales.assign(many.getScales().begin(), many.getScales().end());
    zeros.assign(many.getZeroPoints().begin(), many.getZeroPoints().end());
    inner = 1;
    for (int64_t size :
         ArrayRef(result.shape).drop_front(many.getQuantizedDimension() + 1))
      inner *= size;
  }
  for (size_t i = 0; i < result.integers.size(); ++i) {
    size_t slice = scales.size() == 1 ? 0 : (i / inner) % scales.size();
    result.scales.push_back(scales[slice]);
    result.zeros.push_back(zeros[slice]);
    result.values.push_back(
        static_cast<float>(result.integers[i] - zeros[slice]) *
        static_cast<float>(scales[slice]));
  }
  return result;
}

/// `values` of shape `from`, its dimensions in the order `permutation`.
template <typename T>
static std::vector<T> permuted(const std::vector<T> &values,
                               ArrayRef<int64_t> from,
                               ArrayRef<int64_t> permutation) {
  if (values.empty())
    return {};
  int64_t rank = from.size();
  SmallVector<int64_t> strides(rank, 1);
  for (int64_t d = rank - 1; d > 0; --d)
    strides[d - 1] = strides[d] * from[d];
  std::vector<T> result;
  result.reserve(values.size());
  SmallVector<int64_t> at(rank, 0);
  for (size_t i = 0; i < values.size(); ++i) {
    int64_t offset = 0;
    for (int64_t d = 0; d < rank; ++d)
      offset += at[d] * strides[permutation[d]];
    result.push_back(values[offset]);
    for (int64_t d = rank - 1; d >= 0; --d) {
      if (++at[d] < from[permutation[d]])
        break;
      at[d] = 0;
    }
  }
  return result;
}

std::optional<float> tfc::m7::realNumber(Value real) {
  FloatAttr number;
  if (matchPattern(real, m_Constant(&number)))
    return static_cast<float>(number.getValueAsDouble());
  auto extract = real.getDefiningOp<tensor::ExtractOp>();
  std::optional<RealConstant> constant =
      extract ? realConstant(extract.getTensor()) : std::nullopt;
  if (!constant || constant->values.empty() || !constant->isUniform())
    return std::nullopt;
  return static_cast<float>(constant->values[0]);
}

static std::optional<RealConstant> filled(linalg::FillOp op,
                                          ArrayRef<int64_t> shape) {
  std::optional<float> number = realNumber(op.getInputs()[0]);
  if (!number || ShapedType::getNumElements(shape) > mostElements)
    return std::nullopt;
  RealConstant result;
  result.shape.assign(shape.begin(), shape.end());
  result.values.assign(ShapedType::getNumElements(shape), *number);
  return result;
}

static int64_t offsetOf(ArrayRef<int64_t> index, ArrayRef<int64_t> shape) {
  int64_t offset = 0;
  for (auto [size, i] : llvm::zip(shape, index))
    offset = offset * size + i;
  return offset;
}

/// Counts `at` through `sizes`, the last one fastest.
static void advance(MutableArrayRef<int64_t> at, ArrayRef<int64_t> sizes) {
  for (int64_t d = sizes.size() - 1; d >= 0; --d) {
    if (++at[d] < sizes[d])
      return;
    at[d] = 0;
  }
}

/// One constant in another, as padding is.
static std::optional<RealConstant> inserted(tensor::InsertSliceOp op) {
  std::optional<RealConstant> whole = realConstant(op.getDest());
  std::optional<RealConstant> part =
      whole ? realConstant(op.getSource()) : std::nullopt;
  if (!part || part->shape.size() != whole->shape.size() ||
      !op.hasUnitStride() ||
      llvm::any_of(op.getStaticOffsets(), ShapedType::isDynamic))
    return std::nullopt;
  SmallVector<int64_t> at(part->shape.size(), 0);
  for (double value : part->values) {
    SmallVector<int64_t> place;
    for (auto [i, offset] : llvm::zip(at, op.getStaticOffsets()))
      place.push_back(i + offset);
    whole->values[offsetOf(place, whole->shape)] = value;
    advance(at, part->shape);
  }
  whole->integers.clear();
  whole->scales.clear();
  whole->zeros.clear();
  return whole;
}

/// What loops over constants give: how many elements of an image a window has.
static std::optional<RealConstant> computed(linalg::GenericOp op,
                                            ArrayRef<int64_t> shape) {
  SmallVector<int64_t> sizes = op.getStaticLoopRanges(), at(sizes.size(), 0);
  if (op.getNumResults() != 1 || llvm::any_of(sizes, ShapedType::isDynamic) ||
      ShapedType::getNumElements(sizes) > mostElements)
    return std::nullopt;
  SmallVector<RealConstant> operands;
  for (OpOperand &operand : op->getOpOperands()) {
    operands.emplace_back();
    if (op.payloadUsesValueFromOperand(&operand)) {
      std::optional<RealConstant> constant = realConstant(operand.get());
      if (!constant)
        return std::nullopt;
      operands.back() = std::move(*constant);
    }
  }
  RealConstant result;
  result.shape.assign(shape.begin(), shape.end());
  result.values = operands.back().values;
  result.values.resize(ShapedType::getNumElements(shape), 0);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (int64_t n = ShapedType::getNumElements(sizes); n > 0; --n) {
    SmallVector<float> arguments;
    int64_t to = offsetOf(maps.back().compose(at), shape);
    for (auto [operand, map] : llvm::zip(operands, maps))
      arguments.push_back(
          operand.values.empty()
              ? 0.0f
              : static_cast<float>(
                    operand.values[offsetOf(map.compose(at), operand.shape)]));
    arguments.back() = static_cast<float>(result.values[to]);
    std::optional<float> value = evaluateBody(*op.getBody(), arguments);
    if (!value)
      return std::nullopt;
    result.values[to] = *value;
    advance(at, sizes);
  }
  return result;
}

std::optional<RealConstant> tfc::m7::realConstant(Value real) {
  auto type = dyn_cast<RankedTensorType>(real.getType());
  if (!type || !type.getElementType().isF32() || !type.hasStaticShape())
    return std::nullopt;
  ElementsAttr constant;
  if (matchPattern(real, m_Constant(&constant))) {
    std::optional<std::vector<double>> values = floatsOf(constant);
    if (!values)
      return std::nullopt;
    RealConstant result;
    result.shape.assign(type.getShape().begin(), type.getShape().end());
    result.values = std::move(*values);
    return result;
  }
  Operation *op = real.getDefiningOp();
  if (auto dequantize = dyn_cast_or_null<attn::DequantizeOp>(op))
    return dequantized(dequantize);
  if (isa_and_nonnull<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op)) {
    std::optional<RealConstant> source = realConstant(op->getOperand(0));
    if (source)
      source->shape.assign(type.getShape().begin(), type.getShape().end());
    return source;
  }
  if (auto fill = dyn_cast_or_null<linalg::FillOp>(op))
    return filled(fill, type.getShape());
  if (auto insert = dyn_cast_or_null<tensor::InsertSliceOp>(op))
    return inserted(insert);
  if (auto generic = dyn_cast_or_null<linalg::GenericOp>(op))
    return computed(generic, type.getShape());
  if (auto transpose = dyn_cast_or_null<linalg::TransposeOp>(op)) {
    std::optional<RealConstant> source = realConstant(transpose.getInput());
    if (!source)
      return std::nullopt;
    ArrayRef<int64_t> permutation = transpose.getPermutation();
    RealConstant result;
    result.values = permuted(source->values, source->shape, permutation);
    result.integers = permuted(source->integers, source->shape, permutation);
    result.scales = permuted(source->scales, source->shape, permutation);
    result.zeros = permuted(source->zeros, source->shape, permutation);
    result.shape.assign(type.getShape().begin(), type.getShape().end());
    return result;
  }
  return std::nullopt;
}
