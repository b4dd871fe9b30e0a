//===- ResidualStream.h - what reads and writes a stream --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A residual stream whose features only norms read and only sums of linear maps
// write can be turned in space: what is written by an orthogonal matrix, what
// is read by its transpose.
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_RESIDUALSTREAM_H
#define TFC_PASSES_COMPRESS_RESIDUALSTREAM_H

#include "DimensionShrink.h"

#include <Eigen/Core>

namespace tfc::compress {

class ResidualStream {
public:
  /// `sum` is of the stream, [..., features].
  explicit ResidualStream(mlir::Value sum) : sum(sum) {}

  /// Finds what reads and writes the stream. The reason why it cannot be
  /// turned, with the operation at fault; empty where it can.
  std::string find();

  /// How many features it has, n.
  int64_t width() const;
  bool contains(mlir::Value value) const { return parts.contains(value); }

  /// Sums of z z^T, of [n, n], for what norms give before their scale and bias;
  /// from the statistics of the layers behind them, or, where there are none,
  /// for all rows of what is written.
  Eigen::MatrixXd moments() const;

  /// Goes on with `count` numbers for the n features: x becomes x times the
  /// first columns of `turn`, an orthogonal matrix [n, n]. Layer norms become
  /// RMS norms, whose mean what is written takes out. Fails where a constant's
  /// bytes are not there.
  llvm::LogicalResult turn(const Eigen::MatrixXd &turn, int64_t count);

private:
  /// A norm that reads the stream, and its scale g and bias b.
  struct Norm {
    attn::NormOp op;
    Eigen::VectorXd scale, bias;
  };
  /// What goes into a norm's reader as it would be without g and b.
  struct Normed {
    Eigen::MatrixXd moments;
    Eigen::VectorXd mean;
  };

  std::string add(mlir::Operation *op);
  std::string addNorm(attn::NormOp op);
  std::string addLinear(attn::LinearOp op);
  std::string addConstants(mlir::Operation *op);
  const Norm *normBefore(attn::LinearOp reader) const;
  std::optional<Normed> normedInput(attn::LinearOp reader) const;
  /// The matrix that takes the mean out of a row, where norms do.
  Eigen::MatrixXd centring() const;
  void turnReader(attn::LinearOp op, const Eigen::MatrixXd &turn,
                  int64_t count);
  void turnWriter(attn::LinearOp op, const Eigen::MatrixXd &turn);
  void turnConstants(const Eigen::MatrixXd &turn);

  mlir::Value sum;
  DimensionShrink reach{{/*norms=*/true}};
  llvm::DenseSet<mlir::Value> parts;
  std::vector<Norm> norms;
  llvm::SmallVector<attn::LinearOp> readers, writers;
  /// Of other operations than linear layers, and which dimension is the
  /// stream's.
  llvm::SmallVector<std::pair<mlir::OpOperand *, unsigned>> constants;
};

/// Puts linear layers that change nothing behind those norms of residual
/// streams that something else than linear layers reads, so that what is behind
/// has its own features.
void separateNorms(mlir::func::FuncOp function);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_RESIDUALSTREAM_H
