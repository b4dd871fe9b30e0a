//===- ArenaPlan.cpp - offsets of buffers in one arena ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ArenaPlan.h"

#include <algorithm>
#include <numeric>
#include <random>

using namespace tfc::m7;

namespace {

using Order = std::vector<unsigned>;

class Search {
public:
  Search(const std::vector<LiveBuffer> &buffers, int64_t alignment)
      : buffers(buffers) {
    for (LiveBuffer &buffer : this->buffers)
      buffer.size = (buffer.size + alignment - 1) / alignment * alignment;
    neighbours.resize(buffers.size());
    for (unsigned i = 0; i < buffers.size(); ++i)
      for (unsigned j = 0; j < buffers.size(); ++j)
        if (i != j && buffers[i].meets(buffers[j]))
          neighbours[i].push_back(j);
  }

  ArenaPlan run(unsigned effort) {
    ArenaPlan best;
    findBound(best);
    Order order = startOrder(best);
    std::mt19937 random(1);
    unsigned count = buffers.size();
    for (unsigned tried = 0;
         count > 1 && tried < effort && best.bytes > best.lowerBound; ++tried) {
      Order next = order;
      // What holds the peak goes earlier, or two exchange places.
      unsigned from = random() % count;
      if (random() % 2)
        from =
            std::find(next.begin(), next.end(), highest(best)) - next.begin();
      unsigned to = random() % count;
      if (random() % 2)
        std::swap(next[from], next[to]);
      else
        std::rotate(next.begin() + std::min(from, to), next.begin() + from,
                    next.begin() + from + 1);
      std::vector<int64_t> offsets;
      int64_t bytes = place(next, offsets);
      if (bytes > best.bytes)
        continue;
      order = next;
      best.bytes = bytes;
      best.offsets = offsets;
    }
    return best;
  }

private:
  void findBound(ArenaPlan &plan) {
    for (const LiveBuffer &at : buffers) {
      int64_t live = 0;
      for (const LiveBuffer &other : buffers)
        if (other.first <= at.first && at.first <= other.last)
          live += other.size;
      if (live > plan.lowerBound) {
        plan.lowerBound = live;
        plan.boundStep = at.first;
      }
    }
  }

  /// The best of some orders that are good as a rule.
  Order startOrder(ArenaPlan &best) {
    auto life = [](const LiveBuffer &b) { return b.last - b.first + 1; };
    auto orderBy = [&](auto key) {
      Order order(buffers.size());
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](unsigned a, unsigned b) {
        return key(buffers[a]) > key(buffers[b]);
      });
      return order;
    };
    Order chosen;
    for (const Order &order :
         {orderBy([](const LiveBuffer &b) { return b.size; }),
          orderBy([&](const LiveBuffer &b) { return b.size * life(b); }),
          orderBy([&](const LiveBuffer &b) { return life(b); }),
          orderBy([](const LiveBuffer &b) { return -b.first; })}) {
      std::vector<int64_t> offsets;
      int64_t bytes = place(order, offsets);
      if (!chosen.empty() && bytes >= best.bytes)
        continue;
      chosen = order;
      best.bytes = bytes;
      best.offsets = offsets;
    }
    return chosen;
  }

  unsigned highest(const ArenaPlan &plan) {
    unsigned found = 0;
    for (unsigned i = 0; i < buffers.size(); ++i)
      if (plan.offsets[i] + buffers[i].size >
          plan.offsets[found] + buffers[found].size)
        found = i;
    return found;
  }

  int64_t place(const Order &order, std::vector<int64_t> &offsets) {
    offsets.assign(buffers.size(), -1);
    int64_t end = 0;
    for (unsigned i : order) {
      std::vector<std::pair<int64_t, int64_t>> taken;
      for (unsigned j : neighbours[i])
        if (offsets[j] >= 0)
          taken.push_back({offsets[j], offsets[j] + buffers[j].size});
      std::sort(taken.begin(), taken.end());
      int64_t at = 0;
      for (auto [from, to] : taken) {
        if (from - at >= buffers[i].size)
          break;
        at = std::max(at, to);
      }
      offsets[i] = at;
      end = std::max(end, at + buffers[i].size);
    }
    return end;
  }

  std::vector<LiveBuffer> buffers;
  std::vector<std::vector<unsigned>> neighbours;
};

} // namespace

ArenaPlan tfc::m7::planArena(const std::vector<LiveBuffer> &buffers,
                             int64_t alignment, unsigned effort) {
  return Search(buffers, alignment).run(effort);
}
