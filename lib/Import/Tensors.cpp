//===- Tensors.cpp - tensor contents as attributes --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace tfc;
using ::onnx::TensorProto;

/// Contents of at least this many bytes are resources: never uniqued, never
/// printed as text unless asked for.
static constexpr size_t smallestResource = 1024;

Type tfc::elementType(MLIRContext *context, int32_t number) {
  Builder b(context);
  auto integer = [&](unsigned width, bool isUnsigned) -> Type {
    return isUnsigned ? IntegerType::get(context, width, IntegerType::Unsigned)
                      : IntegerType::get(context, width);
  };
  switch (number) {
  case TensorProto::FLOAT:
    return b.getF32Type();
  case TensorProto::DOUBLE:
    return b.getF64Type();
  case TensorProto::FLOAT16:
    return b.getF16Type();
  case TensorProto::BFLOAT16:
    return b.getBF16Type();
  case TensorProto::BOOL:
    return b.getI1Type();
  case TensorProto::INT2:
    return integer(2, false);
  case TensorProto::UINT2:
    return integer(2, true);
  case TensorProto::INT4:
    return integer(4, false);
  case TensorProto::INT8:
    return integer(8, false);
  case TensorProto::INT16:
    return integer(16, false);
  case TensorProto::INT32:
    return integer(32, false);
  case TensorProto::INT64:
    return integer(64, false);
  case TensorProto::UINT4:
    return integer(4, true);
  case TensorProto::UINT8:
    return integer(8, true);
  case TensorProto::UINT16:
    return integer(16, true);
  case TensorProto::UINT32:
    return integer(32, true);
  case TensorProto::UINT64:
    return integer(64, true);
  case TensorProto::FLOAT8E4M3FN:
    return Float8E4M3FNType::get(context);
  case TensorProto::FLOAT8E4M3FNUZ:
    return Float8E4M3FNUZType::get(context);
  case TensorProto::FLOAT8E5M2:
    return Float8E5M2Type::get(context);
  case TensorProto::FLOAT8E5M2FNUZ:
    return Float8E5M2FNUZType::get(context);
  case TensorProto::FLOAT4E2M1:
    return Float4E2M1FNType::get(context);
  default:
    return nullptr;
  }
}

int32_t tfc::elementTypeNumber(Type type) {
  for (int32_t number = 1; number <= TensorProto::DataType_MAX; ++number)
    if (elementType(type.getContext(), number) == type)
      return number;
  return TensorProto::UNDEFINED;
}

std::string tfc::elementTypeName(int32_t number) {
  if (!TensorProto::DataType_IsValid(number))
    return "type number " + std::to_string(number);
  return StringRef(TensorProto::DataType_Name(
                       static_cast<TensorProto::DataType>(number)))
      .lower();
}

/// Several elements of `width` bits a byte, the first in the lowest, to one a
/// byte.
static std::string unpackBits(const char *data, size_t count, unsigned width,
                              bool isSigned) {
  std::string out(count, 0);
  unsigned perByte = 8 / width;
  for (size_t i = 0; i < count; ++i) {
    int value =
        static_cast<uint8_t>(data[i / perByte]) >> (i % perByte * width) &
        ((1 << width) - 1);
    if (isSigned && value >= 1 << (width - 1))
      value -= 1 << width;
    out[i] = static_cast<char>(value);
  }
  return out;
}

static ElementsAttr smallTensor(RankedTensorType type, const char *data,
                                size_t size) {
  if (type.getElementType().isInteger(1)) {
    SmallVector<bool> values;
    for (size_t i = 0; i < size; ++i)
      values.push_back(data[i] != 0);
    return DenseElementsAttr::get(type, values);
  }
  return DenseElementsAttr::getFromRawBuffer(type, ArrayRef<char>(data, size));
}

/// A resource over bytes that `owner` keeps, where they lie: files need not
/// align them, and a copy would double the memory of a large model. The blob
/// says how they are aligned.
static ElementsAttr largeTensor(RankedTensorType type, StringRef name,
                                const char *data, size_t size,
                                std::shared_ptr<llvm::MemoryBuffer> owner) {
  AsmResourceBlob blob;
  if (owner) {
    uintptr_t address = reinterpret_cast<uintptr_t>(data);
    size_t alignment = std::min<size_t>(64, address & -address);
    blob = UnmanagedAsmResourceBlob::allocateWithAlign(
        ArrayRef<char>(data, size), alignment,
        [owner](void *, size_t, size_t) mutable { owner.reset(); });
  } else {
    blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(
        ArrayRef<char>(data, size), 64);
  }
  return DenseResourceElementsAttr::get(type, name.empty() ? "tensor" : name,
                                        std::move(blob));
}

ElementsAttr tfc::importTensor(Location loc, OnnxFile &file,
                               const TensorProto &tensor, StringRef what) {
  auto fail = [&](const Twine &reason) -> ElementsAttr {
    emitError(loc) << what << ": " << reason;
    return nullptr;
  };
  if (tensor.has_segment())
    return fail("tensors in segments are not supported");
  Type element = elementType(loc.getContext(), tensor.data_type());
  if (!element)
    return fail("element type " + elementTypeName(tensor.data_type()) +
                " is not supported; accepted are float, float16, bfloat16, "
                "double, float8*, float4e2m1, "
                "bool, int2 to int64 and uint2 to uint64");
  SmallVector<int64_t> shape(tensor.dims().begin(), tensor.dims().end());
  uint64_t count = 1;
  for (int64_t dim : shape) {
    if (dim < 0)
      return fail("dimension " + Twine(dim) + " is negative");
    if (dim != 0 && count > (uint64_t(1) << 48) / dim)
      return fail("it has too many elements");
    count *= dim;
  }
  auto type = RankedTensorType::get(shape, element);
  const char *data = nullptr;
  size_t size = 0;
  std::string storage, reason;
  std::shared_ptr<llvm::MemoryBuffer> owner;
  if (!tensorBytes(file, tensor, data, size, storage, owner, reason))
    return fail(reason);

  unsigned width = element.getIntOrFloatBitWidth();
  bool packed = width == 4 || width == 2;
  uint64_t expected =
      packed ? (count * width + 7) / 8
             : count * std::max(1u, element.getIntOrFloatBitWidth() / 8);
  if (size != expected)
    return fail("expected " + Twine(expected) +
                " bytes for its shape and type, found " + Twine(size));
  if (packed) {
    storage = unpackBits(data, count, width, element.isSignlessInteger());
    data = storage.data();
    size = storage.size();
    owner = nullptr;
  }
  if (size < smallestResource)
    return smallTensor(type, data, size);
  return largeTensor(type, tensor.name(), data, size, owner);
}
