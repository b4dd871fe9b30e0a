//===- QuantizedType.h - known scales of ONNX's quantisation ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_QUANTIZEDTYPE_H
#define TFC_PASSES_RAISE_QUANTIZEDTYPE_H

#include "RaiseContext.h"

#include "mlir/Dialect/Quant/IR/QuantTypes.h"

namespace tfc::raise {

/// The type of numbers stored as `kind` with f32 scales `scale` and zero points
/// `zero` (null: 0) for all or, along `axis` of a tensor of rank `rank`, for
/// each slice, or with `block` above 0 each block of so many; scales then have
/// the rank of the tensor. Null where scales are not constants, or not positive
/// normal numbers, or where the storage has not 4, 8, 16 or (signed) 32 bits.
mlir::quant::QuantizedType
constantQuantization(mlir::MLIRContext *context, int32_t kind,
                     const Raised &scale, const Raised *zero, int64_t rank,
                     int64_t axis, int64_t block = 0);

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_QUANTIZEDTYPE_H
