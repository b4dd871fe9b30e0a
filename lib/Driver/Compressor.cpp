//===- Compressor.cpp - the phases that make models smaller -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compressor.h"
#include "Calibration.h"
#include "Compression.h"

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
  if (llvm::Error error = data.read(runner.options.calibrationFile))
    return runner.refuse(std::move(error));
  if (llvm::Error error = data.match(function))
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

ExitCode Compressor::measureInputs() {
  CalibrationData data;
  ExitCode code = readCalibration(data);
  if (code != ExitSuccess ||
      compress::linearInputs(functionOf(*module)).empty())
    return code;
  return runner.callOnHost(
      *module,
      [&](OwningOpRef<ModuleOp> &observed) {
        return runner.run(observed, "observe", /*mayRefuse=*/false,
                          [](OpPassManager &pm) {
                            pm.addNestedPass<func::FuncOp>(
                                compress::createObserveInputsPass());
                          });
      },
      [&](const std::string &library, std::string &error) {
        return tfc::measureInputs(library, data, functionOf(*module),
                                  runner.log, error);
      });
}

ExitCode Compressor::quantize() {
  CalibrationData data;
  ExitCode code = readCalibration(data);
  if (code != ExitSuccess)
    return code;
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
  return runner.run(
      module, "quantize", /*mayRefuse=*/false, [&](OpPassManager &pm) {
        pm.addNestedPass<func::FuncOp>(compress::createQuantizePass(known));
        cleanUp(pm);
      });
}

ExitCode Compressor::runCompression() {
  OpPassManager passes(func::FuncOp::getOperationName());
  bool readsInputs = false;
  if (llvm::Error error = compress::addCompressionPasses(
          runner.options.compression, passes, readsInputs))
    return runner.refuse(std::move(error));
  func::FuncOp function = functionOf(*module);
  OwningOpRef<ModuleOp> original;
  if (readsInputs && !runner.options.calibrationFile.empty()) {
    if (ExitCode code = measureInputs(); code != ExitSuccess)
      return code;
    if (runner.options.fitLayers) {
      compress::numberLayers(function);
      original = module->clone();
    }
  }
  ExitCode code = runner.run(module, "compress", /*mayRefuse=*/true,
                             [&](OpPassManager &pm) {
                               pm.nest<func::FuncOp>() = passes;
                               cleanUp(pm);
                             });
  if (code != ExitSuccess)
    return code;
  function = functionOf(*module);
  compress::dropInputStatistics(function);
  if (original)
    code = fitLayers(*original);
  compress::dropLayerNumbers(function);
  return code;
}

ExitCode Compressor::pruneZeros() {
  auto notes = [&] {
    return functionOf(*module)->getAttr(compress::notesName);
  };
  Attribute before = notes();
  ExitCode code = runner.run(
      module, "prune zeros", /*mayRefuse=*/false, [](OpPassManager &pm) {
        pm.addNestedPass<func::FuncOp>(compress::createPruneZerosPass());
      });
  // A model without zeros stays as it is, to the byte.
  if (code != ExitSuccess || notes() == before)
    return code;
  return runner.run(module, "prune zeros", /*mayRefuse=*/false, cleanUp);
}

ExitCode Compressor::compress() {
  func::FuncOp function = functionOf(*module);
  if (!function && runner.options.compression.empty())
    return ExitSuccess;
  if (!function) {
    runner.diagnostics.error("expected one function to compress");
    return ExitRefused;
  }
  int64_t before = compress::numberOfParameters(function);
  ExitCode code = ExitSuccess;
  if (!runner.options.compression.empty())
    code = runCompression();
  if (code == ExitSuccess && runner.options.optLevel >= 2)
    code = pruneZeros();
  if (code != ExitSuccess)
    return code;
  function = functionOf(*module);
  Attribute notes = function->removeAttr(compress::notesName);
  if (notes || !runner.options.compression.empty())
    report.noteCompression(before, compress::numberOfParameters(function),
                           notes);
  return ExitSuccess;
}

ExitCode Compressor::fitLayers(ModuleOp original) {
  CalibrationData data;
  ExitCode code = readCalibration(data);
  func::FuncOp before = functionOf(original);
  for (int64_t number : compress::layersToFit(functionOf(*module)))
    if (code == ExitSuccess && compress::layerOf(before, number))
      code = fitLayer(before, number, data);
  return code;
}

ExitCode Compressor::fitLayer(func::FuncOp original, int64_t number,
                              CalibrationData &data) {
  constexpr StringLiteral name = "tfc_original";
  attn::LinearOp layer = compress::layerOf(functionOf(*module), number);
  auto width = [](Value value) {
    return cast<ShapedType>(value.getType()).getShape().back();
  };
  compress::FitSums sums(width(layer.getX()), width(layer.getInit()));
  ExitCode code = runner.callOnHost(
      *module,
      [&](OwningOpRef<ModuleOp> &observed) {
        func::FuncOp copy = original.clone();
        copy.setName(name);
        copy.setPrivate();
        observed->push_back(copy);
        return runner.run(observed, "fit", /*mayRefuse=*/false,
                          [&](OpPassManager &pm) {
                            compress::ObserveFitPassOptions fit;
                            fit.original = name;
                            fit.layer = number;
                            pm.addPass(compress::createObserveFitPass(fit));
                          });
      },
      [&](const std::string &library, std::string &error) {
        return measureFit(library, data, sums, runner.log, error);
      });
  if (code == ExitSuccess)
    compress::fitLayer(layer, sums, runner.options.fitDamping);
  return code;
}
