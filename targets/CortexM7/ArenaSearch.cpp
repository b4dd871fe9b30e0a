//===- ArenaSearch.cpp - whether buffers fit, exactly -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ArenaSearch.h"

#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <limits>

using namespace tfc::m7;

ArenaSearch::ArenaSearch(const std::vector<LiveBuffer> &given)
    : buffers(given), isPlaced(given.size()), offsets(given.size()) {
  // Most bytes live where a buffer's life begins; other steps say nothing new.
  std::vector<int64_t> begins;
  for (const LiveBuffer &buffer : buffers)
    begins.push_back(buffer.first);
  std::sort(begins.begin(), begins.end());
  begins.erase(std::unique(begins.begin(), begins.end()), begins.end());
  skyline.resize(begins.size());
  left.resize(begins.size());
  for (LiveBuffer &buffer : buffers) {
    auto find = [&](int64_t step) {
      return std::upper_bound(begins.begin(), begins.end(), step) -
             begins.begin() - 1;
    };
    buffer.first = find(buffer.first);
    buffer.last = find(buffer.last);
  }
}

ArenaSearch::Answer ArenaSearch::fit(int64_t bytes, unsigned &nodes) {
  limit = bytes;
  std::fill(skyline.begin(), skyline.end(), 0);
  std::fill(left.begin(), left.end(), 0);
  std::fill(isPlaced.begin(), isPlaced.end(), false);
  for (const LiveBuffer &buffer : buffers)
    for (int64_t t = buffer.first; t <= buffer.last; ++t)
      left[t] += buffer.size;
  return descend(0, {0, 0}, nodes);
}

/// Whether what is left fits at each step, none of it below `least`.
bool ArenaSearch::fitsAbove(int64_t least) const {
  for (size_t t = 0; t < skyline.size(); ++t)
    if (left[t] && std::max(skyline[t], least) + left[t] > limit)
      return false;
  return true;
}

/// Lists the buffers that may come next; false where none is worth it.
bool ArenaSearch::collect(Candidate last,
                          std::vector<Candidate> &candidates) const {
  int64_t lowestEnd = std::numeric_limits<int64_t>::max();
  for (unsigned i = 0; i < buffers.size(); ++i) {
    if (isPlaced[i])
      continue;
    auto begin = skyline.begin() + buffers[i].first;
    int64_t offset =
        *std::max_element(begin, skyline.begin() + buffers[i].last + 1);
    lowestEnd = std::min(lowestEnd, offset + buffers[i].size);
    if (offset > last.offset || (offset == last.offset && i >= last.buffer))
      candidates.push_back({i, offset});
  }
  // Another buffer would fit below: it would be lower in the way sought.
  if (lowestEnd <= last.offset)
    return false;
  candidates.erase(std::remove_if(candidates.begin(), candidates.end(),
                                  [&](const Candidate &candidate) {
                                    return candidate.offset >= lowestEnd;
                                  }),
                   candidates.end());
  auto area = [&](unsigned i) {
    return buffers[i].size * (buffers[i].last - buffers[i].first + 1);
  };
  llvm::sort(candidates, [&](const Candidate &a, const Candidate &b) {
    if (a.offset != b.offset)
      return a.offset < b.offset;
    if (area(a.buffer) != area(b.buffer))
      return area(a.buffer) > area(b.buffer);
    return a.buffer < b.buffer;
  });
  return true;
}

void ArenaSearch::put(const Candidate &candidate) {
  const LiveBuffer &buffer = buffers[candidate.buffer];
  isPlaced[candidate.buffer] = true;
  offsets[candidate.buffer] = candidate.offset;
  for (int64_t t = buffer.first; t <= buffer.last; ++t) {
    skyline[t] = candidate.offset + buffer.size;
    left[t] -= buffer.size;
  }
}

void ArenaSearch::take(const Candidate &candidate,
                       const std::vector<int64_t> &below) {
  const LiveBuffer &buffer = buffers[candidate.buffer];
  isPlaced[candidate.buffer] = false;
  for (int64_t t = buffer.first; t <= buffer.last; ++t) {
    skyline[t] = below[t - buffer.first];
    left[t] += buffer.size;
  }
}

ArenaSearch::Answer ArenaSearch::descend(unsigned placed, Candidate last,
                                         unsigned &nodes) {
  if (placed == buffers.size())
    return Fits;
  if (nodes == 0)
    return Unknown;
  --nodes;
  std::vector<Candidate> candidates;
  if (!fitsAbove(last.offset) || !collect(last, candidates))
    return DoesNotFit;
  for (const Candidate &candidate : candidates) {
    const LiveBuffer &buffer = buffers[candidate.buffer];
    std::vector<int64_t> below(skyline.begin() + buffer.first,
                               skyline.begin() + buffer.last + 1);
    put(candidate);
    Answer answer = descend(placed + 1, candidate, nodes);
    if (answer != DoesNotFit)
      return answer;
    take(candidate, below);
  }
  return DoesNotFit;
}
