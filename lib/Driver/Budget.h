//===- Budget.h - what a compressed model may take --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_BUDGET_H
#define TFC_LIB_DRIVER_BUDGET_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <optional>

namespace tfc {

/// What --budget says: "params=50%", "params=20000", "flops=60%",
/// "latency=0.5x", "latency=2ms", "flash=1M", "sram=320K", "accuracy-drop=1%",
/// "metric-drop=0.2", with commas between.
struct Budget {
  /// As a share of the model's, and as a number.
  std::optional<double> parameterShare;
  std::optional<int64_t> parameters;
  /// Floating-point operations of a call, two for each multiply-add.
  std::optional<double> operationShare;
  std::optional<int64_t> operations;
  /// Of a call on this machine: as a share of the original's, and in ms.
  std::optional<double> latencyShare, latency;
  /// Of the device that is compiled for, in bytes.
  std::optional<int64_t> flash, sram;
  /// The most that the metric may be worse by.
  std::optional<double> drop;

  static llvm::Expected<Budget> parse(llvm::StringRef text);

  /// Whether there is a limit besides the metric's.
  bool limitsSize() const {
    return limitsNumbers() || limitsOperations() || limitsLatency();
  }
  /// Of the numbers that the model holds, in whatever form.
  bool limitsNumbers() const {
    return parameterShare || parameters || flash || sram;
  }
  bool limitsOperations() const { return operationShare || operations; }
  bool limitsLatency() const { return latencyShare || latency; }
  /// Of what a call takes.
  bool limitsComputation() const {
    return limitsOperations() || limitsLatency();
  }
  bool limitsDevice() const { return flash || sram; }
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_BUDGET_H
