//===- ProductKernel.h - tiled kernels of products ----------------- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_PRODUCTKERNEL_H
#define TFC_TARGETS_CUDA_PRODUCTKERNEL_H

#include "ProductTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"

namespace tfc::cuda {

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

/// Which 16-byte piece of a row of shared memory a piece lies in: exclusive or
/// with a number of the row, so that what lanes read at once lies in different
/// banks.
enum class Swizzle {
  None,
  /// Eight rows one below the other, as ldmatrix reads them.
  Rows,
  /// Eight rows that are four apart.
  QuadsOfRows,
  /// Four rows, two pieces of each.
  PairsOfPieces,
};

/// A tile of a factor in shared memory, [stages, outer, inner]: `inner` runs
/// along neighbours in memory, which are of the loop k or of m (of n).
struct FactorTile {
  mlir::Value global, shared;
  mlir::AffineMap map;
  bool isA, innerIsDepth;
  int64_t outer, inner;
  Swizzle swizzle;

  /// Elements in 16 bytes.
  int64_t piece() const;
};

/// A `cuda.product` on buffers as a launch. How sums are made of tiles in
/// shared memory is up to what derives from it.
class ProductKernel {
public:
  ProductKernel(ProductOp op, const ProductTile &tile, mlir::OpBuilder &b);
  virtual ~ProductKernel() = default;

  /// Writes the launch where the builder is.
  void build();

protected:
  virtual Swizzle swizzleOf(bool isA, bool innerIsDepth) const = 0;
  /// How many sums a thread has.
  int64_t sumsOfThread() const {
    return tile.rows * tile.columns / tile.threads();
  }
  /// The sums after those of the tiles in stage `slot`.
  virtual llvm::SmallVector<mlir::Value> addTile(mlir::Value slot,
                                                 mlir::ValueRange sums) = 0;
  /// Writes the sums in rows `slab` * 16 and after of the warp to `staged`,
  /// [16, warpColumns] of [warps, 16, slabColumns].
  virtual void stageSums(int64_t slab, mlir::ValueRange sums,
                         mlir::Value staged) = 0;

  /// The element of `factor`'s row at which piece `piece` begins.
  mlir::Value swizzled(const FactorTile &factor, mlir::Value row,
                       mlir::Value piece) const;
  mlir::Value loadPiece(const FactorTile &factor, mlir::Value slot,
                        mlir::Value row, mlir::Value piece) const;

  ProductOp op;
  ProductTile tile;
  mlir::OpBuilder &b;
  mlir::Location loc;
  IndexMath math;
  FactorTile left, right;
  mlir::Value lane, warp, warpRow, warpColumn;

private:
  FactorTile factorTile(bool isA);
  void findSizes();
  void findPlaces();
  void allocateTiles();
  mlir::Value sizeOf(mlir::Value buffer, mlir::AffineMap map, unsigned loop);
  mlir::Value sharedView(int64_t bytes, llvm::ArrayRef<int64_t> shape,
                         mlir::Type element) const;
  llvm::SmallVector<mlir::Value> indices(mlir::AffineMap map, mlir::Value m,
                                         mlir::Value n, mlir::Value k) const;
  void copyTile(const FactorTile &factor, mlir::Value slot, mlir::Value step);
  void copyPiece(const FactorTile &factor, mlir::Value slot, mlir::Value step,
                 mlir::Value row, mlir::Value piece, int64_t elements);
  llvm::SmallVector<mlir::Value> sumUp();
  void writeSums(mlir::ValueRange sums);
  void writeSlab(mlir::Value staged, mlir::Value firstRow);
  void writePiece(mlir::Value staged, mlir::Value row, mlir::Value column,
                  mlir::Value m, mlir::Value n, int64_t elements);
  bool isExact(mlir::Value size, int64_t multiple) const;

  llvm::SmallVector<mlir::Value> batchSizes, batch;
  mlir::Value rows, columns, depth, steps, thread, firstRow, firstColumn,
      dynamicMemory;
};

/// Factors of f32 by FMA.
void buildFmaProduct(ProductOp op, const ProductTile &tile, mlir::OpBuilder &b);
/// By tensor cores.
void buildMmaProduct(ProductOp op, const ProductTile &tile, mlir::OpBuilder &b);

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_PRODUCTKERNEL_H
