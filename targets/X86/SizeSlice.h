//===- SizeSlice.h - sizes as functions of the inputs' sizes ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_SIZESLICE_H
#define TFC_TARGETS_X86_SIZESLICE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace tfc::x86 {

/// Whether `value` depends on sizes of inputs, the thread count and constants
/// only. `culprit`, when given, becomes the operation that it depends on
/// besides, or null for a block argument.
bool isSizeExpression(mlir::Value value, mlir::Operation **culprit = nullptr);

/// Clones the computation of `value`, for which isSizeExpression holds, at the
/// builder's position. What `mapping` has is reused.
mlir::Value cloneSizeExpression(mlir::Value value, mlir::OpBuilder &b,
                                mlir::IRMapping &mapping);

/// Whether a bound of `value` from above is known before the call: it is a
/// size expression, or grows with what has such a bound. A size that data
/// decides gets one from a minimum: `arith.minui %counted, %most`.
bool hasUpperBound(mlir::Value value, mlir::Operation **culprit = nullptr);

/// The bound of `value`, for which hasUpperBound holds, at the builder's
/// position. Sizes are taken to be nonnegative.
mlir::Value cloneUpperBound(mlir::Value value, mlir::OpBuilder &b,
                            mlir::IRMapping &mapping);

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_SIZESLICE_H
