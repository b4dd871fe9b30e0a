//===- QuantizationRange.cpp - scales of int8 from ranges -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizationRange.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace tfc::compress;

double tfc::compress::scaleOfF32(double scale) {
  return static_cast<float>(std::clamp(scale, 1e-20, 1e20));
}

quant::UniformQuantizedType
tfc::compress::int8Type(MLIRContext *context, double scale, int64_t zero) {
  return quant::UniformQuantizedType::get(
      quant::QuantizationFlags::Signed, IntegerType::get(context, 8),
      Float32Type::get(context), scaleOfF32(scale), zero, -128, 127);
}

quant::UniformQuantizedType
tfc::compress::int8TypeOfRange(MLIRContext *context, double low, double high) {
  low = std::min(low, 0.0);
  high = std::max(high, 0.0);
  // A tensor of zeros: any scale will do.
  if (high - low <= 0)
    return int8Type(context, 1.0 / 128, 0);
  double scale = scaleOfF32((high - low) / 255);
  double zero = std::nearbyint(-128 - low / scale);
  return int8Type(context, scale,
                  static_cast<int64_t>(std::clamp(zero, -128.0, 127.0)));
}
