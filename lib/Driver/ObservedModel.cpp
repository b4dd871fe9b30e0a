//===- ObservedModel.cpp - calls of a model that returns more ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ObservedModel.h"

#include <chrono>
#include <limits>

using namespace mlir;
using namespace tfc;

/// So few calls are not worth a choice of threads.
static constexpr int64_t fewCalls = 32;

std::string ObservedModel::open(const std::string &file,
                                const ObservedModel *sharing) {
  char message[512] = "";
  library.reset(tfc_library_open(file.c_str(), message, sizeof(message)));
  if (!library)
    return message;
  if (!sharing)
    pool.reset(tfc_pool_create(0));
  threads = sharing ? sharing->threads : pool.get();
  session.reset(tfc_session_create(library.get(), threads));
  return session ? "" : "there is no memory for a call";
}

std::string ObservedModel::prepare(llvm::ArrayRef<tfc_tensor> inputs) {
  char message[512] = "";
  if (tfc_session_prepare(session.get(), inputs.data(), message,
                          sizeof(message)) != TFC_OK)
    return message;
  const tfc_model_info &info = *tfc_library_get_info(library.get());
  results.resize(info.num_outputs);
  outputs.clear();
  for (uint32_t i = 0; i < info.num_outputs; ++i) {
    const int64_t *dims = tfc_session_output_dims(session.get(), i);
    run::Array &result = results[i];
    result.type = info.outputs[i].type;
    result.dims.assign(dims, dims + info.outputs[i].rank);
    result.data.resize(result.elements() * run::elementBytes(result.type));
    outputs.push_back({result.data.data(), result.dims.data(),
                       info.outputs[i].rank, result.type});
  }
  return "";
}

std::string ObservedModel::run(llvm::ArrayRef<tfc_tensor> inputs) {
  char message[512] = "";
  return tfc_session_run(session.get(), inputs.data(), outputs.data(), message,
                         sizeof(message)) == TFC_OK
             ? ""
             : message;
}

std::string ObservedModel::call(std::vector<tfc_tensor> inputs) {
  std::string error = prepare(inputs);
  if (error.empty())
    error = run(inputs);
  if (!error.empty())
    return error;
  // Data may have made an output smaller than its buffer.
  for (size_t i = 0; i < results.size(); ++i) {
    const int64_t *dims = tfc_session_output_dims(session.get(), i);
    results[i].dims.assign(dims, dims + results[i].dims.size());
    results[i].data.resize(results[i].elements() *
                           run::elementBytes(results[i].type));
  }
  return "";
}

double ObservedModel::leastSeconds(llvm::ArrayRef<tfc_tensor> inputs) {
  // The first one is for caches.
  constexpr unsigned calls = 3;
  double least = std::numeric_limits<double>::max();
  for (unsigned i = 0; i <= calls; ++i) {
    auto begin = std::chrono::steady_clock::now();
    if (!call(inputs).empty())
      return least;
    std::chrono::duration<double> taken =
        std::chrono::steady_clock::now() - begin;
    if (i > 0)
      least = std::min(least, taken.count());
  }
  return least;
}

void ObservedModel::chooseThreads(llvm::ArrayRef<tfc_tensor> inputs) {
  choseThreads = true;
  std::unique_ptr<tfc_pool, Closer> one(tfc_pool_create(1));
  std::unique_ptr<tfc_session, Closer> alone(
      tfc_session_create(library.get(), one.get()));
  if (!alone || numThreads() == 1)
    return;
  double together = leastSeconds(inputs);
  session.swap(alone);
  if (leastSeconds(inputs) > together) {
    session.swap(alone);
    return;
  }
  // What uses the old pool goes first.
  alone.reset();
  pool = std::move(one);
  threads = pool.get();
}

bool ObservedModel::callAll(CalibrationData &data, PhaseLog &log,
                            std::string &error,
                            llvm::function_ref<bool(int64_t)> use,
                            llvm::ArrayRef<tfc_tensor> more) {
  for (int64_t i = 0; i < data.samples(); ++i) {
    log.progressed(i, data.samples());
    std::vector<tfc_tensor> inputs = data.sample(i);
    inputs.insert(inputs.end(), more.begin(), more.end());
    if (!choseThreads && data.samples() >= fewCalls)
      chooseThreads(inputs);
    error = call(std::move(inputs));
    if (!error.empty()) {
      error =
          "sample " + std::to_string(i) + " of the calibration data: " + error;
      return false;
    }
    if (!use(i))
      return false;
  }
  return true;
}
