//===- PackQuantized.h - integers as the kernel reads them ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_PACKQUANTIZED_H
#define TFC_TARGETS_X86_PACKQUANTIZED_H

#include "QuantizedConstant.h"

namespace tfc::x86 {

/// The operands and attributes of x86.packed_quantized_linear.
struct QuantizedPanels {
  /// i8, f32, and i8 or null.
  mlir::ElementsAttr integers, scales, zeroPoints;
  int64_t bits, group;
};

/// The matrix `weight`, [K, N] or [N, K] when `transposed`, in panels of
/// `width` columns; nothing where a scale is not of a column's rows.
std::optional<QuantizedPanels> packQuantized(const QuantizedConstant &weight,
                                             bool transposed, int64_t width,
                                             mlir::MLIRContext *context);

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_PACKQUANTIZED_H
