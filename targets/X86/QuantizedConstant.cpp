//===- QuantizedConstant.cpp - constants in integers ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizedConstant.h"

#include "tfc/Dialect/Attn/ConstantElements.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::x86;

bool QuantizedConstant::readParameters(Type quantized) {
  auto integer = [&](const APInt &zero, bool isSigned) {
    return isSigned ? zero.getSExtValue() : int64_t(zero.getZExtValue());
  };
  blocks.assign(shape().begin(), shape().end());
  if (auto one = dyn_cast<quant::UniformQuantizedType>(quantized)) {
    scales = {static_cast<float>(one.getScale())};
    zeroPoints = {one.getZeroPoint()};
  } else if (auto slices =
                 dyn_cast<quant::UniformQuantizedPerAxisType>(quantized)) {
    blocks[slices.getQuantizedDimension()] = 1;
    scales.assign(slices.getScales().begin(), slices.getScales().end());
    zeroPoints.assign(slices.getZeroPoints().begin(),
                      slices.getZeroPoints().end());
  } else {
    auto parts = cast<quant::UniformQuantizedSubChannelType>(quantized);
    for (auto [dim, size] : parts.getBlockSizeInfo())
      blocks[dim] = std::min(size, shape()[dim]);
    auto values = parts.getScales().getValues<float>();
    scales.assign(values.begin(), values.end());
    for (const APInt &zero : parts.getZeroPoints().getValues<APInt>())
      zeroPoints.push_back(integer(zero, parts.isSigned()));
  }
  for (int64_t &zero : zeroPoints)
    zero -= shift;
  return llvm::all_of(zeroPoints,
                      [](int64_t zero) { return zero >= -128 && zero <= 127; });
}

std::optional<QuantizedConstant> QuantizedConstant::of(Value value) {
  auto op = value.getDefiningOp<attn::DequantizeOp>();
  ElementsAttr stored;
  if (!op || !matchPattern(op.getX(), m_Constant(&stored)) ||
      !stored.getElementType().isInteger(8))
    return std::nullopt;
  QuantizedConstant constant;
  constant.type = cast<RankedTensorType>(op.getX().getType());
  if (constant.type.getRank() != 2 || constant.type.getNumElements() == 0)
    return std::nullopt;
  std::optional<std::vector<int8_t>> integers =
      attn::constantElements<int8_t>(stored);
  if (!integers)
    return std::nullopt;
  constant.integers = std::move(*integers);
  auto quantized = cast<quant::QuantizedType>(op.getQuantizedType());
  constant.width = quantized.getStorageTypeIntegralWidth();
  if (constant.width != 4)
    constant.width = 8;
  if (!quantized.isSigned())
    constant.shift = int64_t(1) << (constant.width - 1);
  if (!constant.readParameters(quantized))
    return std::nullopt;
  return constant;
}

bool QuantizedConstant::hasZeroPoints() const {
  return llvm::any_of(zeroPoints, [](int64_t zero) { return zero != 0; });
}

int8_t QuantizedConstant::integer(int64_t row, int64_t column) const {
  int8_t stored = integers[row * shape()[1] + column];
  return static_cast<int8_t>(
      (shift ? int64_t(static_cast<uint8_t>(stored)) : int64_t(stored)) -
      shift);
}

std::optional<std::vector<float>> tfc::x86::constantRow(Value value) {
  ElementsAttr stored;
  if (matchPattern(value, m_Constant(&stored)))
    return attn::constantElements<float>(stored);
  auto op = value.getDefiningOp<attn::DequantizeOp>();
  if (!op || !matchPattern(op.getX(), m_Constant(&stored)) ||
      !stored.getElementType().isInteger(32))
    return std::nullopt;
  std::optional<std::vector<int32_t>> integers =
      attn::constantElements<int32_t>(stored);
  SmallVector<double> scales;
  SmallVector<int64_t> zeros;
  if (auto one = dyn_cast<quant::UniformQuantizedType>(op.getQuantizedType())) {
    scales = {one.getScale()};
    zeros = {one.getZeroPoint()};
  } else if (auto slices = dyn_cast<quant::UniformQuantizedPerAxisType>(
                 op.getQuantizedType())) {
    scales.assign(slices.getScales().begin(), slices.getScales().end());
    zeros.assign(slices.getZeroPoints().begin(), slices.getZeroPoints().end());
  }
  if (!integers || scales.empty())
    return std::nullopt;
  std::vector<float> numbers;
  for (auto [i, integer] : llvm::enumerate(*integers)) {
    size_t slice = scales.size() == 1 ? 0 : i;
    // The difference in 32 bits, as attn.dequantize has it.
    auto difference = static_cast<int32_t>(static_cast<uint32_t>(integer) -
                                           static_cast<uint32_t>(zeros[slice]));
    numbers.push_back(static_cast<float>(difference) *
                      static_cast<float>(scales[slice]));
  }
  return numbers;
}
