//===- ArenaPlan.h - offsets of buffers in one arena ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_ARENAPLAN_H
#define TFC_TARGETS_CORTEXM7_ARENAPLAN_H

#include <cstdint>
#include <vector>

namespace tfc::m7 {

/// A buffer of `size` bytes that lives from step `first` to step `last`, both
/// included.
struct LiveBuffer {
  int64_t size = 0, first = 0, last = 0;

  bool meets(const LiveBuffer &other) const {
    return first <= other.last && other.first <= last;
  }
};

struct ArenaPlan {
  /// Of each buffer.
  std::vector<int64_t> offsets;
  /// The end of the highest buffer.
  int64_t bytes = 0;
  /// The largest sum of buffers alive at one step, and that step: no plan needs
  /// less.
  int64_t lowerBound = 0, boundStep = 0;
};

/// Offsets, multiples of `alignment`, such that buffers that meet share no
/// byte. The problem is dynamic storage allocation, which is NP-hard: buffers
/// are placed one after the other, each at the lowest offset that is free for
/// its life, and the order is improved by exchanges until the plan reaches the
/// lower bound or `effort` orders were tried. The same input gives the same
/// plan.
ArenaPlan planArena(const std::vector<LiveBuffer> &buffers, int64_t alignment,
                    unsigned effort);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_ARENAPLAN_H
