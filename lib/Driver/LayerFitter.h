//===- LayerFitter.h - the layers of a smaller model, fitted -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_LAYERFITTER_H
#define TFC_LIB_DRIVER_LAYERFITTER_H

#include "CalibrationData.h"
#include "PassRunner.h"

namespace tfc {

/// Calls of a compiled model whose fitted layers get their numbers as inputs:
/// its library, those inputs, and what goes wrong.
using UseFitted = llvm::function_ref<llvm::LogicalResult(
    const std::string &, const std::vector<tfc_tensor> &, std::string &)>;

/// Fits the layers that end residual blocks of `compressed`, and those that
/// give results, to `original`, one after the other, by calls of both with
/// `data`. In both, rows that nobody reads are
/// not computed, and layers have their numbers. `use` may call the model then.
ExitCode fitLayers(PassRunner &runner, mlir::ModuleOp original,
                   mlir::ModuleOp compressed, CalibrationData &data,
                   UseFitted use = {});

} // namespace tfc

#endif // TFC_LIB_DRIVER_LAYERFITTER_H
