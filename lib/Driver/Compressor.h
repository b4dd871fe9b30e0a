//===- Compressor.h - the phases that make models smaller -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_COMPRESSOR_H
#define TFC_LIB_DRIVER_COMPRESSOR_H

#include "CalibrationData.h"
#include "PassRunner.h"

#include "Report.h"
#include "tfc/Passes/Compress/Compression.h"

#include <memory>

namespace tfc {

class Search;

/// Compresses and quantises one module, by calls of the model where its passes
/// want to know more than the file says.
class Compressor {
public:
  Compressor(PassRunner &runner, Report &report,
             mlir::OwningOpRef<mlir::ModuleOp> &module)
      : runner(runner), report(report), module(module) {}

  /// Runs the passes of --compress, and what -O2 takes out without a loss.
  ExitCode compress();
  /// By about as many samples of the calibration data.
  ExitCode quantize(std::optional<int64_t> mostSamples = std::nullopt);
  /// Writes what both did, where --save-recipe asks for it.
  ExitCode saveRecipe();

private:
  ExitCode readCalibration(CalibrationData &data);
  /// Finds passes where they are searched, and the statistics that they read.
  ExitCode prepare(std::unique_ptr<Search> &search);
  /// Says in `reads` what the passes use of calibration data.
  ExitCode runPasses(const std::string &passes,
                     compress::CompressionStatistics &reads);
  ExitCode runCompression(const std::string &passes);
  ExitCode readRecipe();
  ExitCode pruneExactly(llvm::StringRef phase,
                        std::unique_ptr<mlir::Pass> (*create)());
  /// Says of linear layers what goes into them when the model is called.
  ExitCode measureInputs();
  ExitCode measurePositions();
  ExitCode fitCompressed();
  /// Returns the observed tensors too, which come from `places`.
  ExitCode observe(mlir::OwningOpRef<mlir::ModuleOp> &observed,
                   std::vector<mlir::Location> &places);
  /// The ranges that attn-quantize takes, from calls of the model in f32.
  ExitCode calibrate(CalibrationData &data, std::vector<double> &ranges);

  PassRunner &runner;
  Report &report;
  mlir::OwningOpRef<mlir::ModuleOp> &module;
  bool fits = true;
  /// The passes that ran, and the nodes that stay in f32.
  std::string passes;
  std::vector<std::string> kept;
  /// Before compression, where layers are to be fitted to it.
  mlir::OwningOpRef<mlir::ModuleOp> original;
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_COMPRESSOR_H
