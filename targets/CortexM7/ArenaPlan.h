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
  /// No plan needs less: the largest sum of buffers alive at one step, or what
  /// the search proved above that.
  int64_t lowerBound = 0;
  /// The step at which most bytes are alive, and how many.
  int64_t boundStep = 0, liveBytes = 0;
};

/// How long to search, counted so that every machine finds the same plan.
struct ArenaEffort {
  /// Orders of placing that the first, quick search tries.
  unsigned orders = 2000;
  /// Nodes of the exact search, which comes where the first left a gap.
  unsigned nodes = 20000;
};

ArenaPlan planArena(const std::vector<LiveBuffer> &buffers, int64_t alignment,
                    const ArenaEffort &effort);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_ARENAPLAN_H
