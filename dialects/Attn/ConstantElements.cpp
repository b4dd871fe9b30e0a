//===- ConstantElements.cpp - the numbers of constants ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Dialect/Attn/ConstantElements.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/Endian.h"

using namespace mlir;

/// Weights may lie at any address of a mapped file.
template <typename T>
static T readElement(const char *at) {
  namespace endian = llvm::support::endian;
  if constexpr (std::is_same_v<T, float>)
    return llvm::bit_cast<float>(endian::read32le(at));
  else
    return endian::read<T, llvm::endianness::little>(at);
}

template <typename T>
std::optional<std::vector<T>>
tfc::attn::constantElements(ElementsAttr constant) {
  std::vector<T> values;
  values.reserve(constant.getNumElements());
  if (auto dense = dyn_cast<DenseElementsAttr>(constant)) {
    if constexpr (std::is_same_v<T, float>) {
      for (const APFloat &value : dense.getValues<APFloat>())
        values.push_back(value.convertToFloat());
    } else {
      for (const APInt &value : dense.getValues<APInt>())
        values.push_back(static_cast<T>(value.getSExtValue()));
    }
    return values;
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(constant);
  AsmResourceBlob *blob =
      resource ? resource.getRawHandle().getBlob() : nullptr;
  size_t count = constant.getNumElements();
  if (!blob || blob->getData().size() < count * sizeof(T))
    return std::nullopt;
  for (size_t i = 0; i < count; ++i)
    values.push_back(readElement<T>(blob->getData().data() + i * sizeof(T)));
  return values;
}

template std::optional<std::vector<float>>
    tfc::attn::constantElements(ElementsAttr);
template std::optional<std::vector<int8_t>>
    tfc::attn::constantElements(ElementsAttr);
template std::optional<std::vector<int16_t>>
    tfc::attn::constantElements(ElementsAttr);
template std::optional<std::vector<int32_t>>
    tfc::attn::constantElements(ElementsAttr);
template std::optional<std::vector<int64_t>>
    tfc::attn::constantElements(ElementsAttr);
