//===- SearchModel.cpp - what a candidate is expected to be -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SearchModel.h"

#include "llvm/ADT/STLExtras.h"
#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

using namespace tfc;
using llvm::ArrayRef;

/// How far slopes are drawn to none, in squares of steps: much less than a
/// measurement next to the point counts.
static constexpr double ridge = 0.01;

/// A loss near zero, as of a difference to the original, is one by orders of
/// magnitude.
static double logarithm(double number) {
  constexpr double least = 1e-12;
  return std::log(std::max(number, least));
}

std::vector<double> SearchModel::differences(ArrayRef<unsigned> steps) const {
  std::vector<double> found;
  for (auto [there, here] : llvm::zip_equal(steps, at))
    found.push_back(double(there) - double(here));
  return found;
}

void SearchModel::add(ArrayRef<unsigned> steps, double loss, double size) {
  Row row{differences(steps), 1, loss, size};
  hasLogarithms &= loss >= 0;
  double distance = 0;
  for (double difference : row.differences)
    distance += std::abs(difference);
  row.weight = 1 / (1 + distance * distance);
  rows.push_back(std::move(row));
}

void SearchModel::solve() {
  size_t width = at.size();
  Eigen::MatrixXd products = Eigen::MatrixXd::Identity(width, width) * ridge,
                  sides = Eigen::MatrixXd::Zero(width, 2);
  for (const Row &row : rows) {
    double change =
        hasLogarithms ? logarithm(row.loss) - logarithm(loss) : row.loss - loss;
    Eigen::Map<const Eigen::VectorXd> x(row.differences.data(), width);
    products += row.weight * x * x.transpose();
    sides.col(0) += row.weight * change * x;
    sides.col(1) += row.weight * (logarithm(row.size) - logarithm(size)) * x;
  }
  Eigen::MatrixXd slopes = products.ldlt().solve(sides);
  lossSlope.assign(slopes.col(0).data(), slopes.col(0).data() + width);
  sizeSlope.assign(slopes.col(1).data(), slopes.col(1).data() + width);
}

SearchModel::Expected SearchModel::expect(ArrayRef<unsigned> steps) const {
  double lossChange = 0, sizeChange = 0;
  for (auto [i, difference] : llvm::enumerate(differences(steps))) {
    lossChange += lossSlope[i] * difference;
    sizeChange += sizeSlope[i] * difference;
  }
  return {hasLogarithms ? loss * std::exp(lossChange) : loss + lossChange,
          size * std::exp(sizeChange)};
}
