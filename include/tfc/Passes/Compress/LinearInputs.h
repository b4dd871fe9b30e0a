//===- LinearInputs.h - what linear layers read -----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_LINEARINPUTS_H
#define TFC_PASSES_COMPRESS_LINEARINPUTS_H

#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tfc::compress {

/// A tensor of f32 and the linear layers with constant weights that read it.
struct LinearInput {
  mlir::Value x;
  llvm::SmallVector<attn::LinearOp> layers;

  int64_t width() const {
    return llvm::cast<mlir::ShapedType>(x.getType()).getShape().back();
  }
};

/// Those of the function itself, not of loops in it: attn-observe-inputs counts
/// them in this order, which a function and its copy share.
llvm::SmallVector<LinearInput> linearInputs(mlir::func::FuncOp function);

/// The attributes of a linear layer that say what goes into it: E[x x^T], of
/// [K, K], E[x], of [K], and the greatest |x|, of [K], all in f64. The last may
/// be missing.
inline constexpr llvm::StringLiteral momentsName = "tfc.input_moments";
inline constexpr llvm::StringLiteral meanName = "tfc.input_mean";
inline constexpr llvm::StringLiteral greatestName = "tfc.input_greatest";

/// Those of results of attn-observe-inputs: the sum of x x^T over all rows,
/// that of x, the greatest |x| of each column, and how many rows there were.
inline constexpr llvm::StringLiteral momentsResultName = "tfc.sum_of_moments";
inline constexpr llvm::StringLiteral sumResultName = "tfc.sum_of_rows";
inline constexpr llvm::StringLiteral greatestResultName =
    "tfc.greatest_of_columns";
inline constexpr llvm::StringLiteral rowsResultName = "tfc.number_of_rows";

/// Says so of `layers`, which share the numbers; `greatest` may be empty.
void attachInputStatistics(llvm::ArrayRef<attn::LinearOp> layers,
                           llvm::ArrayRef<double> moments,
                           llvm::ArrayRef<double> mean,
                           llvm::ArrayRef<double> greatest = {});

/// Removes what attachInputStatistics said of any layer.
void dropInputStatistics(mlir::func::FuncOp function);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_LINEARINPUTS_H
