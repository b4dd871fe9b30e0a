//===- Search.cpp - the compression that a budget asks for ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Search.h"
#include "Calibration.h"
#include "Compressor.h"
#include "LayerFitter.h"
#include "Output.h"
#include "Recipe.h"
#include "Target.h"

#include "tfc/Passes/Compress/Compression.h"
#include "tfc/Passes/Compress/LinearInputs.h"
#include "tfc/Passes/Compress/PositionMoments.h"
#include "tfc/Passes/Optimize/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace tfc;

ExitCode Search::open() {
  const CompileOptions &options = runner.options;
  llvm::Expected<Budget> wanted = Budget::parse(options.budget);
  if (!wanted)
    return runner.refuse(wanted.takeError());
  budget = *wanted;
  func::FuncOp function = functionOf(module);
  evaluation.emplace(
      *Evaluation::metricOf(options.metric.empty() ? "top1" : options.metric));
  if (llvm::Error error = evaluation->read(options.evaluationFile, function))
    return runner.refuse(std::move(error));
  std::string key = options.metric;
  for (const std::string &file :
       {options.input, options.calibrationFile, options.evaluationFile}) {
    llvm::Expected<std::string> hash = hashOfFile(file);
    if (!hash)
      return runner.refuse(hash.takeError());
    key += " " + hash->substr(0, 16);
  }
  if (llvm::Error error = cache.open(options.searchCache, key))
    return runner.refuse(std::move(error));
  choices = compress::sizeChoices(function);
  return ExitSuccess;
}

OwningOpRef<ModuleOp> Search::candidate(const std::string &passes) {
  OwningOpRef<ModuleOp> copy(module.clone());
  PassManager pm(copy->getContext(), ModuleOp::getOperationName());
  OpPassManager &nested = pm.nest<func::FuncOp>();
  compress::CompressionStatistics reads;
  if (!passes.empty())
    if (llvm::Error error =
            compress::addCompressionPasses(passes, nested, reads)) {
      llvm::consumeError(std::move(error));
      return {};
    }
  nested.addPass(optimize::createSinkSlicesPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  // What passes refuse is a candidate that there is not.
  ScopedDiagnosticHandler quiet(copy->getContext(),
                                [](Diagnostic &) { return success(); });
  if (failed(pm.run(*copy)))
    return {};
  compress::dropInputStatistics(functionOf(*copy));
  compress::dropPositionMoments(functionOf(*copy));
  return copy;
}

bool Search::measure(ModuleOp candidate, Measured &result) {
  result.parameters = compress::numberOfParameters(functionOf(candidate));
  ExitCode code = runner.callOnHost(
      candidate, [](OwningOpRef<ModuleOp> &) { return ExitSuccess; },
      [&](const std::string &library, std::string &message) {
        return success(
            evaluation->measure(library, runner.log, result, message));
      });
  if (code != ExitSuccess)
    fault = code;
  return code == ExitSuccess;
}

std::optional<Measured> Search::measure(const CandidateSearch::Steps &steps,
                                        bool isFitted) {
  if (fault != ExitSuccess)
    return std::nullopt;
  std::string passes = compress::pipelineOf(choices, steps);
  std::string name = passes + (isFitted ? " fitted" : "");
  std::optional<Measured> known = cache.find(name);
  // The original is what metrics may compare with.
  if (!known || !knowsWhole) {
    OwningOpRef<ModuleOp> made = candidate(passes);
    Measured result;
    if (!made)
      return std::nullopt;
    if (isFitted)
      fault = fitLayers(runner, *fitted, *made, calibration);
    if (fault != ExitSuccess || !measure(*made, result))
      return std::nullopt;
    known = result;
    if (llvm::Error error = cache.add(name, result)) {
      fault = runner.refuse(std::move(error));
      return std::nullopt;
    }
  }
  if (!knowsWhole) {
    whole = *known;
    knowsWhole = true;
  }
  runner.log.note(llvm::formatv("candidate {0}{1}: {2}", ++looked,
                                isFitted ? ", fitted" : "", describe(*known))
                      .str());
  return known;
}

std::string Search::describe(const Measured &measured) const {
  Evaluation::Metric metric = evaluation->kind();
  return llvm::formatv("{0} parameters, {1} {2:F4}, loss {3:F5}",
                       measured.parameters, Evaluation::nameOf(metric),
                       measured.metric, measured.loss)
      .str();
}

bool Search::isGood(const Measured &measured) const {
  return !budget.drop ||
         evaluation->drop(whole, measured) <= *budget.drop + 1e-12;
}

bool Search::fits(const CandidateSearch::Steps &steps,
                  const Measured &measured) {
  if (!budget.limitsSize())
    return false;
  if (budget.parameters && measured.parameters > *budget.parameters)
    return false;
  if (budget.parameterShare &&
      double(measured.parameters) > *budget.parameterShare * whole.parameters)
    return false;
  if (!budget.limitsDevice())
    return true;
  // A byte for each at least.
  if (budget.flash && measured.parameters > *budget.flash)
    return false;
  OwningOpRef<ModuleOp> made = candidate(compress::pipelineOf(choices, steps));
  return made && fitsDevice(*made);
}

bool Search::fitsDevice(ModuleOp candidate) {
  OwningOpRef<ModuleOp> copy(candidate.clone());
  Report scratchReport;
  if (runner.options.quantize &&
      Compressor(runner, scratchReport, copy).quantize() != ExitSuccess)
    return false;
  CompileOptions options = runner.options;
  ScratchFile object;
  if (llvm::Error error = object.create(".o")) {
    fault = runner.refuse(std::move(error));
    return false;
  }
  options.output = object.name().str();
  options.sram = budget.sram.value_or(options.sram);
  options.flash = budget.flash.value_or(options.flash);
  std::unique_ptr<Target> device = createTarget(options);
  ScopedDiagnosticHandler quiet(copy->getContext(),
                                [](Diagnostic &) { return success(); });
  PassManager pm(copy->getContext(), ModuleOp::getOperationName());
  if (llvm::Error error = device->prepare(/*isBinary=*/true)) {
    fault = runner.refuse(std::move(error));
    return false;
  }
  device->buildPipeline(pm);
  return succeeded(pm.run(*copy)) &&
         succeeded(device->emit(*copy, options.emit, options.output));
}

ExitCode Search::refuseNearest(const CandidateSearch &search,
                               const CandidateSearch::Found &found) {
  runner.diagnostics.error(
      "the budget '" + runner.options.budget + "' was not met by " +
      std::to_string(search.measured().size()) +
      " candidates; the nearest has " + describe(found.measured) +
      ", the original " + describe(whole));
  std::string passes = compress::pipelineOf(choices, found.steps);
  if (!passes.empty())
    runner.diagnostics.note("it is --compress='" + passes + "'");
  return ExitRefused;
}

ExitCode Search::run(std::string &passes) {
  ExitCode code = open();
  if (code != ExitSuccess)
    return code;
  CandidateSearch search(
      choices,
      [&](const CandidateSearch::Steps &steps) {
        return measure(steps, /*isFitted=*/false);
      },
      [&](const CandidateSearch::Steps &steps, const Measured &measured) {
        return fits(steps, measured);
      },
      [&](const Measured &measured) { return isGood(measured); },
      runner.options.searchCandidates);
  std::optional<CandidateSearch::Found> found = search.run();
  if (fault != ExitSuccess)
    return fault;
  if (!found)
    return runner.refuse(
        llvm::createStringError("the model itself could not be measured"));
  for (const CandidateSearch::Found &each : search.measured())
    report.noteCandidate(compress::pipelineOf(choices, each.steps),
                         each.measured.parameters, each.measured.metric,
                         each.measured.loss);
  if (budget.limitsSize() && !found->fits)
    return refuseNearest(search, *found);
  if (original && found->fits)
    refine(search, *found);
  if (fault != ExitSuccess)
    return fault;
  passes = compress::pipelineOf(choices, found->steps);
  return ExitSuccess;
}

void Search::refine(const CandidateSearch &search,
                    CandidateSearch::Found &found) {
  // Fitting is a compilation a layer.
  constexpr unsigned slower = 10;
  constexpr size_t fewStarts = 3;
  std::vector<CandidateSearch::Found> best(search.measured());
  llvm::sort(best, [](const auto &a, const auto &b) {
    return a.measured.loss < b.measured.loss;
  });
  std::vector<CandidateSearch::Steps> starts;
  for (const CandidateSearch::Found &each : best)
    if (starts.size() < fewStarts && fits(each.steps, each.measured))
      starts.push_back(each.steps);
  fitted = original.clone();
  sinkSlices(*fitted);
  if (llvm::Error error = calibration.read(runner.options.calibrationFile)) {
    fault = runner.refuse(std::move(error));
    return;
  }
  if (llvm::Error error = calibration.match(functionOf(module))) {
    fault = runner.refuse(std::move(error));
    return;
  }
  CandidateSearch after(
      choices,
      [&](const CandidateSearch::Steps &steps) {
        return measure(steps, /*isFitted=*/true);
      },
      [&](const CandidateSearch::Steps &steps, const Measured &measured) {
        return fits(steps, measured);
      },
      [&](const Measured &measured) { return isGood(measured); },
      std::max<unsigned>(runner.options.searchCandidates / slower,
                         starts.size()));
  if (std::optional<CandidateSearch::Found> better = after.improve(starts))
    found = *better;
  for (const CandidateSearch::Found &each : after.measured())
    report.noteCandidate(compress::pipelineOf(choices, each.steps) + " fitted",
                         each.measured.parameters, each.measured.metric,
                         each.measured.loss);
}

/// Does not compute what nobody reads.
void Search::sinkSlices(ModuleOp copy) {
  PassManager pm(copy.getContext(), ModuleOp::getOperationName());
  pm.addNestedPass<func::FuncOp>(optimize::createSinkSlicesPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  if (failed(pm.run(copy)))
    fault = runner.internalError("sink", copy, "builtin.module()");
}

ExitCode Search::judge(ModuleOp compressed) {
  Measured result;
  if (!measure(compressed, result))
    return fault;
  report.noteSearch(Evaluation::nameOf(evaluation->kind()), whole, result);
  runner.log.note("chosen: " + describe(result));
  if (isGood(result))
    return ExitSuccess;
  return runner.refuse(llvm::createStringError(
      "what was found has " + describe(result) + ", the original " +
      describe(whole) + ", which is more than the budget allows"));
}
