//===- Passes.h - what lowers the memory in use -----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_MEMORY_PASSES_H
#define TFC_PASSES_MEMORY_PASSES_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace mlir {
class ModuleOp;
namespace func {
class FuncOp;
} // namespace func
} // namespace mlir

namespace tfc::memory {

/// The attribute of an argument that is a cache: three i64, the number of the
/// result that is the argument with new tokens appended, the dimension of the
/// tokens, and how many of them the buffer of both has room for.
inline constexpr llvm::StringLiteral cacheAttribute = "tfc.cache";

#define GEN_PASS_DECL
#include "tfc/Passes/Memory/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tfc/Passes/Memory/Passes.h.inc"

} // namespace tfc::memory

#endif // TFC_PASSES_MEMORY_PASSES_H
