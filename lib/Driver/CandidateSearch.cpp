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

std::optional<CandidateSearch::Found>
CandidateSearch::cheapestStep(const Found &at) {
  // By price; a step that was measured from here ends the search when none
  // that was measured elsewhere looks cheaper.
  llvm::SmallVector<size_t> open;
  for (size_t i = 0; i < choices.size(); ++i)
    if (at.steps[i] + 1 < choices[i].sizes.size())
      open.push_back(i);
  std::optional<Found> best;
  double bestPrice = 0;
  while (!open.empty() && seen.size() < most) {
    auto next = llvm::min_element(
        open, [&](size_t a, size_t b) { return price[a] < price[b]; });
    size_t choice = *next;
    if (best && price[choice] >= bestPrice)
      break;
    open.erase(next);
    Steps steps = at.steps;
    ++steps[choice];
    std::optional<Measured> result = look(steps);
    if (!result)
      continue;
    int64_t saved = at.measured.parameters - result->parameters;
    // What saves nothing is no step by itself; the next one may be.
    price[choice] = saved > 0
                        ? (result->loss - at.measured.loss) / double(saved)
                        : std::numeric_limits<double>::max();
    if (saved > 0 && (!best || price[choice] < bestPrice)) {
      best = {steps, *result};
      bestPrice = price[choice];
    }
  }
  return best;
}

/// Steps down until the budget is met; whether it was. Without a budget, as
/// long as the result is good.
bool CandidateSearch::descend(Found &at) {
  while (!fits(at.steps, at.measured)) {
    std::optional<Found> next = cheapestStep(at);
    if (!next || !isGood(next->measured))
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
    size_t up = pick(choices.size()), down = pick(choices.size());
    if (up == down || steps[up] == 0 ||
        steps[down] + 1 >= choices[down].sizes.size())
      continue;
    --steps[up];
    ++steps[down];
    std::optional<Measured> result = look(steps);
    // What gives back more than it takes needs one more step down.
    if (result && result->parameters > at.measured.parameters &&
        steps[down] + 1 < choices[down].sizes.size()) {
      ++steps[down];
      result = look(steps);
    }
    if (result && result->loss < at.measured.loss && isGood(*result) &&
        fits(steps, *result))
      at = {steps, *result, true};
  }
}

std::optional<CandidateSearch::Found> CandidateSearch::run() {
  price.assign(choices.size(), std::numeric_limits<double>::lowest());
  Found at;
  at.steps.assign(choices.size(), 0);
  std::optional<Measured> whole = look(at.steps);
  if (!whole)
    return std::nullopt;
  at.measured = *whole;
  if (descend(at))
    exchange(at);
  return at;
}
