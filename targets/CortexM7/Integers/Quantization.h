//===- Quantization.h - numbers as integers of the kernels ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The constants that kernels work with, from scales and zero points. The
// formulas are those of docs/cortex-m7-integer.md.
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_INTEGERS_QUANTIZATION_H
#define TFC_TARGETS_CORTEXM7_INTEGERS_QUANTIZATION_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Types.h"
#include <array>
#include <optional>
#include <vector>

namespace tfc::m7 {

/// An int8 `x` stands for (x - zero) * scale.
struct Quantization {
  double scale = 1;
  int64_t zero = 0;

  bool operator==(const Quantization &other) const {
    return scale == other.scale && zero == other.zero;
  }

  /// ONNX's QuantizeLinear and DequantizeLinear, in f32.
  int8_t quantize(float x) const;
  float dequantize(int64_t x) const;
};

/// Of a uniform type with one scale and 8 bits; of unsigned ones, the int8 with
/// the highest bit flipped. None for other types.
std::optional<Quantization> quantizationOf(mlir::Type type);
bool isUnsignedByte(mlir::Type type);

/// A function of one int8, by x's byte without sign.
using Table = std::array<int8_t, 256>;
Table identityTable();
/// second after first.
Table composed(const Table &first, const Table &second);

/// A scale below 1/2 as a multiple of 2^-32; none for others.
std::optional<int32_t> multiplierOf(double scale);

struct SumParameters {
  int32_t factorA, factorB, offset;
};
/// None where a sum could leave 32 bits.
std::optional<SumParameters> sumParameters(Quantization a, Quantization b,
                                           Quantization y, bool subtract);

struct SoftmaxParameters {
  std::vector<int32_t> table;
  int32_t numerator;
};
/// None for probabilities of a scale below 1/511.
std::optional<SoftmaxParameters>
softmaxParameters(double scale, int64_t columns, double probabilityScale);

struct NormParameters {
  std::vector<int32_t> gains;
  std::vector<int64_t> offsets;
  int64_t epsilon;
};
/// Of rows of `count` elements. None where a gain leaves 32 bits or epsilon
/// 2^29.
std::optional<NormParameters> normParameters(const std::vector<double> &gain,
                                             const std::vector<double> &bias,
                                             int64_t count, double epsilon,
                                             double xScale, Quantization y);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_INTEGERS_QUANTIZATION_H
