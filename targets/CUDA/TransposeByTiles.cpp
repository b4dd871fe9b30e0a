//===- TransposeByTiles.cpp - transpositions by shared memory ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Alignment.h"
#include "KernelBuilder.h"
#include "Launch.h"
#include "tfc/Passes/Lower/Loops.h"
#include "tfc/Target/CUDA/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDATRANSPOSEBYTILESPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;

namespace {

/// A tile has as many rows and columns as a warp has lanes. Its rows lie one
/// element further apart in shared memory, so that a column lies in all banks.
constexpr int64_t tileSize = cuda::warpSize, pitch = tileSize + 1, warps = 8;
/// Rows of fewer elements are read well enough without.
constexpr int64_t leastSize = 16;

/// An elementwise operation some of whose inputs lie along another loop than
/// its results.
class TiledTranspose : lower::LinalgLoops {
public:
  TiledTranspose(linalg::LinalgOp op, OpBuilder &b)
      : LinalgLoops(op, b), op(op), b(b), loc(op.getLoc()), k(b, loc) {}

  bool isOne();
  void emit();

private:
  bool findResultLoop();
  bool findCrossing(unsigned operand);
  bool fillsTile(unsigned loop);
  void findTile();
  void readTile();
  void writeTile();
  void computeElement(Value row, Value column);
  /// What is written where the element is one of the operation.
  void inside(llvm::function_ref<void()> body);
  Value sharedAt(unsigned input, Value row, Value column);
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value add(Value x, Value y) {
    return b.createOrFold<arith::AddIOp>(loc, x, y);
  }

  linalg::LinalgOp op;
  OpBuilder &b;
  Location loc;
  cuda::KernelBuilder k;
  /// The loops along which results and crossing inputs lie.
  unsigned along = 0, across = 0;
  /// Numbers of the crossing inputs, and where in shared memory each is.
  SmallVector<unsigned> crossing;
  SmallVector<int64_t> offsets;
  Value lane, warp, firstAlong, firstAcross, shared;
  SmallVector<Value> ivs;
};

} // namespace

/// The loop along which all results lie.
bool TiledTranspose::findResultLoop() {
  for (auto [i, map] :
       llvm::enumerate(ArrayRef(maps).drop_front(op.getNumDpsInputs()))) {
    auto last = map.getNumResults() == 0
                    ? AffineDimExpr(nullptr)
                    : dyn_cast<AffineDimExpr>(map.getResults().back());
    if (!last || !map.isProjectedPermutation() ||
        (i > 0 && last.getPosition() != along))
      return false;
    along = last.getPosition();
  }
  return true;
}

/// Notes an input that lies along another loop; false where that is not the
/// loop of the others, or its elements are of no tile.
bool TiledTranspose::findCrossing(unsigned operand) {
  AffineMap map = maps[operand];
  auto type = dyn_cast<MemRefType>(operands[operand].getType());
  if (!type || !map.isFunctionOfDim(along) ||
      op.getBlock()->getArgument(operand).use_empty())
    return true;
  if (!map.isProjectedPermutation())
    return false;
  unsigned last = cast<AffineDimExpr>(map.getResults().back()).getPosition();
  if (last == along)
    return true;
  SmallVector<int64_t> strides;
  int64_t offset;
  Type element = type.getElementType();
  if ((!crossing.empty() && last != across) || !element.isIntOrFloat() ||
      element.getIntOrFloatBitWidth() < 8 ||
      failed(type.getStridesAndOffset(strides, offset)) || strides.back() != 1)
    return false;
  across = last;
  crossing.push_back(operand);
  return true;
}

bool TiledTranspose::fillsTile(unsigned loop) {
  std::optional<int64_t> size = getConstantIntValue(sizes[loop]);
  return !size || *size >= leastSize;
}

bool TiledTranspose::isOne() {
  if (!op.hasPureBufferSemantics() || op.getNumDpsInits() == 0 ||
      !llvm::all_of(iterators,
                    [](utils::IteratorType type) {
                      return type == utils::IteratorType::parallel;
                    }) ||
      !llvm::all_of(op.getBlock()->without_terminator(), [](Operation &inner) {
        return inner.getNumRegions() == 0 && isMemoryEffectFree(&inner);
      }))
    return false;
  if (!findResultLoop())
    return false;
  for (unsigned i = 0; i < op.getNumDpsInputs(); ++i)
    if (!findCrossing(i))
      return false;
  // What results held before is read where they are written.
  return !crossing.empty() && fillsTile(along) && fillsTile(across);
}

Value TiledTranspose::sharedAt(unsigned input, Value row, Value column) {
  auto type = cast<MemRefType>(operands[crossing[input]].getType());
  Value element = k.add(k.mul(k.toInt(row), pitch), k.toInt(column));
  Value bytes = k.mul(element, cuda::bytesOf(type.getElementType()));
  return k.advance(shared, k.add(bytes, offsets[input]));
}

/// Where the block's tile begins, and the other loops' places.
void TiledTranspose::findTile() {
  Value size = constant(tileSize);
  auto tilesOf = [&](unsigned loop) {
    return b.createOrFold<arith::CeilDivUIOp>(loc, sizes[loop], size);
  };
  SmallVector<std::pair<unsigned, Value>> order = {{along, tilesOf(along)},
                                                   {across, tilesOf(across)}};
  for (unsigned i = sizes.size(); i-- > 0;)
    if (i != along && i != across)
      order.push_back({i, sizes[i]});
  Value count = constant(1);
  for (auto [loop, steps] : order)
    count = b.createOrFold<arith::MulIOp>(loc, count, steps);
  int64_t bytes = 0;
  for (unsigned input : crossing) {
    offsets.push_back(bytes);
    auto type = cast<MemRefType>(operands[input].getType());
    constexpr int64_t alignment = 16;
    bytes += llvm::alignTo(
        tileSize * pitch * cuda::bytesOf(type.getElementType()), alignment);
  }
  gpu::LaunchOp launch =
      cuda::createLaunch(b, loc, cuda::rowOfBlocks(b, loc, count),
                         constant(warps * cuda::warpSize), k.constant(bytes));
  Value thread = launch.getThreadIds().x;
  lane = arith::RemUIOp::create(b, loc, thread, size);
  warp = arith::DivUIOp::create(b, loc, thread, size);
  shared = k.sharedMemory();
  ivs.assign(sizes.size(), Value());
  Value rest = launch.getBlockIds().x;
  for (auto [loop, steps] : ArrayRef(order).drop_back()) {
    ivs[loop] = b.createOrFold<arith::RemUIOp>(loc, rest, steps);
    rest = b.createOrFold<arith::DivUIOp>(loc, rest, steps);
  }
  ivs[order.back().first] = rest;
  firstAlong = arith::MulIOp::create(b, loc, ivs[along], size);
  firstAcross = arith::MulIOp::create(b, loc, ivs[across], size);
}

void TiledTranspose::inside(llvm::function_ref<void()> body) {
  Value condition;
  for (unsigned loop : {along, across}) {
    std::optional<int64_t> known = getConstantIntValue(sizes[loop]);
    if (known && *known % tileSize == 0)
      continue;
    Value isInside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                                           ivs[loop], sizes[loop]);
    condition = condition ? k.both(condition, isInside) : isInside;
  }
  if (!condition)
    return body();
  auto branch = scf::IfOp::create(b, loc, condition, /*withElse=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  body();
}

/// Lanes read neighbours of the crossing inputs.
void TiledTranspose::readTile() {
  ivs[across] = add(firstAcross, lane);
  for (int64_t i = 0; i < tileSize; i += warps) {
    Value row = add(warp, constant(i));
    ivs[along] = add(firstAlong, row);
    inside([&] {
      for (auto [input, operand] : llvm::enumerate(crossing)) {
        Value element = memref::LoadOp::create(
            b, loc, operands[operand],
            lower::indicesAt(b, loc, maps[operand], ivs));
        LLVM::StoreOp::create(b, loc, element, sharedAt(input, row, lane));
      }
    });
  }
}

/// An element of the results, whose inputs of the tile are at `row`, `column`.
void TiledTranspose::computeElement(Value row, Value column) {
  IRMapping mapping;
  for (auto [i, argument] : llvm::enumerate(op.getBlock()->getArguments())) {
    if (argument.use_empty())
      continue;
    auto type = dyn_cast<MemRefType>(operands[i].getType());
    auto *found = llvm::find(crossing, i);
    if (!type)
      mapping.map(argument, operands[i]);
    else if (found != crossing.end())
      mapping.map(argument, LLVM::LoadOp::create(
                                b, loc, type.getElementType(),
                                sharedAt(found - crossing.begin(), row, column))
                                .getResult());
    else
      mapping.map(argument,
                  memref::LoadOp::create(b, loc, operands[i],
                                         lower::indicesAt(b, loc, maps[i], ivs))
                      .getResult());
  }
  for (Operation &inner : op.getBlock()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      mapping.map(index.getResult(), ivs[index.getDim()]);
      continue;
    }
    Operation *clone = b.clone(inner, mapping);
    // As lower::lowerToLoops does: a fused multiply-add rounds once.
    if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(clone))
      clone->setAttr("fastmath",
                     arith::FastMathFlagsAttr::get(
                         b.getContext(), arith::FastMathFlags::contract));
  }
  for (auto [i, yielded] :
       llvm::enumerate(op.getBlock()->getTerminator()->getOperands())) {
    unsigned result = op.getNumDpsInputs() + i;
    memref::StoreOp::create(b, loc, mapping.lookupOrDefault(yielded),
                            operands[result],
                            lower::indicesAt(b, loc, maps[result], ivs));
  }
}

/// Lanes write neighbours of the results.
void TiledTranspose::writeTile() {
  ivs[along] = add(firstAlong, lane);
  for (int64_t i = 0; i < tileSize; i += warps) {
    Value column = add(warp, constant(i));
    ivs[across] = add(firstAcross, column);
    inside([&] { computeElement(lane, column); });
  }
}

void TiledTranspose::emit() {
  findTile();
  readTile();
  k.barrier();
  writeTile();
  op->erase();
}

namespace {

class TransposeByTilesPass
    : public cuda::impl::CudaTransposeByTilesPassBase<TransposeByTilesPass> {
public:
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (!op->getParentOfType<gpu::LaunchOp>())
        ops.push_back(op);
    });
    OpBuilder b(&getContext());
    for (linalg::LinalgOp op : ops) {
      b.setInsertionPoint(op);
      TiledTranspose transpose(op, b);
      if (transpose.isOne())
        transpose.emit();
    }
  }
};

} // namespace
