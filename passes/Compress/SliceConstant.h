//===- SliceConstant.h - some indices of constants --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_SLICECONSTANT_H
#define TFC_PASSES_COMPRESS_SLICECONSTANT_H

#include "mlir/IR/BuiltinAttributes.h"

namespace tfc::compress {

/// `constant` with the elements alone whose index along `dim` is in `indices`.
/// Null where its bytes are not there, as in IR that was printed without large
/// weights, and for elements of less than a byte.
mlir::ElementsAttr sliceConstant(mlir::ElementsAttr constant, unsigned dim,
                                 llvm::ArrayRef<int64_t> indices);

/// A constant of f32 with `numbers` row by row: in the IR where it is small,
/// otherwise a resource called after `name`.
mlir::ElementsAttr constantOf(mlir::RankedTensorType type,
                              llvm::ArrayRef<float> numbers,
                              llvm::StringRef name);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_SLICECONSTANT_H
