//===- CandidateSearch.cpp - how small a model may be -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CandidateSearch.h"

#include "llvm/ADT/STLExtras.h"

using namespace tfc;

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

/// One step of each of `choices` that has one left; false where none has.
bool CandidateSearch::stepDown(Steps &steps, const Move &move) const {
  bool moved = false;
  for (size_t choice : move)
    if (steps[choice] + 1 < choices[choice].sizes.size()) {
      ++steps[choice];
      moved = true;
    }
  return moved;
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
    int64_t saved =
        result ? at.measured.parameters - result->parameters : int64_t(0);
    // What saves nothing is no step by itself; the next one may be.
    price[move] = saved > 0 ? (result->loss - at.measured.loss) / double(saved)
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
    at = *next;
  }
  return at.fits = true;
}

void CandidateSearch::exchange(Found &at) {
  auto pick = [&](size_t count) {
    return std::uniform_int_distribution<size_t>(0, count - 1)(random);
  };
  for (unsigned tries = 0; tries < 20 * most && seen.size() < most; ++tries) {
    Steps steps = at.steps;
    // One of them may be none: what is left of a budget is spent so.
    size_t up = pick(choices.size()), down = pick(choices.size() + 2);
    if (up == down || steps[up] == 0)
      continue;
    --steps[up];
    if (down < choices.size() && !stepDown(steps, {down}))
      continue;
    std::optional<Measured> result = look(steps);
    // What gives back more than it takes needs one more step down.
    if (result && down < choices.size() &&
        result->parameters > at.measured.parameters && !fits(steps, *result) &&
        stepDown(steps, {down}))
      result = look(steps);
    if (result && result->loss < at.measured.loss && isGood(*result) &&
        fits(steps, *result))
      at = {steps, *result, true};
  }
}

std::vector<CandidateSearch::Move> CandidateSearch::coarseMoves() const {
  std::map<std::string, Move> kinds;
  std::vector<Move> moves;
  for (auto [i, choice] : llvm::enumerate(choices)) {
    // Blocks go one by one: without any there is no model.
    if (choice.sizes.back() == 0)
      moves.push_back({i});
    else
      kinds[choice.kind.str()].push_back(i);
  }
  for (auto &[kind, move] : kinds)
    moves.push_back(move);
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
  for (size_t i = 0; i < choices.size(); ++i)
    fine.push_back({i});
  if (descend(at, coarseMoves()) || descend(at, fine))
    exchange(at);
  return at;
}

std::optional<CandidateSearch::Found>
CandidateSearch::improve(llvm::ArrayRef<Steps> starts) {
  std::optional<Found> best;
  for (const Steps &steps : starts) {
    std::optional<Measured> result = look(steps);
    if (result && (!best || result->loss < best->measured.loss))
      best = {steps, *result, true};
  }
  if (best)
    exchange(*best);
  return best;
}
