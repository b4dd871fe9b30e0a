//===- ImageStrips.h - rows of an image at a time ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_IMAGESTRIPS_H
#define TFC_TARGETS_CORTEXM7_IMAGESTRIPS_H

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace tfc::m7 {

/// The rows of `from`, from `first` on, where dimension `axis` counts rows and
/// `sizes` are the slice's.
mlir::tensor::ExtractSliceOp extractRows(mlir::RewriterBase &b,
                                         mlir::Location loc, mlir::Value from,
                                         unsigned axis,
                                         mlir::OpFoldResult first,
                                         llvm::ArrayRef<int64_t> sizes);

mlir::Value insertRows(mlir::RewriterBase &b, mlir::Location loc,
                       mlir::Value part, mlir::Value into, unsigned axis,
                       mlir::OpFoldResult first);

/// A reshape that nothing uses any more must not count as a use of the image.
void eraseIfDead(mlir::RewriterBase &b, mlir::Operation *op);

/// Moves what makes the source of `strips`, which all are cut out of, element
/// by element to them, so that only strips of it exist. Where others use the
/// source it stays.
void fuseProducers(mlir::RewriterBase &b,
                   llvm::SmallVector<mlir::tensor::ExtractSliceOp> strips);

/// A row of an image that a loop over rows of windows and one over the rows in
/// a window lead to: `outer * stride + inner * dilation`.
struct WindowRow {
  unsigned axis, outer, inner;
  int64_t stride, dilation;
};

/// The first dimension that `map` reads as rows of windows, of which loops
/// below `inside` count windows and the others the elements of one.
std::optional<WindowRow> findRow(mlir::AffineMap map, unsigned inside);

/// Takes dimensions of one element off that `image` was given by a reshape, and
/// off the map that reads it.
void dropUnitDimensions(mlir::Value &image, mlir::AffineMap &map);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_IMAGESTRIPS_H
