//===- KernelConstants.h - constants as kernels read them -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_KERNELCONSTANTS_H
#define TFC_TARGETS_CORTEXM7_KERNELCONSTANTS_H

#include "tfc/Dialect/Attn/ConstantElements.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include <string>
#include <vector>

namespace tfc::m7 {

/// As attn::constantElements; empty where the bytes are not there.
template <typename T>
std::vector<T> elementsOf(mlir::ElementsAttr constant) {
  return attn::constantElements<T>(constant).value_or(std::vector<T>());
}

/// Bytes in memory order, little-endian.
class ByteWriter {
public:
  template <typename T>
  void put(T value) {
    for (size_t i = 0; i < sizeof(T); ++i)
      bytes.push_back(
          static_cast<char>(static_cast<uint64_t>(value) >> (8 * i)));
  }

  std::string bytes;
};

/// Globals of a module, constant and aligned to 8 bytes; equal ones are one.
class KernelConstants {
public:
  explicit KernelConstants(mlir::ModuleOp module) : module(module) {}

  /// The global that holds `bytes`; `kind` starts its name.
  mlir::memref::GlobalOp get(const std::string &bytes, llvm::StringRef kind);

private:
  mlir::ModuleOp module;
  llvm::StringMap<mlir::memref::GlobalOp> known;
};

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_KERNELCONSTANTS_H
