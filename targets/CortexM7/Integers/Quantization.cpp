//===- Quantization.cpp - numbers as integers of the kernels ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Quantization.h"

#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include <cmath>

using namespace mlir;
using namespace tfc::m7;

int8_t Quantization::quantize(float x) const {
  float rounded = std::nearbyint(x / static_cast<float>(scale));
  // As the f32 code does: numbers that are none become the lowest.
  if (!(rounded > -200000.0f))
    rounded = -200000.0f;
  if (rounded > 200000.0f)
    rounded = 200000.0f;
  rounded += static_cast<float>(zero);
  return static_cast<int8_t>(std::fmin(std::fmax(rounded, -128.0f), 127.0f));
}

float Quantization::dequantize(int64_t x) const {
  return static_cast<float>(x - zero) * static_cast<float>(scale);
}

bool tfc::m7::isUnsignedByte(Type type) {
  auto quantized = dyn_cast<quant::QuantizedType>(type);
  return quantized && !quantized.isSigned();
}

std::optional<Quantization> tfc::m7::quantizationOf(Type type) {
  auto uniform = dyn_cast<quant::UniformQuantizedType>(type);
  if (!uniform || uniform.getStorageTypeIntegralWidth() != 8 ||
      uniform.hasStorageTypeBounds())
    return std::nullopt;
  return Quantization{uniform.getScale(),
                      uniform.getZeroPoint() - (uniform.isSigned() ? 0 : 128)};
}

Table tfc::m7::identityTable() {
  Table table;
  for (int i = 0; i < 256; ++i)
    table[i] = static_cast<int8_t>(i);
  return table;
}

Table tfc::m7::composed(const Table &first, const Table &second) {
  Table table;
  for (int i = 0; i < 256; ++i)
    table[i] = second[static_cast<uint8_t>(first[i])];
  return table;
}

std::optional<int32_t> tfc::m7::multiplierOf(double scale) {
  double fixed = std::nearbyint(std::ldexp(scale, 32));
  if (!(fixed >= 0 && fixed < std::ldexp(1.0, 31)))
    return std::nullopt;
  return static_cast<int32_t>(fixed);
}

std::optional<SumParameters> tfc::m7::sumParameters(Quantization a,
                                                    Quantization b,
                                                    Quantization y,
                                                    bool subtract) {
  double first = std::nearbyint(std::ldexp(a.scale / y.scale, 20));
  double second = std::nearbyint(std::ldexp(b.scale / y.scale, 20));
  if (!(first + second < (1 << 23)))
    return std::nullopt;
  if (subtract)
    second = -second;
  int64_t offset = (y.zero << 20) + (int64_t(1) << 19) -
                   static_cast<int64_t>(first) * a.zero -
                   static_cast<int64_t>(second) * b.zero;
  if (std::abs(offset) >= int64_t(1) << 30)
    return std::nullopt;
  return SumParameters{static_cast<int32_t>(first),
                       static_cast<int32_t>(second),
                       static_cast<int32_t>(offset)};
}

std::optional<SoftmaxParameters>
tfc::m7::softmaxParameters(double scale, int64_t columns,
                           double probabilityScale) {
  double numerator = std::nearbyint(std::ldexp(1.0 / probabilityScale, 23));
  if (!(numerator <= 4294967295.0 - (1 << 22)))
    return std::nullopt;
  int bits = std::min(23, 31 - static_cast<int>(std::ceil(
                                   std::log2(std::max<int64_t>(columns, 1)))));
  SoftmaxParameters parameters;
  parameters.numerator = static_cast<int32_t>(static_cast<uint32_t>(numerator));
  for (int distance = 0; distance < 256; ++distance)
    parameters.table.push_back(static_cast<int32_t>(
        std::nearbyint(std::ldexp(std::exp(-scale * distance), bits))));
  return parameters;
}

std::optional<NormParameters>
tfc::m7::normParameters(const std::vector<double> &gain,
                        const std::vector<double> &bias, int64_t count,
                        double epsilon, double xScale, Quantization y) {
  NormParameters parameters;
  for (size_t i = 0; i < gain.size(); ++i) {
    double g = std::nearbyint(std::ldexp(gain[i] / y.scale, 16));
    double h = bias[i] / y.scale + static_cast<double>(y.zero);
    if (!(std::abs(g) < std::ldexp(1.0, 31) &&
          std::abs(h) < std::ldexp(1.0, 29)))
      return std::nullopt;
    parameters.gains.push_back(static_cast<int32_t>(g));
    parameters.offsets.push_back(
        static_cast<int64_t>(std::nearbyint(std::ldexp(h, 32))) +
        (int64_t(1) << 31));
  }
  double length = static_cast<double>(count);
  double e = std::nearbyint(epsilon * length * length / (xScale * xScale));
  if (!(e <= std::ldexp(1.0, 29)))
    return std::nullopt;
  parameters.epsilon = static_cast<int64_t>(std::fmax(e, 1.0));
  return parameters;
}
