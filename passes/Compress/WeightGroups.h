//===- WeightGroups.h - weights as integers with scales ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_WEIGHTGROUPS_H
#define TFC_PASSES_COMPRESS_WEIGHTGROUPS_H

#include <Eigen/Core>
#include <cstdint>

namespace tfc::compress {

/// How the numbers of a weight [K, N] become integers.
struct GroupFormat {
  /// 4 or 8.
  unsigned bits = 8;
  /// Rows of one column that share a scale; the last may be fewer.
  int64_t rows = 0;
  /// Whether groups have a zero point; else integers are from -(2^(bits-1) - 1)
  /// on.
  bool hasZeroPoints = false;

  int64_t lowest() const {
    return -(int64_t(1) << (bits - 1)) + (hasZeroPoints ? 0 : 1);
  }
  int64_t highest() const { return (int64_t(1) << (bits - 1)) - 1; }
};

/// (integers - zeroPoints) * scales, the latter two repeated down each group.
struct GroupedWeight {
  template <typename T>
  using Matrix =
      Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  GroupedWeight(GroupFormat format, int64_t rows, int64_t columns);

  /// Of [K, N].
  Matrix<int8_t> integers;
  /// Of [groups, N].
  Matrix<float> scales;
  Matrix<int8_t> zeroPoints;
  GroupFormat format;

  int64_t groups() const { return scales.rows(); }
  /// Of what is stored: integers, scales of f32, and zero points where there
  /// are any, which take a byte.
  int64_t bytes() const;
  /// Sets scales and zero points of a group from the least and the greatest
  /// number of each column of `rows`.
  void setGroup(int64_t group, const Eigen::Ref<const Eigen::MatrixXd> &rows);
  /// Rounds a row of the weight to the nearest integers, and gives what they
  /// stand for.
  Eigen::RowVectorXd
  setRow(int64_t row, const Eigen::Ref<const Eigen::RowVectorXd> &numbers);
  Eigen::MatrixXd dequantized() const;
};

/// Each number rounded by itself.
GroupedWeight roundToNearest(const Eigen::MatrixXd &weight, GroupFormat format);

/// Row after row is rounded, and the rows to come take up what that changes of
/// x times the weight in the mean square, x having these second moments [K, K]
/// (GPTQ; Frantar, Ashkboos, Hoefler, Alistarh 2022, algorithm 1). `damping` is
/// added to the moments' diagonal, as a share of its mean.
GroupedWeight roundWithCompensation(Eigen::MatrixXd weight,
                                    const Eigen::MatrixXd &moments,
                                    double damping, GroupFormat format);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_WEIGHTGROUPS_H
