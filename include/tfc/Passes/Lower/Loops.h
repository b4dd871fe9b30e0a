//===- Loops.h - linalg on buffers to loops ------------------------ -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_LOWER_LOOPS_H
#define TFC_PASSES_LOWER_LOOPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace tfc::lower {

/// Deals `count` iterations of `op`'s outer loops, each of `work` scalar ones,
/// to workers: returns the bounds of one worker's part and leaves the builder
/// where that is done. Targets with one worker have none.
using DealLoop = llvm::function_ref<std::pair<mlir::Value, mlir::Value>(
    mlir::linalg::LinalgOp op, mlir::OpBuilder &b, mlir::Value count,
    mlir::Value work)>;

/// Writes the linalg operations on buffers in `function`, and its copies, as
/// loops over scalars.
mlir::LogicalResult lowerToLoops(mlir::func::FuncOp function,
                                 DealLoop deal = nullptr);

} // namespace tfc::lower

#endif // TFC_PASSES_LOWER_LOOPS_H
