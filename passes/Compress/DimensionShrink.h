//===- DimensionShrink.h - fewer indices along a dimension ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// Taking indices of one dimension of a tensor out of a function: heads of an
/// attention, channels of a hidden layer, features of the residual stream. What
/// else has to lose elements follows from the operations that the tensor goes
/// through, to constants on one side and to sums over the dimension on the
/// other. Groups of coupled dimensions are found as DepGraph does (Fang et al.
/// 2023), on indices instead of whole dimensions, so that a product that q, k
/// and v are slices of is one of the ends.
///
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_DIMENSIONSHRINK_H
#define TFC_PASSES_COMPRESS_DIMENSIONSHRINK_H

#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace tfc::compress {

/// The indices along a dimension that stay, ascending.
using Kept = llvm::SmallVector<int64_t>;

/// All indices of a dimension of `size` but `removed`.
Kept allBut(int64_t size, llvm::ArrayRef<int64_t> removed);

/// The indices that are in both.
Kept common(const Kept &a, const Kept &b);

/// What may lose indices besides heads and channels.
struct ShrinkLimits {
  /// Norms over fewer features: their statistics are those of what stays.
  bool norms = false;
  /// Tokens, whose order counts for nothing: attention, sums and maxima are
  /// over those that stay.
  bool tokens = false;
  /// Whose results lose indices while their operands stay.
  llvm::SmallVector<mlir::Operation *> sources = {};
};

class DimensionShrink {
public:
  explicit DimensionShrink(ShrinkLimits limits = {}) : limits(limits) {}

  /// Keeps `kept` alone of dimension `dim` of `value`, a result of an operation
  /// that is no constant, and finds what follows. May be called for several
  /// tensors before `apply`. Fails where what follows cannot be done, with the
  /// operation and the reason in `reason()`; nothing has been changed then.
  llvm::LogicalResult keep(mlir::Value value, unsigned dim,
                           llvm::ArrayRef<int64_t> kept);

  /// Changes types, attributes and constants. Fails where a constant's bytes
  /// are not there, before anything is changed.
  llvm::LogicalResult apply();

  const std::string &reason() const { return why; }

  /// What stays of dimension `dim` of an operand, or of a result; null where
  /// all does.
  const Kept *keptOf(mlir::OpOperand &operand, unsigned dim) const;
  const Kept *keptOf(mlir::Value value, unsigned dim) const;

  /// All operations that an operand or result shrinks of.
  llvm::ArrayRef<mlir::Operation *> operations() const {
    return touched.getArrayRef();
  }

private:
  friend class ShrinkRules;
  using OperandDim = std::pair<mlir::OpOperand *, unsigned>;
  using ValueDim = std::pair<mlir::Value, unsigned>;

  void restrict(mlir::OpOperand &operand, unsigned dim, Kept kept);
  void restrict(mlir::Value value, unsigned dim, Kept kept);
  void enqueue(mlir::Operation *op);
  void fail(mlir::Operation *op, const llvm::Twine &reason);

  void setTypes();
  void setSizes(mlir::Operation *op);
  mlir::Value copyOf(mlir::OpOperand &operand);

  ShrinkLimits limits;
  /// Values and, of constants and empty tensors, operands: these are shared by
  /// uses that have nothing to do with each other, and are made anew for each.
  llvm::MapVector<ValueDim, Kept> values;
  llvm::MapVector<OperandDim, Kept> copies;
  llvm::SetVector<mlir::Operation *> pending, touched;
  std::string why;
};

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_DIMENSIONSHRINK_H
