//===- HeadFactors.cpp - products of two with fewer terms -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HeadFactors.h"

#include <Eigen/Eigenvalues>
#include <Eigen/SVD>
#include <limits>

using namespace tfc;
using namespace tfc::compress;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// The symmetric root of a matrix without eigenvalues below 0 but by rounding.
static MatrixXd rootOf(const MatrixXd &matrix) {
  Eigen::SelfAdjointEigenSolver<MatrixXd> solver(matrix);
  return solver.eigenvectors() *
         solver.eigenvalues().cwiseMax(0).cwiseSqrt().asDiagonal() *
         solver.eigenvectors().transpose();
}

BalancedProduct::BalancedProduct(const MatrixXd &a, const MatrixXd &b)
    : rootOfA(rootOf(a)), rootOfB(rootOf(b)) {
  Eigen::JacobiSVD<MatrixXd> svd(rootOfA * rootOfB,
                                 Eigen::ComputeFullU | Eigen::ComputeFullV);
  u = svd.matrixU();
  v = svd.matrixV();
  squares = svd.singularValues().cwiseAbs2();
}

MatrixXd BalancedProduct::scaled(const MatrixXd &directions,
                                 int64_t rank) const {
  // Roots of covariances are no better than the root of double's precision.
  double least = squares[0] * std::numeric_limits<double>::epsilon();
  VectorXd scales = VectorXd::Zero(rank);
  for (int64_t i = 0; i < rank; ++i)
    if (squares[i] > least)
      scales[i] = 1 / std::sqrt(std::sqrt(squares[i]));
  return directions.leftCols(rank) * scales.asDiagonal();
}

MatrixXd BalancedProduct::left(int64_t rank) const {
  return scaled(rootOfB * v.leftCols(rank), rank);
}

MatrixXd BalancedProduct::right(int64_t rank) const {
  return scaled(rootOfA * u.leftCols(rank), rank);
}
