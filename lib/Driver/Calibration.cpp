//===- Calibration.cpp - ranges from calls of the f32 model -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Calibration.h"
#include "RangeStatistics.h"

#include "tfc/Runtime/runtime.h"

#include <memory>

using namespace mlir;
using namespace tfc;

namespace {

struct Closer {
  void operator()(tfc_library *library) const { tfc_library_close(library); }
  void operator()(tfc_pool *pool) const { tfc_pool_destroy(pool); }
  void operator()(tfc_session *session) const { tfc_session_destroy(session); }
};

/// A compiled model with its threads and the outputs of its last call.
class ObservedModel {
public:
  std::string open(const std::string &file) {
    char message[512] = "";
    library.reset(tfc_library_open(file.c_str(), message, sizeof(message)));
    if (!library)
      return message;
    pool.reset(tfc_pool_create(0));
    session.reset(tfc_session_create(library.get(), pool.get()));
    return session ? "" : "there is no memory for a call";
  }

  std::string call(std::vector<tfc_tensor> inputs) {
    char message[512] = "";
    if (tfc_session_prepare(session.get(), inputs.data(), message,
                            sizeof(message)) != TFC_OK)
      return message;
    const tfc_model_info &info = *tfc_library_get_info(library.get());
    results.resize(info.num_outputs);
    std::vector<tfc_tensor> outputs;
    for (uint32_t i = 0; i < info.num_outputs; ++i) {
      const int64_t *dims = tfc_session_output_dims(session.get(), i);
      run::Array &result = results[i];
      result.type = info.outputs[i].type;
      result.dims.assign(dims, dims + info.outputs[i].rank);
      result.data.resize(result.elements() * run::elementBytes(result.type));
      outputs.push_back({result.data.data(), result.dims.data(),
                         info.outputs[i].rank, result.type});
    }
    if (tfc_session_run(session.get(), inputs.data(), outputs.data(), message,
                        sizeof(message)) != TFC_OK)
      return message;
    // Data may have made an output smaller than its buffer.
    for (uint32_t i = 0; i < info.num_outputs; ++i) {
      const int64_t *dims = tfc_session_output_dims(session.get(), i);
      results[i].dims.assign(dims, dims + info.outputs[i].rank);
      results[i].data.resize(results[i].elements() *
                             run::elementBytes(results[i].type));
    }
    return "";
  }

  size_t numOutputs() const {
    return tfc_library_get_info(library.get())->num_outputs;
  }

  /// The elements of output `i`, which is of f32.
  ArrayRef<float> numbers(size_t i) const {
    return {reinterpret_cast<const float *>(results[i].data.data()),
            results[i].data.size() / sizeof(float)};
  }

private:
  std::unique_ptr<tfc_library, Closer> library;
  std::unique_ptr<tfc_pool, Closer> pool;
  std::unique_ptr<tfc_session, Closer> session;
  std::vector<run::Array> results;
};

} // namespace

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
  for (int64_t i = 0; i < data.samples(); ++i) {
    log.progressed(i, data.samples());
    error = model.call(data.sample(i));
    if (!error.empty()) {
      error =
          "sample " + std::to_string(i) + " of the calibration data: " + error;
      return failure();
    }
    bool isFinite = true;
    for (auto [k, place] : llvm::enumerate(places))
      if (!statistics[k].add(model.numbers(first + k))) {
        emitError(place) << "gives NaN or infinity for sample " << i
                         << " of the calibration data, for which there is no "
                            "scale";
        isFinite = false;
      }
    if (!isFinite)
      return failure();
  }
  std::vector<double> ranges;
  for (const RangeStatistics &each : statistics) {
    RangeStatistics::Range range = each.range();
    ranges.push_back(range.low);
    ranges.push_back(range.high);
  }
  return ranges;
}
