//===- Arguments.h - arguments of kernels from text -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TOOLS_TFC_LAUNCH_KERNEL_ARGUMENTS_H
#define TFC_TOOLS_TFC_LAUNCH_KERNEL_ARGUMENTS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tfc::launch {

enum class ElementType { I8, I16, I32, I64, F16, BF16, F32, F64 };

/// A number, or a buffer of them.
struct Argument {
  ElementType type = ElementType::F32;
  bool isBuffer = false;
  uint64_t count = 1;
  /// Values; empty for a buffer that is not to be written.
  std::vector<char> data;
  /// On the device, for a buffer.
  uint64_t address = 0;

  uint64_t bytes() const;
};

/// "f32=1.5", "f16:128=iota", ...
llvm::Expected<Argument> parseArgument(llvm::StringRef text);

/// Up to `most` values, with a space in front of each.
std::string printArgument(const Argument &argument, uint64_t most);

} // namespace tfc::launch

#endif // TFC_TOOLS_TFC_LAUNCH_KERNEL_ARGUMENTS_H
