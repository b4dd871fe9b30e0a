//===- ChannelImportance.cpp - which units to go without --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ChannelImportance.h"

#include "InputStatistics.h"

#include <Eigen/Cholesky>

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// What the consumers of a group make of the units.
struct Consumption {
  /// The weights of all of them side by side, [K, N].
  MatrixXd weights;
  /// Moments of what they multiply; none where they are unknown or differ.
  std::optional<InputStatistics> moments;
};

} // namespace

static std::optional<InputStatistics> knownInputs(attn::LinearOp linear) {
  FailureOr<std::optional<InputStatistics>> known = inputStatistics(linear);
  return succeeded(known) ? *known : std::nullopt;
}

/// What the loss of an input is measured by: its variance around the mean,
/// which the bias takes care of, or around zero where there is no bias.
static MatrixXd spreadOf(const InputStatistics &moments, bool hasBias) {
  return hasBias ? moments.covariance() : moments.moments;
}

static void damp(MatrixXd &spread, double damping) {
  double mean = spread.diagonal().mean();
  // An input that is constant has no spread, and any weight does.
  spread.diagonal().array() += std::max(damping * mean, 1e-30);
}

static std::optional<Consumption> consumptionOf(const ChannelGroup &group) {
  Consumption result;
  for (attn::LinearOp linear : group.consumers) {
    std::optional<MatrixXd> weights = weightOf(linear);
    if (!weights)
      return std::nullopt;
    MatrixXd wider(weights->rows(), result.weights.cols() + weights->cols());
    wider << result.weights, *weights;
    result.weights = std::move(wider);
  }
  if (llvm::all_equal(
          llvm::map_range(group.consumers,
                          [](attn::LinearOp linear) { return linear.getX(); })))
    result.moments = knownInputs(group.consumers.front());
  return result;
}

static RemovalOrder byMagnitude(const ChannelGroup &group,
                                const MatrixXd &weights, int64_t most) {
  std::vector<double> sizes;
  double all = 0;
  for (ArrayRef<int64_t> rows : group.rows) {
    sizes.push_back(0);
    for (int64_t row : rows)
      sizes.back() += weights.row(row).squaredNorm();
    all += sizes.back();
  }
  RemovalOrder order;
  order.units.resize(group.units);
  std::iota(order.units.begin(), order.units.end(), 0);
  llvm::sort(order.units, [&](int64_t a, int64_t b) {
    return std::pair(sizes[a], a) < std::pair(sizes[b], b);
  });
  order.units.truncate(most);
  double lost = 0;
  for (int64_t unit : order.units)
    order.loss.push_back(all > 0 ? (lost += sizes[unit]) / all : 0);
  return order;
}

namespace {

/// Takes unit after unit out of a product, fitting the rest each time.
class Surgeon {
public:
  Surgeon(const ChannelGroup &group, MatrixXd weights, const MatrixXd &spread)
      : group(group), weights(std::move(weights)),
        inverse(spread.llt().solve(
            MatrixXd::Identity(spread.rows(), spread.cols()))),
        gone(group.units) {}

  /// The unit with the least loss, and that.
  std::pair<int64_t, double> cheapest() const {
    std::pair<int64_t, double> best{-1, 0};
    for (int64_t unit = 0; unit < group.units; ++unit) {
      if (gone[unit])
        continue;
      double loss = lossOf(group.rows[unit]);
      if (best.first < 0 || loss < best.second)
        best = {unit, loss};
    }
    return best;
  }

  void remove(int64_t unit) {
    ArrayRef<int64_t> rows = group.rows[unit];
    MatrixXd columns(inverse.rows(), rows.size()),
        own(rows.size(), rows.size()), lost(rows.size(), weights.cols());
    for (auto [i, row] : llvm::enumerate(rows)) {
      columns.col(i) = inverse.col(row);
      lost.row(i) = weights.row(row);
      for (auto [j, other] : llvm::enumerate(rows))
        own(i, j) = inverse(row, other);
    }
    Eigen::LDLT<MatrixXd> solver(own);
    weights.noalias() -= columns * solver.solve(lost);
    inverse -= columns * solver.solve(columns.transpose());
    for (int64_t row : rows) {
      weights.row(row).setZero();
      inverse.row(row).setZero();
      inverse.col(row).setZero();
    }
    gone[unit] = true;
  }

private:
  double lossOf(ArrayRef<int64_t> rows) const {
    if (rows.size() == 1)
      return weights.row(rows[0]).squaredNorm() / inverse(rows[0], rows[0]);
    MatrixXd own(rows.size(), rows.size()), lost(rows.size(), weights.cols());
    for (auto [i, row] : llvm::enumerate(rows)) {
      lost.row(i) = weights.row(row);
      for (auto [j, other] : llvm::enumerate(rows))
        own(i, j) = inverse(row, other);
    }
    return lost.cwiseProduct(own.ldlt().solve(lost)).sum();
  }

  const ChannelGroup &group;
  MatrixXd weights, inverse;
  std::vector<bool> gone;
};

} // namespace

RemovalOrder tfc::compress::orderOfRemoval(const ChannelGroup &group,
                                           int64_t most,
                                           const ImportanceOptions &options) {
  std::optional<Consumption> consumption = consumptionOf(group);
  if (!consumption)
    return {};
  most = std::min(most, group.units - 1);
  if (options.magnitude || !consumption->moments)
    return byMagnitude(group, consumption->weights, most);
  bool hasBias = llvm::all_of(group.consumers, [](attn::LinearOp linear) {
    return linear.getBias() != nullptr;
  });
  MatrixXd spread = spreadOf(*consumption->moments, hasBias);
  double all =
      consumption->weights.cwiseProduct(spread * consumption->weights).sum();
  damp(spread, options.damping);
  Surgeon surgeon(group, consumption->weights, spread);
  RemovalOrder order;
  double lost = 0;
  for (int64_t i = 0; i < most; ++i) {
    auto [unit, loss] = surgeon.cheapest();
    surgeon.remove(unit);
    lost += loss;
    order.units.push_back(unit);
    order.loss.push_back(all > 0 ? std::min(lost / all, 1.0) : 0);
  }
  return order;
}

/// The rows of `matrix`, and of its columns too with `both`, that are in
/// `kept`.
static MatrixXd rowsOf(const MatrixXd &matrix, ArrayRef<int64_t> kept) {
  MatrixXd result(kept.size(), matrix.cols());
  for (auto [i, row] : llvm::enumerate(kept))
    result.row(i) = matrix.row(row);
  return result;
}

std::optional<Refit> tfc::compress::refit(attn::LinearOp linear,
                                          ArrayRef<int64_t> kept,
                                          const ImportanceOptions &options) {
  std::optional<InputStatistics> moments = knownInputs(linear);
  std::optional<MatrixXd> weights = weightOf(linear);
  if (!moments || !weights)
    return std::nullopt;
  std::optional<VectorXd> bias =
      linear.getBias() ? biasOf(linear) : std::nullopt;
  MatrixXd spread = spreadOf(*moments, bias.has_value());
  // Left of the equation damped, right not: a ridge towards the old weights
  // of what stays.
  damp(spread, options.damping);
  MatrixXd rows = rowsOf(spread, kept);
  MatrixXd inner = rowsOf(rows.transpose(), kept);
  MatrixXd fitted = inner.ldlt().solve(rows * *weights);
  Refit result{linear, {}, {}};
  if (linear.getTransposeWeight())
    fitted.transposeInPlace();
  for (Eigen::Index i = 0; i < fitted.rows(); ++i)
    for (Eigen::Index j = 0; j < fitted.cols(); ++j)
      result.weight.push_back(fitted(i, j));
  if (!bias)
    return result;
  if (linear.getTransposeWeight())
    fitted.transposeInPlace();
  VectorXd mean = rowsOf(moments->mean, kept);
  VectorXd moved =
      *bias + weights->transpose() * moments->mean - fitted.transpose() * mean;
  result.bias.assign(moved.begin(), moved.end());
  return result;
}
