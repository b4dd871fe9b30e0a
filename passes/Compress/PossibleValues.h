//===- PossibleValues.h - integers that a tensor may hold -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_POSSIBLEVALUES_H
#define TFC_PASSES_COMPRESS_POSSIBLEVALUES_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>
#include <set>

namespace tfc::compress {

/// A superset of the elements of `tensor`, of integers or indices, whatever the
/// function's arguments are; nothing where that is not known, or is more than
/// can be worked with.
std::optional<std::set<int64_t>> possibleValues(mlir::Value tensor);

/// That of `value` in the body of `op`.
std::optional<std::set<int64_t>> possibleValues(mlir::linalg::GenericOp op,
                                                mlir::Value value);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_POSSIBLEVALUES_H
