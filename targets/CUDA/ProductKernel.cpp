//===- ProductKernel.cpp - tiled kernels of products ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProductKernel.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tfc::cuda;

namespace {

/// More copies than this of one thread are a loop.
constexpr int64_t mostUnrolled = 8;

bool hasNeighbours(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  return type.getRank() > 0 && type.areTrailingDimsContiguous(1);
}

} // namespace

int64_t FactorTile::piece() const {
  return pieceBytes / bytesOf(getElementTypeOrSelf(global.getType()));
}

//===----------------------------------------------------------------------===//
// Sizes and places
//===----------------------------------------------------------------------===//

FactorTile ProductKernel::factorTile(bool isA) {
  FactorTile factor;
  factor.global = isA ? op.getA() : op.getB();
  factor.map = op.getMap(isA ? 0 : 1);
  factor.isA = isA;
  unsigned side = op.getNumBatchLoops() + (isA ? 0 : 1);
  factor.innerIsDepth = !isLastIndex(factor.map, side);
  int64_t length = isA ? tile.rows : tile.columns;
  factor.outer = factor.innerIsDepth ? length : tile.depth;
  factor.inner = factor.innerIsDepth ? tile.depth : length;
  factor.swizzle = swizzleOf(isA, factor.innerIsDepth);
  return factor;
}

void ProductKernel::allocateTiles() {
  int64_t bytes = 0;
  for (FactorTile *factor : {&left, &right}) {
    Type element = getElementTypeOrSelf(factor->global.getType());
    factor->shared =
        sharedView(bytes, {tile.stages, factor->outer, factor->inner}, element);
    bytes += tile.stages * factor->outer * factor->inner * bytesOf(element);
  }
}

/// Where this thread is: tiles of a column of tiles follow each other, so that
/// blocks that run at a time share their tile of b.
void ProductKernel::findPlaces(Value block) {
  thread = gpu::ThreadIdOp::create(b, loc, gpu::Dimension::x);
  lane = math.remainder(thread, warpSize);
  warp = math.divide(thread, warpSize);
  int64_t warpsOfRow = tile.columns / tile.warpColumns;
  warpRow = math.multiply(math.divide(warp, warpsOfRow), tile.warpRows);
  warpColumn =
      math.multiply(math.remainder(warp, warpsOfRow), tile.warpColumns);
  Value rowTiles = math.divideCeil(rows, tile.rows);
  firstRow = math.multiply(math.remainder(block, rowTiles), tile.rows);
  firstColumn = math.multiply(math.divide(block, rowTiles), tile.columns);
  steps = math.divideCeil(depth, tile.depth);
}

Value ProductKernel::swizzled(const FactorTile &factor, Value row,
                              Value piece) const {
  int64_t pieces = factor.inner / factor.piece();
  auto key = [&](int64_t rowsOfKey, int64_t count) {
    return math.remainder(math.divide(row, rowsOfKey), count);
  };
  switch (factor.swizzle) {
  case Swizzle::None:
    break;
  case Swizzle::Rows:
    // All pieces of 128 bytes, which rows of fewer share.
    piece = math.exclusiveOr(piece,
                             pieces >= 8 ? key(1, 8) : key(8 / pieces, pieces));
    break;
  case Swizzle::QuadsOfRows:
    piece = math.exclusiveOr(piece, key(4, 8));
    break;
  case Swizzle::PairsOfPieces:
    piece = math.exclusiveOr(
        piece, math.multiply(key(1, std::min<int64_t>(4, pieces / 2)), 2));
    break;
  }
  return math.multiply(piece, factor.piece());
}

Value ProductKernel::loadPiece(const FactorTile &factor, Value slot, Value row,
                               Value piece) const {
  Type element = getElementTypeOrSelf(factor.global.getType());
  return vector::LoadOp::create(
      b, loc, VectorType::get({factor.piece()}, element), factor.shared,
      ValueRange{slot, row, swizzled(factor, row, piece)},
      /*nontemporal=*/false, llvm::Align(pieceBytes));
}

//===----------------------------------------------------------------------===//
// Factors to shared memory
//===----------------------------------------------------------------------===//

/// An element where `inside` is true or null, else zero.
static Value loadWhere(Value inside, Value buffer, ValueRange indices,
                       OpBuilder &b, Location loc) {
  if (!inside)
    return memref::LoadOp::create(b, loc, buffer, indices);
  auto load = [&](OpBuilder &inner, Location loc) {
    Value loaded = memref::LoadOp::create(inner, loc, buffer, indices);
    scf::YieldOp::create(inner, loc, loaded);
  };
  auto zero = [&](OpBuilder &inner, Location loc) {
    Type element = getElementTypeOrSelf(buffer.getType());
    Value none =
        arith::ConstantOp::create(inner, loc, inner.getZeroAttr(element));
    scf::YieldOp::create(inner, loc, none);
  };
  return scf::IfOp::create(b, loc, inside, load, zero).getResult(0);
}

/// Copies `elements` from the piece on, and zeros where there are none.
void ProductKernel::copyPiece(const FactorTile &factor, Value slot, Value step,
                              Value row, Value piece, int64_t elements) {
  Value deep = math.multiply(step, tile.depth),
        side = factor.isA ? firstRow : firstColumn;
  Value column = elements == 1 ? piece : math.multiply(piece, elements);
  Value outer = math.add(factor.innerIsDepth ? side : deep, row),
        inner = math.add(factor.innerIsDepth ? deep : side, column);
  Value sideSize = factor.isA ? rows : columns;
  Value outerSize = factor.innerIsDepth ? sideSize : depth,
        innerSize = factor.innerIsDepth ? depth : sideSize;
  Value k = factor.innerIsDepth ? inner : outer,
        index = factor.innerIsDepth ? outer : inner;
  SmallVector<Value> from =
      indices(factor.map, factor.isA ? index : Value(math.of(0)),
              factor.isA ? Value(math.of(0)) : index, k);
  // The piece that the swizzle moves, and the place in it.
  Value to =
      elements == 1
          ? math.add(swizzled(factor, row, math.divide(column, factor.piece())),
                     math.remainder(column, factor.piece()))
          : swizzled(factor, row, piece);
  SmallVector<Value> there = {slot, row, to};
  Value inside;
  auto require = [&](Value condition) {
    inside = inside ? b.createOrFold<arith::AndIOp>(loc, inside, condition)
                    : condition;
  };
  if (!isExact(outerSize, factor.outer))
    require(math.isLess(outer, outerSize));
  if (!isExact(innerSize, factor.inner))
    require(math.isLess(inner, innerSize));
  Type element = getElementTypeOrSelf(factor.global.getType());
  if (elements > 1 || (element.isF32() && hasNeighbours(factor.global))) {
    Value count;
    if (inside) {
      Value all = math.of(elements);
      if (elements > 1 && !isExact(innerSize, elements))
        all = b.createOrFold<arith::MinUIOp>(
            loc, math.subtract(innerSize, inner), all);
      count = arith::SelectOp::create(b, loc, inside, all, math.of(0));
    }
    nvgpu::DeviceAsyncCopyOp::create(
        b, loc, nvgpu::DeviceAsyncTokenType::get(b.getContext()), factor.shared,
        there, factor.global, from, b.getIndexAttr(elements), count,
        elements > 1 ? b.getUnitAttr() : UnitAttr());
    return;
  }
  // Fewer than 4 bytes cannot be copied asynchronously.
  Value value = loadWhere(inside, factor.global, from, b, loc);
  memref::StoreOp::create(b, loc, value, factor.shared, there);
}

void ProductKernel::copyTile(const FactorTile &factor, Value slot, Value step) {
  int64_t elements = 1;
  bool isInnermost =
      isLastIndex(factor.map, op.getNumBatchLoops() + (factor.innerIsDepth ? 2
                                                       : factor.isA ? 0
                                                                    : 1));
  if (isInnermost &&
      isAligned(cast<MemRefType>(factor.global.getType()), factor.piece()))
    elements = factor.piece();
  int64_t pieces = factor.inner / elements, threads = tile.threads();
  int64_t count = factor.outer * pieces / threads;
  assert(factor.outer * pieces % threads == 0 && "threads without a piece");
  auto copy = [&](Value i, int64_t known) {
    Value first = i ? math.multiply(i, threads) : math.of(known * threads);
    if (threads % pieces == 0) {
      Value row =
          math.add(math.divide(thread, pieces), math.divide(first, pieces));
      copyPiece(factor, slot, step, row, math.remainder(thread, pieces),
                elements);
      return;
    }
    Value id = math.add(thread, first);
    copyPiece(factor, slot, step, math.divide(id, pieces),
              math.remainder(id, pieces), elements);
  };
  if (count <= mostUnrolled) {
    for (int64_t i = 0; i < count; ++i)
      copy(Value(), i);
    return;
  }
  auto loop =
      scf::ForOp::create(b, loc, math.of(0), math.of(count), math.of(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  copy(loop.getInductionVar(), 0);
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// Tiles of step `first` + `stage`, if it is before `end`. Where the depth is
/// open they may be copied beyond, as their elements are checked.
void ProductKernel::copyFirst(int64_t stage, Value first, Value end) {
  Value step = math.add(first, stage);
  std::optional<int64_t> known = getConstantIntValue(steps);
  if (known && stage >= llvm::divideCeil(*known, numParts()))
    return;
  OpBuilder::InsertionGuard guard(b);
  if (known && stage >= *known / numParts()) {
    auto branch = scf::IfOp::create(b, loc, math.isLess(step, end),
                                    /*withElseRegion=*/false);
    b.setInsertionPointToStart(branch.thenBlock());
  }
  copyTile(left, math.of(stage), step);
  copyTile(right, math.of(stage), step);
}

SmallVector<Value> ProductKernel::sumUp() {
  int64_t ahead = tile.stages - 1;
  auto [first, end] = stepsOfPart(steps);
  for (int64_t stage = 0; stage < ahead; ++stage) {
    copyFirst(stage, first, end);
    NVVM::CpAsyncCommitGroupOp::create(b, loc);
  }
  Value zero = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0.0f));
  SmallVector<Value> start(sumsOfThread(), zero);
  // The stage to multiply, and the one to fill.
  llvm::append_values(start, math.of(0), math.of(ahead));
  auto loop = scf::ForOp::create(b, loc, first, end, math.of(1), start);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    NVVM::CpAsyncWaitGroupOp::create(b, loc, ahead - 1);
    gpu::BarrierOp::create(b, loc);
    Value slot = loop.getRegionIterArgs().drop_back().back(),
          next = loop.getRegionIterArgs().back();
    Value step = math.add(loop.getInductionVar(), ahead);
    auto more = scf::IfOp::create(b, loc, math.isLess(step, end),
                                  /*withElseRegion=*/false);
    {
      OpBuilder::InsertionGuard inner(b);
      b.setInsertionPointToStart(more.thenBlock());
      copyTile(left, next, step);
      copyTile(right, next, step);
    }
    NVVM::CpAsyncCommitGroupOp::create(b, loc);
    SmallVector<Value> sums =
        addTile(slot, loop.getRegionIterArgs().drop_back(2));
    Value after = math.add(slot, 1);
    Value isEnd = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, after,
                                        math.of(tile.stages));
    sums.push_back(arith::SelectOp::create(b, loc, isEnd, math.of(0), after));
    // The one that has been multiplied.
    sums.push_back(slot);
    scf::YieldOp::create(b, loc, sums);
  }
  NVVM::CpAsyncWaitGroupOp::create(b, loc, 0);
  return SmallVector<Value>(loop.getResults().drop_back(2));
}

//===----------------------------------------------------------------------===//
// The epilogue
//===----------------------------------------------------------------------===//

/// A warp's rows from `slabRow` on, which lie in `staged`.
void ProductKernel::writeSlab(Value staged, Value slabRow) {
  Type element = getElementTypeOrSelf(op.getInit().getType());
  int64_t elements = pieceBytes / bytesOf(element);
  if (elements > 8 || !isExact(columns, elements) ||
      !isLastIndex(op.getInitMap(), op.getNumBatchLoops() + 1) ||
      !isAligned(cast<MemRefType>(op.getInit().getType()), elements))
    elements = 1;
  int64_t pieces = tile.warpColumns / elements,
          count = slabRows * pieces / warpSize;
  auto loop =
      scf::ForOp::create(b, loc, math.of(0), math.of(count), math.of(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value turn = loop.getInductionVar(), row, piece;
  if (warpSize % pieces == 0) {
    row = math.add(math.multiply(turn, warpSize / pieces),
                   math.divide(lane, pieces));
    piece = math.remainder(lane, pieces);
  } else {
    Value id = math.add(math.multiply(turn, warpSize), lane);
    row = math.divide(id, pieces);
    piece = math.remainder(id, pieces);
  }
  Value column = math.multiply(piece, elements);
  Value m = math.add(slabRow, row),
        n = math.add(math.add(firstColumn, warpColumn), column);
  Value inside;
  if (!isExact(rows, tile.rows))
    inside = math.isLess(m, rows);
  if (!isExact(columns, tile.columns)) {
    Value below = math.isLess(n, columns);
    inside = inside ? b.createOrFold<arith::AndIOp>(loc, inside, below) : below;
  }
  if (inside) {
    auto branch = scf::IfOp::create(b, loc, inside, /*withElseRegion=*/false);
    b.setInsertionPointToStart(branch.thenBlock());
  }
  constexpr int64_t lanes = pieceBytes / sizeof(float);
  SmallVector<Value> sums;
  if (elements == 1)
    sums.push_back(
        memref::LoadOp::create(b, loc, staged, ValueRange{warp, row, column}));
  for (int64_t i = 0; elements > 1 && i < elements; i += lanes) {
    Value loaded = vector::LoadOp::create(
        b, loc, VectorType::get({lanes}, b.getF32Type()), staged,
        ValueRange{warp, row, math.add(column, i)},
        /*nontemporal=*/false, llvm::Align(pieceBytes));
    for (int64_t j = 0; j < lanes; ++j)
      sums.push_back(vector::ExtractOp::create(b, loc, loaded, j));
  }
  writeSums(sums, m, n);
}

void ProductKernel::writeTile(ValueRange sums) {
  gpu::BarrierOp::create(b, loc);
  Value staged = sharedView(0, {tile.warps(), slabRows, tile.slabColumns()},
                            b.getF32Type());
  auto together = [&] {
    Value everyLane =
        arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(-1));
    NVVM::SyncWarpOp::create(b, loc, everyLane);
  };
  Value warpFirst = math.add(firstRow, warpRow);
  for (int64_t slab = 0; slab < tile.warpRows / slabRows; ++slab) {
    if (slab > 0)
      together();
    stageSums(slab, sums, staged);
    together();
    writeSlab(staged, math.add(warpFirst, slab * slabRows));
  }
}

void ProductKernel::build() {
  OpBuilder::InsertionGuard guard(b);
  findSizes();
  Value tiles = math.multiply(math.divideCeil(rows, tile.rows),
                              math.divideCeil(columns, tile.columns));
  int64_t bytes =
      tile.sharedBytes(bytesOf(getElementTypeOrSelf(op.getA().getType())));
  findPlaces(launch(tiles, tile.threads(), bytes, sumsOfThread()));
  left = factorTile(/*isA=*/true);
  right = factorTile(/*isA=*/false);
  allocateTiles();
  addParts(sumUp(), [&](ValueRange sums) { writeTile(sums); });
}
