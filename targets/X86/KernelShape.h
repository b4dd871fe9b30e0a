//===- KernelShape.h - blocks of the result in registers --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_KERNELSHAPE_H
#define TFC_TARGETS_X86_KERNELSHAPE_H

#include "mlir/IR/Operation.h"
#include <cstdint>

namespace tfc::x86 {

/// Block sizes of the f32 micro-kernel for a width of vector registers.
struct KernelShape {
  /// Elements of a vector.
  int64_t lanes;
  /// Most vectors across and rows down a block: the accumulators, one vector
  /// of each column and one broadcast element fit the registers (32 of 512
  /// bits, 16 of 256 and 128 bits).
  int64_t vectors, rows;
  bool fusedMultiplyAdd;

  static KernelShape forVectorBits(unsigned bits) {
    if (bits >= 512)
      return {16, 3, 8, true};
    if (bits >= 256)
      return {8, 3, 4, true};
    return {4, 2, 4, false};
  }

  /// The panel width for `columns` of weights: the widest among those that
  /// need the fewest padded columns.
  int64_t panelWidth(int64_t columns) const {
    int64_t best = 0, bestPadded = 0;
    for (int64_t v = vectors; v >= 1; --v) {
      int64_t width = v * lanes, padded = (columns + width - 1) / width * width;
      // A narrower panel reads x more often; it must save an eighth.
      if (best == 0 || padded * 8 < bestPadded * 7) {
        best = width;
        bestPadded = padded;
      }
    }
    return best;
  }

  /// The panel width for the values of heads: such that fewest columns are
  /// padded, which few heads have many of.
  int64_t headWidth(int64_t columns) const {
    int64_t best = lanes;
    auto padded = [&](int64_t width) {
      return (columns + width - 1) / width * width;
    };
    for (int64_t v = 2; v <= vectors; ++v)
      if (padded(v * lanes) <= padded(best))
        best = v * lanes;
    return best;
  }

  /// As many accumulators in panels of another width.
  KernelShape forWidth(int64_t width) const {
    KernelShape shape = *this;
    shape.rows = vectors * rows / (width / lanes);
    return shape;
  }
};

/// The same, for the option of a pass on `op`; fails with an error there where
/// no registers are so wide.
llvm::FailureOr<KernelShape> kernelShapeOf(mlir::Operation *op, unsigned bits);

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_KERNELSHAPE_H
