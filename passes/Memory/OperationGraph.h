//===- OperationGraph.h - what may be reordered -----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_MEMORY_OPERATIONGRAPH_H
#define TFC_PASSES_MEMORY_OPERATIONGRAPH_H

#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace tfc::memory {

/// The operations of a block that touch memory, what each has to wait for, and
/// the temporaries it touches. Other operations, as views, may stand anywhere
/// before their users.
class OperationGraph {
public:
  /// Fails where an operation has effects that are not known, or a temporary a
  /// size that is not.
  static mlir::FailureOr<OperationGraph> build(mlir::Block &block);

  struct Node {
    mlir::Operation *op;
    /// Nodes that come before and after it in any order.
    llvm::SmallVector<unsigned> before, after;
    /// Temporaries, by number.
    llvm::SmallVector<unsigned> touched;
    /// Bytes of temporaries inside its regions.
    int64_t inside = 0;
  };
  struct Temporary {
    mlir::memref::AllocOp alloc;
    int64_t bytes;
    unsigned touches = 0;
  };

  llvm::ArrayRef<Node> nodes() const { return allNodes; }
  llvm::ArrayRef<Temporary> temporaries() const { return allTemporaries; }

  /// The most bytes of temporaries that live at once in `order`.
  int64_t peakOf(llvm::ArrayRef<unsigned> order) const;

  /// Moves the block's operations so that the nodes stand in `order`.
  void apply(llvm::ArrayRef<unsigned> order);

private:
  explicit OperationGraph(mlir::Block &block) : block(&block) {}

  mlir::LogicalResult addTemporaries();
  mlir::LogicalResult addNode(mlir::Operation *op);
  void findRoots();
  void wait(unsigned later, unsigned earlier);
  void waitForOperands(unsigned node);
  void place(mlir::Operation *op, llvm::SetVector<mlir::Operation *> &placed);

  /// What one node may do to a root.
  struct Access {
    unsigned node;
    bool writes;
  };

  mlir::Block *block;
  llvm::SmallVector<Node> allNodes;
  llvm::SmallVector<Temporary> allTemporaries;
  llvm::DenseMap<mlir::Operation *, unsigned> nodeOf;
  llvm::DenseMap<mlir::Value, unsigned> temporaryOf;
  /// The memory that a buffer may be part of.
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value>> roots;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<Access>> accesses;
  llvm::SmallVector<mlir::memref::DeallocOp> deallocs;
  /// The last node that all others wait for.
  std::optional<unsigned> barrier;
};

/// An order with a lower peak than the block's own, or none. Searches through
/// at most `states` sets of operations that may have run.
std::optional<llvm::SmallVector<unsigned>>
findBetterOrder(const OperationGraph &graph, unsigned states);

} // namespace tfc::memory

#endif // TFC_PASSES_MEMORY_OPERATIONGRAPH_H
