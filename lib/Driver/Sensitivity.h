//===- Sensitivity.h - what int8 costs, node by node ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_SENSITIVITY_H
#define TFC_LIB_DRIVER_SENSITIVITY_H

#include "Evaluation.h"
#include "PassRunner.h"
#include "Report.h"

#include "tfc/Passes/Compress/Passes.h"

#include <map>

namespace tfc {

/// Measures a module in f32 with each node alone in int8, and chooses those
/// that stay in f32: as few, in the order of what they cost alone, as keep the
/// metric within what is allowed.
class Sensitivity {
public:
  /// `quantization` has all ranges, and the nodes that stay in f32 anyway.
  Sensitivity(PassRunner &runner, Report &report, mlir::ModuleOp module,
              compress::QuantizePassOptions quantization)
      : runner(runner), report(report), module(module),
        quantization(std::move(quantization)) {}

  /// Adds to `kept` what is to stay in f32 besides.
  ExitCode run(std::vector<std::string> &kept);

private:
  using Names = std::vector<std::string>;

  ExitCode open();
  /// The module with all but `kept` in int8; in f32 where that is all. Nothing
  /// with `fault` where it cannot be measured.
  std::optional<Measured> measure(const Names &kept);
  std::optional<Measured> call(mlir::ModuleOp candidate);
  /// Nodes by what they lose alone, the most first.
  Names bySensitivity();
  /// The first of `order`, as few as are enough; nothing with `fault`.
  std::optional<size_t> enough(llvm::ArrayRef<std::string> order);
  bool isGood(const Measured &measured) const;

  PassRunner &runner;
  Report &report;
  mlir::ModuleOp module;
  compress::QuantizePassOptions quantization;
  std::optional<Evaluation> evaluation;
  /// Those in int8 unless they are kept.
  Names nodes;
  Measured whole;
  std::map<Names, Measured> known;
  ExitCode fault = ExitSuccess;
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_SENSITIVITY_H
