//===- Compression.h - the passes of --compress -----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_COMPRESSION_H
#define TFC_LIB_DRIVER_COMPRESSION_H

#include "CalibrationData.h"
#include "PhaseLog.h"

#include "tfc/Passes/Compress/LinearInputs.h"
#include "tfc/Passes/Compress/PositionMoments.h"

#include "llvm/Support/Error.h"

namespace tfc {

/// Whether `text` is a pipeline of compression that can be built.
llvm::Error checkCompression(llvm::StringRef text);

/// Calls `library`, compiled after attn-observe-inputs, with all of `data`, and
/// says of the layers of `inputs`, in the order in which that pass saw them,
/// what goes into them. Of tensors that are not finite it emits errors at their
/// places.
mlir::LogicalResult measureInputs(const std::string &library,
                                  CalibrationData &data,
                                  llvm::ArrayRef<compress::LinearInput> inputs,
                                  PhaseLog &log, std::string &error);

/// Calls `library`, compiled after attn-observe-positions, with all of `data`,
/// and says of `attentions`, in the order in which that pass saw them, how
/// their positions go together. Of tensors that are not finite it emits errors
/// at their places.
mlir::LogicalResult
measurePositions(const std::string &library, CalibrationData &data,
                 llvm::ArrayRef<attn::AttentionOp> attentions, PhaseLog &log,
                 std::string &error);

} // namespace tfc

#endif // TFC_LIB_DRIVER_COMPRESSION_H
