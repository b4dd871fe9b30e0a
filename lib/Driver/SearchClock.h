//===- SearchClock.h - when a search is to end ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_SEARCHCLOCK_H
#define TFC_LIB_DRIVER_SEARCHCLOCK_H

#include <algorithm>
#include <chrono>

namespace tfc {

/// Ends a search in time. Nothing begins that is expected to end too late,
/// going by what took longest so far, with as much left for the model that is
/// chosen, which is made and measured once more.
class SearchClock {
public:
  /// `seconds` from now; 0 for any time.
  explicit SearchClock(double seconds)
      : seconds(seconds), start(Clock::now()) {}

  /// Whether another candidate may be measured.
  bool allows() {
    bool allowed = seconds == 0 || passed() + 2 * longest <= seconds;
    hasEnded |= !allowed;
    return allowed;
  }

  /// Says how many seconds a candidate took.
  void took(double duration) { longest = std::max(longest, duration); }

  /// Seconds since the search began.
  double passed() const {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  /// Whether a candidate was left out.
  bool ended() const { return hasEnded; }

private:
  using Clock = std::chrono::steady_clock;

  double seconds, longest = 0;
  bool hasEnded = false;
  Clock::time_point start;
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_SEARCHCLOCK_H
