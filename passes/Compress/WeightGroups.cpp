//===- WeightGroups.cpp - weights as integers with scales -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightGroups.h"
#include "QuantizationRange.h"

#include "llvm/Support/MathExtras.h"
#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

using namespace tfc::compress;
using Eigen::MatrixXd;
using Eigen::RowVectorXd;

GroupedWeight::GroupedWeight(GroupFormat given, int64_t rows, int64_t columns)
    : integers(rows, columns), format(given) {
  if (format.rows == 0 || format.rows > rows)
    format.rows = rows;
  int64_t groups = llvm::divideCeil(rows, format.rows);
  scales.setOnes(groups, columns);
  zeroPoints.setZero(groups, columns);
}

int64_t GroupedWeight::bytes() const {
  int64_t perGroup = sizeof(float) + (format.hasZeroPoints ? 1 : 0);
  return llvm::divideCeil(integers.size() * format.bits, 8) +
         scales.size() * perGroup;
}

void GroupedWeight::setGroup(int64_t group,
                             const Eigen::Ref<const MatrixXd> &rows) {
  for (int64_t n = 0; n < rows.cols(); ++n) {
    double least = std::min(rows.col(n).minCoeff(), 0.0),
           most = std::max(rows.col(n).maxCoeff(), 0.0);
    if (least == most)
      continue;
    double steps = format.highest() - format.lowest();
    double scale = format.hasZeroPoints
                       ? (most - least) / steps
                       : std::max(most, -least) / format.highest();
    scale = scaleOfF32(scale);
    scales(group, n) = static_cast<float>(scale);
    if (format.hasZeroPoints)
      zeroPoints(group, n) = static_cast<int8_t>(
          std::clamp<double>(std::nearbyint(format.lowest() - least / scale),
                             format.lowest(), format.highest()));
  }
}

RowVectorXd
GroupedWeight::setRow(int64_t row,
                      const Eigen::Ref<const RowVectorXd> &numbers) {
  int64_t group = row / format.rows;
  RowVectorXd result(numbers.size());
  for (int64_t n = 0; n < numbers.size(); ++n) {
    double scale = scales(group, n), zero = zeroPoints(group, n);
    double integer =
        std::clamp<double>(std::nearbyint(numbers(n) / scale) + zero,
                           format.lowest(), format.highest());
    integers(row, n) = static_cast<int8_t>(integer);
    result(n) = (integer - zero) * scale;
  }
  return result;
}

MatrixXd GroupedWeight::dequantized() const {
  MatrixXd result(integers.rows(), integers.cols());
  for (int64_t k = 0; k < result.rows(); ++k)
    for (int64_t n = 0; n < result.cols(); ++n)
      result(k, n) = double(integers(k, n) - zeroPoints(k / format.rows, n)) *
                     scales(k / format.rows, n);
  return result;
}

GroupedWeight tfc::compress::roundToNearest(const MatrixXd &weight,
                                            GroupFormat format) {
  GroupedWeight result(format, weight.rows(), weight.cols());
  for (int64_t g = 0; g < result.groups(); ++g) {
    int64_t first = g * result.format.rows;
    result.setGroup(g,
                    weight.middleRows(first, std::min(result.format.rows,
                                                      weight.rows() - first)));
  }
  for (int64_t k = 0; k < weight.rows(); ++k)
    result.setRow(k, weight.row(k));
  return result;
}

/// U of U^T U = (moments + damping)^-1, upper triangular.
static MatrixXd inverseFactor(MatrixXd moments, double damping) {
  int64_t size = moments.rows();
  double mean = moments.diagonal().mean();
  // Where nothing ever goes in, all rows are alike.
  moments.diagonal().array() += mean > 0 ? damping * mean : 1.0;
  MatrixXd inverse = moments.llt().solve(MatrixXd::Identity(size, size));
  return inverse.llt().matrixU();
}

GroupedWeight tfc::compress::roundWithCompensation(MatrixXd weight,
                                                   const MatrixXd &moments,
                                                   double damping,
                                                   GroupFormat format) {
  // What a block of rows changes reaches the rows behind it in one product.
  constexpr int64_t blockRows = 128;
  MatrixXd factor = inverseFactor(moments, damping);
  GroupedWeight result(format, weight.rows(), weight.cols());
  int64_t rows = weight.rows(), group = result.format.rows;
  for (int64_t first = 0; first < rows;) {
    int64_t end = std::min(rows, first + blockRows);
    MatrixXd errors(end - first, weight.cols());
    for (int64_t k = first; k < end; ++k) {
      if (k % group == 0) {
        // The scale of the group as it is now, with what is still to reach it
        // from this block.
        int64_t size = std::min(group, rows - k), inside = k - first;
        MatrixXd ahead = weight.middleRows(k, size);
        int64_t beyond = std::max<int64_t>(0, k + size - end);
        ahead.bottomRows(beyond) -=
            factor.block(first, end, inside, beyond).transpose() *
            errors.topRows(inside);
        result.setGroup(k / group, ahead);
      }
      RowVectorXd rounded = result.setRow(k, weight.row(k));
      errors.row(k - first) = (weight.row(k) - rounded) / factor(k, k);
      weight.middleRows(k + 1, end - k - 1) -=
          factor.row(k).segment(k + 1, end - k - 1).transpose() *
          errors.row(k - first);
    }
    weight.bottomRows(rows - end) -=
        factor.block(first, end, end - first, rows - end).transpose() * errors;
    first = end;
  }
  return result;
}
