//===- ProductLoops.h - what kernels of products share ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_PRODUCTLOOPS_H
#define TFC_TARGETS_CUDA_PRODUCTLOOPS_H

#include "Alignment.h"
#include "Launch.h"
#include "tfc/Target/CUDA/Cuda.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"

namespace tfc::cuda {

/// What a thread reads and writes at once, at most.
constexpr int64_t pieceBytes = 16;

/// Whether the last index is the loop `loop`.
bool isLastIndex(mlir::AffineMap map, unsigned loop);
mlir::Attribute sharedSpace(mlir::MLIRContext *context);

/// Arithmetic on indices that folds what is known.
class IndexMath {
public:
  IndexMath(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}

  mlir::Value of(int64_t value) const {
    return mlir::arith::ConstantIndexOp::create(b, loc, value);
  }
  mlir::Value add(mlir::Value x, mlir::Value y) const {
    return b.createOrFold<mlir::arith::AddIOp>(loc, x, y);
  }
  mlir::Value add(mlir::Value x, int64_t y) const {
    return y == 0 ? x : add(x, of(y));
  }
  mlir::Value subtract(mlir::Value x, mlir::Value y) const {
    return b.createOrFold<mlir::arith::SubIOp>(loc, x, y);
  }
  mlir::Value multiply(mlir::Value x, int64_t y) const {
    return y == 1 ? x : b.createOrFold<mlir::arith::MulIOp>(loc, x, of(y));
  }
  mlir::Value multiply(mlir::Value x, mlir::Value y) const {
    return b.createOrFold<mlir::arith::MulIOp>(loc, x, y);
  }
  mlir::Value divide(mlir::Value x, mlir::Value y) const {
    return b.createOrFold<mlir::arith::DivUIOp>(loc, x, y);
  }
  mlir::Value divide(mlir::Value x, int64_t y) const {
    return divide(x, of(y));
  }
  mlir::Value divideCeil(mlir::Value x, int64_t y) const {
    return b.createOrFold<mlir::arith::CeilDivUIOp>(loc, x, of(y));
  }
  mlir::Value remainder(mlir::Value x, mlir::Value y) const {
    return b.createOrFold<mlir::arith::RemUIOp>(loc, x, y);
  }
  mlir::Value remainder(mlir::Value x, int64_t y) const {
    return remainder(x, of(y));
  }
  mlir::Value exclusiveOr(mlir::Value x, mlir::Value y) const {
    return b.createOrFold<mlir::arith::XOrIOp>(loc, x, y);
  }
  mlir::Value isLess(mlir::Value x, mlir::Value y) const {
    return b.createOrFold<mlir::arith::CmpIOp>(
        loc, mlir::arith::CmpIPredicate::ult, x, y);
  }

private:
  mlir::OpBuilder &b;
  mlir::Location loc;
};

/// A `cuda.product` on buffers that becomes a launch: its loops' sizes, where
/// elements lie, and what is done to sums.
class ProductLoops {
public:
  ProductLoops(ProductOp op, mlir::OpBuilder &b)
      : op(op), b(b), loc(op.getLoc()), math(b, op.getLoc()) {}

protected:
  /// Sets the sizes.
  void findSizes();
  mlir::Value numberOfBatches() const;
  /// Begins a launch of `tiles` (x parts x batches) blocks of `threads`, and
  /// leaves the builder in it; sets `batch` and the part, and returns which of
  /// `tiles` this is. A thread has so many `sums`.
  mlir::Value launch(mlir::Value tiles, int64_t threads, int64_t sharedBytes,
                     int64_t sums);
  /// How many blocks share the loop k of a tile.
  int64_t numParts() const { return ProductOp(op).getParts().value_or(1); }
  /// The part's range of `steps`.
  std::pair<mlir::Value, mlir::Value> stepsOfPart(mlir::Value steps) const;
  /// Calls `finish` with the thread's sums of all parts, added in their order
  /// (so that it does not matter which block comes last), in the block that
  /// comes last; the others end. All threads of the block must come here, and
  /// find four bytes of shared memory that none will read any more.
  void addParts(mlir::ValueRange sums,
                llvm::function_ref<void(mlir::ValueRange)> finish);
  bool isExact(mlir::Value size, int64_t multiple) const;
  /// Where an element of the batch is; loops that `map` does not use may be
  /// anything.
  llvm::SmallVector<mlir::Value> indices(mlir::AffineMap map, mlir::Value m,
                                         mlir::Value n, mlir::Value k) const;
  mlir::Value sharedView(int64_t bytes, llvm::ArrayRef<int64_t> shape,
                         mlir::Type element) const;
  /// Writes neighbours of the result, from [m, n] on.
  void writeSums(llvm::ArrayRef<mlir::Value> sums, mlir::Value m,
                 mlir::Value n);

  ProductOp op;
  mlir::OpBuilder &b;
  mlir::Location loc;
  IndexMath math;
  llvm::SmallVector<mlir::Value> batchSizes, batch;
  mlir::Value rows, columns, depth, dynamicMemory;

private:
  /// What the parts of tiles leave in memory, and where: buffers of
  /// [blocks, sums of a thread / 4, threads, 4] f32 (or by 1) and of [tiles]
  /// i32, zeros; the part and the tile (of all batches) of this block.
  struct Parts {
    mlir::Value sums, counters, part, tile, firstBlock, tilesOfBatch;
  };
  void allocateParts(mlir::Value tiles, int64_t threads, int64_t sums);
  mlir::Value blockOfPart(mlir::Value part) const;
  void storePart(mlir::ValueRange sums);
  /// Adds the thread's sums of `part` to `sums`.
  llvm::SmallVector<mlir::Value> addPart(mlir::Value part,
                                         mlir::ValueRange sums);
  /// Counts in the counter of the tile; whether all other parts have.
  mlir::Value isLastPart();
  mlir::Value sizeOf(mlir::Value buffer, mlir::AffineMap map, unsigned loop);
  /// Elements of an operand of the epilogue, beside `count` sums.
  llvm::SmallVector<mlir::Value> loadOthers(mlir::Value buffer,
                                            mlir::AffineMap map, mlir::Value m,
                                            mlir::Value n, int64_t count);

  Parts parts;
};

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_PRODUCTLOOPS_H
