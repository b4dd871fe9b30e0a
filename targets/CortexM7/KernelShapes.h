//===- KernelShapes.h - what kernels ask of their buffers -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_KERNELSHAPES_H
#define TFC_TARGETS_CORTEXM7_KERNELSHAPES_H

#include "mlir/IR/Value.h"
#include <optional>

namespace tfc::m7 {

/// Rows of a buffer or tensor: the product of all dimensions but the last.
int64_t rowsOf(mlir::Value value);
/// Elements of its last dimension.
int64_t columnsOf(mlir::Value value);

/// Whether the elements of a buffer follow one another.
bool isDense(mlir::Value buffer);

/// The distance of the rows of a buffer of dense rows, in elements; none where
/// it is not one number.
std::optional<int64_t> rowStride(mlir::Value buffer);

/// Whether the kernel of an m7 operation takes an operand as it lies: products
/// and attention write rows at any distance, and read activations so where both
/// sides are; all else is dense.
bool takesAsItLies(mlir::OpOperand &operand);

/// Rows that a product's kernel takes at once.
int64_t rowBlock(int64_t rows);

/// Bytes of scratch that the kernel of an m7 operation works in;
/// docs/cortex-m7-integer.md says what lies there.
int64_t scratchBytes(mlir::Operation *op);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_KERNELSHAPES_H
