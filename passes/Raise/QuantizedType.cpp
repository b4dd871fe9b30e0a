//===- QuantizedType.cpp - known scales of ONNX's quantisation --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizedType.h"

#include "tfc/Dialect/Attn/ConstantElements.h"

#include <limits>

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

std::optional<SmallVector<double>> readScales(const Raised &scale,
                                              unsigned bits) {
  if (scale.kind != Float32 || !scale.constant)
    return std::nullopt;
  auto elements = attn::constantElements<float>(scale.constant);
  if (!elements)
    return std::nullopt;
  SmallVector<double> scales(elements->begin(), elements->end());
  // Beyond these, stored numbers times a scale leave f32's normal range; masks
  // of bytes reach its end.
  double most = bits <= 8 ? std::numeric_limits<float>::max() / 255. : 1e30;
  if (llvm::any_of(scales, [most](double value) {
        return !(value > 1e-30 && value <= most);
      }))
    return std::nullopt;
  return scales;
}

template <typename T>
std::optional<SmallVector<int64_t>> widened(ElementsAttr constant) {
  auto elements = attn::constantElements<T>(constant);
  if (!elements)
    return std::nullopt;
  return SmallVector<int64_t>(elements->begin(), elements->end());
}

std::optional<SmallVector<int64_t>> readZeros(const Raised &zero,
                                              unsigned bits) {
  if (!zero.constant)
    return std::nullopt;
  auto zeros = bits <= 8    ? widened<int8_t>(zero.constant)
               : bits == 16 ? widened<int16_t>(zero.constant)
                            : widened<int32_t>(zero.constant);
  if (zeros && isUnsigned(zero.kind))
    for (int64_t &value : *zeros)
      value &= (int64_t(1) << bits) - 1;
  return zeros;
}

} // namespace

/// `flags`, `storage`, `lowest` and `highest` are as of all quantised types.
static quant::QuantizedType
blockedType(unsigned flags, IntegerType storage, const Raised &scale,
            ArrayRef<double> scales, ArrayRef<int64_t> zeros, int64_t axis,
            int64_t block, int64_t lowest, int64_t highest) {
  Type real = Float32Type::get(storage.getContext());
  SmallVector<int64_t> shape;
  SmallVector<int32_t> dims;
  SmallVector<int64_t> sizes(scale.rank(), 1);
  for (int64_t d = 0; d < scale.rank(); ++d) {
    std::optional<int64_t> size = getConstantIntValue(scale.shape[d]);
    if (!size)
      return {};
    shape.push_back(*size);
    dims.push_back(d);
  }
  sizes[axis] = block;
  SmallVector<float> numbers(scales);
  SmallVector<APInt> points;
  for (int64_t zero : zeros)
    points.push_back(APInt(storage.getWidth(), zero, /*isSigned=*/true, true));
  return quant::UniformQuantizedSubChannelType::get(
      flags, storage, real,
      DenseElementsAttr::get(RankedTensorType::get(shape, real),
                             ArrayRef(numbers)),
      DenseElementsAttr::get(RankedTensorType::get(shape, storage), points),
      dims, sizes, lowest, highest);
}

quant::QuantizedType
tfc::raise::constantQuantization(MLIRContext *context, int32_t kind,
                                 const Raised &scale, const Raised *zero,
                                 int64_t rank, int64_t axis, int64_t block) {
  unsigned bits = kind == Int4 || kind == UInt4     ? 4
                  : kind == Int8 || kind == UInt8   ? 8
                  : kind == Int16 || kind == UInt16 ? 16
                  : kind == Int32                   ? 32
                                                    : 0;
  std::optional<SmallVector<double>> scales = readScales(scale, bits);
  if (bits == 0 || !scales || scales->empty())
    return {};
  SmallVector<int64_t> zeros(scales->size(), 0);
  if (zero) {
    std::optional<SmallVector<int64_t>> known = readZeros(*zero, bits);
    if (!known || (known->size() != 1 && known->size() != zeros.size()))
      return {};
    if (known->size() == 1)
      zeros.assign(zeros.size(), known->front());
    else
      zeros = *known;
  }
  bool hasSign = !isUnsigned(kind);
  auto storage = IntegerType::get(context, bits);
  auto expressed = Float32Type::get(context);
  int64_t lowest =
      quant::QuantizedType::getDefaultMinimumForInteger(hasSign, bits);
  int64_t highest =
      quant::QuantizedType::getDefaultMaximumForInteger(hasSign, bits);
  unsigned flags = hasSign ? quant::QuantizationFlags::Signed : 0;
  if (block > 0)
    return blockedType(flags, storage, scale, *scales, zeros, axis, block,
                       lowest, highest);
  if (scales->size() == 1)
    return quant::UniformQuantizedType::get(flags, storage, expressed,
                                            scales->front(), zeros.front(),
                                            lowest, highest);
  if (axis < 0 || axis >= rank)
    return {};
  return quant::UniformQuantizedPerAxisType::get(
      flags, storage, expressed, *scales, zeros, axis, lowest, highest);
}
