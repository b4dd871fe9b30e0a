//===- QuantizedType.cpp - known scales of ONNX's quantisation --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizedType.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/Endian.h"
#include <limits>

using namespace mlir;
using namespace tfc::raise;

namespace {

/// The elements of a constant, which `read` makes of their bytes.
template <typename T, typename Read>
std::optional<SmallVector<T>> readAll(ElementsAttr constant, unsigned width,
                                      Read read) {
  SmallVector<T> values;
  if (auto dense = dyn_cast<DenseElementsAttr>(constant)) {
    if constexpr (std::is_same_v<T, double>)
      for (const APFloat &value : dense.getValues<APFloat>())
        values.push_back(value.convertToFloat());
    else
      for (const APInt &value : dense.getValues<APInt>())
        values.push_back(value.getSExtValue());
    return values;
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(constant);
  AsmResourceBlob *blob =
      resource ? resource.getRawHandle().getBlob() : nullptr;
  size_t count = constant.getNumElements();
  if (!blob || blob->getData().size() < count * width)
    return std::nullopt;
  for (size_t i = 0; i < count; ++i)
    values.push_back(read(blob->getData().data() + i * width));
  return values;
}

std::optional<SmallVector<double>> readScales(const Raised &scale,
                                              unsigned bits) {
  if (scale.kind != Float32 || !scale.constant)
    return std::nullopt;
  auto scales = readAll<double>(scale.constant, 4, [](const char *at) {
    return llvm::bit_cast<float>(llvm::support::endian::read32le(at));
  });
  // Beyond these, stored numbers times a scale leave f32's normal range; masks
  // of bytes reach its end.
  double most = bits == 8 ? std::numeric_limits<float>::max() / 255. : 1e30;
  if (scales && llvm::any_of(*scales, [most](double value) {
        return !(value > 1e-30 && value <= most);
      }))
    return std::nullopt;
  return scales;
}

std::optional<SmallVector<int64_t>> readZeros(const Raised &zero,
                                              unsigned bits) {
  if (!zero.constant)
    return std::nullopt;
  auto zeros =
      readAll<int64_t>(zero.constant, bits / 8, [bits](const char *at) {
        namespace endian = llvm::support::endian;
        return llvm::SignExtend64(bits == 8    ? uint64_t(uint8_t(*at))
                                  : bits == 16 ? endian::read16le(at)
                                               : endian::read32le(at),
                                  bits);
      });
  if (zeros && isUnsigned(zero.kind))
    for (int64_t &value : *zeros)
      value &= (int64_t(1) << bits) - 1;
  return zeros;
}

} // namespace

quant::QuantizedType
tfc::raise::constantQuantization(MLIRContext *context, int32_t kind,
                                 const Raised &scale, const Raised *zero,
                                 int64_t rank, int64_t axis) {
  unsigned bits = kind == Int8 || kind == UInt8     ? 8
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
  if (scales->size() == 1)
    return quant::UniformQuantizedType::get(flags, storage, expressed,
                                            scales->front(), zeros.front(),
                                            lowest, highest);
  if (axis < 0 || axis >= rank)
    return {};
  return quant::UniformQuantizedPerAxisType::get(
      flags, storage, expressed, *scales, zeros, axis, lowest, highest);
}
