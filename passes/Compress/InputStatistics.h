//===- InputStatistics.h - numbers of linear layers as matrices -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_INPUTSTATISTICS_H
#define TFC_PASSES_COMPRESS_INPUTSTATISTICS_H

#include "SiteNames.h"
#include "tfc/Passes/Compress/LinearInputs.h"

#include <Eigen/Core>
#include <optional>

namespace tfc::compress {

/// What attachInputStatistics said of a layer.
struct InputStatistics {
  /// E[x x^T], of [K, K].
  Eigen::MatrixXd moments;
  /// E[x], of [K].
  Eigen::VectorXd mean;
  /// The greatest |x|, of [K]; empty where it is not known.
  Eigen::VectorXd greatest{};

  /// E[(x - E[x]) (x - E[x])^T].
  Eigen::MatrixXd covariance() const {
    return moments - mean * mean.transpose();
  }
};

/// Nothing where nothing is said; where what is said does not fit the layer, an
/// error.
mlir::FailureOr<std::optional<InputStatistics>>
inputStatistics(attn::LinearOp layer);

void attachInputStatistics(attn::LinearOp layer,
                           const InputStatistics &statistics);

/// An attribute of [size, size] in f64; nothing where it is another.
std::optional<Eigen::MatrixXd> squareOf(mlir::Attribute attribute,
                                        int64_t size);

/// The constant weight of `layer` as [K, N], whatever its form; nothing where
/// it is none of f32 whose numbers are there.
std::optional<Eigen::MatrixXd> weightOf(attn::LinearOp layer);

/// Whether the weight is a constant of f32, and the layer on tensors.
bool hasConstantWeight(attn::LinearOp layer);

/// Refuses `sites` that are no such layers, in the name of `pass`.
llvm::LogicalResult checkLinearSites(mlir::func::FuncOp function,
                                     const SiteNames &names,
                                     llvm::StringRef pass,
                                     llvm::ArrayRef<std::string> sites);

/// The constant bias; zeros where there is none; nothing where it is not
/// constant.
std::optional<Eigen::VectorXd> biasOf(attn::LinearOp layer);

/// How often each constant is read, by its numbers: weights that others read
/// too are not saved by changing one reader.
llvm::DenseMap<mlir::Attribute, unsigned>
countReaders(mlir::func::FuncOp function);

/// A constant of f32 with the numbers of `matrix`, of [rows, columns], or of
/// `vector`.
mlir::Value constantOf(mlir::OpBuilder &b, mlir::Location loc,
                       const Eigen::MatrixXd &matrix, llvm::StringRef name);
mlir::Value constantOf(mlir::OpBuilder &b, mlir::Location loc,
                       const Eigen::VectorXd &vector, llvm::StringRef name);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_INPUTSTATISTICS_H
