//===- QuantizationRange.h - scales of int8 from ranges ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_QUANTIZATIONRANGE_H
#define TFC_PASSES_COMPRESS_QUANTIZATIONRANGE_H

#include "mlir/Dialect/Quant/IR/QuantTypes.h"

namespace tfc::compress {

/// A type of int8 whose scale is a number of f32, as all of ONNX's are.
mlir::quant::UniformQuantizedType int8Type(mlir::MLIRContext *context,
                                           double scale, int64_t zero);

/// -128 to 127 from `low` to `high`, with 0 among them and exact.
mlir::quant::UniformQuantizedType int8TypeOfRange(mlir::MLIRContext *context,
                                                  double low, double high);

/// `scale` as f32 has it, within what f32 divides by exactly enough.
double scaleOfF32(double scale);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_QUANTIZATIONRANGE_H
