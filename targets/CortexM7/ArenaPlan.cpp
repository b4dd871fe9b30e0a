//===- ArenaPlan.cpp - offsets of buffers in one arena ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ArenaPlan.h"
#include "ArenaSearch.h"

#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <numeric>
#include <random>

using namespace tfc::m7;

namespace {

using Order = std::vector<unsigned>;

/// Buffers none of which lives apart from the others in time.
class Group {
public:
  explicit Group(std::vector<LiveBuffer> given) : buffers(std::move(given)) {
    neighbours.resize(buffers.size());
    for (unsigned i = 0; i < buffers.size(); ++i)
      for (unsigned j = 0; j < buffers.size(); ++j)
        if (i != j && buffers[i].meets(buffers[j]))
          neighbours[i].push_back(j);
  }

  /// A plan; less than `enough` bytes is not worth a search.
  ArenaPlan run(int64_t enough, const ArenaEffort &effort, int64_t alignment) {
    ArenaPlan best;
    best.lowerBound = enough;
    Order order = startOrder(best);
    improve(best, order, effort.orders);
    if (best.bytes > best.lowerBound)
      close(best, effort.nodes, alignment);
    return best;
  }

private:
  void improve(ArenaPlan &best, Order order, unsigned orders);
  void close(ArenaPlan &best, unsigned nodes, int64_t alignment);
  Order startOrder(ArenaPlan &best);
  unsigned highest(const ArenaPlan &plan) const;
  int64_t place(const Order &order, std::vector<int64_t> &offsets) const;

  std::vector<LiveBuffer> buffers;
  std::vector<std::vector<unsigned>> neighbours;
};

/// Tries orders of placing near the best one.
void Group::improve(ArenaPlan &best, Order order, unsigned orders) {
  std::mt19937 random(1);
  unsigned count = buffers.size();
  for (unsigned tried = 0;
       count > 1 && tried < orders && best.bytes > best.lowerBound; ++tried) {
    Order next = order;
    // What holds the peak goes earlier, or two exchange places.
    unsigned from = random() % count;
    if (random() % 2)
      from = std::find(next.begin(), next.end(), highest(best)) - next.begin();
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
}

/// Halves the gap between what is found and what is proven, as long as there
/// are nodes. The bound itself comes first: as a rule it can be reached.
void Group::close(ArenaPlan &best, unsigned nodes, int64_t alignment) {
  ArenaSearch search(buffers);
  // Below are sizes that take too many nodes to decide.
  int64_t from = best.lowerBound, target = from;
  while (from < best.bytes && nodes > 0) {
    unsigned share = std::max(nodes / 4, 1u), left = share;
    ArenaSearch::Answer answer = search.fit(target, left);
    nodes -= share - left;
    if (answer == ArenaSearch::Fits) {
      best.offsets = search.found();
      best.bytes = 0;
      for (unsigned i = 0; i < buffers.size(); ++i)
        best.bytes = std::max(best.bytes, best.offsets[i] + buffers[i].size);
    } else {
      from = target + alignment;
      if (answer == ArenaSearch::DoesNotFit)
        best.lowerBound = std::max(best.lowerBound, from);
    }
    int64_t steps = (best.bytes - from) / alignment;
    target = from + steps / 2 * alignment;
  }
}

/// The best of some orders that are good as a rule.
Order Group::startOrder(ArenaPlan &best) {
  auto life = [](const LiveBuffer &b) { return b.last - b.first + 1; };
  auto orderBy = [&](auto key) {
    Order order(buffers.size());
    std::iota(order.begin(), order.end(), 0);
    llvm::sort(order, [&](unsigned a, unsigned b) {
      return std::pair(-key(buffers[a]), a) < std::pair(-key(buffers[b]), b);
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

unsigned Group::highest(const ArenaPlan &plan) const {
  unsigned found = 0;
  for (unsigned i = 0; i < buffers.size(); ++i)
    if (plan.offsets[i] + buffers[i].size >
        plan.offsets[found] + buffers[found].size)
      found = i;
  return found;
}

int64_t Group::place(const Order &order, std::vector<int64_t> &offsets) const {
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

/// What is alive where a life begins; nowhere is more.
void findPeak(const std::vector<LiveBuffer> &buffers, ArenaPlan &plan) {
  for (const LiveBuffer &at : buffers) {
    int64_t live = 0;
    for (const LiveBuffer &other : buffers)
      if (other.first <= at.first && at.first <= other.last)
        live += other.size;
    if (live > plan.liveBytes) {
      plan.liveBytes = live;
      plan.boundStep = at.first;
    }
  }
}

/// Buffers by groups that no life connects.
std::vector<Order> splitByTime(const std::vector<LiveBuffer> &buffers) {
  Order byTime(buffers.size());
  std::iota(byTime.begin(), byTime.end(), 0);
  llvm::sort(byTime, [&](unsigned a, unsigned b) {
    return std::pair(buffers[a].first, a) < std::pair(buffers[b].first, b);
  });
  std::vector<Order> groups;
  int64_t end = 0;
  for (unsigned i : byTime) {
    // What has no bytes lies anywhere.
    if (buffers[i].size == 0)
      continue;
    if (groups.empty() || buffers[i].first > end)
      groups.emplace_back();
    groups.back().push_back(i);
    end = std::max(end, buffers[i].last);
  }
  return groups;
}

} // namespace

ArenaPlan tfc::m7::planArena(const std::vector<LiveBuffer> &given,
                             int64_t alignment, const ArenaEffort &effort) {
  std::vector<LiveBuffer> buffers = given;
  for (LiveBuffer &buffer : buffers)
    buffer.size = (buffer.size + alignment - 1) / alignment * alignment;
  ArenaPlan plan;
  findPeak(buffers, plan);
  plan.lowerBound = plan.liveBytes;
  plan.offsets.assign(buffers.size(), 0);
  for (const Order &members : splitByTime(buffers)) {
    std::vector<LiveBuffer> group;
    for (unsigned i : members)
      group.push_back(buffers[i]);
    ArenaPlan part = Group(group).run(plan.lowerBound, effort, alignment);
    for (unsigned i = 0; i < members.size(); ++i)
      plan.offsets[members[i]] = part.offsets[i];
    plan.bytes = std::max(plan.bytes, part.bytes);
    plan.lowerBound = std::max(plan.lowerBound, part.lowerBound);
  }
  return plan;
}
