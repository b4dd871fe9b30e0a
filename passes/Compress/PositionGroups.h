//===- PositionGroups.h - positions that are one ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_POSITIONGROUPS_H
#define TFC_PASSES_COMPRESS_POSITIONGROUPS_H

#include <Eigen/Core>
#include <vector>

namespace tfc::compress {

/// The group of each position, from 0 on in the order of their first positions.
struct PositionGroups {
  std::vector<int64_t> of;
  std::vector<int64_t> sizes;
};

/// `count` groups of `positions` neighbours, of equal sizes but for one.
PositionGroups equalPieces(int64_t positions, int64_t count);

/// `count` groups with little variance inside of them, of vectors with products
/// `products`, of [T, T]: those that Ward's method joins first (1963), by the
/// recurrence of Lance and Williams (1967) along chains of nearest neighbours
/// (Murtagh 1983), in time T^2.
PositionGroups nearestGroups(const Eigen::MatrixXd &products, int64_t count);

/// The share of the variance of the vectors that is between the groups, 1 where
/// they are points.
double varianceKept(const Eigen::MatrixXd &products,
                    const PositionGroups &groups);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_POSITIONGROUPS_H
