//===- HeadFactors.h - products of two with fewer terms ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_HEADFACTORS_H
#define TFC_PASSES_COMPRESS_HEADFACTORS_H

#include <Eigen/Core>
#include <cstdint>

namespace tfc::compress {

/// For products a^T b of vectors of D numbers, of which E[a a^T] and E[b b^T]
/// are known: that of R numbers, (left^T a)^T (right^T b), which is nearest in
/// the mean square when a and b have nothing to do with each other. It is the
/// square root method of balanced truncation (Tombs, Postlethwaite 1987): both
/// get the same second moments, which are diagonal.
class BalancedProduct {
public:
  BalancedProduct(const Eigen::MatrixXd &a, const Eigen::MatrixXd &b);

  /// E[(a^T b)^2] along each of the D directions, from the greatest on.
  const Eigen::VectorXd &energies() const { return squares; }

  /// [D, rank] each. Directions without energy are left at zero.
  Eigen::MatrixXd left(int64_t rank) const;
  Eigen::MatrixXd right(int64_t rank) const;

private:
  Eigen::MatrixXd rootOfA, rootOfB, u, v;
  Eigen::VectorXd squares;

  Eigen::MatrixXd scaled(const Eigen::MatrixXd &directions, int64_t rank) const;
};

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_HEADFACTORS_H
