//===- Tensors.cpp - contents of tensors ------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphExporter.h"

#include "tfc/Import/ElementTypes.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace tfc;

LogicalResult tfc::describeTensor(Location loc, RankedTensorType type,
                                  ::onnx::TensorProto &tensor) {
  int32_t number = elementTypeNumber(type.getElementType());
  if (number == 0)
    return emitError(loc) << "ONNX has no tensors of " << type.getElementType();
  tensor.set_data_type(number);
  for (int64_t size : type.getShape())
    tensor.add_dims(size);
  return success();
}

/// The bits of an element where several share a byte of a file, else 0.
static unsigned packedWidth(Type element) {
  unsigned width = element.getIntOrFloatBitWidth();
  return width == 2 || width == 4 ? width : 0;
}

ArrayRef<char> tfc::contentsInPlace(ElementsAttr value) {
  Type element = value.getElementType();
  if (packedWidth(element))
    return {};
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    return blob ? blob->getData() : ArrayRef<char>();
  }
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense || dense.isSplat() || element.isInteger(1))
    return {};
  return dense.getRawData();
}

/// One element a byte to several a byte, the first in the lowest bits.
static std::string packBits(ArrayRef<char> data, unsigned width) {
  unsigned perByte = 8 / width;
  std::string out((data.size() + perByte - 1) / perByte, 0);
  for (size_t i = 0; i < data.size(); ++i)
    out[i / perByte] |= static_cast<char>((data[i] & ((1 << width) - 1))
                                          << (i % perByte * width));
  return out;
}

/// The elements as they lie in memory, one after the other.
static std::optional<std::string> plainBytes(ElementsAttr value) {
  ArrayRef<char> data;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return std::nullopt;
    data = blob->getData();
    return std::string(data.begin(), data.end());
  }
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense)
    return std::nullopt;
  std::string bytes;
  if (value.getElementType().isInteger(1)) {
    for (bool truth : dense.getValues<bool>())
      bytes.push_back(truth);
    return bytes;
  }
  data = dense.getRawData();
  int64_t copies = dense.isSplat() ? dense.getNumElements() : 1;
  for (int64_t i = 0; i < copies; ++i)
    bytes.append(data.begin(), data.end());
  return bytes;
}

LogicalResult tfc::exportTensor(Location loc, ElementsAttr value,
                                ::onnx::TensorProto &tensor) {
  auto type = cast<RankedTensorType>(value.getType());
  if (failed(describeTensor(loc, type, tensor)))
    return failure();
  std::optional<std::string> bytes = plainBytes(value);
  if (!bytes)
    return emitError(loc) << "the contents of a tensor are not in the module";
  if (unsigned width = packedWidth(type.getElementType()))
    bytes = packBits(*bytes, width);
  tensor.set_raw_data(std::move(*bytes));
  return success();
}
