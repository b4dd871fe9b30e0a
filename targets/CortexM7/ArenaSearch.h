//===- ArenaSearch.h - whether buffers fit, exactly -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_ARENASEARCH_H
#define TFC_TARGETS_CORTEXM7_ARENASEARCH_H

#include "ArenaPlan.h"

namespace tfc::m7 {

/// Says by branch and bound whether buffers fit into so many bytes.
///
/// Buffers are placed in the order of their offsets, so what is placed is a
/// skyline over time and each next buffer lies on it. If buffers fit at all,
/// there is a way whose offsets have the least sum; in it no buffer can be
/// moved down. Branches in which one could be are left out, and those in which
/// the buffers left over at some step do not fit above the skyline.
class ArenaSearch {
public:
  explicit ArenaSearch(const std::vector<LiveBuffer> &buffers);

  enum Answer { Fits, DoesNotFit, Unknown };

  /// Spends at most `nodes`, and counts them down.
  Answer fit(int64_t bytes, unsigned &nodes);

  /// The offsets of the last `fit` that found some.
  const std::vector<int64_t> &found() const { return offsets; }

private:
  struct Candidate {
    unsigned buffer;
    int64_t offset;
  };

  Answer descend(unsigned placed, Candidate last, unsigned &nodes);
  bool fitsAbove(int64_t least) const;
  bool collect(Candidate last, std::vector<Candidate> &candidates) const;
  void put(const Candidate &candidate);
  void take(const Candidate &candidate, const std::vector<int64_t> &below);

  std::vector<LiveBuffer> buffers;
  int64_t limit = 0;
  /// By steps: the end of what is placed, and the bytes that are not.
  std::vector<int64_t> skyline, left;
  std::vector<bool> isPlaced;
  std::vector<int64_t> offsets;
};

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_ARENASEARCH_H
