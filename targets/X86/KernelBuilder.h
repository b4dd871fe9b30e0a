//===- KernelBuilder.h - micro-kernels of packed products -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_KERNELBUILDER_H
#define TFC_TARGETS_X86_KERNELBUILDER_H

#include "KernelShape.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace tfc::x86 {

/// A private function on the panels of one width; its arguments are views.
class PanelFunction {
public:
  PanelFunction(mlir::ModuleOp module, KernelShape shape, int64_t width)
      : b(module.getBody(), module.getBody()->end()), loc(module.getLoc()),
        shape(shape), width(width), vectors(width / shape.lanes),
        vector(mlir::VectorType::get({shape.lanes}, b.getF32Type())) {}
  virtual ~PanelFunction() = default;

protected:
  /// [rows, columns] with rows `stride` apart.
  mlir::Type matrix(int64_t rows, int64_t columns, int64_t stride,
                    mlir::Type element);
  mlir::Type f32Panel() {
    return matrix(mlir::ShapedType::kDynamic, width, width, b.getF32Type());
  }
  mlir::func::FuncOp begin(llvm::StringRef name,
                           llvm::ArrayRef<mlir::Type> arguments);
  mlir::Value index(int64_t value);
  mlir::Value multiplyAdd(mlir::Value x, mlir::Value y, mlir::Value sum);
  /// A mask of the first `count` lanes; `count` may be less than 0 or exceed
  /// them.
  mlir::Value firstLanes(mlir::Value count);
  /// The vector at `place`, of which `used` elements are there: the others are
  /// neither read, and 0, nor written.
  mlir::Value load(mlir::Value buffer, mlir::ValueRange place, int64_t used);
  void store(mlir::Value value, mlir::Value buffer, mlir::ValueRange place,
             int64_t used);
  /// The places of the vectors in a row of a panel.
  llvm::SmallVector<mlir::Value> offsets();

  mlir::OpBuilder b;
  mlir::Location loc;
  KernelShape shape;
  int64_t width, vectors;
  mlir::VectorType vector;
};

/// Where the sums of a product start.
enum class SumStart {
  /// At the bias [R], of the columns.
  Bias,
  Zero,
  /// At what C holds.
  Result,
  /// At what C holds, times the factors [M] of its rows.
  ScaledResult
};

/// Writes the kernel C = x * panel + start:
/// (x [M, K], bias [R] or factors [M] or nothing, C [M, n], panel...) with n at
/// most R.
class KernelBuilder : public PanelFunction {
public:
  KernelBuilder(mlir::ModuleOp module, KernelShape shape, int64_t width,
                SumStart sumStart = SumStart::Bias)
      : PanelFunction(module, shape, width), sumStart(sumStart) {}

  mlir::func::FuncOp build(llvm::StringRef name);

protected:
  /// Rows of x are contiguous, unless a kernel says otherwise.
  virtual mlir::Type xType() {
    constexpr int64_t open = mlir::ShapedType::kDynamic;
    return matrix(open, open, open, b.getF32Type());
  }
  virtual llvm::SmallVector<mlir::Type> panelTypes() = 0;
  /// `sums`, the vectors of each of `rows` of the result, and the products over
  /// all of the depth.
  virtual llvm::SmallVector<mlir::Value>
  accumulate(llvm::ArrayRef<mlir::Value> rows,
             llvm::SmallVector<mlir::Value> sums) = 0;

  /// `sums` and the products of column `k` of x with a row of the panel.
  llvm::SmallVector<mlir::Value> addProducts(llvm::ArrayRef<mlir::Value> rows,
                                             mlir::Value k,
                                             llvm::ArrayRef<mlir::Value> row,
                                             mlir::ValueRange sums);

  mlir::Value x, c, height, depth, columns;
  mlir::ValueRange panel;

private:
  /// The first values of the sums of `rows`; `masks`, of each vector of a row,
  /// where not all columns are C's.
  llvm::SmallVector<mlir::Value> start(llvm::ArrayRef<mlir::Value> rows,
                                       llvm::ArrayRef<mlir::Value> masks);
  /// Rows `row` to row + `count` - 1 of the block.
  void rows(mlir::Value row, int64_t count, bool whole);
  void blockOfRows(bool whole);

  bool hasStartValues() const {
    return sumStart == SumStart::Bias || sumStart == SumStart::ScaledResult;
  }

  SumStart sumStart;
  /// The bias or the factors.
  mlir::Value startValues;
};

/// Of panels [K, R] of f32.
class FloatKernel : public KernelBuilder {
public:
  using KernelBuilder::KernelBuilder;

protected:
  llvm::SmallVector<mlir::Type> panelTypes() override { return {f32Panel()}; }
  /// A vector of row `k` of the panel, in f32.
  virtual mlir::Value loadWeights(mlir::Value k, mlir::Value place);
  llvm::SmallVector<mlir::Value>
  accumulate(llvm::ArrayRef<mlir::Value> rows,
             llvm::SmallVector<mlir::Value> sums) override;
};

/// The same of panels of f16 or bf16, which are made f32 as they are read.
class NarrowFloatKernel : public FloatKernel {
public:
  NarrowFloatKernel(mlir::ModuleOp module, KernelShape shape, int64_t width,
                    mlir::Type element)
      : FloatKernel(module, shape, width), element(element) {}

private:
  llvm::SmallVector<mlir::Type> panelTypes() override {
    return {matrix(mlir::ShapedType::kDynamic, width, width, element)};
  }
  mlir::Value loadWeights(mlir::Value k, mlir::Value place) override;

  mlir::Type element;
};

/// The same, where rows of a panel are some way apart.
class StridedFloatKernel : public FloatKernel {
public:
  using FloatKernel::FloatKernel;

private:
  llvm::SmallVector<mlir::Type> panelTypes() override {
    constexpr int64_t open = mlir::ShapedType::kDynamic;
    return {matrix(open, width, open, b.getF32Type())};
  }
};

/// The same, where columns of x are contiguous.
class TurnedFloatKernel : public FloatKernel {
public:
  using FloatKernel::FloatKernel;

private:
  mlir::Type xType() override;
};

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_KERNELBUILDER_H
