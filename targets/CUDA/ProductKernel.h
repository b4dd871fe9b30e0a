//===- ProductKernel.h - tiled kernels of products --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_PRODUCTKERNEL_H
#define TFC_TARGETS_CUDA_PRODUCTKERNEL_H

#include "ProductLoops.h"
#include "ProductTile.h"

namespace tfc::cuda {

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

/// A launch with a block of threads for each tile of the result. How sums are
/// made of tiles in shared memory is up to what derives from it.
class ProductKernel : public ProductLoops {
public:
  ProductKernel(ProductOp op, const ProductTile &tile, mlir::OpBuilder &b)
      : ProductLoops(op, b), tile(tile) {}
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

  ProductTile tile;
  FactorTile left, right;
  mlir::Value lane, warp, warpRow, warpColumn;

private:
  FactorTile factorTile(bool isA);
  void findPlaces(mlir::Value block);
  void allocateTiles();
  void copyTile(const FactorTile &factor, mlir::Value slot, mlir::Value step);
  void copyPiece(const FactorTile &factor, mlir::Value slot, mlir::Value step,
                 mlir::Value row, mlir::Value piece, int64_t elements);
  void copyFirst(int64_t stage, mlir::Value first, mlir::Value end);
  llvm::SmallVector<mlir::Value> sumUp();
  void writeTile(mlir::ValueRange sums);
  void writeSlab(mlir::Value staged, mlir::Value firstRow);

  mlir::Value steps, thread, firstRow, firstColumn;
};

/// Factors of f32 by FMA.
void buildFmaProduct(ProductOp op, const ProductTile &tile, mlir::OpBuilder &b);
/// By tensor cores.
void buildMmaProduct(ProductOp op, const ProductTile &tile, mlir::OpBuilder &b);

/// Rows of a product that a kernel for few rows takes.
constexpr int64_t mostFewRows = 8;
/// `rows` of them, by FMA, whatever the type: reading b takes longer.
void buildFewRowsProduct(ProductOp op, int64_t rows, mlir::OpBuilder &b);
/// How many blocks are to share its loop k.
int64_t chooseFewRowsParts(ProductOp op, const ProductSizes &sizes,
                           llvm::StringRef arch);

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_PRODUCTKERNEL_H
