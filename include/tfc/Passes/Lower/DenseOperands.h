//===- DenseOperands.h - copies of buffers that lie elsewise ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_LOWER_DENSEOPERANDS_H
#define TFC_PASSES_LOWER_DENSEOPERANDS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace tfc::lower {

/// Replaces operands of `op`, a kernel on buffers, that do not lie as
/// `isGood` wants it by dense copies; `init`, one of them, is copied back. An
/// operand's open sizes that are those of `init` by place and rank are taken
/// from there: the arena's plan must find what they depend on, which it does
/// of buffers rather than of views.
void makeOperandsDense(mlir::Operation *op, mlir::OpOperand &init,
                       mlir::OpBuilder &b,
                       llvm::function_ref<bool(mlir::MemRefType)> isGood,
                       llvm::function_ref<bool(mlir::OpOperand &, int64_t)>
                           hasSizeOfInit = nullptr);

} // namespace tfc::lower

#endif // TFC_PASSES_LOWER_DENSEOPERANDS_H
