//===- PositionGroups.cpp - positions that are one --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PositionGroups.h"

#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/STLExtras.h"

#include <limits>
#include <map>

using namespace tfc::compress;
using Eigen::MatrixXd;

/// Groups by one of their members each, numbered anew.
static PositionGroups numbered(llvm::ArrayRef<int64_t> leaders) {
  PositionGroups groups;
  std::map<int64_t, int64_t> numbers;
  for (int64_t leader : leaders) {
    auto [entry, isNew] = numbers.try_emplace(leader, groups.sizes.size());
    if (isNew)
      groups.sizes.push_back(0);
    groups.of.push_back(entry->second);
    ++groups.sizes[entry->second];
  }
  return groups;
}

PositionGroups tfc::compress::equalPieces(int64_t positions, int64_t count) {
  std::vector<int64_t> leaders;
  for (int64_t i = 0; i < positions; ++i)
    leaders.push_back(i * count / positions);
  return numbered(leaders);
}

namespace {

struct Join {
  int64_t a, b;
  double cost;
};

} // namespace

/// All joins down to one group. The cost of one is what it adds to the variance
/// inside, times two. A group is called by the position that `b` of no join is.
static std::vector<Join> joinAll(MatrixXd cost) {
  int64_t positions = cost.rows();
  std::vector<double> size(positions, 1);
  std::vector<bool> isGone(positions);
  std::vector<int64_t> chain;
  std::vector<Join> joins;
  int64_t first = 0;
  while (int64_t(joins.size()) + 1 < positions) {
    if (chain.empty()) {
      while (isGone[first])
        ++first;
      chain.push_back(first);
    }
    int64_t last = chain.back(),
            before = chain.size() > 1 ? chain[chain.size() - 2] : -1,
            nearest = before;
    // Of equally near ones that before it, so that chains end.
    for (int64_t i = 0; i < positions; ++i)
      if (!isGone[i] && i != last &&
          (nearest < 0 || cost(last, i) < cost(last, nearest)))
        nearest = i;
    if (nearest != before) {
      chain.push_back(nearest);
      continue;
    }
    chain.resize(chain.size() - 2);
    auto [a, b] = std::minmax(last, before);
    joins.push_back({a, b, cost(a, b)});
    isGone[b] = true;
    for (int64_t i = 0; i < positions; ++i) {
      if (isGone[i] || i == a)
        continue;
      double total = size[a] + size[b] + size[i];
      cost(a, i) = ((size[a] + size[i]) * cost(a, i) +
                    (size[b] + size[i]) * cost(b, i) - size[i] * cost(a, b)) /
                   total;
      cost(i, a) = cost(a, i);
    }
    size[a] += size[b];
  }
  return joins;
}

PositionGroups tfc::compress::nearestGroups(const MatrixXd &products,
                                            int64_t count) {
  int64_t positions = products.rows();
  MatrixXd distances = -2 * products;
  distances.rowwise() += products.diagonal().transpose();
  distances.colwise() += products.diagonal();
  std::vector<Join> joins = joinAll(distances);
  llvm::stable_sort(
      joins, [](const Join &a, const Join &b) { return a.cost < b.cost; });
  llvm::EquivalenceClasses<int64_t> joined;
  for (int64_t i = 0; i < positions; ++i)
    joined.insert(i);
  for (const Join &join : llvm::ArrayRef(joins).take_front(
           std::max<int64_t>(positions - count, 0)))
    joined.unionSets(join.a, join.b);
  std::vector<int64_t> leaders;
  for (int64_t i = 0; i < positions; ++i)
    leaders.push_back(joined.getLeaderValue(i));
  return numbered(leaders);
}

double tfc::compress::varianceKept(const MatrixXd &products,
                                   const PositionGroups &groups) {
  // The sum of squares within a set is the trace of its products less their
  // mean.
  int64_t positions = products.rows();
  double all = products.trace() - products.sum() / positions;
  MatrixXd indicator = MatrixXd::Zero(groups.sizes.size(), positions);
  for (int64_t i = 0; i < positions; ++i)
    indicator(groups.of[i], i) =
        1 / std::sqrt(double(groups.sizes[groups.of[i]]));
  // Rounding may make nothing less than that.
  double within = std::max(
      products.trace() - (indicator * products).cwiseProduct(indicator).sum(),
      0.0);
  return all > 0 ? 1 - within / all : 1;
}
