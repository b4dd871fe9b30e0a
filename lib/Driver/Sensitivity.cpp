//===- Sensitivity.cpp - what int8 costs, node by node ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sensitivity.h"
#include "Calibration.h"

#include "tfc/Passes/Compress/QuantizedNodes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace tfc;

ExitCode Sensitivity::open() {
  const CompileOptions &options = runner.options;
  func::FuncOp function = functionOf(module);
  evaluation.emplace(
      *Evaluation::metricOf(options.metric.empty() ? "top1" : options.metric));
  if (llvm::Error error = evaluation->read(options.evaluationFile, function))
    return runner.refuse(std::move(error));
  for (std::string &name : compress::quantizedNodes(function))
    if (!llvm::is_contained(quantization.keep, name))
      nodes.push_back(std::move(name));
  return ExitSuccess;
}

std::optional<Measured> Sensitivity::call(ModuleOp candidate) {
  Measured result;
  fault = runner.callOnHost(
      candidate, [](OwningOpRef<ModuleOp> &) { return ExitSuccess; },
      [&](const std::string &library, std::string &message) {
        return success(
            evaluation->measure(library, runner.log, result, message));
      });
  return fault == ExitSuccess ? std::optional(result) : std::nullopt;
}

std::optional<Measured> Sensitivity::measure(const Names &kept) {
  auto found = known.find(kept);
  if (found != known.end())
    return found->second;
  OwningOpRef<ModuleOp> candidate(module.clone());
  if (kept.size() < nodes.size()) {
    compress::QuantizePassOptions options = quantization;
    options.keep.insert(options.keep.end(), kept.begin(), kept.end());
    fault = runner.run(
        candidate, "quantize", /*mayRefuse=*/true, [&](OpPassManager &pm) {
          pm.addNestedPass<func::FuncOp>(compress::createQuantizePass(options));
          pm.addPass(createCanonicalizerPass());
          pm.addPass(createCSEPass());
        });
    if (fault != ExitSuccess)
      return std::nullopt;
  }
  std::optional<Measured> measured = call(*candidate);
  if (measured)
    known[kept] = *measured;
  return measured;
}

bool Sensitivity::isGood(const Measured &measured) const {
  return evaluation->drop(whole, measured) <=
         *runner.options.quantizationDrop + 1e-12;
}

std::vector<std::string> Sensitivity::bySensitivity() {
  std::map<std::string, double> costs;
  for (const std::string &name : nodes) {
    Names others;
    llvm::copy_if(nodes, std::back_inserter(others),
                  [&](const std::string &other) { return other != name; });
    std::optional<Measured> alone = measure(others);
    if (!alone)
      return {};
    runner.log.note(
        llvm::formatv("'{0}' alone in int8: {1} {2:F4}, loss {3:F6}", name,
                      Evaluation::nameOf(evaluation->kind()), alone->metric,
                      alone->loss)
            .str());
    report.noteSensitivity(name, *alone, whole);
    costs[name] = alone->loss;
  }
  Names order = nodes;
  llvm::sort(order, [&](const std::string &a, const std::string &b) {
    return std::pair(-costs[a], a) < std::pair(-costs[b], b);
  });
  return order;
}

std::optional<size_t> Sensitivity::enough(ArrayRef<std::string> order) {
  // The metric is taken to become no worse with more in f32. Twice as many each
  // time, then halving what is between: a compilation each.
  auto measured = [&](size_t count) -> std::optional<bool> {
    std::optional<Measured> result =
        measure(Names(order.begin(), order.begin() + count));
    return result ? std::optional(isGood(*result)) : std::nullopt;
  };
  size_t bad = 0, good = 0;
  while (true) {
    std::optional<bool> is = measured(good);
    if (!is)
      return std::nullopt;
    // All in f32 is the model itself.
    if (*is || good == order.size())
      break;
    bad = good;
    good = std::min(order.size(), std::max<size_t>(1, 2 * good));
  }
  while (good > bad + 1) {
    size_t middle = (bad + good) / 2;
    std::optional<bool> is = measured(middle);
    if (!is)
      return std::nullopt;
    (*is ? good : bad) = middle;
  }
  return good;
}

ExitCode Sensitivity::run(std::vector<std::string> &kept) {
  if (ExitCode code = open(); code != ExitSuccess)
    return code;
  // First, as metrics compare with it.
  std::optional<Measured> original = call(module);
  if (!original)
    return fault;
  whole = *original;
  known[nodes] = whole;
  Names order = bySensitivity();
  if (fault != ExitSuccess)
    return fault;
  Names chosen;
  if (runner.options.quantizationDrop) {
    std::optional<size_t> count = enough(order);
    if (!count)
      return fault;
    chosen.assign(order.begin(), order.begin() + *count);
  }
  std::optional<Measured> result = measure(chosen);
  if (!result)
    return fault;
  StringRef metric = Evaluation::nameOf(evaluation->kind());
  report.noteQuantization(metric, whole, *result, chosen);
  runner.log.note(
      llvm::formatv("in int8 with {0} of {1} nodes in f32: {2} {3:F4}, of the "
                    "model {4:F4}",
                    chosen.size(), nodes.size(), metric, result->metric,
                    whole.metric)
          .str());
  llvm::append_range(kept, chosen);
  return ExitSuccess;
}
