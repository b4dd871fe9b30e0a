//===- Target.h - what the driver asks of a target ----------------- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_TARGET_H
#define TFC_LIB_DRIVER_TARGET_H

#include "tfc/Driver/Diagnostics.h"
#include "tfc/Driver/Driver.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace tfc {

/// From `attn` on tensors to an artefact.
class Target {
public:
  virtual ~Target() = default;

  /// The name users choose it by.
  virtual llvm::StringRef name() const = 0;
  /// Says what is wrong with the options that are the target's own.
  virtual ExitCode checkOptions(DiagnosticPrinter &diagnostics) = 0;
  /// Called before passes run; `isBinary` where an artefact is wanted.
  virtual llvm::Error prepare(bool isBinary) = 0;
  virtual void buildPipeline(mlir::OpPassManager &pm) = 0;
  /// Whether the pipeline may refuse a model, with errors.
  virtual bool mayRefuse() const = 0;
  /// Writes the lowered module to `path` as `kind` says.
  virtual mlir::LogicalResult emit(mlir::ModuleOp module, EmitKind kind,
                                   llvm::StringRef path) = 0;
};

/// The target of `options`, which must outlive it.
std::unique_ptr<Target> createTarget(const CompileOptions &options);

} // namespace tfc

#endif // TFC_LIB_DRIVER_TARGET_H
