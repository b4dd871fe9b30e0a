//===- IntegerKernel.h - products of 8-bit integers -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_INTEGERKERNEL_H
#define TFC_TARGETS_X86_INTEGERKERNEL_H

#include "KernelBuilder.h"

namespace tfc::x86 {

/// The kernel of x in 8 bits and panels of i8, by the instruction that adds
/// four products of bytes without and with sign (VNNI) to 32 bits, without
/// saturation: sums are exact. C = (x * panel + corrections) * scales + bias.
/// A panel is [K / 4, R * 4], corrections [1, R] in i32, scales [1, R] in f32.
class IntegerKernel : public KernelBuilder {
public:
  /// Rows of weights that the instruction takes at once.
  static constexpr int64_t group = 4;
  /// What flipping the sign's bit adds to a byte, so that it has none.
  static constexpr int64_t signShift = 128;

  IntegerKernel(mlir::ModuleOp module, KernelShape shape, int64_t width,
                bool isXSigned)
      : KernelBuilder(module, shape, width), isXSigned(isXSigned) {}

private:
  mlir::Type xType() override;
  llvm::SmallVector<mlir::Type> panelTypes() override;
  llvm::SmallVector<mlir::Value>
  accumulate(llvm::ArrayRef<mlir::Value> rows,
             llvm::SmallVector<mlir::Value> sums) override;
  /// `group` bytes of a row of x from `k` on, in all lanes.
  mlir::Value spreadBytes(mlir::Value row, mlir::Value k);
  mlir::Value addProducts(mlir::Value sum, mlir::Value x, mlir::Value weights);

  bool isXSigned;
};

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_INTEGERKERNEL_H
