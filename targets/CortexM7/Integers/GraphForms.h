//===- GraphForms.h - known graphs of linalg --------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_INTEGERS_GRAPHFORMS_H
#define TFC_TARGETS_CORTEXM7_INTEGERS_GRAPHFORMS_H

#include "RealConstant.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <optional>
#include <vector>

namespace tfc::m7 {

/// Loops over the result's elements, in its order.
bool isElementwise(mlir::linalg::GenericOp op);

/// The operation that a body of one operation is; null for other bodies.
mlir::Operation *onlyOperation(mlir::linalg::GenericOp op);

/// Whether no input but the first one enters the body: others only say how many
/// elements a window has.
bool readsFirstInputOnly(mlir::linalg::GenericOp op);

/// The reduction of one tensor that `real` is, through reshapes.
mlir::linalg::GenericOp reductionOf(mlir::Value real);

bool isFilledWithZero(mlir::Value init);

/// Whether `op`, which may be null, adds up its first input.
bool isSum(mlir::linalg::GenericOp op);

/// x and c where each element of `op`, which may be null, is c x, with one c
/// for all that is not 0.
std::optional<std::pair<mlir::Value, double>>
multipleOf(mlir::linalg::GenericOp op);

/// x and c of x + c or x - c, with a constant for each element. `op` may be
/// null.
std::optional<std::pair<mlir::Value, std::vector<double>>>
addedConstant(mlir::linalg::GenericOp op);

/// exp(x - max) / sum, both over one dimension.
struct SoftmaxForm {
  mlir::Value input;
  unsigned dimension;
};

/// The softmax of which `divide` is the last operation.
std::optional<SoftmaxForm> softmaxForm(mlir::linalg::GenericOp divide);

/// Its input, where it goes over the last dimension; else null.
mlir::Value softmaxInput(mlir::linalg::GenericOp divide);

/// `constant` at each element of `shape`, by a map to its indices.
std::optional<std::vector<double>> spread(const RealConstant &constant,
                                          mlir::AffineMap map,
                                          llvm::ArrayRef<int64_t> shape);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_INTEGERS_GRAPHFORMS_H
