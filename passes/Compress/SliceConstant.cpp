//===- SliceConstant.cpp - some indices of constants ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SliceConstant.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

/// Above it constants are resources, which are not parsed and printed as text
/// and not uniqued byte by byte.
static constexpr size_t bytesInText = 256;

/// `bytes`, the elements of `type` row by row, as a constant.
static ElementsAttr constantOfBytes(RankedTensorType type, ArrayRef<char> bytes,
                                    StringRef name) {
  if (bytes.size() <= bytesInText)
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  return DenseResourceElementsAttr::get(
      type, name.empty() ? "constant" : name,
      HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, 64));
}

ElementsAttr tfc::compress::sliceConstant(ElementsAttr constant, unsigned dim,
                                          ArrayRef<int64_t> indices) {
  auto type = dyn_cast<RankedTensorType>(constant.getType());
  if (!type || !type.getElementType().isIntOrFloat() ||
      type.getElementTypeBitWidth() % 8 != 0)
    return {};
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] = indices.size();
  auto sliced = type.clone(shape);
  ArrayRef<char> bytes;
  StringRef name;
  if (auto dense = dyn_cast<DenseElementsAttr>(constant)) {
    if (dense.isSplat())
      return dense.resizeSplat(sliced);
    bytes = dense.getRawData();
  } else if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return {};
    bytes = blob->getData();
    name = resource.getRawHandle().getKey();
  } else {
    return {};
  }
  size_t inner = type.getElementTypeBitWidth() / 8, outer = 1;
  for (int64_t size : type.getShape().drop_front(dim + 1))
    inner *= size;
  for (int64_t size : type.getShape().take_front(dim))
    outer *= size;
  size_t row = inner * type.getDimSize(dim);
  if (bytes.size() != outer * row)
    return {};
  std::vector<char> kept;
  kept.reserve(outer * inner * indices.size());
  for (size_t i = 0; i < outer; ++i)
    for (int64_t index : indices) {
      ArrayRef<char> part = bytes.slice(i * row + index * inner, inner);
      kept.insert(kept.end(), part.begin(), part.end());
    }
  return constantOfBytes(sliced, kept, name);
}

ElementsAttr tfc::compress::constantOf(RankedTensorType type,
                                       ArrayRef<float> numbers,
                                       StringRef name) {
  return constantOfBytes(type,
                         {reinterpret_cast<const char *>(numbers.data()),
                          numbers.size() * sizeof(float)},
                         name);
}
