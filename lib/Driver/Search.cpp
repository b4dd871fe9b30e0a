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

#include "tfc/Passes/Compress/Compression.h"
#include "tfc/Passes/Compress/LinearInputs.h"
#include "tfc/Passes/Compress/MultiplyAdds.h"
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
  if (llvm::Error error = openEvaluation())
    return runner.refuse(std::move(error));
  std::string key = options.metric;
  if (budget.limitsLatency())
    key += " " + options.cpu + " -O" + std::to_string(options.optLevel);
  if (!options.metricCommand.empty())
    key += (options.isLowerMetricBetter ? "-" : "+") + options.metricCommand;
  for (const std::string &file :
       {options.input, options.calibrationFile, options.evaluationFile}) {
    if (file.empty())
      continue;
    llvm::Expected<std::string> hash = hashOfFile(file);
    if (!hash)
      return runner.refuse(hash.takeError());
    key += " " + hash->substr(0, 16);
  }
  if (llvm::Error error = cache.open(options.searchCache, key))
    return runner.refuse(std::move(error));
  choices = compress::sizeChoices(function, budget.limitsComputation());
  clock.emplace(options.searchSeconds);
  return ExitSuccess;
}

llvm::Error Search::openEvaluation() {
  const CompileOptions &options = runner.options;
  if (options.metricCommand.empty())
    evaluation.emplace(*Evaluation::metricOf(
        options.metric.empty() ? "top1" : options.metric));
  else
    evaluation.emplace(
        MetricCommand(options.metricCommand, options.metricSeconds),
        !options.isLowerMetricBetter);
  // A command may have its own data.
  return evaluation->read(options.evaluationFile.empty()
                              ? options.calibrationFile
                              : options.evaluationFile,
                          functionOf(module));
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
  if (runner.options.optLevel > 0)
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

bool Search::countMultiplyAdds(ModuleOp candidate, Measured &result) {
  llvm::Expected<int64_t> count = compress::numberOfMultiplyAdds(
      functionOf(candidate), evaluation->inputs().shapes());
  if (count) {
    result.multiplyAdds = *count;
    return true;
  }
  if (!budget.limitsOperations()) {
    llvm::consumeError(count.takeError());
    return true;
  }
  fault = runner.refuse(llvm::createStringError(
      "--budget: flops: " + llvm::toString(count.takeError())));
  return false;
}

bool Search::measure(ModuleOp candidate, Measured &result) {
  result.parameters = compress::numberOfParameters(functionOf(candidate));
  if (!countMultiplyAdds(candidate, result))
    return false;
  ExitCode code = runner.callOnHost(
      candidate, [](OwningOpRef<ModuleOp> &) { return ExitSuccess; },
      [&](const std::string &library, std::string &message) {
        return success(
            evaluation->measure(library, runner.log, result, message) &&
            (!budget.limitsLatency() ||
             meter.measure(library, evaluation->inputs(), result, message)));
      },
      budget.limitsLatency() ? PassRunner::HostCode::AsAsked
                             : PassRunner::HostCode::ForThisMachine);
  if (code != ExitSuccess)
    fault = code;
  return code == ExitSuccess;
}

bool Search::measureFitted(ModuleOp candidate, Measured &result) {
  // What the fit calls holds the original too, and weights come from outside.
  if (budget.limitsLatency() || evaluation->needsLibrary()) {
    fault = fitLayers(runner, *fitted, candidate, calibration);
    return fault == ExitSuccess && measure(candidate, result);
  }
  if (!countMultiplyAdds(candidate, result))
    return false;
  fault =
      fitLayers(runner, *fitted, candidate, calibration,
                [&](const std::string &library,
                    const std::vector<tfc_tensor> &more, std::string &message) {
                  return success(evaluation->measure(library, runner.log,
                                                     result, message, more));
                });
  // Biases that were all zero count for what they are now.
  result.parameters = compress::numberOfParameters(functionOf(candidate));
  return fault == ExitSuccess;
}

bool Search::isKnown(const Measured &measured) const {
  return (!budget.limitsOperations() || measured.multiplyAdds) &&
         (!budget.limitsLatency() || measured.latencyShare);
}

/// In the original's parameters, whatever is counted. What takes long is taken
/// to be what has many operations: times are measured too roughly to tell steps
/// apart.
double Search::sizeOf(const Measured &measured) const {
  auto share = [](double now, double before) {
    return before > 0 ? now / before : 1;
  };
  bool countsOperations = budget.limitsComputation() &&
                          measured.multiplyAdds && whole.multiplyAdds;
  double size = 0;
  if (budget.limitsNumbers() || !countsOperations)
    size += share(measured.parameters, whole.parameters);
  if (countsOperations)
    size += share(*measured.multiplyAdds, *whole.multiplyAdds);
  return size * whole.parameters;
}

std::optional<Measured> Search::measureAnew(const std::string &passes,
                                            bool isFitted) {
  if (knowsWhole && !clock->allows())
    return std::nullopt;
  double start = clock->passed();
  OwningOpRef<ModuleOp> made = candidate(passes);
  Measured result;
  if (!made)
    return std::nullopt;
  if (isFitted ? !measureFitted(*made, result) : !measure(*made, result))
    return std::nullopt;
  clock->took(clock->passed() - start);
  return result;
}

std::optional<Measured> Search::measure(const CandidateSearch::Steps &steps) {
  if (fault != ExitSuccess)
    return std::nullopt;
  std::string passes = compress::pipelineOf(choices, steps);
  bool isFitted = original && !passes.empty();
  std::string name = passes + (isFitted ? " fitted" : "");
  std::optional<Measured> known = cache.find(name);
  // The original is what metrics and times are compared with.
  if (!known || !knowsWhole || !isKnown(*known)) {
    known = measureAnew(passes, isFitted);
    if (!known)
      return std::nullopt;
    if (llvm::Error error = cache.add(name, *known)) {
      fault = runner.refuse(std::move(error));
      return std::nullopt;
    }
  }
  if (!knowsWhole) {
    whole = *known;
    knowsWhole = true;
  }
  known->size = sizeOf(*known);
  runner.log.note(
      llvm::formatv("candidate {0}: {1}", ++looked, describe(*known)).str());
  tellProgress();
  return known;
}

void Search::tellProgress() {
  std::string so = "nothing fits yet";
  if (best)
    so = llvm::formatv("best {0} {1:F4} of {2} numbers",
                       Evaluation::nameOf(evaluation->kind()), best->metric,
                       best->parameters);
  runner.log.setPurpose(llvm::formatv("{0} measured, {1}", looked, so).str());
}

std::string Search::describe(const Measured &measured) const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << measured.parameters << " parameters, ";
  if (budget.limitsOperations() && measured.multiplyAdds)
    stream << *measured.multiplyAdds << " multiply-adds, ";
  if (measured.latencyShare)
    stream << llvm::formatv("{0:F3} ms, {1:F3} of the original's, ",
                            *measured.latency, *measured.latencyShare);
  stream << llvm::formatv("{0} {1:F4}, loss {2:F5}",
                          Evaluation::nameOf(evaluation->kind()),
                          measured.metric, measured.loss);
  return text;
}

bool Search::isGood(const Measured &measured) const {
  return !budget.drop ||
         evaluation->drop(whole, measured) <= *budget.drop + 1e-12;
}

bool Search::fitsNumbers(const Measured &measured) const {
  auto isAbove = [](double value, const auto &limit, double of = 1) {
    return limit && value > *limit * of;
  };
  double operations = 2. * measured.multiplyAdds.value_or(0);
  return !isAbove(measured.parameters, budget.parameters) &&
         !isAbove(measured.parameters, budget.parameterShare,
                  whole.parameters) &&
         !isAbove(operations, budget.operations) &&
         !isAbove(operations, budget.operationShare,
                  2. * whole.multiplyAdds.value_or(0)) &&
         !isAbove(measured.latency.value_or(0), budget.latency) &&
         !isAbove(measured.latencyShare.value_or(0), budget.latencyShare) &&
         // A byte for each at least.
         !isAbove(measured.parameters, budget.flash);
}

bool Search::fits(const CandidateSearch::Steps &steps,
                  const Measured &measured) {
  bool small = !budget.limitsSize() || fitsNumbers(measured);
  if (small && budget.limitsDevice())
    small = fitsDevice(compress::pipelineOf(choices, steps));
  if (small && isGood(measured) &&
      (!best || (budget.limitsSize() ? measured.loss < best->loss
                                     : measured.size < best->size))) {
    best = measured;
    tellProgress();
  }
  return small && budget.limitsSize();
}

bool Search::fitsDevice(const std::string &passes) {
  OwningOpRef<ModuleOp> copy = candidate(passes);
  Report scratchReport;
  // Scales have no part in what a model takes.
  if (!copy ||
      (runner.options.quantize &&
       Compressor(runner, scratchReport, copy).quantize(/*mostSamples=*/4) !=
           ExitSuccess))
    return false;
  CompileOptions options = runner.options;
  // The object has a header beside it.
  ScratchFolder artefact;
  if (llvm::Error error = artefact.create()) {
    fault = runner.refuse(std::move(error));
    return false;
  }
  options.output = artefact.file("model.o");
  options.sram = budget.sram.value_or(options.sram);
  options.flash = budget.flash.value_or(options.flash);
  std::unique_ptr<Target> device =
      runner.targets.find(options.target)->create(options);
  ScopedDiagnosticHandler quiet(copy->getContext(),
                                [](Diagnostic &) { return success(); });
  PassManager pm(copy->getContext(), ModuleOp::getOperationName());
  if (llvm::Error error = device->prepare(/*isBinary=*/true)) {
    fault = runner.refuse(std::move(error));
    return false;
  }
  device->buildPipeline(pm);
  bool emitted = succeeded(pm.run(*copy)) &&
                 succeeded(device->emit(*copy, options.emit, options.output));
  if (auto sizes = (*copy)->getAttrOfType<DictionaryAttr>("m7.sizes")) {
    auto bytes = [&](StringRef name) {
      auto number = sizes.getAs<IntegerAttr>(name);
      return number ? number.getInt() : 0;
    };
    deviceBytes[passes] = {bytes("flash"), bytes("sram_with_inputs")};
  }
  return emitted;
}

ExitCode Search::refuseNearest(const CandidateSearch &search,
                               const CandidateSearch::Found &found) {
  runner.diagnostics.error(
      "the budget '" + runner.options.budget + "' was not met by " +
      std::to_string(search.measured().size()) + " candidates" +
      (clock->ended() ? " in the time of --search-time" : "") +
      "; the nearest has " + describe(found.measured) + ", the original " +
      describe(whole));
  std::string passes = compress::pipelineOf(choices, found.steps);
  if (!passes.empty())
    runner.diagnostics.note("it is --compress='" + passes + "'");
  return ExitRefused;
}

ExitCode Search::run(std::string &passes) {
  ExitCode code = open();
  if (code != ExitSuccess)
    return code;
  if (original && (code = openFit()) != ExitSuccess)
    return code;
  CandidateSearch search(
      choices,
      [&](const CandidateSearch::Steps &steps) {
        std::optional<Measured> result = measure(steps);
        if (fault != ExitSuccess || clock->ended())
          search.stop();
        return result;
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
  report.noteSearch(Evaluation::nameOf(evaluation->kind()),
                    evaluation->greaterIsBetter(),
                    budget.latency              ? "latency_ms"
                    : budget.latencyShare       ? "latency_share"
                    : budget.limitsOperations() ? "multiply_adds"
                                                : "parameters",
                    whole);
  note(search);
  if (budget.limitsSize() && !found->fits)
    return refuseNearest(search, *found);
  if (clock->ended())
    runner.log.note("--search-time is over");
  runner.log.setPurpose("");
  passes = compress::pipelineOf(choices, found->steps);
  chosen = passes;
  return ExitSuccess;
}

void Search::note(const CandidateSearch &search) {
  for (const CandidateSearch::Found &each : search.measured()) {
    Candidate candidate;
    candidate.passes = compress::pipelineOf(choices, each.steps);
    candidate.isFitted = original && !candidate.passes.empty();
    candidate.measured = each.measured;
    if (auto bytes = deviceBytes.find(candidate.passes);
        bytes != deviceBytes.end())
      std::tie(candidate.flash, candidate.sram) = bytes->second;
    report.noteCandidate(candidate);
  }
}

/// What candidates are fitted by.
ExitCode Search::openFit() {
  fitted = original.clone();
  if (ExitCode code = runner.sinkSlices(fitted); code != ExitSuccess)
    return code;
  if (llvm::Error error =
          calibration.open(runner.options.calibrationFile, functionOf(module)))
    return runner.refuse(std::move(error));
  // The chosen one is fitted by all.
  constexpr int64_t mostSamples = 500;
  calibration.limit(mostSamples);
  return ExitSuccess;
}

ExitCode Search::judge(ModuleOp compressed) {
  Measured result;
  // As what follows compression leaves it.
  OwningOpRef<ModuleOp> copy(compressed.clone());
  if (ExitCode code = runner.sinkSlices(copy); code != ExitSuccess)
    return code;
  if (!measure(*copy, result))
    return fault;
  Candidate noted{chosen, bool(original), result, {}, {}};
  if (auto bytes = deviceBytes.find(chosen); bytes != deviceBytes.end())
    std::tie(noted.flash, noted.sram) = bytes->second;
  report.noteChosen(noted);
  runner.log.note("chosen: " + describe(result));
  // The same code was measured to be as fast as it has to be.
  Measured counted = result;
  counted.latency.reset();
  counted.latencyShare.reset();
  if (isGood(result) && fitsNumbers(counted))
    return ExitSuccess;
  return runner.refuse(llvm::createStringError(
      "what was found has " + describe(result) + ", the original " +
      describe(whole) + ", which is more than the budget allows"));
}
