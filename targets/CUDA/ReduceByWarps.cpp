//===- ReduceByWarps.cpp - a warp for each sum ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

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
  Value combineElements(Value count);
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

/// What a lane makes of every 32nd number from its own on.
Value Reduction::combineElements(Value lane) {
  Location loc = op.getLoc();
  Value count = getValueOrCreateConstantIndexOp(
      *b, loc, op.createLoopRanges(*b, loc)[loop].size);
  Value start = arith::ConstantOp::create(*b, loc, neutral);
  auto forOp = scf::ForOp::create(*b, loc, lane, count,
                                  constant(cuda::warpSize), ValueRange(start));
  OpBuilder::InsertionGuard guard(*b);
  b->setInsertionPointToStart(forOp.getBody());
  ivs[loop] = forOp.getInductionVar();
  IRMapping mapping;
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (op.isDpsInit(&operand))
      mapping.map(argument, forOp.getRegionIterArg(0));
    else if (!isa<MemRefType>(operand.get().getType()))
      mapping.map(argument, operand.get());
    else if (!argument.use_empty())
      mapping.map(argument,
                  memref::LoadOp::create(
                      *b, loc, operand.get(),
                      indicesOf(op.getMatchingIndexingMap(&operand))));
  }
  for (Operation &inner : op.getBlock()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      mapping.map(index.getResult(), ivs[index.getDim()]);
      continue;
    }
    Operation *clone = b->clone(inner, mapping);
    if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(clone))
      clone->setAttr("fastmath",
                     arith::FastMathFlagsAttr::get(
                         b->getContext(), arith::FastMathFlags::contract));
  }
  scf::YieldOp::create(
      *b, loc, mapping.lookup(op.getBlock()->getTerminator()->getOperand(0)));
  return forOp.getResult(0);
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
