//===- QuantizedKernel.h - products with weights in integers ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_QUANTIZEDKERNEL_H
#define TFC_TARGETS_X86_QUANTIZEDKERNEL_H

#include "KernelBuilder.h"

namespace tfc::x86 {

/// How the integers of a panel are stored.
struct QuantizedForm {
  int64_t bits;
  bool hasZeroPoints;

  /// "i4", "i8_zp".
  std::string name() const {
    return "i" + std::to_string(bits) + (hasZeroPoints ? "_zp" : "");
  }
};

/// Walks down a panel in integers: (integers [K, R], or [K / 2, R] with 4 bits;
/// scales [G, R]; zero points [G, R] where there are any; rows of a group).
class QuantizedRows {
public:
  QuantizedRows(mlir::OpBuilder &b, mlir::Location loc, QuantizedForm form,
                mlir::VectorType vector, llvm::ArrayRef<mlir::Value> offsets)
      : b(b), loc(loc), form(form), vector(vector), offsets(offsets) {}

  /// What is done with a row of weights in f32, and with what is carried.
  using Body = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      mlir::Value k, llvm::ArrayRef<mlir::Value> weights,
      mlir::ValueRange carried)>;

  /// Calls `body` for rows 0 to `depth` - 1, and gives what is carried at the
  /// end.
  llvm::SmallVector<mlir::Value> each(mlir::ValueRange panel, mlir::Value depth,
                                      mlir::ValueRange carried, Body body);

private:
  using Values = llvm::SmallVector<mlir::Value>;
  Values group(mlir::Value number, mlir::ValueRange panel, mlir::Value depth,
               mlir::ValueRange carried, Body body);
  Values loop(mlir::Value from, mlir::Value to, int64_t step,
              mlir::ValueRange carried,
              llvm::function_ref<Values(mlir::Value, mlir::ValueRange)> body);
  mlir::Value index(int64_t value);
  /// Integers of a row, in 32 bits.
  Values integers(mlir::Value stored, mlir::Value row);
  Values lowHalves(llvm::ArrayRef<mlir::Value> pairs);
  Values highHalves(llvm::ArrayRef<mlir::Value> pairs);
  mlir::Value bits(int64_t value);
  Values real(llvm::ArrayRef<mlir::Value> integers);

  mlir::OpBuilder &b;
  mlir::Location loc;
  QuantizedForm form;
  mlir::VectorType vector;
  llvm::SmallVector<mlir::Value> offsets;
  /// Of the group.
  Values scales, zeroPoints;
};

/// The arguments of a panel of R columns.
llvm::SmallVector<mlir::Type>
quantizedPanelTypes(mlir::Builder &b, QuantizedForm form, int64_t width);

/// Weights become f32 in registers, for each block of rows anew.
class QuantizedKernel : public KernelBuilder {
public:
  QuantizedKernel(mlir::ModuleOp module, KernelShape shape, int64_t width,
                  QuantizedForm form)
      : KernelBuilder(module, shape, width), form(form) {}

private:
  llvm::SmallVector<mlir::Type> panelTypes() override {
    return quantizedPanelTypes(b, form, width);
  }
  llvm::SmallVector<mlir::Value>
  accumulate(llvm::ArrayRef<mlir::Value> rows,
             llvm::SmallVector<mlir::Value> sums) override;

  QuantizedForm form;
};

/// Writes (out [K, R] in f32, panel...), for many rows to be multiplied with.
class UnpackBuilder : public PanelFunction {
public:
  UnpackBuilder(mlir::ModuleOp module, KernelShape shape, int64_t width,
                QuantizedForm form)
      : PanelFunction(module, shape, width), form(form) {}

  mlir::func::FuncOp build(llvm::StringRef name);

private:
  QuantizedForm form;
};

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_QUANTIZEDKERNEL_H
