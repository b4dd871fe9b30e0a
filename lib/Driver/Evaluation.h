//===- Evaluation.h - how good a compiled model is --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_EVALUATION_H
#define TFC_LIB_DRIVER_EVALUATION_H

#include "CalibrationData.h"
#include "CandidateSearch.h"
#include "MetricCommand.h"
#include "ObservedModel.h"
#include "PhaseLog.h"

namespace tfc {

/// Calls of a model with data that calibration does not see, and what its first
/// output is worth:
///
/// | metric | of | better |
/// |---|---|---|
/// | top1 | the share of rows whose greatest number is at the label | greater |
/// | perplexity | exp of the mean of -log softmax at the labels | smaller |
/// | mse | mean square difference to the original's | smaller |
/// | cosine | mean cosine of rows with the original's | greater |
/// | command | what a command of the user prints | as the user says |
class Evaluation {
public:
  enum class Metric { Top1, Perplexity, Mse, Cosine, Command };
  /// One of those that have a name.
  static std::optional<Metric> metricOf(llvm::StringRef name);
  static llvm::StringRef nameOf(Metric metric);

  explicit Evaluation(Metric metric)
      : metric(metric),
        isGreaterBetter(metric == Metric::Top1 || metric == Metric::Cosine) {}
  Evaluation(MetricCommand command, bool isGreaterBetter)
      : metric(Metric::Command), isGreaterBetter(isGreaterBetter),
        command(command) {}

  Metric kind() const { return metric; }
  bool greaterIsBetter() const { return isGreaterBetter; }
  /// Whether nothing but a library of the model alone will do.
  bool needsLibrary() const { return command.has_value(); }
  CalibrationData &inputs() { return data; }

  /// Inputs by their names, and `labels`, integers, one for each row of the
  /// first output, where the metric wants them.
  llvm::Error read(llvm::StringRef path, mlir::func::FuncOp function);

  /// Calls the model of `library` with all samples, and with `more` behind
  /// them. The first call of this function is taken for the original's. False
  /// with `error` where a call fails, labels are not rows, or nothing but NaN
  /// comes out.
  bool measure(const std::string &library, PhaseLog &log, Measured &result,
               std::string &error, const std::vector<tfc_tensor> &more = {});

  /// How much worse `now` is than `before`, in the metric's unit: points of
  /// top1 and cosine as shares, differences of others.
  double drop(const Measured &before, const Measured &now) const;

private:
  bool needsLabels() const {
    return metric == Metric::Top1 || metric == Metric::Perplexity;
  }
  bool add(llvm::ArrayRef<float> numbers, size_t width, std::string &error);
  bool compare(llvm::ArrayRef<float> numbers, size_t width);
  /// Appends the outputs of a call to `all`, which has a dimension of calls in
  /// front of each.
  bool collect(const ObservedModel &model, int64_t call, run::Arrays &all,
               std::string &error);
  bool measureByCommand(const std::string &library, PhaseLog &log,
                        Measured &result, std::string &error);

  Metric metric;
  bool isGreaterBetter;
  std::optional<MetricCommand> command;
  CalibrationData data;
  std::vector<int64_t> labels;
  std::vector<float> reference;
  bool hasReference = false;
  /// Of the call of measure that is under way.
  double sum = 0, right = 0;
  size_t rows = 0, elements = 0;
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_EVALUATION_H
