//===- ConditionalLoop.h - loops that data ends -----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_CONDITIONALLOOP_H
#define TFC_PASSES_RAISE_CONDITIONALLOOP_H

#include "RaiseContext.h"

namespace tfc::raise {

/// What a Loop is started with.
struct LoopStart {
  mlir::Region *body = nullptr;
  /// The trip count; null for a loop that only its condition ends.
  mlir::Value most;
  /// The trip count where it bounds memory: known before the call.
  std::optional<mlir::OpFoldResult> bound;
  /// Where it does not: the number of iterations that the model states.
  std::optional<mlir::OpFoldResult> stated;
  /// Whether the first iteration runs.
  mlir::Value go;
  llvm::SmallVector<Raised> initial;
};

/// Most iterations for whose collected values room is made.
constexpr int64_t mostCollected = 1 << 20;

/// A truth as an i1.
mlir::Value truth(NodeContext &n, Raised &condition);

/// Whether `value`, the next of what is carried, has the sizes of the one
/// before; open ones are compared with numbers when the call runs.
mlir::LogicalResult keepSizes(NodeContext &n, Raised &value,
                              const Raised &before, unsigned number);

/// Open sizes of `item`, which a loop collects into `output`, as the model
/// states them; they are compared when the call runs.
mlir::LogicalResult
stateSizes(NodeContext &n, Raised &item, unsigned output,
           llvm::function_ref<bool(mlir::OpFoldResult)> isOutside);

/// Loop as scf.while. Gives the last values of what is carried, then what was
/// collected: room for as many as the bound, of which the iterations that ran
/// are the result.
mlir::FailureOr<llvm::SmallVector<Raised>>
raiseConditionalLoop(NodeContext &n, LoopStart start);

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_CONDITIONALLOOP_H
