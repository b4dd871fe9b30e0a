//===- SearchModel.cpp - what a candidate is expected to be -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SearchModel.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

using namespace tfc;
using llvm::ArrayRef;

/// How far slopes are drawn to none, in squares of steps: less than a
/// measurement next to the point counts.
static constexpr double ridge = 0.1;

std::vector<double> SearchModel::features(ArrayRef<unsigned> steps) const {
  std::vector<double> differences{1};
  for (size_t i = 0; i < steps.size(); ++i)
    differences.push_back(double(steps[i]) - double(at[i]));
  return differences;
}

void SearchModel::add(ArrayRef<unsigned> steps, double loss, double size) {
  Row row{features(steps), 1, loss, std::log(std::max(size, 1.0))};
  hasLogarithms &= loss >= 0;
  double distance = 0;
  for (double difference : ArrayRef(row.features).drop_front())
    distance += std::abs(difference);
  row.weight = 1 / (1 + distance);
  rows.push_back(std::move(row));
}

void SearchModel::solve() {
  size_t width = at.size() + 1;
  Eigen::MatrixXd products = Eigen::MatrixXd::Identity(width, width) * ridge,
                  sides = Eigen::MatrixXd::Zero(width, 2);
  // The value at the point itself is not drawn to anything.
  products(0, 0) = 1e-9;
  // A loss near zero, as of a difference to the original, is one by orders of
  // magnitude.
  constexpr double least = 1e-12;
  for (const Row &row : rows) {
    double loss =
        hasLogarithms ? std::log(std::max(row.loss, least)) : row.loss;
    Eigen::Map<const Eigen::VectorXd> x(row.features.data(), width);
    products += row.weight * x * x.transpose();
    sides.col(0) += row.weight * loss * x;
    sides.col(1) += row.weight * row.size * x;
  }
  Eigen::MatrixXd slopes = products.ldlt().solve(sides);
  lossSlope.assign(slopes.col(0).data(), slopes.col(0).data() + width);
  sizeSlope.assign(slopes.col(1).data(), slopes.col(1).data() + width);
}

SearchModel::Expected SearchModel::expect(ArrayRef<unsigned> steps) const {
  Expected expected{0, 0};
  std::vector<double> x = features(steps);
  for (size_t i = 0; i < x.size(); ++i) {
    expected.loss += lossSlope[i] * x[i];
    expected.size += sizeSlope[i] * x[i];
  }
  return {hasLogarithms ? std::exp(expected.loss) : expected.loss,
          std::exp(expected.size)};
}
