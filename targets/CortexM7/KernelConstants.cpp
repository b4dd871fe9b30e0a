//===- KernelConstants.cpp - constants as kernels read them -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelConstants.h"

using namespace mlir;
using namespace tfc::m7;

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
