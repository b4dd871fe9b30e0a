//===- RangeStatistics.cpp - ranges of observed tensors ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RangeStatistics.h"

#include <algorithm>
#include <cmath>

using namespace tfc;

static int64_t binOf(double value, int exponent) {
  return static_cast<int64_t>(std::floor(std::ldexp(value, -exponent)));
}

double RangeStatistics::edge(size_t i) const {
  return std::ldexp(static_cast<double>(first + static_cast<int64_t>(i)),
                    exponent);
}

/// Bins for all of `low` to `high`, and those that there are.
void RangeStatistics::makeRoom(double low, double high) {
  if (bins.empty()) {
    double width = std::max(high - low, std::ldexp(1.0, -100));
    width = std::max({width, std::abs(low) * 1e-6, std::abs(high) * 1e-6});
    exponent = std::ilogb(width / static_cast<double>(mostBins));
    first = binOf(low, exponent);
  }
  while (binOf(high, exponent) - std::min(first, binOf(low, exponent)) >=
             mostBins ||
         first + static_cast<int64_t>(bins.size()) -
                 std::min(first, binOf(low, exponent)) >
             mostBins) {
    int64_t wider = first >> 1;
    std::vector<uint64_t> joined(bins.empty() ? 0 : (bins.size() + 2) / 2 + 1);
    for (size_t i = 0; i < bins.size(); ++i)
      joined[((first + static_cast<int64_t>(i)) >> 1) - wider] += bins[i];
    while (!joined.empty() && joined.back() == 0)
      joined.pop_back();
    bins = std::move(joined);
    first = wider;
    ++exponent;
  }
  int64_t begin = std::min(first, binOf(low, exponent)),
          end = std::max(first + static_cast<int64_t>(bins.size()),
                         binOf(high, exponent) + 1);
  bins.insert(bins.begin(), first - begin, 0);
  bins.resize(end - begin, 0);
  first = begin;
}

bool RangeStatistics::add(llvm::ArrayRef<float> values) {
  if (values.empty())
    return true;
  float low = values[0], high = values[0];
  bool isFinite = true;
  for (float value : values) {
    isFinite &= std::isfinite(value);
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (!isFinite)
    return false;
  least = isEmpty ? low : std::min<double>(least, low);
  greatest = isEmpty ? high : std::max<double>(greatest, high);
  isEmpty = false;
  count += values.size();
  if (choice.method == RangeMethod::MinMax)
    return true;
  makeRoom(low, high);
  for (float value : values)
    ++bins[binOf(value, exponent) - first];
  return true;
}

RangeStatistics::Range RangeStatistics::percentile() const {
  // Half of what is left aside, on each side.
  double aside = static_cast<double>(count) * (1 - choice.percentile / 100) / 2;
  Range range{least, greatest};
  uint64_t below = 0, above = 0;
  for (size_t i = 0; i < bins.size(); ++i) {
    below += bins[i];
    if (static_cast<double>(below) > aside) {
      range.low = std::max(least, edge(i));
      break;
    }
  }
  for (size_t i = bins.size(); i-- > 0;) {
    above += bins[i];
    if (static_cast<double>(above) > aside) {
      range.high = std::min(greatest, edge(i + 1));
      break;
    }
  }
  return range;
}

/// The sum of squared distances, elements being the middles of their bins.
double RangeStatistics::errorOf(Range range) const {
  double step = (range.high - range.low) / 255;
  double sum = 0;
  for (size_t i = 0; i < bins.size(); ++i) {
    if (bins[i] == 0)
      continue;
    double value = (edge(i) + edge(i + 1)) / 2;
    double beyond = std::max({range.low - value, value - range.high, 0.0});
    // Inside, rounding errors are spread evenly.
    double error = beyond > 0 ? beyond * beyond : step * step / 12;
    sum += static_cast<double>(bins[i]) * error;
  }
  return sum;
}

RangeStatistics::Range RangeStatistics::leastError() const {
  Range whole{std::min(least, 0.0), std::max(greatest, 0.0)}, best = whole;
  double bestError = errorOf(best);
  auto attempt = [&](Range range) {
    double error = errorOf(range);
    if (error < bestError) {
      bestError = error;
      best = range;
    }
  };
  constexpr int steps = 64;
  auto part = [](double of, int i) { return of * i / steps; };
  for (int i = 1; i < steps; ++i)
    attempt({part(whole.low, i), part(whole.high, i)});
  // Then each end alone.
  Range both = best;
  for (int i = 1; i <= steps; ++i)
    attempt({part(whole.low, i), both.high});
  both = best;
  for (int i = 1; i <= steps; ++i)
    attempt({both.low, part(whole.high, i)});
  return best;
}

RangeStatistics::Range RangeStatistics::range() const {
  Range range{least, greatest};
  if (choice.method == RangeMethod::Percentile)
    range = percentile();
  else if (choice.method == RangeMethod::LeastError)
    range = leastError();
  return {std::min(range.low, 0.0), std::max(range.high, 0.0)};
}
