//===- RunningSoftmax.h - a softmax of scores that come by parts *- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_RUNNINGSOFTMAX_H
#define TFC_TARGETS_CUDA_RUNNINGSOFTMAX_H

#include "KernelBuilder.h"
#include "tfc/Dialect/Attn/Attn.h"

namespace tfc::cuda {

/// What a thread has of its rows: the greatest score so far, the sum of its
/// weights and its results, which are scaled where a greater one is found
/// (Milakov, Gimelshein 2018).
class RunningSoftmax {
public:
  RunningSoftmax(attn::AttentionOp op, KernelBuilder &k);

  llvm::SmallVector<mlir::Value> results, greatest, sums;
  llvm::SmallVector<mlir::Value *> all();
  /// No score has come yet.
  void begin();

  /// Makes weights of a thread's scores of its row number `row`, some of which
  /// threads have whose numbers differ by `lanes`; scales `results`.
  void weigh(int64_t row, llvm::ArrayRef<mlir::Value *> scores,
             llvm::ArrayRef<mlir::Value *> results,
             llvm::ArrayRef<int64_t> lanes, bool isMasked);
  /// e to the power of a score without a base, as baseOf gives it.
  mlir::Value weightOf(mlir::Value score, mlir::Value base);
  /// The greatest score, or a number where a row has seen no key: its weights
  /// are 0, not NaN.
  mlir::Value baseOf(mlir::Value greatest);

  /// The quotient of results and the sum of weights of the row.
  struct Divisor {
    mlir::Value factor, isZero;
  };
  Divisor divisorOf(mlir::Value sum);
  mlir::Value divided(mlir::Value result, const Divisor &by);

private:
  attn::AttentionOp op;
  KernelBuilder &k;
  /// Of a score in a power of 2.
  double factor;
};

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_RUNNINGSOFTMAX_H
