//===- SmallTypes.h - types of eight bits and fewer ------------ -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Floats of 8 and 4 bits, integers of 4 and 2. No machine here computes with
// them: a raised tensor holds them as i8, floats by their bits, integers by
// their value, and conversions are arithmetic on i32 and f32.
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_SMALLTYPES_H
#define TFC_PASSES_RAISE_SMALLTYPES_H

#include "RaiseContext.h"

namespace tfc::raise {

/// The f32 that the bits in the i8 `x` stand for; exact.
mlir::Value decodeSmallFloat(mlir::OpBuilder &b, mlir::Location loc,
                             mlir::Value x, int32_t kind);

/// The bits, as i8, of the number of `kind` nearest to the f32 `x`, ties to
/// even. What lies beyond the largest becomes it where `saturates`, else
/// infinity, or NaN in a type that has none: the table of ONNX's Cast.
mlir::Value encodeSmallFloat(mlir::OpBuilder &b, mlir::Location loc,
                             mlir::Value x, int32_t kind, bool saturates);

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_SMALLTYPES_H
