//===- ReduceByWarps.cpp - a warp for each sum ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Alignment.h"
#include "Launch.h"
#include "tfc/Passes/Lower/Loops.h"
#include "tfc/Target/CUDA/Passes.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/ViewLikeInterfaceUtils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDAREDUCEBYWARPSPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;

namespace {

bool isReduction(utils::IteratorType type) {
  return type == utils::IteratorType::reduction;
}

/// One result of a linalg operation that combines numbers along one loop.
class Reduction {
public:
  explicit Reduction(linalg::LinalgOp op) : op(op) {}

  /// Whether neighbouring numbers lie side by side, are enough for a warp, and
  /// may be combined in any order.
  bool isForWarps();
  void emit(OpBuilder &builder);

private:
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(*b, op.getLoc(), value);
  }
  SmallVector<Value> indicesOf(AffineMap map) {
    return lower::indicesAt(*b, op.getLoc(), map, ivs);
  }
  int64_t pieceWidth();
  bool isAlong(OpOperand &input);
  std::vector<IRMapping> loadPiece(int64_t width);
  Value cloneBody(IRMapping &mapping, int64_t number);
  Value combineElements(Value lane);
  Value combine(Value x, Value y);

  linalg::LinalgOp op;
  OpBuilder *b = nullptr;
  Operation *combiner = nullptr;
  TypedAttr neutral;
  unsigned loop = 0;
  SmallVector<Value> ivs;
};

} // namespace

bool Reduction::isForWarps() {
  SmallVector<utils::IteratorType> types = op.getIteratorTypesArray();
  if (op.getNumDpsInits() != 1 || !op.hasPureBufferSemantics() ||
      llvm::count_if(types, isReduction) != 1)
    return false;
  loop = llvm::find_if(types, isReduction) - types.begin();
  int64_t size = op.getStaticLoopRanges()[loop];
  if (!ShapedType::isDynamic(size) && size < 2 * cuda::warpSize)
    return false;
  bool reads = false;
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    if (!map.isFunctionOfDim(loop))
      continue;
    // What is read along the loop is read by neighbours.
    if (map.getResults().back() != getAffineDimExpr(loop, op.getContext()))
      return false;
    reads = true;
  }
  SmallVector<Operation *> combiners;
  if (!reads ||
      !matchReduction(op.getRegionOutputArgs(), /*redPos=*/0, combiners) ||
      combiners.size() != 1)
    return false;
  combiner = combiners.front();
  std::optional<TypedAttr> found = arith::getNeutralElement(combiner);
  Type type = combiner->getResult(0).getType();
  if (!found || !(type.isF32() || type.isInteger(32)))
    return false;
  neutral = *found;
  return true;
}

Value Reduction::combine(Value x, Value y) {
  OperationState state(op.getLoc(), combiner->getName());
  state.addOperands({x, y});
  state.addTypes(combiner->getResultTypes());
  state.addAttributes(combiner->getAttrs());
  return b->create(state)->getResult(0);
}

/// How many neighbours a lane has at once.
int64_t Reduction::pieceWidth() {
  constexpr int64_t pieceBytes = 16;
  int64_t size = op.getStaticLoopRanges()[loop], largest = 1;
  SmallVector<MemRefType> types;
  for (OpOperand *input : op.getDpsInputOperands())
    if (isAlong(*input)) {
      types.push_back(cast<MemRefType>(input->get().getType()));
      Type element = types.back().getElementType();
      // i1 has a byte each in memory, and is a bit in vectors.
      if (!element.isIntOrFloat() || element.isInteger(1))
        return 1;
      largest = std::max(largest, cuda::bytesOf(element));
    }
  if (ShapedType::isDynamic(size))
    return 1;
  for (int64_t width = pieceBytes / largest; width > 1; width /= 2)
    if (size % width == 0 && size >= width * cuda::warpSize &&
        llvm::all_of(types, [&](MemRefType type) {
          return cuda::isAligned(type, width);
        }))
      return width;
  return 1;
}

bool Reduction::isAlong(OpOperand &input) {
  return op.getMatchingIndexingMap(&input).isFunctionOfDim(loop);
}

/// What the body reads of the piece that begins at the loop's place.
std::vector<IRMapping> Reduction::loadPiece(int64_t width) {
  Location loc = op.getLoc();
  std::vector<IRMapping> mappings(width);
  for (OpOperand *input : op.getDpsInputOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(input);
    Value value = input->get();
    auto type = dyn_cast<MemRefType>(value.getType());
    if (argument.use_empty())
      continue;
    SmallVector<Value> elements(width, value);
    if (type) {
      SmallVector<Value> at = indicesOf(op.getMatchingIndexingMap(input));
      if (width == 1 || !isAlong(*input)) {
        elements.assign(width, memref::LoadOp::create(*b, loc, value, at));
      } else {
        Value piece = vector::LoadOp::create(
            *b, loc, VectorType::get(width, type.getElementType()), value, at,
            /*nontemporal=*/false,
            llvm::Align(width * cuda::bytesOf(type.getElementType())));
        for (int64_t e = 0; e < width; ++e)
          elements[e] = vector::ExtractOp::create(*b, loc, piece, e);
      }
    }
    for (int64_t e = 0; e < width; ++e)
      mappings[e].map(argument, elements[e]);
  }
  return mappings;
}

/// The body for the element that is `number` further than the loop's place.
Value Reduction::cloneBody(IRMapping &mapping, int64_t number) {
  for (Operation &inner : op.getBlock()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      Value place = ivs[index.getDim()];
      if (index.getDim() == loop)
        place = b->createOrFold<arith::AddIOp>(op.getLoc(), place,
                                               constant(number));
      mapping.map(index.getResult(), place);
      continue;
    }
    Operation *clone = b->clone(inner, mapping);
    if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(clone))
      clone->setAttr("fastmath",
                     arith::FastMathFlagsAttr::get(
                         b->getContext(), arith::FastMathFlags::contract));
  }
  return mapping.lookup(op.getBlock()->getTerminator()->getOperand(0));
}

/// What a lane makes of every 32nd piece from its own on.
Value Reduction::combineElements(Value lane) {
  Location loc = op.getLoc();
  int64_t width = pieceWidth();
  Value count = getValueOrCreateConstantIndexOp(
      *b, loc, op.createLoopRanges(*b, loc)[loop].size);
  Value start = arith::ConstantOp::create(*b, loc, neutral);
  Value first = b->createOrFold<arith::MulIOp>(loc, lane, constant(width));
  auto forOp = scf::ForOp::create(*b, loc, first, count,
                                  constant(cuda::warpSize * width),
                                  SmallVector<Value>(width, start));
  {
    OpBuilder::InsertionGuard guard(*b);
    b->setInsertionPointToStart(forOp.getBody());
    ivs[loop] = forOp.getInductionVar();
    std::vector<IRMapping> mappings = loadPiece(width);
    SmallVector<Value> combined;
    for (int64_t e = 0; e < width; ++e) {
      mappings[e].map(op.getMatchingBlockArgument(op.getDpsInitOperand(0)),
                      forOp.getRegionIterArg(e));
      combined.push_back(cloneBody(mappings[e], e));
    }
    scf::YieldOp::create(*b, loc, combined);
  }
  Value all = forOp.getResult(0);
  for (Value other : forOp.getResults().drop_front())
    all = combine(all, other);
  return all;
}

void Reduction::emit(OpBuilder &builder) {
  b = &builder;
  b->setInsertionPoint(op);
  Location loc = op.getLoc();
  SmallVector<Value> sizes;
  for (Range range : op.createLoopRanges(*b, loc))
    sizes.push_back(getValueOrCreateConstantIndexOp(*b, loc, range.size));
  Value count = constant(1);
  for (auto [i, size] : llvm::enumerate(sizes))
    if (i != loop)
      count = b->createOrFold<arith::MulIOp>(loc, count, size);
  auto [rows, lane] = cuda::launchWarps(*b, loc, count);
  ivs.assign(sizes.size(), Value());
  SmallVector<unsigned> outer;
  for (unsigned i = 0; i < sizes.size(); ++i)
    if (i != loop)
      outer.push_back(i);
  Value rest = rows.getInductionVar();
  for (unsigned i : llvm::reverse(ArrayRef(outer).drop_front(!outer.empty()))) {
    ivs[i] = b->createOrFold<arith::RemUIOp>(loc, rest, sizes[i]);
    rest = b->createOrFold<arith::DivUIOp>(loc, rest, sizes[i]);
  }
  if (!outer.empty())
    ivs[outer.front()] = rest;
  Value all = combineElements(lane);
  all = cuda::acrossLanes(*b, loc, all, cuda::allLanes,
                          [&](Value x, Value y) { return combine(x, y); });
  Value isFirst = arith::CmpIOp::create(*b, loc, arith::CmpIPredicate::eq, lane,
                                        constant(0));
  auto branch = scf::IfOp::create(*b, loc, isFirst, /*withElse=*/false);
  b->setInsertionPointToStart(branch.thenBlock());
  OpOperand *init = op.getDpsInitOperand(0);
  SmallVector<Value> at = indicesOf(op.getMatchingIndexingMap(init));
  Value before = memref::LoadOp::create(*b, loc, init->get(), at);
  memref::StoreOp::create(*b, loc, combine(before, all), init->get(), at);
  op->erase();
}

namespace {

class ReduceByWarpsPass
    : public cuda::impl::CudaReduceByWarpsPassBase<ReduceByWarpsPass> {
public:
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (!op->getParentOfType<gpu::LaunchOp>())
        ops.push_back(op);
    });
    OpBuilder b(&getContext());
    for (linalg::LinalgOp op : ops) {
      Reduction reduction(op);
      if (reduction.isForWarps())
        reduction.emit(b);
    }
  }
};

} // namespace
