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
  /// Begins a launch of `blocks` (x batches) of `threads`, and leaves the
  /// builder in it; sets `batch` and returns which of `blocks` this is.
  mlir::Value launch(mlir::Value blocks, int64_t threads, int64_t sharedBytes);
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
  mlir::Value sizeOf(mlir::Value buffer, mlir::AffineMap map, unsigned loop);
  /// Elements of an operand of the epilogue, beside `count` sums.
  llvm::SmallVector<mlir::Value> loadOthers(mlir::Value buffer,
                                            mlir::AffineMap map, mlir::Value m,
                                            mlir::Value n, int64_t count);
};

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_PRODUCTLOOPS_H
