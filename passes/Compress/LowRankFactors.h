//===- LowRankFactors.h - matrices as products of narrower ones -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_LOWRANKFACTORS_H
#define TFC_PASSES_COMPRESS_LOWRANKFACTORS_H

#include "llvm/ADT/ArrayRef.h"
#include <Eigen/Core>
#include <cstdint>
#include <vector>

namespace tfc::compress {

/// The directions of what a layer gives, and how much of it lies along each.
struct Spectrum {
  /// From the greatest on; none is below 0.
  Eigen::VectorXd energies;
  /// A column each, at right angles and of length 1.
  Eigen::MatrixXd directions;

  double total() const { return energies.sum(); }
  /// What is lost by keeping the first `rank` directions only, of 1.
  double lostShare(int64_t rank) const;
  /// The least rank, of 1 at least, that keeps `share` of the energy.
  int64_t rankFor(double share) const;
};

/// That of a weight [K, N] alone: its squared singular values, and its right
/// singular vectors.
Spectrum spectrumOf(const Eigen::MatrixXd &weight);

/// That of x times the weight, for x of this covariance.
Spectrum spectrumOf(const Eigen::MatrixXd &weight,
                    const Eigen::MatrixXd &covariance);

/// How many singular values are above max(K, N) times f32's epsilon times the
/// greatest: what is below cannot be told from rounded zeros.
int64_t numericalRank(const Eigen::MatrixXd &weight,
                      const Spectrum &ofWeightAlone);

/// A [K, R] and B [R, N], whose numbers are those of f32.
struct Factors {
  Eigen::MatrixXd a, b;
};

/// The weight along the first `rank` directions of a spectrum, which loses the
/// least energy of all products of this rank (Eckart, Young 1936).
Factors alongDirections(const Eigen::MatrixXd &weight, const Spectrum &spectrum,
                        int64_t rank);

/// Semi-nonnegative factors: B has no number below 0 (Ding, Li, Jordan 2010).
/// Starts from random numbers, the same ones each time.
Factors semiNonnegative(const Eigen::MatrixXd &weight, int64_t rank);

/// What a layer may become, for chooseRanks.
struct RankChoice {
  int64_t rows, columns;
  /// Numbers beside the factors that the layer does not hold now.
  int64_t added;
  const Spectrum *spectrum;

  int64_t sizeNow() const { return rows * columns; }
  int64_t sizeAt(int64_t rank) const { return rank * (rows + columns) + added; }
};

/// The ranks with which all layers together hold `budget` numbers or less; 0
/// where a layer stays as it is. Empty where rank 1 everywhere is too much.
/// Takes steps in the order of how little energy, as a share of its layer's,
/// each loses for a number.
std::vector<int64_t> chooseRanks(llvm::ArrayRef<RankChoice> layers,
                                 int64_t budget);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_LOWRANKFACTORS_H
