//===- LowerProducts.cpp - products become launches -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProductKernel.h"
#include "tfc/Target/CUDA/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDALOWERPRODUCTSPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

/// What becomes of an operand when the batch becomes rows.
enum class OperandRows { Merged, Shared };

/// Merged where batches and rows lie one behind the other, Shared where all
/// batches and rows use the same; nothing where it is neither.
std::optional<OperandRows> rowsOf(Value buffer, AffineMap map) {
  unsigned rows = map.getNumDims() - 2;
  bool usesRows = false;
  for (unsigned loop = 0; loop < rows; ++loop)
    usesRows |= map.isFunctionOfDim(loop);
  if (!usesRows)
    return OperandRows::Shared;
  auto type = cast<MemRefType>(buffer.getType());
  if (!type.getLayout().isIdentity() || map.getNumResults() < rows)
    return std::nullopt;
  for (unsigned loop = 0; loop < rows; ++loop)
    if (map.getResult(loop) != getAffineDimExpr(loop, map.getContext()))
      return std::nullopt;
  return OperandRows::Merged;
}

/// Makes rows of the batches of `op`, if they can be.
void mergeBatches(ProductOp op) {
  unsigned batches = op.getNumBatchLoops();
  if (batches == 0 || rowsOf(op.getB(), op.getMap(1)) != OperandRows::Shared)
    return;
  SmallVector<OperandRows> kinds;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    std::optional<OperandRows> kind = rowsOf(operand, op.getMap(i));
    if (!kind)
      return;
    kinds.push_back(*kind);
  }
  if (kinds.front() != OperandRows::Merged ||
      kinds.back() != OperandRows::Merged)
    return;
  OpBuilder b(op);
  SmallVector<AffineExpr> loops(batches, b.getAffineConstantExpr(0));
  for (unsigned i = 0; i < 3; ++i)
    loops.push_back(b.getAffineDimExpr(i));
  SmallVector<AffineMap> maps;
  for (auto [i, operand] : llvm::enumerate(op->getOpOperands())) {
    AffineMap map = op.getMap(i);
    if (kinds[i] == OperandRows::Merged) {
      unsigned rank = map.getNumResults();
      SmallVector<ReassociationIndices> groups(1);
      for (unsigned d = 0; d < rank; ++d) {
        if (d > batches)
          groups.emplace_back();
        groups.back().push_back(d);
      }
      operand.set(memref::CollapseShapeOp::create(b, op.getLoc(), operand.get(),
                                                  groups));
      map =
          AffineMap::get(map.getNumDims(), 0,
                         map.getResults().drop_front(batches), b.getContext());
    }
    maps.push_back(map.replaceDimsAndSymbols(loops, {}, 3, 0));
  }
  op.setMapsAttr(b.getAffineMapArrayAttr(maps));
}

/// What types say of sizes.
ProductSizes sizesOf(ProductOp op) {
  auto size = [](Value buffer, AffineMap map,
                 unsigned loop) -> std::optional<int64_t> {
    auto position =
        map.getResultPosition(getAffineDimExpr(loop, map.getContext()));
    if (!position)
      return 1;
    int64_t size = cast<MemRefType>(buffer.getType()).getDimSize(*position);
    return ShapedType::isDynamic(size) ? std::nullopt : std::optional(size);
  };
  unsigned batches = op.getNumBatchLoops();
  ProductSizes sizes;
  sizes.batch = 1;
  for (unsigned loop = 0; loop < batches; ++loop) {
    auto known = size(op.getInit(), op.getInitMap(), loop);
    sizes.batch = known && sizes.batch ? std::optional(*known * *sizes.batch)
                                       : std::nullopt;
  }
  sizes.m = size(op.getInit(), op.getInitMap(), batches);
  sizes.n = size(op.getInit(), op.getInitMap(), batches + 1);
  sizes.k = size(op.getA(), op.getMap(0), batches + 2);
  return sizes;
}

class LowerProductsPass
    : public cuda::impl::CudaLowerProductsPassBase<LowerProductsPass> {
public:
  using Base::Base;

  void runOnOperation() override {
    SmallVector<ProductOp> products;
    getOperation().walk([&](ProductOp op) { products.push_back(op); });
    for (ProductOp op : products) {
      if (op.getResult()) {
        op.emitOpError("expected buffers");
        return signalPassFailure();
      }
      mergeBatches(op);
      OpBuilder b(op);
      choose(op, b);
      if (!chooseOnly && failed(lower(op, b)))
        return signalPassFailure();
    }
  }

private:
  /// Whether `op` goes to the kernel for few rows.
  static bool hasFewRows(ProductOp op) {
    std::optional<int64_t> rows = sizesOf(op).m;
    return !op.getTile() && rows && *rows > 0 && *rows <= mostFewRows;
  }

  void choose(ProductOp op, OpBuilder &b) {
    if (op.getTile())
      return;
    auto setParts = [&](int64_t parts) {
      if (parts > 1 && !op.getParts())
        op.setParts(parts);
    };
    if (hasFewRows(op))
      return setParts(chooseFewRowsParts(op, sizesOf(op), arch));
    auto [tile, parts] =
        chooseProductSchedule(op.getMultiply(), sizesOf(op), arch);
    setParts(parts);
    op.setTileAttr(
        b.getDenseI64ArrayAttr({tile.rows, tile.columns, tile.depth,
                                tile.warpRows, tile.warpColumns, tile.stages}));
  }

  static LogicalResult lower(ProductOp op, OpBuilder &b) {
    int64_t parts = op.getParts().value_or(1);
    if (parts < 1 || parts > mostParts)
      return op.emitOpError("expected 1 to ")
             << mostParts << " parts, found " << parts;
    ProductTile tile;
    if (hasFewRows(op))
      buildFewRowsProduct(op, *sizesOf(op).m, b);
    else if (failed(useTile(op, tile)))
      return failure();
    else if (op.getMultiply() == Multiply::F32)
      buildFmaProduct(op, tile, b);
    else
      buildMmaProduct(op, tile, b);
    op.erase();
    return success();
  }

  /// The tile that `op` asks for.
  static LogicalResult useTile(ProductOp op, ProductTile &tile) {
    ArrayRef<int64_t> sizes = *op.getTile();
    if (sizes.size() != 6)
      return op.emitOpError("expected a tile of 6 numbers, found ")
             << sizes.size();
    tile = {sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5]};
    std::string wrong = checkProductTile(op.getMultiply(), tile);
    if (!wrong.empty())
      return op.emitOpError(wrong);
    return success();
  }
};

} // namespace
