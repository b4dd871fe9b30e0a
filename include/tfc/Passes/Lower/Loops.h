//===- Loops.h - linalg on buffers to loops ---------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_LOWER_LOOPS_H
#define TFC_PASSES_LOWER_LOOPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace tfc::lower {

/// The iterations of a worker: from `begin`, by `step`, below `end`.
struct LoopPart {
  mlir::Value begin, end;
  /// Null: one after the other.
  mlir::Value step;
};

/// Deals `count` iterations of `op`'s outer loops, each of `work` scalar ones,
/// to workers: returns one worker's part and leaves the builder where that is
/// done. Targets with one worker have none.
using DealLoop =
    llvm::function_ref<LoopPart(mlir::linalg::LinalgOp op, mlir::OpBuilder &b,
                                mlir::Value count, mlir::Value work)>;

/// The loops of a linalg operation on buffers.
struct LinalgLoops {
  /// Writes the sizes in front of `b`'s place.
  LinalgLoops(mlir::linalg::LinalgOp op, mlir::OpBuilder &b);

  /// Makes neighbouring loops one where they walk over all buffers as one does.
  void collapse(mlir::linalg::LinalgOp op, mlir::OpBuilder &b);

  llvm::SmallVector<mlir::Value> operands;
  /// Of each operand.
  llvm::SmallVector<mlir::AffineMap> maps;
  /// Of each loop.
  llvm::SmallVector<mlir::utils::IteratorType> iterators;
  llvm::SmallVector<mlir::Value> sizes;
};

/// The buffer that `buffer` is a view of, or itself.
mlir::Value rootOf(mlir::Value buffer);

/// Whether the body of `op`, of two operands and a result in f32, adds the
/// product of its operands to the result, and does nothing else: upstream's
/// contractions may compute something of their operands first.
bool addsProducts(mlir::linalg::LinalgOp op);

/// Where an operand's element lies in the iteration `ivs`.
llvm::SmallVector<mlir::Value> indicesAt(mlir::OpBuilder &b, mlir::Location loc,
                                         mlir::AffineMap map,
                                         mlir::ValueRange ivs);

/// What is dealt of an operation: all parallel loops but one that reads and
/// writes neighbours, or all, for targets with a worker for each element.
enum class DealtLoops { Outer, All };

/// Writes the linalg operations on buffers in `function`, and its copies, as
/// loops over scalars.
mlir::LogicalResult lowerToLoops(mlir::func::FuncOp function,
                                 DealLoop deal = nullptr,
                                 DealtLoops dealt = DealtLoops::Outer);

} // namespace tfc::lower

#endif // TFC_PASSES_LOWER_LOOPS_H
