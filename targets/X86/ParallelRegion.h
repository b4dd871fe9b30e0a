//===- ParallelRegion.h - iterations dealt to workers -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_PARALLELREGION_H
#define TFC_TARGETS_X86_PARALLELREGION_H

#include "mlir/IR/Builders.h"

namespace tfc::x86 {

/// How many iterations of `work` each are worth a worker; 1 at least.
mlir::Value grainOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value work,
                    int64_t workWorthAWorker);

/// Makes an x86.parallel of `count` iterations, and sets `b` into its body:
/// whose arguments, which are returned, are the first iteration, the end and
/// the worker. `told` is what a profile is told of all iterations.
mlir::ValueRange beginParallel(mlir::OpBuilder &b, mlir::Location loc,
                               mlir::Value count, mlir::Value grain,
                               mlir::ValueRange told);

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_PARALLELREGION_H
