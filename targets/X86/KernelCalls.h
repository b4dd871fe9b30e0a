//===- KernelCalls.h - views and calls of kernels ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_KERNELCALLS_H
#define TFC_TARGETS_X86_KERNELCALLS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tfc::x86 {

/// Calls `function` with `arguments`, views cast to the types that it wants.
void callKernel(mlir::OpBuilder &b, mlir::Location loc,
                mlir::func::FuncOp function,
                llvm::ArrayRef<mlir::Value> arguments);

/// The part of `buffer` from `offsets` on; with a `rank`, of its last
/// dimensions, the others being of size 1.
mlir::Value blockOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value buffer,
                    llvm::ArrayRef<mlir::OpFoldResult> offsets,
                    llvm::ArrayRef<mlir::OpFoldResult> sizes,
                    std::optional<int64_t> rank = std::nullopt);

/// Matrix `number` of `stack`.
mlir::Value matrixOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value stack,
                     mlir::Value number);

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_KERNELCALLS_H
