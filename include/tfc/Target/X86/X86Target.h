//===- X86Target.h - `attn` to native code ----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_X86_X86TARGET_H
#define TFC_TARGET_X86_X86TARGET_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include <string>

namespace tfc::x86 {

struct X86Options {
  /// An LLVM CPU name, or "native" for the machine that compiles.
  std::string cpu = "native";
  /// 0 to 3, as clang's -O.
  unsigned optLevel = 2;
  /// Where packed weights are collected while the pipeline runs; empty: beside
  /// the output in a temporary file that is removed.
  std::string weightsFile;
};

/// Decomposes `attn` to linalg on tensors (what `--emit=linalg` prints).
void buildLinalgPipeline(mlir::OpPassManager &pm);

/// `attn` and linalg on tensors to the LLVM dialect. Appends the packed
/// constants to options.weightsFile.
void buildX86Pipeline(mlir::OpPassManager &pm, const X86Options &options);

enum class X86Output { LLVMIR, Assembly, Object, SharedLibrary };

/// Writes a module in the LLVM dialect to `path`, whole or not at all.
mlir::LogicalResult emitX86(mlir::ModuleOp module, const X86Options &options,
                            X86Output kind, llvm::StringRef path);

} // namespace tfc::x86

#endif // TFC_TARGET_X86_X86TARGET_H
