//===- OperationOrder.cpp - orders in which less lives at once --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OperationGraph.h"

#include <queue>
#include <set>

using namespace mlir;
using namespace tfc::memory;

namespace {

/// The nodes that have run, in any order.
struct State {
  llvm::BitVector done;
  int64_t live = 0, peak = 0;
  unsigned count = 0;
  /// The state before, and the nodes run since.
  int64_t parent = -1;
  SmallVector<unsigned, 2> steps;
};

class OrderSearch {
public:
  explicit OrderSearch(const OperationGraph &graph) : graph(graph) {}

  std::optional<SmallVector<unsigned>> run(unsigned limit);

private:
  void advance(State &state, unsigned node) const;
  bool isReady(const State &state, unsigned node) const;
  void runWhatIsFree(State &state) const;
  void expand(int64_t number);
  void add(State state);
  std::optional<int64_t> searchAll(unsigned limit);
  std::optional<int64_t> searchBeam();
  SmallVector<unsigned> orderOf(int64_t number) const;

  /// How many temporaries `node` starts or ends, in bytes.
  int64_t starts(const State &state, unsigned node) const;
  int64_t ends(const State &state, unsigned node) const;

  const OperationGraph &graph;
  /// Of the order to beat.
  int64_t peak = 0;
  std::vector<State> states;
  SmallVector<int64_t> fresh;
  std::set<std::vector<uint64_t>> seen;
  SmallVector<SmallVector<unsigned>> users;
};

int64_t OrderSearch::starts(const State &state, unsigned node) const {
  int64_t bytes = 0;
  for (unsigned t : graph.nodes()[node].touched)
    if (llvm::none_of(users[t], [&](unsigned n) { return state.done[n]; }))
      bytes += graph.temporaries()[t].bytes;
  return bytes;
}

int64_t OrderSearch::ends(const State &state, unsigned node) const {
  int64_t bytes = 0;
  for (unsigned t : graph.nodes()[node].touched)
    if (llvm::all_of(users[t],
                     [&](unsigned n) { return n == node || state.done[n]; }))
      bytes += graph.temporaries()[t].bytes;
  return bytes;
}

bool OrderSearch::isReady(const State &state, unsigned node) const {
  return !state.done[node] &&
         llvm::all_of(graph.nodes()[node].before,
                      [&](unsigned earlier) { return state.done[earlier]; });
}

void OrderSearch::advance(State &state, unsigned node) const {
  int64_t during = state.live + starts(state, node);
  state.peak = std::max(state.peak, during + graph.nodes()[node].inside);
  state.live = during - ends(state, node);
  state.done.set(node);
  ++state.count;
  state.steps.push_back(node);
}

/// Runs nodes that cost nothing: neither the peak nor what lives afterwards
/// rises. Run later they could do no better.
void OrderSearch::runWhatIsFree(State &state) const {
  for (bool changed = true; changed;) {
    changed = false;
    for (unsigned node = 0; node < graph.nodes().size(); ++node) {
      if (!isReady(state, node))
        continue;
      State next = state;
      advance(next, node);
      if (next.peak > state.peak || next.live > state.live)
        continue;
      state = std::move(next);
      changed = true;
    }
  }
}

/// Keeps a state that may lead to a lower peak and was not met before.
void OrderSearch::add(State state) {
  runWhatIsFree(state);
  if (state.peak >= peak)
    return;
  std::vector<uint64_t> key(state.done.getData().begin(),
                            state.done.getData().end());
  if (!seen.insert(std::move(key)).second)
    return;
  fresh.push_back(states.size());
  states.push_back(std::move(state));
}

void OrderSearch::expand(int64_t number) {
  fresh.clear();
  for (unsigned node = 0; node < graph.nodes().size(); ++node) {
    if (!isReady(states[number], node))
      continue;
    State next = states[number];
    next.parent = number;
    next.steps.clear();
    advance(next, node);
    add(std::move(next));
  }
}

/// From the lowest peak upwards: what reaches the end first is the best. A
/// state is met again with the same bytes alive and, the second time, no lower
/// peak.
std::optional<int64_t> OrderSearch::searchAll(unsigned limit) {
  auto later = [&](int64_t a, int64_t b) {
    const State &x = states[a], &y = states[b];
    return std::tuple(x.peak, y.count, a) > std::tuple(y.peak, x.count, b);
  };
  std::priority_queue<int64_t, std::vector<int64_t>, decltype(later)> open(
      later);
  open.push(0);
  while (!open.empty() && states.size() < limit) {
    int64_t number = open.top();
    open.pop();
    if (states[number].count == graph.nodes().size())
      return number;
    expand(number);
    for (int64_t next : fresh)
      open.push(next);
  }
  if (open.empty())
    return std::nullopt;
  return searchBeam();
}

/// Keeps the best few states of each number of nodes run.
std::optional<int64_t> OrderSearch::searchBeam() {
  constexpr size_t width = 16;
  states.resize(1);
  seen.clear();
  std::vector<SmallVector<int64_t>> levels(graph.nodes().size() + 1);
  levels[states[0].count].push_back(0);
  for (size_t count = 0; count < graph.nodes().size(); ++count) {
    SmallVector<int64_t> &level = levels[count];
    llvm::sort(level, [&](int64_t a, int64_t b) {
      return std::tuple(states[a].peak, states[a].live, a) <
             std::tuple(states[b].peak, states[b].live, b);
    });
    for (int64_t number : ArrayRef(level).take_front(width)) {
      expand(number);
      for (int64_t next : fresh)
        levels[states[next].count].push_back(next);
    }
  }
  std::optional<int64_t> best;
  for (int64_t number : levels.back())
    if (!best || states[number].peak < states[*best].peak)
      best = number;
  return best;
}

SmallVector<unsigned> OrderSearch::orderOf(int64_t number) const {
  SmallVector<int64_t> path;
  for (; number >= 0; number = states[number].parent)
    path.push_back(number);
  SmallVector<unsigned> order;
  for (int64_t part : llvm::reverse(path))
    llvm::append_range(order, states[part].steps);
  return order;
}

std::optional<SmallVector<unsigned>> OrderSearch::run(unsigned limit) {
  unsigned count = graph.nodes().size();
  peak = graph.peakOf(llvm::to_vector(llvm::seq(0u, count)));
  users.resize(graph.temporaries().size());
  int64_t least = 0;
  for (auto [i, node] : llvm::enumerate(graph.nodes())) {
    int64_t bytes = node.inside;
    for (unsigned t : node.touched) {
      users[t].push_back(i);
      bytes += graph.temporaries()[t].bytes;
    }
    least = std::max(least, bytes);
  }
  // One node alone takes that much in any order.
  if (least >= peak)
    return std::nullopt;
  State start;
  start.done.resize(count);
  runWhatIsFree(start);
  states.push_back(std::move(start));
  std::optional<int64_t> end = searchAll(limit);
  if (!end)
    return std::nullopt;
  return orderOf(*end);
}

} // namespace

std::optional<SmallVector<unsigned>>
tfc::memory::findBetterOrder(const OperationGraph &graph, unsigned states) {
  return OrderSearch(graph).run(states);
}
