//===- Codegen.h - LLVM IR to files -----------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What targets that generate code by LLVM share.
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_CODEGEN_CODEGEN_H
#define TFC_TARGET_CODEGEN_CODEGEN_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/raw_ostream.h"

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace tfc::codegen {

struct AsmComments;

/// LLVM's optimisations, as clang's -O<level>. Loops and straight-line code are
/// vectorised where `vectorize`.
void optimize(llvm::Module &module, llvm::TargetMachine &machine,
              unsigned level, bool vectorize);

/// Opens `path` and lets `write` fill it. The file stays only where all went
/// well; what went wrong is said as an error of `module`.
mlir::LogicalResult writeFile(
    mlir::ModuleOp module, llvm::StringRef path,
    llvm::function_ref<mlir::LogicalResult(llvm::raw_pwrite_stream &)> write);

/// Writes assembly or an object; assembly may have comments.
mlir::LogicalResult generate(mlir::ModuleOp module, llvm::Module &llvmModule,
                             llvm::TargetMachine &machine,
                             llvm::CodeGenFileType kind, llvm::StringRef path,
                             const AsmComments *comments = nullptr);

} // namespace tfc::codegen

#endif // TFC_TARGET_CODEGEN_CODEGEN_H
