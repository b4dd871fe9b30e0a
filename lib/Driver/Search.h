//===- Search.h - the compression that a budget asks for --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_SEARCH_H
#define TFC_LIB_DRIVER_SEARCH_H

#include "Budget.h"
#include "CandidateSearch.h"
#include "Evaluation.h"
#include "LatencyMeter.h"
#include "PassRunner.h"
#include "Report.h"
#include "SearchCache.h"
#include "SearchClock.h"

namespace tfc {

/// Searches passes and options for one module, whose layers have their
/// statistics, by compiling candidates for this machine and calling them.
class Search {
public:
  /// `original` is the same module where the chosen one is to be fitted to it.
  Search(PassRunner &runner, Report &report, mlir::ModuleOp module,
         mlir::ModuleOp original)
      : runner(runner), report(report), module(module), original(original) {}

  /// Reads what is asked for, and measures candidates until it is met. `passes`
  /// are then what --compress would take.
  ExitCode run(std::string &passes);

  /// Measures what has become of the module, and says so; refuses it where it
  /// is worse than the budget allows.
  ExitCode judge(mlir::ModuleOp compressed);

private:
  ExitCode open();
  llvm::Error openEvaluation();
  ExitCode openFit();
  std::optional<Measured> measure(const CandidateSearch::Steps &steps);
  bool measure(mlir::ModuleOp candidate, Measured &result);
  /// The same after its fit.
  bool measureFitted(mlir::ModuleOp candidate, Measured &result);
  /// By compiling and calling; nothing where there is no such candidate.
  std::optional<Measured> measureAnew(const std::string &passes, bool isFitted);
  /// False, after saying why, where a budget is of what cannot be counted.
  bool countMultiplyAdds(mlir::ModuleOp candidate, Measured &result);
  /// What the budget wants less of.
  double sizeOf(const Measured &measured) const;
  /// Whether all is known that the budget is of.
  bool isKnown(const Measured &measured) const;
  void tellProgress();
  void note(const CandidateSearch &search);
  bool fits(const CandidateSearch::Steps &steps, const Measured &measured);
  bool fitsNumbers(const Measured &measured) const;
  bool fitsDevice(const std::string &passes);
  bool isGood(const Measured &measured) const;
  /// The module after the passes of `steps`; null where they refuse it.
  mlir::OwningOpRef<mlir::ModuleOp> candidate(const std::string &passes);
  std::string describe(const Measured &measured) const;
  ExitCode refuseNearest(const CandidateSearch &search,
                         const CandidateSearch::Found &found);

  PassRunner &runner;
  Report &report;
  mlir::ModuleOp module, original;
  /// The original without rows that nobody reads.
  mlir::OwningOpRef<mlir::ModuleOp> fitted;
  CalibrationData calibration;
  Budget budget;
  std::optional<Evaluation> evaluation;
  LatencyMeter meter;
  std::optional<SearchClock> clock;
  /// Flash and SRAM of candidates that were compiled for a device.
  std::map<std::string, std::pair<int64_t, int64_t>> deviceBytes;
  /// The best that fits so far.
  std::optional<Measured> best;
  std::vector<compress::SizeChoice> choices;
  SearchCache cache;
  Measured whole;
  bool knowsWhole = false;
  /// Set where no candidate can be measured.
  ExitCode fault = ExitSuccess;
  unsigned looked = 0;
  /// The passes of the model that was chosen.
  std::string chosen;
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_SEARCH_H
