//===- Reproducer.h - what is left for a bug report -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_REPRODUCER_H
#define TFC_LIB_DRIVER_REPRODUCER_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Error.h"

namespace tfc {

/// Writes `module`, as it was before `pipeline` ran on it, to `path`, for
/// `tfc-opt --run-reproducer`. Weights that are too large for a bug report are
/// left out; most failures do not depend on them.
llvm::Error writeReproducer(mlir::ModuleOp module, llvm::StringRef pipeline,
                            llvm::StringRef path);

/// The name of the reproducer file for a model, in the current folder.
std::string reproducerName(llvm::StringRef model);

/// `pm` as tfc-opt's --pass-pipeline takes it.
std::string pipelineText(mlir::PassManager &pm);

} // namespace tfc

#endif // TFC_LIB_DRIVER_REPRODUCER_H
