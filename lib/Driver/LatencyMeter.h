//===- LatencyMeter.h - how long a call of a model takes --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_LATENCYMETER_H
#define TFC_LIB_DRIVER_LATENCYMETER_H

#include "CalibrationData.h"
#include "CandidateSearch.h"
#include "ObservedModel.h"

namespace tfc {

/// Times calls of models in turns with calls of the first one, so that what
/// else the machine does slows both: on a busy one, quotients of neighbouring
/// calls have a steady median where least times and medians of each have none.
class LatencyMeter {
public:
  /// Calls the model of `library` with the first sample of `data`, and the
  /// first model that this function was given likewise, by all cores, at least
  /// 10 times each. False with `error` where a call fails.
  bool measure(const std::string &library, CalibrationData &data,
               Measured &result, std::string &error);

  /// Of the calls; 0 before the first.
  int64_t numThreads() const { return original ? original->numThreads() : 0; }

private:
  /// Kept loaded; its file may be gone.
  std::unique_ptr<ObservedModel> original;
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_LATENCYMETER_H
