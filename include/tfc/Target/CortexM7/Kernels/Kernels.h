//===- Kernels.h - integer kernels of the Cortex-M7 -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_CORTEXM7_KERNELS_KERNELS_H
#define TFC_TARGET_CORTEXM7_KERNELS_KERNELS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include <optional>
#include <vector>

namespace tfc::m7 {

enum class ProductForm {
  /// Constant weights, two outputs' in each 16 bits.
  Paired,
  /// Constant weights as they are, for those that do not pair.
  Plain,
  /// Both sides are activations, with zero points and one scale.
  Activations
};

/// A class of products: rows of `depth` elements, of which `rows` are taken at
/// once. `isSingle`: there is one output, where other products make two at a
/// time; its weights have the plain form. Without strides, rows of x, and of y
/// where that is activations too, follow one another.
struct ProductShape {
  int64_t depth, rows;
  ProductForm form;
  bool isSingle = false;
  std::optional<int64_t> xStride = {}, yStride = {};
};

/// The same of attentions: `depth` elements in rows of q, keys and values.
struct AttentionShape {
  int64_t depth, keys, rows;
  std::optional<int64_t> qStride = {}, keyStride = {}, valueStride = {};
};

/// Each of these returns the module's function of one class of shapes, which it
/// builds where it is not there yet; all layers of the class share it. Pointers
/// are bare; docs/cortex-m7-integer.md has arguments and arithmetic. They fail,
/// and say why, on shapes that the kernel has no form for.
mlir::FailureOr<mlir::func::FuncOp> productKernel(mlir::ModuleOp module,
                                                  const ProductShape &shape);
mlir::FailureOr<mlir::func::FuncOp> softmaxKernel(mlir::ModuleOp module);
mlir::FailureOr<mlir::func::FuncOp> tableKernel(mlir::ModuleOp module);
mlir::FailureOr<mlir::func::FuncOp> addKernel(mlir::ModuleOp module);
mlir::FailureOr<mlir::func::FuncOp> addRowKernel(mlir::ModuleOp module);
mlir::FailureOr<mlir::func::FuncOp> multiplyKernel(mlir::ModuleOp module);
mlir::FailureOr<mlir::func::FuncOp> meanKernel(mlir::ModuleOp module,
                                               int64_t depth);
/// The longest row of which the sums fit 32 bits, and distances too.
constexpr int64_t mostNormDepth = 32768;
/// `group` channels after one another share their gain and offset.
mlir::FailureOr<mlir::func::FuncOp> normKernel(mlir::ModuleOp module,
                                               int64_t depth, bool centred,
                                               int64_t group = 1);
mlir::FailureOr<mlir::func::FuncOp>
attentionKernel(mlir::ModuleOp module, const AttentionShape &shape);

/// The paired product's weights, [outputs][depth] in memory order on entry: two
/// outputs' weights in each 16 bits. None where they do not fit that form; the
/// plain product takes them as they are.
std::optional<std::vector<int16_t>> pairWeights(llvm::ArrayRef<int8_t> weights,
                                                int64_t outputs, int64_t depth,
                                                llvm::ArrayRef<int32_t> bias);

} // namespace tfc::m7

#endif // TFC_TARGET_CORTEXM7_KERNELS_KERNELS_H
