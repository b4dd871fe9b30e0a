//===- QuantizedConstant.h - constants in integers --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_QUANTIZEDCONSTANT_H
#define TFC_TARGETS_X86_QUANTIZEDCONSTANT_H

#include "tfc/Dialect/Attn/Attn.h"

#include <optional>

namespace tfc::x86 {

/// What a dequantised constant is made of, by the elements of its tensor.
class QuantizedConstant {
public:
  /// Nothing where `value` is no dequantised constant, or its integers are not
  /// there, or have more than 8 bits.
  static std::optional<QuantizedConstant> of(mlir::Value value);

  llvm::ArrayRef<int64_t> shape() const { return type.getShape(); }
  /// 4 or 8.
  int64_t bits() const { return width; }
  bool hasZeroPoints() const;
  /// How many elements along `dim` share a scale.
  int64_t blockSize(int64_t dim) const { return blocks[dim]; }

  /// Of a matrix; integers and zero points are signed.
  int8_t integer(int64_t row, int64_t column) const;
  float scale(int64_t row, int64_t column) const {
    return scales[parameter(row, column)];
  }
  int8_t zeroPoint(int64_t row, int64_t column) const {
    return static_cast<int8_t>(zeroPoints[parameter(row, column)]);
  }

private:
  bool readParameters(mlir::Type quantized);
  int64_t parameter(int64_t row, int64_t column) const {
    return row / blocks[0] * llvm::divideCeil(shape()[1], blocks[1]) +
           column / blocks[1];
  }

  mlir::RankedTensorType type;
  int64_t width = 8;
  /// What unsigned integers are less, so that they have a sign.
  int64_t shift = 0;
  std::vector<int8_t> integers;
  std::vector<float> scales;
  std::vector<int64_t> zeroPoints;
  llvm::SmallVector<int64_t> blocks;
};

/// The numbers of a constant of rank 1, dequantised or not; nothing where
/// `value` is none, or has none in memory.
std::optional<std::vector<float>> constantRow(mlir::Value value);

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_QUANTIZEDCONSTANT_H
