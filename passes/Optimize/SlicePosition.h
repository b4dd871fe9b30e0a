//===- SlicePosition.h - where a slice lies in its source -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_OPTIMIZE_SLICEPOSITION_H
#define TFC_PASSES_OPTIMIZE_SLICEPOSITION_H

#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace tfc::optimize {

/// Whether the slice has all of the source along `dim`; open sizes are compared
/// by their bounds.
bool isWholeAlong(mlir::tensor::ExtractSliceOp slice, unsigned dim);

bool isWhole(mlir::tensor::ExtractSliceOp slice);

bool hasUnitStrides(mlir::OffsetSizeAndStrideOpInterface op);

/// Whether both have the same part of the same value.
bool isSamePart(mlir::tensor::ExtractSliceOp a, mlir::tensor::ExtractSliceOp b);

/// Whether slices, of one value, have fewer elements together than it has. What
/// is of known size out of an open one counts as fewer if it is the only slice.
bool areFewerElements(mlir::ArrayRef<mlir::tensor::ExtractSliceOp> slices);

/// Where a slice of `insert` lies.
enum class InsertedPart { Inside, Outside, Unknown };
InsertedPart partOfInsert(mlir::tensor::ExtractSliceOp slice,
                          mlir::tensor::InsertSliceOp insert);

} // namespace tfc::optimize

#endif // TFC_PASSES_OPTIMIZE_SLICEPOSITION_H
