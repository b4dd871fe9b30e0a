//===- PanelCopy.h - keys and values as kernels read them -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_PANELCOPY_H
#define TFC_TARGETS_X86_PANELCOPY_H

#include "KernelBuilder.h"

namespace tfc::x86 {

/// Writes the copies of keys and values to panels:
/// (rows [n, size], panel), of a panel's keys or as many values.
class PanelCopy : public PanelFunction {
public:
  using PanelFunction::PanelFunction;
  /// (keys [n, size], panel [size, width]), n at most `width`; the last key is
  /// repeated to the panel's end.
  mlir::func::FuncOp buildTransposed(llvm::StringRef name, int64_t size);
  /// (values [n, size], panels [P, n, width]).
  mlir::func::FuncOp buildRows(llvm::StringRef name, int64_t size);

  /// (matrix [n, columns], panel [n at least, width]), columns at most `width`;
  /// the panel's other columns are 0.
  mlir::func::FuncOp buildPanel(llvm::StringRef name);
  /// (matrix [columns, n], panel [n and `lanes` - 1 more, width]); the last row
  /// of the matrix is repeated to the panel's end.
  mlir::func::FuncOp buildTurnedPanel(llvm::StringRef name);

private:
  /// The numbers of `lanes` rows from `first` on, the last one repeated.
  llvm::SmallVector<mlir::Value> rowNumbers(mlir::Value matrix,
                                            mlir::Value first);
  /// Puts `rows` of `matrix`, from `column` on, into as many columns of the
  /// panel, from row `column` and column `firstRow` on: `stored` of them. With
  /// a mask, elements that it has not are 0.
  void turnBlock(mlir::Value matrix, llvm::ArrayRef<mlir::Value> rows,
                 mlir::Value column, mlir::Value mask, mlir::Value panel,
                 mlir::Value firstRow, int64_t stored);
  llvm::SmallVector<mlir::Value> transpose(llvm::SmallVector<mlir::Value> rows);
};

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_PANELCOPY_H
