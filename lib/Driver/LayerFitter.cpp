//===- LayerFitter.cpp - the layers of a smaller model, fitted -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerFitter.h"
#include "Calibration.h"
#include "Compression.h"

#include "tfc/Passes/Compress/LayerFit.h"
#include "tfc/Passes/Compress/Passes.h"

#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace tfc;

static ExitCode fitLayer(PassRunner &runner, func::FuncOp original,
                         ModuleOp compressed, int64_t number,
                         CalibrationData &data) {
  constexpr StringLiteral name = "tfc_original";
  attn::LinearOp layer = compress::layerOf(functionOf(compressed), number);
  auto width = [](Value value) {
    return cast<ShapedType>(value.getType()).getShape().back();
  };
  compress::FitSums sums(width(layer.getX()), width(layer.getInit()));
  ExitCode code = runner.callOnHost(
      compressed,
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

ExitCode tfc::fitLayers(PassRunner &runner, ModuleOp original,
                        ModuleOp compressed, CalibrationData &data) {
  func::FuncOp before = functionOf(original);
  for (int64_t number : compress::layersToFit(functionOf(compressed))) {
    if (!compress::layerOf(before, number))
      continue;
    ExitCode code = fitLayer(runner, before, compressed, number, data);
    if (code != ExitSuccess)
      return code;
  }
  return ExitSuccess;
}
