//===- TokenRows.h - a tensor of tokens as a matrix -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_TOKENROWS_H
#define TFC_TARGETS_X86_TOKENROWS_H

#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace tfc::x86 {

/// A tensor [..., K] seen as a matrix of rows, and back.
class TokenRows {
public:
  TokenRows(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);

  /// How many rows there are.
  mlir::OpFoldResult count();
  /// The matrix [rows, K].
  mlir::Value flat();
  /// An f32 matrix [rows, columns] to be written.
  mlir::Value empty(int64_t columns);
  /// `matrix` [rows, columns] with the leading sizes of x.
  mlir::Value restore(mlir::Value matrix, int64_t columns);

private:
  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Value x;
  mlir::RankedTensorType type;
  llvm::SmallVector<mlir::OpFoldResult> sizes;
  llvm::SmallVector<mlir::ReassociationIndices> groups;
};

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_TOKENROWS_H
