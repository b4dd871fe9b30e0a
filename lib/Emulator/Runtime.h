//===- Runtime.h - what generated code calls --------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_EMULATOR_RUNTIME_H
#define TFC_LIB_EMULATOR_RUNTIME_H

#include "llvm/ADT/StringRef.h"

#include <utility>
#include <vector>

namespace tfc::emulator {

/// What tfcEmulatorRoundFloat and ...RoundDouble compute, the first argument;
/// the second is the second letter of PTX's rounding modifier.
enum RoundedOperation : unsigned {
  RoundedAdd,
  RoundedMultiply,
  RoundedFma,
  RoundedDivide,
  RoundedReciprocal,
  RoundedSquareRoot
};

/// Names of functions that generated code may call, and where they are. Their
/// first argument is the ThreadState; accesses are followed by packed
/// AccessFlags and a site.
std::vector<std::pair<llvm::StringRef, void *>> runtimeFunctions();

} // namespace tfc::emulator

#endif // TFC_LIB_EMULATOR_RUNTIME_H
