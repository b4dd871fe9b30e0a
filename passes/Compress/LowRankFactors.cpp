//===- LowRankFactors.cpp - matrices as products of narrower ones -*- C++ -*-=//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LowRankFactors.h"

#include "llvm/ADT/STLExtras.h"
#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <limits>
#include <random>

using namespace tfc;
using namespace tfc::compress;
using Eigen::MatrixXd;
using Eigen::VectorXd;

double Spectrum::lostShare(int64_t rank) const {
  double all = total();
  if (all <= 0 || rank >= energies.size())
    return 0;
  return energies.tail(energies.size() - rank).sum() / all;
}

int64_t Spectrum::rankFor(double share) const {
  double all = total(), kept = 0;
  int64_t rank = 0;
  do
    kept += energies[rank++];
  while (rank < energies.size() && kept < share * all);
  return rank;
}

/// That of the symmetric `gram`, whose eigenvectors are the directions.
static Spectrum decompose(const MatrixXd &gram) {
  Eigen::SelfAdjointEigenSolver<MatrixXd> solver(gram);
  return {solver.eigenvalues().reverse().cwiseMax(0),
          solver.eigenvectors().rowwise().reverse()};
}

/// That of the rows of `tall`, whichever side is shorter.
static Spectrum spectrumOfRows(const MatrixXd &tall) {
  if (tall.cols() <= tall.rows())
    return decompose(tall.transpose() * tall);
  Spectrum left = decompose(tall * tall.transpose());
  // Directions without energy have no length to divide by; the decomposition
  // into right angles completes them.
  double least = left.energies[0] * std::numeric_limits<double>::epsilon();
  int64_t rank = 1;
  while (rank < left.energies.size() && left.energies[rank] > least)
    ++rank;
  MatrixXd right = tall.transpose() * left.directions.leftCols(rank);
  Eigen::HouseholderQR<MatrixXd> angles(right);
  MatrixXd directions = angles.householderQ() *
                        MatrixXd::Identity(tall.cols(), left.directions.cols());
  return {left.energies, directions};
}

Spectrum tfc::compress::spectrumOf(const MatrixXd &weight) {
  return spectrumOfRows(weight);
}

Spectrum tfc::compress::spectrumOf(const MatrixXd &weight,
                                   const MatrixXd &covariance) {
  if (weight.cols() <= weight.rows())
    return decompose(weight.transpose() * covariance * weight);
  // Of what is in no direction of x nothing can be lost, so the root of a
  // covariance without full rank does.
  Spectrum x = decompose(covariance);
  MatrixXd root =
      x.energies.cwiseSqrt().asDiagonal() * x.directions.transpose();
  return spectrumOfRows(root * weight);
}

int64_t tfc::compress::numericalRank(const MatrixXd &weight,
                                     const Spectrum &ofWeightAlone) {
  double relative = std::max(weight.rows(), weight.cols()) *
                    double(std::numeric_limits<float>::epsilon());
  double least = ofWeightAlone.energies[0] * relative * relative;
  return llvm::count_if(ofWeightAlone.energies,
                        [&](double energy) { return energy > least; });
}

static MatrixXd roundedToFloat(const MatrixXd &matrix) {
  return matrix.cast<float>().cast<double>();
}

Factors tfc::compress::alongDirections(const MatrixXd &weight,
                                       const Spectrum &spectrum, int64_t rank) {
  MatrixXd kept = spectrum.directions.leftCols(rank);
  return {roundedToFloat(weight * kept), roundedToFloat(kept.transpose())};
}

//===----------------------------------------------------------------------===//
// Semi-nonnegative factors
//===----------------------------------------------------------------------===//

/// F that is nearest to weight = F G^T.
static MatrixXd leastSquares(const MatrixXd &weight, const MatrixXd &g) {
  return g.completeOrthogonalDecomposition()
      .solve(weight.transpose())
      .transpose();
}

Factors tfc::compress::semiNonnegative(const MatrixXd &weight, int64_t rank) {
  // Standard distributions differ between libraries; the engine does not.
  std::mt19937 engine(1);
  MatrixXd g(weight.cols(), rank);
  for (double &number : g.reshaped())
    number = 0.2 + double(engine()) / double(std::mt19937::max());
  auto positive = [](const MatrixXd &m) { return m.cwiseMax(0.0).eval(); };
  auto negative = [](const MatrixXd &m) { return (-m).cwiseMax(0.0).eval(); };
  constexpr int steps = 200;
  constexpr double tiny = 1e-30;
  for (int step = 0; step < steps; ++step) {
    MatrixXd f = leastSquares(weight, g);
    MatrixXd cross = weight.transpose() * f, gram = f.transpose() * f;
    MatrixXd up = positive(cross) + g * negative(gram);
    MatrixXd down = negative(cross) + g * positive(gram);
    g.array() *= ((up.array() + tiny) / (down.array() + tiny)).sqrt();
  }
  MatrixXd b = roundedToFloat(g.transpose());
  return {roundedToFloat(leastSquares(weight, b.transpose())), b};
}

//===----------------------------------------------------------------------===//
// Ranks for a budget
//===----------------------------------------------------------------------===//

namespace {

/// From one rank of a layer, or from the whole layer, to a lower rank.
struct Step {
  size_t layer;
  int64_t rank, saved;
  double lost;

  double price() const { return lost / saved; }
};

} // namespace

/// The steps from the whole layer to rank 1, each dearer than the one before:
/// those between are left out that are dearer than one after them.
static std::vector<Step> stepsOf(const RankChoice &layer, size_t number) {
  std::vector<Step> steps;
  for (int64_t rank = layer.spectrum->energies.size(); rank >= 1; --rank) {
    int64_t saved = layer.sizeNow() - layer.sizeAt(rank);
    if (saved <= 0)
      continue;
    Step step{number, rank, saved, layer.spectrum->lostShare(rank)};
    // Both of `steps` and `step` are from the whole layer here.
    auto priceAfter = [&](const Step &from, const Step &to) {
      return (to.lost - from.lost) / (to.saved - from.saved);
    };
    while (!steps.empty()) {
      Step before =
          steps.size() > 1 ? steps[steps.size() - 2] : Step{number, 0, 0, 0.0};
      if (priceAfter(before, steps.back()) < priceAfter(before, step))
        break;
      steps.pop_back();
    }
    steps.push_back(step);
  }
  for (size_t i = steps.size(); i-- > 1;) {
    steps[i].saved -= steps[i - 1].saved;
    steps[i].lost -= steps[i - 1].lost;
  }
  return steps;
}

std::vector<int64_t>
tfc::compress::chooseRanks(llvm::ArrayRef<RankChoice> layers, int64_t budget) {
  std::vector<Step> steps;
  int64_t size = 0;
  for (auto [i, layer] : llvm::enumerate(layers)) {
    size += layer.sizeNow();
    llvm::append_range(steps, stepsOf(layer, i));
  }
  llvm::sort(steps, [](const Step &a, const Step &b) {
    return std::make_tuple(a.price(), a.layer, -a.rank) <
           std::make_tuple(b.price(), b.layer, -b.rank);
  });
  std::vector<int64_t> ranks(layers.size(), 0);
  for (const Step &step : steps) {
    if (size <= budget)
      break;
    ranks[step.layer] = step.rank;
    size -= step.saved;
  }
  if (size > budget)
    return {};
  return ranks;
}
