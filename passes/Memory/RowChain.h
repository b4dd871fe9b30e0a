//===- RowChain.h - operations that work row by row -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_MEMORY_ROWCHAIN_H
#define TFC_PASSES_MEMORY_ROWCHAIN_H

#include "mlir/Interfaces/TilingInterface.h"

namespace tfc::memory {

/// An operation and those before it that nothing else uses, all of which make
/// a row of their result from a row of what comes before.
class RowChain {
public:
  /// A loop of the end's over rows, and how many there are.
  struct Loop {
    unsigned number;
    int64_t size;
  };

  /// The longest chain that ends at `op`; none where its rows cannot be tiled.
  static std::optional<RowChain> endingAt(mlir::Operation *op);

  mlir::TilingInterface end() const { return last; }
  bool contains(mlir::Operation *op) const { return members.contains(op); }
  unsigned loopCount() const { return loops; }
  llvm::ArrayRef<Loop> rowLoops() const { return overRows; }

  /// Whether a value on the way is larger than the end's result, and tiles of
  /// `rows` rows make it half as large at least.
  bool isWorthTiles(int64_t rows) const;

private:
  /// Dimensions of a value that rows lie in.
  using RowDims = llvm::SmallVector<unsigned>;

  bool start(mlir::Operation *op);
  bool join(mlir::Operation *op);
  std::optional<RowDims> rowsOf(mlir::OpOperand &use) const;

  mlir::TilingInterface last;
  unsigned loops = 0;
  llvm::SmallVector<Loop> overRows;
  /// With the row dimensions of its result.
  llvm::MapVector<mlir::Operation *, RowDims> members;
};

} // namespace tfc::memory

#endif // TFC_PASSES_MEMORY_ROWCHAIN_H
