//===- MetricCommand.h - a metric that the user computes --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_METRICCOMMAND_H
#define TFC_LIB_DRIVER_METRICCOMMAND_H

#include "tfc/Runtime/Npy.h"

#include "llvm/Support/Error.h"

namespace tfc {

/// A shell command that is told where a compiled model is and prints what it is
/// worth.
class MetricCommand {
public:
  /// In `command`, `{library}` stands for the path of a shared library and
  /// `{outputs}` for that of an .npz, each as one word of the shell. A run that
  /// takes more than `seconds` is ended.
  MetricCommand(llvm::StringRef command, double seconds)
      : command(command), seconds(seconds) {}

  bool readsLibrary() const { return command.contains("{library}"); }
  bool readsOutputs() const { return command.contains("{outputs}"); }

  /// The number in the last line that the command prints. An error where it
  /// ends otherwise than with status 0, takes too long or prints no finite
  /// number there.
  llvm::Expected<double> run(llvm::StringRef library,
                             const run::Arrays &outputs) const;

private:
  llvm::Error execute(llvm::StringRef text, llvm::StringRef printed,
                      llvm::StringRef complaints) const;

  llvm::StringRef command;
  double seconds;
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_METRICCOMMAND_H
