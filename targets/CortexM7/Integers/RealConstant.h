//===- RealConstant.h - constants of a quantised graph ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_INTEGERS_REALCONSTANT_H
#define TFC_TARGETS_CORTEXM7_INTEGERS_REALCONSTANT_H

#include "mlir/IR/Value.h"
#include <optional>
#include <vector>

namespace tfc::m7 {

/// A constant tensor of f32, row by row: as it is, or dequantised, where the
/// integers, and the scale and zero point of each, are known as well.
struct RealConstant {
  llvm::SmallVector<int64_t> shape;
  std::vector<double> values;
  /// Empty where the constant is f32 itself.
  std::vector<int32_t> integers;
  std::vector<double> scales;
  std::vector<int32_t> zeros;

  bool isQuantized() const { return !integers.empty(); }
  bool isUniform() const;
  int64_t size() const { return values.size(); }
};

/// The constant that `real` is, also through moves and small loops.
std::optional<RealConstant> realConstant(mlir::Value real);

/// The number of f32 that `real` is, also where it is read from a constant
/// tensor.
std::optional<float> realNumber(mlir::Value real);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_INTEGERS_REALCONSTANT_H
