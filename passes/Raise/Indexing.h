//===- Indexing.h - positions that the model computes -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_INDEXING_H
#define TFC_PASSES_RAISE_INDEXING_H

#include "RaiseContext.h"

namespace tfc::raise {

/// A check at run time that all of `indices` lie in [-extent, extent), or in
/// [0, extent) where they do not count from the end.
void requireInRange(NodeContext &n, Raised &indices, mlir::OpFoldResult extent,
                    bool fromEnd = true);

/// Whether every index is a constant in range.
bool provenInRange(NodeContext &n, Raised &indices, mlir::OpFoldResult extent);

/// An index value from an element that may count from the end.
mlir::Value resolveIndex(mlir::OpBuilder &b, mlir::Location loc,
                         mlir::Value element, mlir::Value extent);

/// The part of `input` at `offsets`, with `sizes` elements a stride apart.
Raised slice(NodeContext &n, Raised &input,
             llvm::ArrayRef<mlir::OpFoldResult> offsets, Sizes sizes,
             llvm::ArrayRef<mlir::OpFoldResult> strides);

/// `parts` one after the other along `axis`.
mlir::FailureOr<Raised>
concatenated(NodeContext &n, llvm::MutableArrayRef<Raised> parts, int64_t axis);

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_INDEXING_H
