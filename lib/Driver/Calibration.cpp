//===- Calibration.cpp - ranges from calls of the f32 model -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Calibration.h"
#include "ObservedModel.h"
#include "RangeStatistics.h"

using namespace mlir;
using namespace tfc;

func::FuncOp tfc::functionOf(ModuleOp module) {
  func::FuncOp found;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isDeclaration())
      continue;
    if (found)
      return {};
    found = function;
  }
  return found;
}

std::vector<Location> tfc::observedPlaces(func::FuncOp function) {
  std::vector<Location> places;
  Operation *end = function.front().getTerminator();
  for (OpOperand &operand : end->getOpOperands())
    if (function.getResultAttr(operand.getOperandNumber(), "tfc.observed"))
      places.push_back(operand.get().getLoc());
  return places;
}

FailureOr<std::vector<double>>
tfc::measureRanges(const std::string &library, CalibrationData &data,
                   const RangeChoice &choice, ArrayRef<Location> places,
                   PhaseLog &log, std::string &error) {
  ObservedModel model;
  error = model.open(library);
  if (!error.empty())
    return failure();
  size_t first = model.numOutputs() - places.size();
  std::vector<RangeStatistics> statistics(places.size(),
                                          RangeStatistics(choice));
  auto use = [&](int64_t i) {
    bool isFinite = true;
    for (auto [k, place] : llvm::enumerate(places))
      if (!statistics[k].add(model.numbers<float>(first + k))) {
        emitError(place) << "gives NaN or infinity for sample " << i
                         << " of the calibration data, for which there is no "
                            "scale";
        isFinite = false;
      }
    return isFinite;
  };
  if (!model.callAll(data, log, error, use))
    return failure();
  std::vector<double> ranges;
  for (const RangeStatistics &each : statistics) {
    RangeStatistics::Range range = each.range();
    ranges.push_back(range.low);
    ranges.push_back(range.high);
  }
  return ranges;
}
