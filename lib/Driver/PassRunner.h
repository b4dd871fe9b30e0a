//===- PassRunner.h - passes and calls, and what goes wrong -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_PASSRUNNER_H
#define TFC_LIB_DRIVER_PASSRUNNER_H

#include "PhaseLog.h"
#include "tfc/Driver/Diagnostics.h"

#include "tfc/Driver/Driver.h"
#include "tfc/Driver/Target.h"
#include "tfc/Support/ExitCodes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

namespace tfc {

/// Runs passes as phases, and tells the model's faults from tfc's.
class PassRunner {
public:
  PassRunner(const CompileOptions &options, mlir::MLIRContext &context,
             DiagnosticPrinter &diagnostics, PhaseLog &log,
             const TargetRegistry &targets)
      : options(options), context(context), diagnostics(diagnostics), log(log),
        targets(targets) {}

  /// Runs `build`'s passes on `module` as one phase, with the verifier after
  /// it. What passes refuse with a message is the model's fault if
  /// `mayRefuse`; everything else that goes wrong is tfc's.
  ExitCode run(mlir::OwningOpRef<mlir::ModuleOp> &module, llvm::StringRef name,
               bool mayRefuse,
               llvm::function_ref<void(mlir::OpPassManager &)> build);

  /// How a module is compiled that is called here: for this machine, whatever
  /// the target is, or as the options say, where its speed matters.
  enum class HostCode { ForThisMachine, AsAsked };

  /// Compiles a copy of `module`, after `observe`, and gives the library's file
  /// to `use`.
  ExitCode callOnHost(
      mlir::ModuleOp module,
      llvm::function_ref<ExitCode(mlir::OwningOpRef<mlir::ModuleOp> &)> observe,
      llvm::function_ref<llvm::LogicalResult(const std::string &,
                                             std::string &)>
          use,
      HostCode code = HostCode::ForThisMachine);

  /// Computes no rows that nobody reads, as the targets' pipelines do from -O1
  /// on.
  ExitCode sinkSlices(mlir::OwningOpRef<mlir::ModuleOp> &module);

  /// Says that tfc is wrong, and writes `before` and the passes where there
  /// is a module.
  ExitCode internalError(llvm::StringRef during, mlir::ModuleOp before,
                         llvm::StringRef pipeline);
  /// Says what is wrong with the model or the data.
  ExitCode refuse(llvm::Error error);

  const CompileOptions &options;
  mlir::MLIRContext &context;
  DiagnosticPrinter &diagnostics;
  PhaseLog &log;
  const TargetRegistry &targets;
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_PASSRUNNER_H
