//===- LatencyMeter.cpp - how long a call of a model takes ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LatencyMeter.h"

#include <algorithm>
#include <chrono>

using namespace tfc;

using Clock = std::chrono::steady_clock;

static double medianOf(std::vector<double> &numbers) {
  auto middle = numbers.begin() + numbers.size() / 2;
  std::nth_element(numbers.begin(), middle, numbers.end());
  return *middle;
}

bool LatencyMeter::measure(const std::string &library, CalibrationData &data,
                           Measured &result, std::string &error) {
  constexpr size_t fewestRounds = 10, mostRounds = 2000;
  constexpr std::chrono::milliseconds enough(500);
  std::vector<tfc_tensor> inputs = data.sample(0);
  if (!original) {
    auto first = std::make_unique<ObservedModel>();
    error = first->open(library);
    if (error.empty())
      error = first->call(inputs);
    if (!error.empty())
      return false;
    original = std::move(first);
  }
  ObservedModel candidate;
  error = candidate.open(library, original.get());
  // The first call touches pages for the first time.
  if (error.empty())
    error = candidate.call(inputs);
  if (error.empty())
    error = candidate.prepare(inputs);
  if (error.empty())
    error = original->prepare(inputs);
  std::vector<double> before, now, quotients;
  auto time = [&](ObservedModel &model, std::vector<double> &times) {
    Clock::time_point start = Clock::now();
    error = model.run(inputs);
    std::chrono::duration<double, std::milli> passed = Clock::now() - start;
    times.push_back(passed.count());
    return error.empty();
  };
  Clock::time_point start = Clock::now();
  while (error.empty() && now.size() < mostRounds &&
         (now.size() < fewestRounds || Clock::now() - start < enough)) {
    if (!time(*original, before) || !time(candidate, now))
      break;
    quotients.push_back(now.back() / before.back());
  }
  if (!error.empty())
    return false;
  result.latency = medianOf(now);
  result.originalLatency = medianOf(before);
  result.latencyShare = medianOf(quotients);
  return true;
}
