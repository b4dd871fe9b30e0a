//===- LayerFit.h - layers fitted to the original model ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// After compression the inputs of a layer are not what they were. Layer after
/// layer, the weights that bring its output nearest to what the original model
/// has there are the solution of a system of equations, whose numbers come from
/// calls of both models with calibration data (`attn-observe-fit`).
///
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_LAYERFIT_H
#define TFC_PASSES_COMPRESS_LAYERFIT_H

#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tfc::compress {

/// The number of a linear layer, which it keeps while a model is compressed.
inline constexpr llvm::StringLiteral layerName = "tfc.layer";

/// Gives each linear layer with constant weights a number.
void numberLayers(mlir::func::FuncOp function);
void dropLayerNumbers(mlir::func::FuncOp function);

/// The layers, by their numbers, that end a residual block, and those that give
/// a result behind the last one, in the order of the function: what is fitted
/// after compression. Layers whose weights others read too are not among them.
llvm::SmallVector<int64_t> layersToFit(mlir::func::FuncOp function);

/// The layer of a number; null where there is none.
attn::LinearOp layerOf(mlir::func::FuncOp function, int64_t number);

/// Sums over rows of x, of [K], and of what the layer should make of it, t, of
/// [N].
struct FitSums {
  FitSums(int64_t inputs, int64_t outputs)
      : products(inputs * inputs), targets(inputs * outputs), input(inputs),
        target(outputs) {}
  /// Adds rows, one behind the other. Within a call products are summed in f32.
  void add(llvm::ArrayRef<float> x, llvm::ArrayRef<float> t);

  FitSums &operator+=(const FitSums &other);

  /// Of x x^T and of x t^T, row by row.
  std::vector<double> products, targets;
  std::vector<double> input, target;
  /// Of t^T t.
  double targetSquares = 0;
  int64_t rows = 0;
};

/// Gives `layer` the weights and, where it has one, the bias with the least
/// mean square error on `sums` and `held` together, the weights being drawn to
/// those it has. How much is what makes weights that fit `sums` best on `held`,
/// rows of other samples; where nothing does better there than the weights it
/// has, they stay: few samples say little of wide layers.
void fitLayer(attn::LinearOp layer, FitSums sums, const FitSums &held);

/// The constant weight of `layer` as it is stored, and its bias, if it has one.
llvm::SmallVector<std::vector<float>> numbersOfLayer(attn::LinearOp layer);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_LAYERFIT_H
