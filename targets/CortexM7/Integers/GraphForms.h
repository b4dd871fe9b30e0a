//===- GraphForms.h - known graphs of linalg --------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_INTEGERS_GRAPHFORMS_H
#define TFC_TARGETS_CORTEXM7_INTEGERS_GRAPHFORMS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <optional>

namespace tfc::m7 {

/// Loops over the result's elements, in its order.
bool isElementwise(mlir::linalg::GenericOp op);

/// The operation that a body of one operation is; null for other bodies.
mlir::Operation *onlyOperation(mlir::linalg::GenericOp op);

/// The reduction of one tensor that `real` is, through reshapes.
mlir::linalg::GenericOp reductionOf(mlir::Value real);

/// Whether `op`, which may be null, adds up its input.
bool isSum(mlir::linalg::GenericOp op);

/// x of exp(x - max) / sum over the last dimension, of which `divide` is the
/// last operation; null for other graphs.
mlir::Value softmaxInput(mlir::linalg::GenericOp divide);

/// x and c where each element of `op`, which may be null, is c x; nothing for
/// other functions.
std::optional<std::pair<mlir::Value, double>>
multipleOf(mlir::linalg::GenericOp op);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_INTEGERS_GRAPHFORMS_H
