//===- Schedule.h - steps of a function, and lives in them ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_SCHEDULE_H
#define TFC_TARGETS_CORTEXM7_SCHEDULE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace tfc::m7 {

/// The steps in which a function works: its operations that touch memory. What
/// holds temporaries in its regions, as a loop over tiles, is as many steps as
/// those have; they pass once an iteration, but no temporary outlives one.
class Schedule {
public:
  /// `makesTemporary` tells the operations whose results are temporaries.
  Schedule(mlir::func::FuncOp function,
           llvm::function_ref<bool(mlir::Operation *)> makesTemporary);

  struct Life {
    int64_t first = std::numeric_limits<int64_t>::max(), last = -1;
  };

  /// The steps between which `aliases`, all values that may be one temporary,
  /// are touched.
  Life lifeOf(llvm::ArrayRef<mlir::Value> aliases) const;

  /// The operation of each step.
  llvm::ArrayRef<mlir::Operation *> steps() const { return operations; }

private:
  void number(mlir::Block &block,
              llvm::function_ref<bool(mlir::Operation *)> makesTemporary);

  llvm::SmallVector<mlir::Operation *> operations;
  llvm::DenseMap<mlir::Operation *, Life> when;
};

/// The ONNX node that an operation comes from; empty if that is not known.
std::string nodeName(mlir::Location location);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_SCHEDULE_H
