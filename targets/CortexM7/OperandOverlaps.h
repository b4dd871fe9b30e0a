//===- OperandOverlaps.h - kernels that overwrite operands ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_OPERANDOVERLAPS_H
#define TFC_TARGETS_CORTEXM7_OPERANDOVERLAPS_H

#include "mlir/IR/Operation.h"

namespace tfc::m7 {

/// Whether the kernel of `operand`'s operation has read all that a row of its
/// result needs of it before it writes the row: the result may take its place.
bool isReadBeforeResult(mlir::OpOperand &operand);

/// Fails, and says so, where an m7 operation on buffers writes elements of an
/// operand that it still reads. Places that depend on a loop are compared only
/// as a whole: they are not known.
mlir::LogicalResult checkOverlaps(mlir::Operation *op);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_OPERANDOVERLAPS_H
