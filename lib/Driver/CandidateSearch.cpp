//===- CandidateSearch.cpp - how small a model may be -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CandidateSearch.h"
#include "SearchModel.h"

#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace tfc;

static double below(double size) { return std::nextafter(size, 0); }

std::optional<Measured> CandidateSearch::look(const Steps &steps) {
  auto found = known.find(steps);
  if (found != known.end())
    return found->second;
  std::optional<Measured> result = measure(steps);
  known[steps] = result;
  if (result)
    seen.push_back({steps, *result});
  return result;
}

/// Each of the move's choices that has a step left goes down; false where none
/// has.
bool CandidateSearch::stepDown(Steps &steps, const Move &move) const {
  Steps before = steps;
  for (size_t choice : move.choices)
    for (unsigned count = 0; count < move.count; ++count) {
      Steps next = steps;
      do
        ++next[choice];
      while (next[choice] < choices[choice].sizes.size() &&
             !compress::hasEffect(choices, next, choice));
      if (next[choice] < choices[choice].sizes.size())
        steps = next;
    }
  compress::settle(choices, steps);
  return steps != before;
}

bool CandidateSearch::stepUp(Steps &steps, size_t choice) const {
  if (steps[choice] == 0)
    return false;
  --steps[choice];
  compress::settle(choices, steps);
  return true;
}

std::optional<CandidateSearch::Found>
CandidateSearch::cheapestStep(const Found &at, llvm::ArrayRef<Move> moves,
                              std::vector<double> &price) {
  // By price; a step that was measured from here ends the search when none
  // that was measured elsewhere looks cheaper.
  llvm::SmallVector<size_t> open;
  for (size_t i = 0; i < moves.size(); ++i) {
    Steps steps = at.steps;
    if (stepDown(steps, moves[i]))
      open.push_back(i);
  }
  std::optional<Found> best;
  double bestPrice = 0;
  while (!open.empty() && seen.size() < most) {
    auto next = llvm::min_element(
        open, [&](size_t a, size_t b) { return price[a] < price[b]; });
    size_t move = *next;
    if (best && price[move] >= bestPrice)
      break;
    open.erase(next);
    Steps steps = at.steps;
    stepDown(steps, moves[move]);
    std::optional<Measured> result = look(steps);
    double saved = result ? at.measured.size - result->size : 0;
    // What saves nothing is no step by itself; the next one may be.
    price[move] = saved > 0 ? (result->loss - at.measured.loss) / saved
                            : std::numeric_limits<double>::max();
    if (saved > 0 && isGood(*result) && (!best || price[move] < bestPrice)) {
      best = {steps, *result};
      bestPrice = price[move];
    }
  }
  return best;
}

/// Steps down until the budget is met; whether it was. Without a budget, as
/// long as the result is good.
bool CandidateSearch::descend(Found &at, llvm::ArrayRef<Move> moves) {
  std::vector<double> price(moves.size(),
                            std::numeric_limits<double>::lowest());
  while (!fits(at.steps, at.measured)) {
    std::optional<Found> next = cheapestStep(at, moves, price);
    if (!next)
      return false;
    tooLarge = below(at.measured.size);
    at = *next;
  }
  return at.fits = true;
}

/// One step up, one or two down, and each alone: those next to `at` that were
/// not measured, and that are expected to have no more than `size`; what
/// is expected to be best comes first.
std::vector<CandidateSearch::Steps>
CandidateSearch::exchanges(const Found &at, double size) const {
  SearchModel model(at.steps, at.measured.loss, at.measured.size);
  for (const Found &each : seen)
    model.add(each.steps, each.measured.loss, each.measured.size);
  model.solve();
  std::vector<std::pair<double, Steps>> found;
  auto consider = [&](const Steps &steps) {
    if (known.count(steps))
      return;
    SearchModel::Expected expected = model.expect(steps);
    if (expected.size <= size)
      found.emplace_back(expected.loss, steps);
  };
  for (size_t up = 0; up <= choices.size(); ++up) {
    Steps raised = at.steps;
    if (up < choices.size() && !stepUp(raised, up))
      continue;
    consider(raised);
    for (size_t down = 0; down < choices.size(); ++down) {
      Steps steps = raised;
      for (unsigned count = 0; count < 2 && down != up; ++count)
        if (stepDown(steps, {{down}, 1}))
          consider(steps);
    }
  }
  llvm::stable_sort(
      found, [](const auto &a, const auto &b) { return a.first < b.first; });
  std::vector<Steps> steps;
  for (auto &[loss, each] : found)
    steps.push_back(std::move(each));
  return steps;
}

void CandidateSearch::exchange(Found &at) {
  constexpr unsigned triesAtRandom = 4;
  // What the last step down left of the budget may be spent.
  double size = tooLarge;
  for (unsigned tries = 0; seen.size() < most && tries < 2 * most; ++tries) {
    std::vector<Steps> open = exchanges(at, size);
    if (open.empty())
      return;
    // What is never expected to be good is not measured otherwise.
    size_t next =
        tries % triesAtRandom == triesAtRandom - 1
            ? std::uniform_int_distribution<size_t>(0, open.size() - 1)(random)
            : 0;
    std::optional<Measured> result = look(open[next]);
    if (!result)
      continue;
    if (!fits(open[next], *result)) {
      if (result->size > at.measured.size)
        size = std::min(size, below(result->size));
      continue;
    }
    if (result->loss < at.measured.loss && isGood(*result))
      at = {open[next], *result, true};
  }
}

std::vector<CandidateSearch::Move> CandidateSearch::coarseMoves() const {
  constexpr unsigned stepsAtOnce = 2;
  std::map<std::string, llvm::SmallVector<size_t>> kinds;
  std::vector<Move> moves;
  for (auto [i, choice] : llvm::enumerate(choices)) {
    if (!choice.name.empty())
      continue;
    if (choice.isSingle)
      moves.push_back({{i}, stepsAtOnce});
    else
      kinds[choice.kind.str()].push_back(i);
  }
  for (auto &[kind, move] : kinds)
    moves.push_back({move, stepsAtOnce});
  return moves;
}

std::optional<CandidateSearch::Found> CandidateSearch::run() {
  Found at;
  at.steps.assign(choices.size(), 0);
  std::optional<Measured> whole = look(at.steps);
  if (!whole)
    return std::nullopt;
  at.measured = *whole;
  std::vector<Move> fine;
  for (auto [i, choice] : llvm::enumerate(choices))
    if (choice.name.empty())
      fine.push_back({{i}, 1});
  if (descend(at, coarseMoves()) || descend(at, fine))
    exchange(at);
  return at;
}
