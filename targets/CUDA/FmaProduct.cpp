//===- FmaProduct.cpp - products of f32 by fused multiply-add ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProductKernel.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tfc::cuda;

namespace {

/// The lanes of a warp are 4 x 8. A lane has quads of rows that are 16 apart
/// and quads of columns that are 32 apart: so lanes read neighbours, or the
/// same.
class FmaProduct : public ProductKernel {
public:
  using ProductKernel::ProductKernel;

protected:
  Swizzle swizzleOf(bool isA, bool innerIsDepth) const override {
    // Lanes with different columns read rows of b^T that are 4 apart; rows of a
    // are read by 8 lanes at once.
    return !isA && innerIsDepth ? Swizzle::QuadsOfRows : Swizzle::None;
  }

  SmallVector<Value> addTile(Value slot, ValueRange sums) override {
    auto loop = scf::ForOp::create(
        b, loc, math.of(0), math.of(tile.depth / quad), math.of(1), sums);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value step = loop.getInductionVar();
    Fragment rows =
        load(left, slot, step, warpRow, math.divide(lane, lanesOfRow),
             /*quads=*/lanesOfColumn);
    Fragment columns =
        load(right, slot, step, warpColumn, math.remainder(lane, lanesOfRow),
             /*quads=*/lanesOfRow);
    SmallVector<Value> next(loop.getRegionIterArgs());
    for (int64_t k = 0; k < quad; ++k)
      for (auto [i, x] : llvm::enumerate(rows[k]))
        for (auto [j, y] : llvm::enumerate(columns[k])) {
          Value &sum = next[i * columns[k].size() + j];
          sum = math::FmaOp::create(b, loc, x, y, sum);
        }
    scf::YieldOp::create(b, loc, next);
    return SmallVector<Value>(loop.getResults());
  }

  void stageSums(int64_t slab, ValueRange sums, Value staged) override {
    int64_t columns = tile.warpColumns / lanesOfRow;
    Value first = math.multiply(math.divide(lane, lanesOfRow), quad),
          column = math.multiply(math.remainder(lane, lanesOfRow), quad);
    auto type = VectorType::get({quad}, b.getF32Type());
    for (int64_t i = 0; i < quad; ++i)
      for (int64_t j = 0; j < columns; j += quad) {
        ValueRange row = sums.slice((slab * quad + i) * columns + j, quad);
        Value all = vector::FromElementsOp::create(b, loc, type, row);
        vector::StoreOp::create(
            b, loc, all, staged,
            ValueRange{warp, math.add(first, i),
                       math.add(column, j / quad * quad * lanesOfRow)},
            /*nontemporal=*/false, llvm::Align(quad * sizeof(float)));
      }
  }

private:
  static constexpr int64_t quad = 4, lanesOfColumn = 4, lanesOfRow = 8;
  /// By k, then by row (column).
  using Fragment = std::array<SmallVector<Value>, quad>;

  /// What a lane multiplies of a factor in `step`: quads of rows (columns) from
  /// `first` + 4 * `part` on, `stride` quads apart.
  Fragment load(const FactorTile &factor, Value slot, Value step, Value first,
                Value part, int64_t stride) {
    int64_t length = factor.isA ? tile.warpRows : tile.warpColumns;
    Fragment result;
    for (int64_t group = 0; group < length / (stride * quad); ++group) {
      if (factor.innerIsDepth) {
        Value row = math.add(math.add(first, math.multiply(part, quad)),
                             group * stride * quad);
        for (int64_t i = 0; i < quad; ++i) {
          Value loaded = loadPiece(factor, slot, math.add(row, i), step);
          for (int64_t k = 0; k < quad; ++k)
            result[k].push_back(vector::ExtractOp::create(b, loc, loaded, k));
        }
        continue;
      }
      Value piece =
          math.add(math.add(math.divide(first, quad), part), group * stride);
      for (int64_t k = 0; k < quad; ++k) {
        Value loaded = loadPiece(factor, slot,
                                 math.add(math.multiply(step, quad), k), piece);
        for (int64_t i = 0; i < quad; ++i)
          result[k].push_back(vector::ExtractOp::create(b, loc, loaded, i));
      }
    }
    return result;
  }
};

} // namespace

void tfc::cuda::buildFmaProduct(ProductOp op, const ProductTile &tile,
                                OpBuilder &b) {
  FmaProduct(op, tile, b).build();
}
