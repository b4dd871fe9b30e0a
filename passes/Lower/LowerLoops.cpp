//===- LowerLoops.cpp - linalg on buffers to loops --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Lower/Loops.h"
#include "tfc/Passes/Lower/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace tfc::lower {
#define GEN_PASS_DEF_LOWERLOOPSPASS
#include "tfc/Passes/Lower/Passes.h.inc"
} // namespace tfc::lower

using namespace mlir;
using namespace tfc;
using namespace tfc::lower;

namespace {

bool isParallel(utils::IteratorType type) {
  return type == utils::IteratorType::parallel;
}

/// Lowers one linalg operation on buffers.
class LoopLowering : lower::LinalgLoops {
public:
  LoopLowering(linalg::LinalgOp op, OpBuilder &b, DealLoop deal,
               DealtLoops dealt)
      : LinalgLoops(op, b), op(op), b(b), loc(op.getLoc()), deal(deal),
        dealsAll(dealt == DealtLoops::All) {}

  void run();

private:
  void chooseOrder();
  int64_t unitStrideScore(unsigned loop);
  void emitOuter();
  void emitInner();
  void emitReductionInRegisters(unsigned depth, ValueRange accumulators,
                                SmallVectorImpl<Value> &results);
  void emitReductionInMemory(unsigned depth);
  SmallVector<Value> emitBody(ValueRange accumulators);
  SmallVector<Value> indicesOf(AffineMap map) {
    return lower::indicesAt(b, loc, map, ivs);
  }
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }

  linalg::LinalgOp op;
  OpBuilder &b;
  Location loc;
  DealLoop deal;
  bool dealsAll;

  /// Loop numbers: parallel loops outside, then reductions, then perhaps one
  /// parallel loop inside.
  SmallVector<unsigned> outer, reductions;
  std::optional<unsigned> innerParallel;
  Value innerBegin, innerEnd;
  SmallVector<Value> ivs;
};

/// How well loop `loop` stands innermost: operands it walks contiguously,
/// less those it strides through.
int64_t LoopLowering::unitStrideScore(unsigned loop) {
  int64_t score = 0;
  for (auto [operand, map] : llvm::zip(operands, maps)) {
    if (!isa<MemRefType>(operand.getType()))
      continue;
    for (auto [position, expr] : llvm::enumerate(map.getResults())) {
      if (!expr.isFunctionOfDim(loop))
        continue;
      score += position + 1 == map.getNumResults() ? 2 : -2;
    }
  }
  return score;
}

void LoopLowering::chooseOrder() {
  std::optional<unsigned> best;
  int64_t bestScore = 0;
  for (unsigned loop = 0; loop < iterators.size(); ++loop) {
    int64_t score = unitStrideScore(loop);
    // A later loop wins a tie: row-major order.
    if (!best || score >= bestScore) {
      best = loop;
      bestScore = score;
    }
  }
  for (unsigned loop = 0; loop < iterators.size(); ++loop) {
    bool parallel = isParallel(iterators[loop]);
    if (parallel && loop == best && !dealsAll)
      innerParallel = loop;
    else if (parallel)
      outer.push_back(loop);
    else if (loop != best)
      reductions.push_back(loop);
  }
  if (best && !isParallel(iterators[*best]))
    reductions.push_back(*best);
}

/// Emits the body at `ivs`. With `accumulators` they stand for the outputs'
/// elements and the new ones are returned; without, elements are loaded and
/// stored.
SmallVector<Value> LoopLowering::emitBody(ValueRange accumulators) {
  Block *body = op.getBlock();
  IRMapping mapping;
  unsigned numInputs = op.getNumDpsInputs();
  for (unsigned i = 0; i < operands.size(); ++i) {
    BlockArgument argument = body->getArgument(i);
    if (i >= numInputs && !accumulators.empty())
      mapping.map(argument, accumulators[i - numInputs]);
    else if (!isa<MemRefType>(operands[i].getType()))
      mapping.map(argument, operands[i]);
    else if (!argument.use_empty())
      mapping.map(argument, memref::LoadOp::create(b, loc, operands[i],
                                                   indicesOf(maps[i])));
  }
  bool reduces = !reductions.empty();
  for (Operation &inner : body->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      mapping.map(index.getResult(), ivs[index.getDim()]);
      continue;
    }
    Operation *clone = b.clone(inner, mapping);
    // ONNX leaves the order of a sum open, and a fused multiply-add rounds
    // once where two operations round twice.
    if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(clone)) {
      auto flags = arith::FastMathFlags::contract;
      if (reduces)
        flags = flags | arith::FastMathFlags::reassoc;
      clone->setAttr("fastmath",
                     arith::FastMathFlagsAttr::get(b.getContext(), flags));
    }
  }
  SmallVector<Value> yielded;
  for (Value value : body->getTerminator()->getOperands())
    yielded.push_back(mapping.lookupOrDefault(value));
  if (accumulators.empty())
    for (auto [i, value] : llvm::enumerate(yielded))
      memref::StoreOp::create(b, loc, value, operands[numInputs + i],
                              indicesOf(maps[numInputs + i]));
  return yielded;
}

void LoopLowering::emitReductionInRegisters(unsigned depth,
                                            ValueRange accumulators,
                                            SmallVectorImpl<Value> &results) {
  if (depth == reductions.size()) {
    results = emitBody(accumulators);
    return;
  }
  unsigned loop = reductions[depth];
  auto forOp = scf::ForOp::create(b, loc, constant(0), sizes[loop], constant(1),
                                  accumulators);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(forOp.getBody());
  ivs[loop] = forOp.getInductionVar();
  SmallVector<Value> inner;
  emitReductionInRegisters(depth + 1, forOp.getRegionIterArgs(), inner);
  scf::YieldOp::create(b, loc, inner);
  results.assign(forOp.result_begin(), forOp.result_end());
}

void LoopLowering::emitReductionInMemory(unsigned depth) {
  OpBuilder::InsertionGuard guard(b);
  if (depth < reductions.size()) {
    unsigned loop = reductions[depth];
    auto forOp =
        scf::ForOp::create(b, loc, constant(0), sizes[loop], constant(1));
    b.setInsertionPointToStart(forOp.getBody());
    ivs[loop] = forOp.getInductionVar();
    return emitReductionInMemory(depth + 1);
  }
  if (innerParallel) {
    auto forOp = scf::ForOp::create(
        b, loc, innerBegin ? innerBegin : constant(0),
        innerEnd ? innerEnd : sizes[*innerParallel], constant(1));
    b.setInsertionPointToStart(forOp.getBody());
    ivs[*innerParallel] = forOp.getInductionVar();
  }
  emitBody({});
}

void LoopLowering::emitInner() {
  if (reductions.empty() || innerParallel)
    return emitReductionInMemory(0);
  unsigned numInputs = op.getNumDpsInputs();
  SmallVector<Value> accumulators, results;
  for (unsigned i = numInputs; i < operands.size(); ++i)
    accumulators.push_back(
        memref::LoadOp::create(b, loc, operands[i], indicesOf(maps[i])));
  emitReductionInRegisters(0, accumulators, results);
  for (auto [i, value] : llvm::enumerate(results))
    memref::StoreOp::create(b, loc, value, operands[numInputs + i],
                            indicesOf(maps[numInputs + i]));
}

/// Deals the outer loops, or pieces of the only one, to workers.
void LoopLowering::emitOuter() {
  // Loops of one iteration need no loop.
  SmallVector<unsigned> real;
  for (unsigned loop : outer) {
    if (isConstantIntValue(sizes[loop], 1))
      ivs[loop] = constant(0);
    else
      real.push_back(loop);
  }
  outer = real;
  bool cutInner = outer.empty() && innerParallel;
  if (!cutInner && outer.empty() && !(deal && dealsAll))
    return emitInner();

  Value count = cutInner        ? sizes[*innerParallel]
                : outer.empty() ? constant(1)
                                : sizes[outer.front()];
  for (unsigned loop :
       ArrayRef(outer).drop_front(cutInner || outer.empty() ? 0 : 1))
    count = b.createOrFold<arith::MulIOp>(loc, count, sizes[loop]);
  Value work = constant(1);
  for (unsigned loop = 0; loop < sizes.size(); ++loop)
    if (!llvm::is_contained(outer, loop) &&
        !(cutInner && loop == *innerParallel))
      work = b.createOrFold<arith::MulIOp>(loc, work, sizes[loop]);

  OpBuilder::InsertionGuard guard(b);
  LoopPart part{constant(0), count, Value()};
  if (deal)
    part = deal(op, b, count, work);
  if (cutInner) {
    innerBegin = part.begin;
    innerEnd = part.end;
    return emitInner();
  }
  auto forOp = scf::ForOp::create(b, loc, part.begin, part.end,
                                  part.step ? part.step : constant(1));
  b.setInsertionPointToStart(forOp.getBody());
  if (outer.empty())
    return emitInner();
  Value rest = forOp.getInductionVar();
  for (unsigned loop : llvm::reverse(ArrayRef(outer).drop_front())) {
    ivs[loop] = b.createOrFold<arith::RemUIOp>(loc, rest, sizes[loop]);
    rest = b.createOrFold<arith::DivUIOp>(loc, rest, sizes[loop]);
  }
  ivs[outer.front()] = rest;
  emitInner();
}

void LoopLowering::run() {
  collapse(op, b);
  ivs.assign(iterators.size(), Value());
  chooseOrder();
  emitOuter();
  op->erase();
}

/// Expands a dense buffer as a view with computed strides. Upstream's lowering
/// of memref.expand_shape takes one open size a group only.
void lowerExpandShape(memref::ExpandShapeOp op, OpBuilder &b) {
  b.setInsertionPoint(op);
  Location loc = op.getLoc();
  MemRefType type = op.getResultType();
  SmallVector<OpFoldResult> sizes =
      getMixedValues(op.getStaticOutputShape(), op.getOutputShape(), b);
  SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
  for (int64_t d = static_cast<int64_t>(sizes.size()) - 2; d >= 0; --d) {
    std::optional<int64_t> size = getConstantIntValue(sizes[d + 1]),
                           stride = getConstantIntValue(strides[d + 1]);
    if (size && stride) {
      strides[d] = b.getIndexAttr(*size * *stride);
      continue;
    }
    strides[d] = b.createOrFold<arith::MulIOp>(
        loc, getValueOrCreateConstantIndexOp(b, loc, sizes[d + 1]),
        getValueOrCreateConstantIndexOp(b, loc, strides[d + 1]));
  }
  SmallVector<int64_t> staticStrides;
  for (OpFoldResult stride : strides)
    staticStrides.push_back(
        getConstantIntValue(stride).value_or(ShapedType::kDynamic));
  auto strided =
      MemRefType::get(type.getShape(), type.getElementType(),
                      StridedLayoutAttr::get(b.getContext(), 0, staticStrides));
  Value view = memref::ReinterpretCastOp::create(
      b, loc, strided, op.getSrc(), b.getIndexAttr(0), sizes, strides);
  Value dense = memref::CastOp::create(b, loc, type, view);
  op.replaceAllUsesWith(dense);
  op.erase();
}

struct LowerLoopsPass
    : public tfc::lower::impl::LowerLoopsPassBase<LowerLoopsPass> {
  void runOnOperation() override {
    if (failed(lowerToLoops(getOperation())))
      signalPassFailure();
  }
};

} // namespace

lower::LinalgLoops::LinalgLoops(linalg::LinalgOp op, OpBuilder &b)
    : operands(op->getOperands()), maps(op.getIndexingMapsArray()),
      iterators(op.getIteratorTypesArray()) {
  for (Range range : op.createLoopRanges(b, op.getLoc()))
    sizes.push_back(
        getValueOrCreateConstantIndexOp(b, op.getLoc(), range.size));
}

/// Where dimension `loop` is the one result of `map` that depends on it.
static std::optional<unsigned> placeOf(AffineMap map, unsigned loop) {
  AffineExpr dim = getAffineDimExpr(loop, map.getContext());
  std::optional<unsigned> place;
  for (auto [position, result] : llvm::enumerate(map.getResults())) {
    if (!result.isFunctionOfDim(loop))
      continue;
    if (place || result != dim)
      return std::nullopt;
    place = position;
  }
  return place;
}

/// Whether loops `first` to `last`, all but the last of which are known to,
/// walk over `buffer` as one would.
static bool walkAsOne(Value buffer, AffineMap map, unsigned first,
                      unsigned last) {
  auto type = dyn_cast<MemRefType>(buffer.getType());
  if (!type || (!map.isFunctionOfDim(first) && !map.isFunctionOfDim(last)))
    return true;
  std::optional<unsigned> begin = placeOf(map, first), end = placeOf(map, last);
  if (!begin || !end || *end - *begin != last - first)
    return false;
  SmallVector<ReassociationIndices> groups;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    if (d > *begin && d <= *end)
      groups.back().push_back(d);
    else
      groups.push_back({d});
  }
  return memref::CollapseShapeOp::isGuaranteedCollapsible(type, groups);
}

void lower::LinalgLoops::collapse(linalg::LinalgOp op, OpBuilder &b) {
  if (op.hasIndexSemantics())
    return;
  // The new number of each loop, and whether it continues the one before.
  SmallVector<AffineExpr> renamed;
  SmallVector<bool> continues;
  for (unsigned loop = 0, first = 0, next = 0; loop < iterators.size();
       ++loop) {
    continues.push_back(
        loop > 0 && iterators[loop] == iterators[first] &&
        llvm::all_of(llvm::zip(operands, maps), [&](auto operand) {
          auto [buffer, map] = operand;
          return walkAsOne(buffer, map, first, loop);
        }));
    if (!continues.back())
      first = loop;
    next += loop > 0 && !continues.back();
    renamed.push_back(b.getAffineDimExpr(next));
  }
  if (!llvm::is_contained(continues, true))
    return;
  Location loc = op.getLoc();
  unsigned numLoops = iterators.size() - llvm::count(continues, true);
  for (auto [operand, map] : llvm::zip(operands, maps)) {
    SmallVector<ReassociationIndices> groups;
    SmallVector<AffineExpr> results;
    for (auto [position, result] : llvm::enumerate(map.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(result);
      if (dim && continues[dim.getPosition()]) {
        groups.back().push_back(position);
        continue;
      }
      groups.push_back({static_cast<int64_t>(position)});
      results.push_back(result.replaceDims(renamed));
    }
    if (isa<MemRefType>(operand.getType()) &&
        groups.size() < map.getNumResults())
      operand = memref::CollapseShapeOp::create(b, loc, operand, groups);
    map = AffineMap::get(numLoops, 0, results, b.getContext());
  }
  SmallVector<Value> newSizes;
  SmallVector<utils::IteratorType> newIterators;
  for (auto [size, iterator, continued] :
       llvm::zip_equal(sizes, iterators, continues)) {
    if (continued) {
      newSizes.back() =
          b.createOrFold<arith::MulIOp>(loc, newSizes.back(), size);
      continue;
    }
    newSizes.push_back(size);
    newIterators.push_back(iterator);
  }
  sizes = std::move(newSizes);
  iterators = std::move(newIterators);
}

Value lower::rootOf(Value buffer) {
  while (true) {
    if (auto view = buffer.getDefiningOp<ViewLikeOpInterface>())
      buffer = view.getViewSource();
    else if (auto transpose = buffer.getDefiningOp<memref::TransposeOp>())
      buffer = transpose.getIn();
    else
      return buffer;
  }
}

bool lower::addsProducts(linalg::LinalgOp op) {
  Block *body = op.getBlock();
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      llvm::any_of(body->getArgumentTypes(),
                   [](Type type) { return !type.isF32(); }))
    return false;
  auto add =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add)
    return false;
  bool sumFirst = add.getLhs() == body->getArgument(2);
  if (!sumFirst && add.getRhs() != body->getArgument(2))
    return false;
  auto multiply =
      (sumFirst ? add.getRhs() : add.getLhs()).getDefiningOp<arith::MulFOp>();
  if (!multiply)
    return false;
  Value lhs = multiply.getLhs(), rhs = multiply.getRhs();
  return (lhs == body->getArgument(0) && rhs == body->getArgument(1)) ||
         (lhs == body->getArgument(1) && rhs == body->getArgument(0));
}

SmallVector<Value> lower::indicesAt(OpBuilder &b, Location loc, AffineMap map,
                                    ValueRange ivs) {
  SmallVector<Value> indices;
  for (unsigned i = 0; i < map.getNumResults(); ++i) {
    if (auto dim = dyn_cast<AffineDimExpr>(map.getResult(i))) {
      indices.push_back(ivs[dim.getPosition()]);
      continue;
    }
    indices.push_back(getValueOrCreateConstantIndexOp(
        b, loc,
        affine::makeComposedFoldedAffineApply(
            b, loc, map.getSubMap({i}),
            getAsOpFoldResult(SmallVector<Value>(ivs)))));
  }
  return indices;
}

LogicalResult tfc::lower::lowerToLoops(func::FuncOp function, DealLoop deal,
                                       DealtLoops dealt) {
  OpBuilder b(function.getContext());
  SmallVector<memref::ExpandShapeOp> expansions;
  function.walk([&](memref::ExpandShapeOp op) {
    bool several = llvm::any_of(
        op.getReassociationIndices(), [&](const ReassociationIndices &group) {
          return llvm::count_if(group, [&](int64_t d) {
                   return op.getResultType().isDynamicDim(d);
                 }) > 1;
        });
    if (several && op.getSrcType().getLayout().isIdentity() &&
        op.getResultType().getLayout().isIdentity())
      expansions.push_back(op);
  });
  for (memref::ExpandShapeOp op : expansions)
    lowerExpandShape(op, b);
  SmallVector<memref::CopyOp> copies;
  function.walk([&](memref::CopyOp copy) { copies.push_back(copy); });
  for (memref::CopyOp copy : copies) {
    // What was made in its place already is "copied" onto itself.
    b.setInsertionPoint(copy);
    if (copy.getSource() != copy.getTarget())
      linalg::CopyOp::create(b, copy.getLoc(), copy.getSource(),
                             copy.getTarget());
    copy.erase();
  }
  SmallVector<linalg::LinalgOp> ops;
  function.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
  for (linalg::LinalgOp op : ops) {
    if (!op.hasPureBufferSemantics()) {
      return op.emitError("expected operands in buffers");
    }
    b.setInsertionPoint(op);
    LoopLowering(op, b, deal, dealt).run();
  }
  return success();
}
