//===- Calibration.h - ranges from calls of the f32 model -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_CALIBRATION_H
#define TFC_LIB_DRIVER_CALIBRATION_H

#include "CalibrationData.h"
#include "PhaseLog.h"
#include "tfc/Driver/Driver.h"

#include "mlir/IR/BuiltinOps.h"

namespace tfc {

/// The only function with a body; null where there is none, or another.
mlir::func::FuncOp functionOf(mlir::ModuleOp module);

/// Where the tensors that attn-observe returns come from, for messages.
std::vector<mlir::Location> observedPlaces(mlir::func::FuncOp function);

/// Calls `library`, whose last outputs are observed, with all of `data`. Gives
/// the least and the greatest number of each observed tensor, one pair after
/// another. Of tensors that are not finite it emits errors at their places.
mlir::FailureOr<std::vector<double>>
measureRanges(const std::string &library, CalibrationData &data,
              const RangeChoice &choice, llvm::ArrayRef<mlir::Location> places,
              PhaseLog &log, std::string &error);

} // namespace tfc

#endif // TFC_LIB_DRIVER_CALIBRATION_H
