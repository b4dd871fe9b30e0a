//===- Compression.cpp - the passes of --compress ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compression.h"
#include "ObservedModel.h"

#include "tfc/Passes/Compress/Compression.h"
#include "tfc/Passes/Compress/LinearInputs.h"

#include "mlir/Pass/PassManager.h"
#include <cmath>

using namespace mlir;
using namespace tfc;

llvm::Error tfc::checkCompression(StringRef text) {
  OpPassManager scratch(func::FuncOp::getOperationName());
  compress::CompressionStatistics reads;
  return compress::addCompressionPasses(text, scratch, reads);
}

namespace {

/// The sums over all samples of what goes into some layers.
struct InputSums {
  explicit InputSums(int64_t width)
      : moments(width * width), sum(width), greatest(width) {}

  /// False where a number is not finite.
  bool add(ArrayRef<float> newMoments, ArrayRef<float> newSum,
           ArrayRef<float> newGreatest, int64_t newRows) {
    rows += newRows;
    for (auto [most, number] : llvm::zip_equal(greatest, newGreatest))
      most = std::max<double>(most, number);
    return add(moments, newMoments) && add(sum, newSum);
  }

  void divideByRows() {
    for (std::vector<double> *numbers : {&moments, &sum})
      for (double &number : *numbers)
        number /= std::max<double>(rows, 1);
  }

  std::vector<double> moments, sum, greatest;
  int64_t rows = 0;

private:
  static bool add(std::vector<double> &to, ArrayRef<float> numbers) {
    for (auto [total, number] : llvm::zip_equal(to, numbers))
      total += number;
    return llvm::all_of(numbers, [](float x) { return std::isfinite(x); });
  }
};

} // namespace

LogicalResult tfc::measureInputs(const std::string &library,
                                 CalibrationData &data,
                                 ArrayRef<compress::LinearInput> inputs,
                                 PhaseLog &log, std::string &error) {
  ObservedModel model;
  error = model.open(library);
  if (!error.empty())
    return failure();
  std::vector<InputSums> sums;
  for (const compress::LinearInput &input : inputs)
    sums.emplace_back(input.width());
  // Four results each, after those of the model.
  size_t first = model.numOutputs() - 4 * inputs.size();
  auto use = [&](int64_t sample) {
    bool isFinite = true;
    for (auto [i, input] : llvm::enumerate(inputs)) {
      size_t at = first + 4 * i;
      if (sums[i].add(model.numbers<float>(at), model.numbers<float>(at + 1),
                      model.numbers<float>(at + 2),
                      model.numbers<int64_t>(at + 3).front()))
        continue;
      emitError(input.x.getLoc())
          << "gives NaN or infinity, or numbers whose squares are, for sample "
          << sample << " of the calibration data";
      isFinite = false;
    }
    return isFinite;
  };
  if (!model.callAll(data, log, error, use))
    return failure();
  for (auto [input, sum] : llvm::zip_equal(inputs, sums)) {
    sum.divideByRows();
    compress::attachInputStatistics(input.layers, sum.moments, sum.sum,
                                    sum.greatest);
  }
  return success();
}

LogicalResult tfc::measurePositions(const std::string &library,
                                    CalibrationData &data,
                                    ArrayRef<attn::AttentionOp> attentions,
                                    PhaseLog &log, std::string &error) {
  ObservedModel model;
  error = model.open(library);
  if (!error.empty())
    return failure();
  // Of keys and of values, after the results of the model.
  std::vector<std::vector<double>> sums(2 * attentions.size());
  size_t first = model.numOutputs() - sums.size();
  auto use = [&](int64_t sample) {
    bool isFinite = true;
    for (auto [i, sum] : llvm::enumerate(sums)) {
      ArrayRef<float> numbers = model.numbers<float>(first + i);
      sum.resize(numbers.size());
      for (auto [total, number] : llvm::zip_equal(sum, numbers))
        total += number;
      if (llvm::all_of(numbers, [](float x) { return std::isfinite(x); }))
        continue;
      emitError(attentions[i / 2]->getLoc())
          << "has keys or values of NaN or infinity, or whose squares are, for "
             "sample "
          << sample << " of the calibration data";
      isFinite = false;
    }
    return isFinite;
  };
  if (!model.callAll(data, log, error, use))
    return failure();
  for (auto [i, attention] : llvm::enumerate(attentions))
    compress::attachPositionMoments(attention, sums[2 * i], sums[2 * i + 1]);
  return success();
}
