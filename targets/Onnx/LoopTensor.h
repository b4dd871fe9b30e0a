//===- LoopTensor.h - tensors over loops ------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_ONNX_LOOPTENSOR_H
#define TFC_TARGETS_ONNX_LOOPTENSOR_H

#include "NodeBuilder.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace tfc::toonnx {

/// The values that a scalar of a linalg.generic has in all iterations: a tensor
/// whose dimension i runs over loop `loops[i]`; it does not depend on others.
struct LoopTensor {
  mlir::Value tensor;
  llvm::SmallVector<int64_t> loops;
  /// Set for the number of a loop itself.
  std::optional<int64_t> indexOf;

  bool dependsOn(int64_t loop) const { return llvm::is_contained(loops, loop); }
  /// The dimension that runs over `loop`.
  int64_t axisOf(int64_t loop) const {
    return llvm::find(loops, loop) - loops.begin();
  }
};

/// The loops of one operation: how many iterations each has, and tensors in
/// terms of them.
class LoopSpace {
public:
  LoopSpace(NodeBuilder &nb, Sizes sizes)
      : nb(nb), sizes(std::move(sizes)), fixed(this->sizes.size()) {}

  NodeBuilder &nb;
  Sizes sizes;

  /// The number of `loop`, from 0.
  LoopTensor index(int64_t loop);
  /// Makes `loop` run over one iteration, `number`, of rank 0.
  void fix(int64_t loop, mlir::Value number) { fixed[loop] = number; }

  /// The elements of `tensor` at `map` of the loops. Fails where a loop is in
  /// several results.
  mlir::FailureOr<LoopTensor> read(mlir::Value tensor, mlir::AffineMap map);
  /// The elements of `tensor` at `indices`.
  mlir::FailureOr<LoopTensor> extract(mlir::Value tensor,
                                      llvm::ArrayRef<LoopTensor> indices);
  mlir::FailureOr<LoopTensor> evaluate(mlir::AffineExpr expression,
                                       llvm::ArrayRef<LoopTensor> dims,
                                       llvm::ArrayRef<LoopTensor> symbols);

  /// Tensors that broadcast in ONNX's way, and the loops of their result.
  llvm::SmallVector<mlir::Value> align(llvm::ArrayRef<LoopTensor> values,
                                       llvm::SmallVectorImpl<int64_t> &loops);
  /// With dimensions in the order of `order`, which has all its loops; of size
  /// 1 for loops that the value does not depend on, but none before its first.
  mlir::Value inOrder(const LoopTensor &value, llvm::ArrayRef<int64_t> order,
                      bool keepLeading = false);
  /// With a dimension of the loop's size for each loop of `order`.
  mlir::Value full(const LoopTensor &value, llvm::ArrayRef<int64_t> order);
  /// The tensor that has the elements at `map`, a permutation of loops and
  /// zeros.
  mlir::FailureOr<mlir::Value> write(const LoopTensor &value,
                                     mlir::AffineMap map);

private:
  std::optional<mlir::Value> constantIndices(mlir::AffineExpr expression,
                                             llvm::ArrayRef<int64_t> loops);
  llvm::SmallVector<mlir::Value> fixed;
};

} // namespace tfc::toonnx

#endif // TFC_TARGETS_ONNX_LOOPTENSOR_H
