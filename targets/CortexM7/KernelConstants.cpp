//===- KernelConstants.cpp - constants as kernels read them -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelConstants.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/Endian.h"

using namespace mlir;
using namespace tfc::m7;

template <typename T>
std::vector<T> tfc::m7::elementsOf(ElementsAttr constant) {
  std::vector<T> values;
  if (auto dense = dyn_cast<DenseIntElementsAttr>(constant)) {
    for (const APInt &value : dense.getValues<APInt>())
      values.push_back(static_cast<T>(value.getSExtValue()));
    return values;
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(constant);
  AsmResourceBlob *blob =
      resource ? resource.getRawHandle().getBlob() : nullptr;
  size_t count = constant.getNumElements();
  if (!blob || blob->getData().size() < count * sizeof(T))
    return {};
  for (size_t i = 0; i < count; ++i)
    values.push_back(llvm::support::endian::read<T, llvm::endianness::little>(
        blob->getData().data() + i * sizeof(T)));
  return values;
}

template std::vector<int8_t> tfc::m7::elementsOf(ElementsAttr);
template std::vector<int32_t> tfc::m7::elementsOf(ElementsAttr);
template std::vector<int64_t> tfc::m7::elementsOf(ElementsAttr);

memref::GlobalOp KernelConstants::get(const std::string &bytes,
                                      StringRef kind) {
  memref::GlobalOp &global = known[bytes];
  if (global)
    return global;
  OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
  std::string name = (kind + "_" + Twine(known.size())).str();
  while (module.lookupSymbol(name))
    name += "_";
  int64_t size = bytes.size();
  auto type = RankedTensorType::get({size}, b.getI8Type());
  auto value = DenseElementsAttr::getFromRawBuffer(
      type, ArrayRef<char>(bytes.data(), bytes.size()));
  global = memref::GlobalOp::create(
      b, module.getLoc(), name, b.getStringAttr("private"),
      MemRefType::get({size}, b.getI8Type()), value, /*constant=*/true,
      b.getI64IntegerAttr(8));
  return global;
}
