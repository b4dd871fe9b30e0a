//===- Compressor.cpp - the phases that make models smaller -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compressor.h"
#include "Budget.h"
#include "Calibration.h"
#include "Compression.h"
#include "LayerFitter.h"
#include "Recipe.h"
#include "Search.h"
#include "Sensitivity.h"

#include "tfc/Passes/Compress/Compression.h"
#include "tfc/Passes/Compress/LayerFit.h"
#include "tfc/Passes/Compress/LinearInputs.h"
#include "tfc/Passes/Compress/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace tfc;

static void cleanUp(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

ExitCode Compressor::readCalibration(CalibrationData &data) {
  func::FuncOp function = functionOf(*module);
  if (!function) {
    runner.diagnostics.error(
        "expected one function to call with the calibration "
        "data");
    return ExitRefused;
  }
  if (llvm::Error error = data.open(runner.options.calibrationFile, function))
    return runner.refuse(std::move(error));
  return ExitSuccess;
}

ExitCode Compressor::observe(OwningOpRef<ModuleOp> &observed,
                             std::vector<Location> &places) {
  ExitCode code = runner.run(
      observed, "observe", /*mayRefuse=*/true, [](OpPassManager &pm) {
        pm.addNestedPass<func::FuncOp>(compress::createObservePass());
      });
  if (code != ExitSuccess)
    return code;
  places = observedPlaces(functionOf(*observed));
  if (!places.empty())
    return ExitSuccess;
  runner.diagnostics.error(
      "nothing to quantise: no operation in f32 has a form in int8");
  return ExitRefused;
}

ExitCode Compressor::calibrate(CalibrationData &data,
                               std::vector<double> &ranges) {
  std::vector<Location> places;
  ExitCode code = runner.callOnHost(
      *module,
      [&](OwningOpRef<ModuleOp> &observed) {
        return observe(observed, places);
      },
      [&](const std::string &library, std::string &error) -> LogicalResult {
        FailureOr<std::vector<double>> measured = measureRanges(
            library, data, runner.options.ranges, places, runner.log, error);
        if (succeeded(measured))
          ranges = std::move(*measured);
        return measured;
      });
  if (code == ExitSuccess)
    report.noteCalibration(runner.options.ranges, data.samples(),
                           places.size());
  return code;
}

/// The layers of `function` that have the numbers of those of a copy.
static compress::LinearInput sameInput(const compress::LinearInput &copied,
                                       func::FuncOp function) {
  compress::LinearInput input;
  for (attn::LinearOp layer : copied.layers)
    input.layers.push_back(compress::layerOf(
        function,
        layer->getAttrOfType<IntegerAttr>(compress::layerName).getInt()));
  input.x = input.layers.front().getX();
  return input;
}

ExitCode Compressor::measureInputs() {
  CalibrationData data;
  ExitCode code = readCalibration(data);
  func::FuncOp function = functionOf(*module);
  if (code != ExitSuccess || compress::linearInputs(function).empty())
    return code;
  std::vector<compress::LinearInput> inputs;
  return runner.callOnHost(
      *module,
      [&](OwningOpRef<ModuleOp> &observed) {
        // Judging by all rows what is read of some would be wrong; layers are
        // found in models that compute all.
        ExitCode code = runner.sinkSlices(observed);
        if (code != ExitSuccess)
          return code;
        for (compress::LinearInput &input :
             compress::linearInputs(functionOf(*observed)))
          inputs.push_back(sameInput(input, function));
        return runner.run(observed, "observe", /*mayRefuse=*/false,
                          [](OpPassManager &pm) {
                            pm.addNestedPass<func::FuncOp>(
                                compress::createObserveInputsPass());
                          });
      },
      [&](const std::string &library, std::string &error) {
        return tfc::measureInputs(library, data, inputs, runner.log, error);
      });
}

ExitCode Compressor::measurePositions() {
  CalibrationData data;
  ExitCode code = readCalibration(data);
  auto attentions = compress::attentionsWithPositions(functionOf(*module));
  if (code != ExitSuccess || attentions.empty())
    return code;
  return runner.callOnHost(
      *module,
      [&](OwningOpRef<ModuleOp> &observed) {
        return runner.run(observed, "observe", /*mayRefuse=*/false,
                          [](OpPassManager &pm) {
                            pm.addNestedPass<func::FuncOp>(
                                compress::createObservePositionsPass());
                          });
      },
      [&](const std::string &library, std::string &error) {
        return tfc::measurePositions(library, data, attentions, runner.log,
                                     error);
      });
}

ExitCode Compressor::quantize(std::optional<int64_t> mostSamples) {
  CalibrationData data;
  ExitCode code = readCalibration(data);
  if (code != ExitSuccess)
    return code;
  if (mostSamples)
    data.limit(*mostSamples);
  code =
      runner.run(module, "expose", /*mayRefuse=*/false, [&](OpPassManager &pm) {
        pm.addNestedPass<func::FuncOp>(compress::createExposePass());
        cleanUp(pm);
      });
  compress::QuantizePassOptions known;
  std::vector<double> ranges;
  if (code != ExitSuccess || (code = calibrate(data, ranges)) != ExitSuccess)
    return code;
  known.ranges.assign(ranges.begin(), ranges.end());
  llvm::append_range(kept, runner.options.quantizeKeep);
  known.keep.assign(kept.begin(), kept.end());
  if (runner.options.measuresSensitivity) {
    code = Sensitivity(runner, report, *module, known).run(kept);
    if (code != ExitSuccess)
      return code;
    known.keep.assign(kept.begin(), kept.end());
  }
  known.correctBiases = runner.options.correctBiases;
  if (known.correctBiases) {
    compress::numberLayers(functionOf(*module));
    if ((code = measureInputs()) != ExitSuccess)
      return code;
  }
  code = runner.run(
      module, "quantize", /*mayRefuse=*/!kept.empty(), [&](OpPassManager &pm) {
        pm.addNestedPass<func::FuncOp>(compress::createQuantizePass(known));
        cleanUp(pm);
      });
  if (code == ExitSuccess && known.correctBiases) {
    compress::dropInputStatistics(functionOf(*module));
    compress::dropLayerNumbers(functionOf(*module));
  }
  return code;
}

ExitCode Compressor::prepare(std::unique_ptr<Search> &search) {
  const CompileOptions &options = runner.options;
  OpPassManager scratch(func::FuncOp::getOperationName());
  compress::CompressionStatistics reads;
  if (!options.budget.empty()) {
    llvm::Expected<Budget> wanted = Budget::parse(options.budget);
    if (!wanted)
      return runner.refuse(wanted.takeError());
    reads.inputs = true;
    reads.positions = wanted->limitsComputation();
  }
  if (!passes.empty())
    if (llvm::Error error =
            compress::addCompressionPasses(passes, scratch, reads))
      return runner.refuse(std::move(error));
  if (reads.any() && !options.calibrationFile.empty()) {
    compress::numberLayers(functionOf(*module));
    ExitCode code = reads.inputs ? measureInputs() : ExitSuccess;
    if (code == ExitSuccess && reads.positions)
      code = measurePositions();
    if (code != ExitSuccess)
      return code;
    if (fits)
      original = module->clone();
  }
  if (options.budget.empty())
    return ExitSuccess;
  search = std::make_unique<Search>(runner, report, *module,
                                    original ? *original : ModuleOp());
  return search->run(passes);
}

ExitCode Compressor::runPasses(const std::string &passes,
                               compress::CompressionStatistics &reads) {
  OpPassManager nested(func::FuncOp::getOperationName());
  if (!passes.empty())
    if (llvm::Error error =
            compress::addCompressionPasses(passes, nested, reads))
      return runner.refuse(std::move(error));
  return runner.run(module, "compress", /*mayRefuse=*/true,
                    [&](OpPassManager &pm) {
                      pm.nest<func::FuncOp>() = nested;
                      cleanUp(pm);
                    });
}

ExitCode Compressor::runCompression(const std::string &passes) {
  auto [before, after] = compress::splitBeforeIntegers(passes);
  compress::CompressionStatistics reads, readsAfter;
  ExitCode code = runPasses(before, reads);
  if (code == ExitSuccess && original && reads.fit &&
      (code = runner.sinkSlices(original)) == ExitSuccess &&
      (code = runner.sinkSlices(module)) == ExitSuccess)
    code = fitCompressed();
  if (code == ExitSuccess && !after.empty())
    code = runPasses(after, readsAfter);
  if (code != ExitSuccess)
    return code;
  func::FuncOp function = functionOf(*module);
  compress::dropInputStatistics(function);
  compress::dropPositionMoments(function);
  compress::dropLayerNumbers(function);
  return code;
}

ExitCode Compressor::readRecipe() {
  const CompileOptions &options = runner.options;
  llvm::Expected<Recipe> recipe = Recipe::read(options.recipe);
  if (!recipe)
    return runner.refuse(recipe.takeError());
  for (auto [file, expected, what] :
       {std::tuple<std::string, std::string, StringRef>{
            options.input, recipe->model, "another model"},
        {options.calibrationFile, recipe->calibration,
         "other calibration data"}}) {
    if (expected.empty())
      continue;
    if (file.empty())
      return runner.refuse(llvm::createStringError(
          "the recipe '" + options.recipe +
          "' was made with calibration data: it needs --calibration"));
    llvm::Expected<std::string> hash = hashOfFile(file);
    if (!hash)
      return runner.refuse(hash.takeError());
    if (*hash != expected)
      return runner.refuse(llvm::createStringError(
          "the recipe '" + options.recipe + "' is for " + what + " than '" +
          file + "': that has SHA-256 " + *hash + ", expected " + expected));
  }
  if (recipe->quantize != options.quantize)
    return runner.refuse(llvm::createStringError(
        "the recipe '" + options.recipe + "' was made " +
        (recipe->quantize ? "with" : "without") + " --quantize"));
  fits = recipe->fit;
  kept = recipe->quantizeKeep;
  passes = recipe->passes;
  return ExitSuccess;
}

ExitCode Compressor::fitCompressed() {
  CalibrationData data;
  ExitCode code = readCalibration(data);
  return code == ExitSuccess ? fitLayers(runner, *original, *module, data)
                             : code;
}

ExitCode Compressor::saveRecipe() {
  const CompileOptions &options = runner.options;
  if (options.recipeOutput.empty())
    return ExitSuccess;
  Recipe recipe;
  recipe.passes = passes;
  recipe.fit = fits;
  recipe.quantize = options.quantize;
  recipe.quantizeKeep = kept;
  for (auto [file, to] : {std::pair<const std::string &, std::string &>{
                              options.input, recipe.model},
                          {options.calibrationFile, recipe.calibration}}) {
    if (file.empty())
      continue;
    llvm::Expected<std::string> hash = hashOfFile(file);
    if (!hash)
      return runner.refuse(hash.takeError());
    to = *hash;
  }
  if (llvm::Error error = recipe.write(options.recipeOutput))
    return runner.refuse(std::move(error));
  return ExitSuccess;
}

ExitCode Compressor::pruneExactly(StringRef phase,
                                  std::unique_ptr<Pass> (*create)()) {
  auto notes = [&] {
    return functionOf(*module)->getAttr(compress::notesName);
  };
  Attribute before = notes();
  ExitCode code =
      runner.run(module, phase, /*mayRefuse=*/false, [&](OpPassManager &pm) {
        pm.addNestedPass<func::FuncOp>(create());
      });
  // A model with nothing to take out stays as it is, to the byte.
  if (code != ExitSuccess || notes() == before)
    return code;
  return runner.run(module, phase, /*mayRefuse=*/false, cleanUp);
}

ExitCode Compressor::compress() {
  const CompileOptions &options = runner.options;
  bool isAsked = !options.compression.empty() || !options.budget.empty() ||
                 !options.recipe.empty();
  func::FuncOp function = functionOf(*module);
  if (!function && !isAsked)
    return ExitSuccess;
  if (!function) {
    runner.diagnostics.error("expected one function to compress");
    return ExitRefused;
  }
  int64_t before = compress::numberOfParameters(function);
  passes = options.compression;
  std::unique_ptr<Search> search;
  ExitCode code = ExitSuccess;
  fits = options.fitLayers;
  if (!options.recipe.empty())
    code = readRecipe();
  // First, so that budgets are of what can be read.
  if (code == ExitSuccess && options.optLevel >= 2)
    code = pruneExactly("prune tables", [] {
      return std::unique_ptr<Pass>(compress::createPruneTablesPass());
    });
  if (isAsked && code == ExitSuccess && (code = prepare(search)) == ExitSuccess)
    code = runCompression(passes);
  if (code == ExitSuccess && options.optLevel >= 2)
    code = pruneExactly("prune zeros", [] {
      return std::unique_ptr<Pass>(compress::createPruneZerosPass());
    });
  if (code != ExitSuccess)
    return code;
  function = functionOf(*module);
  Attribute notes = function->removeAttr(compress::notesName);
  if (notes || isAsked)
    report.noteCompression(before, compress::numberOfParameters(function),
                           notes);
  return search ? search->judge(*module) : ExitSuccess;
}
