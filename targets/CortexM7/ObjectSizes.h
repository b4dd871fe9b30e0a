//===- ObjectSizes.h - what an object takes on the device -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_OBJECTSIZES_H
#define TFC_TARGETS_CORTEXM7_OBJECTSIZES_H

#include "mlir/IR/BuiltinOps.h"
#include <string>
#include <vector>

namespace tfc::m7 {

struct ObjectSizes {
  /// Bytes of code and constants, and of code alone.
  uint64_t flash = 0, code = 0;
  /// Bytes below the caller's stack pointer: the frames of all functions, which
  /// is what a chain of calls through all of them would take, and what memcpy
  /// and memset may.
  uint64_t stack = 0;
  /// Functions that the object wants, but for memcpy and memset under their own
  /// names and those of Arm's ABI.
  std::vector<std::string> undefined;
};

/// Measures an object file; `stackUsage` is what LLVM wrote of its frames. Says
/// as an error of `module` why it cannot.
mlir::FailureOr<ObjectSizes> measureObject(mlir::ModuleOp module,
                                           llvm::StringRef object,
                                           llvm::StringRef stackUsage,
                                           llvm::StringRef prefix);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_OBJECTSIZES_H
