//===- RowSums.h - sums over the rows of tensors ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_ROWSUMS_H
#define TFC_PASSES_COMPRESS_ROWSUMS_H

#include "mlir/IR/Builders.h"

namespace tfc::compress {

/// The sum over all rows of x y^T, [K, N], for x of [..., K] and y of [..., N].
mlir::Value sumOfProducts(mlir::OpBuilder &b, mlir::Value x, mlir::Value y);

/// The sum over all rows of x, [K].
mlir::Value sumOfRows(mlir::OpBuilder &b, mlir::Value x);

/// The greatest |x| of each column over all rows.
mlir::Value greatestOfColumns(mlir::OpBuilder &b, mlir::Value x);

/// How many rows x has, a tensor of i64 without dimensions.
mlir::Value numberOfRows(mlir::OpBuilder &b, mlir::Value x);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_ROWSUMS_H
