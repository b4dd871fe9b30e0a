//===- SelectSorts.cpp - counts of pairs become sorts -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/CUDA/Cuda.h"
#include "tfc/Target/CUDA/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDASELECTSORTSPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

/// `x < y`, of floating-point numbers, or of integers with a sign or without.
struct Less {
  Value x, y;
  bool isUnsigned = false;
};

std::optional<Less> asLess(Value value) {
  if (auto compare = value.getDefiningOp<arith::CmpIOp>()) {
    Value lhs = compare.getLhs(), rhs = compare.getRhs();
    switch (compare.getPredicate()) {
    case arith::CmpIPredicate::slt:
      return Less{lhs, rhs};
    case arith::CmpIPredicate::sgt:
      return Less{rhs, lhs};
    case arith::CmpIPredicate::ult:
      return Less{lhs, rhs, true};
    case arith::CmpIPredicate::ugt:
      return Less{rhs, lhs, true};
    default:
      return std::nullopt;
    }
  }
  if (auto compare = value.getDefiningOp<arith::CmpFOp>()) {
    if (compare.getPredicate() == arith::CmpFPredicate::OLT)
      return Less{compare.getLhs(), compare.getRhs()};
    if (compare.getPredicate() == arith::CmpFPredicate::OGT)
      return Less{compare.getRhs(), compare.getLhs()};
  }
  return std::nullopt;
}

/// The two numbers that `value` says are equal; null if it says else.
std::pair<Value, Value> asEqual(Value value) {
  if (auto compare = value.getDefiningOp<arith::CmpIOp>())
    if (compare.getPredicate() == arith::CmpIPredicate::eq)
      return {compare.getLhs(), compare.getRhs()};
  if (auto compare = value.getDefiningOp<arith::CmpFOp>())
    if (compare.getPredicate() == arith::CmpFPredicate::OEQ)
      return {compare.getLhs(), compare.getRhs()};
  return {};
}

/// Whether `x`, computed from `xElement`, is what `y` is of `yElement`.
bool isSame(Value x, BlockArgument xElement, Value y, BlockArgument yElement) {
  if (x == xElement)
    return y == yElement;
  Region *body = xElement.getParentRegion();
  if (x.getParentRegion() != body)
    return x == y;
  Operation *xOp = x.getDefiningOp(), *yOp = y.getDefiningOp();
  if (!xOp || !yOp || xOp->getName() != yOp->getName() ||
      isa<linalg::IndexOp>(xOp) ||
      xOp->getAttrDictionary() != yOp->getAttrDictionary() ||
      xOp->getPropertiesAsAttribute() != yOp->getPropertiesAsAttribute() ||
      xOp->getNumOperands() != yOp->getNumOperands() ||
      xOp->getNumResults() != 1 || xOp->getNumRegions() != 0 ||
      !isMemoryEffectFree(xOp))
    return false;
  return llvm::all_of(
      llvm::zip_equal(xOp->getOperands(), yOp->getOperands()), [&](auto pair) {
        return isSame(std::get<0>(pair), xElement, std::get<1>(pair), yElement);
      });
}

/// The operations of the body that `value` needs.
void collect(Value value, Block *body, SetVector<Operation *> &operations) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != body)
    return;
  for (Value operand : op->getOperands())
    collect(operand, body, operations);
  operations.insert(op);
}

/// A count, for each element of a row, of the elements that come before it.
struct Count {
  /// The dimension of rows, and the loops over its elements: each one, and
  /// those that it is compared with.
  unsigned dimension, mine, its;
  BlockArgument element;
  /// What rows are sorted by, computed from `element`.
  Value key;
  bool isDescending, isUnsigned;
};

/// The element of the second input that the loop `its` goes over.
LogicalResult findRows(linalg::GenericOp op, Count &count,
                       BlockArgument &other) {
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  if (reductions.size() != 1 || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1 ||
      op.getDpsInputs()[0] != op.getDpsInputs()[1] ||
      !op.hasPureTensorSemantics())
    return failure();
  count.its = reductions.front();
  unsigned first =
      op.getIndexingMapsArray()[0].isFunctionOfDim(count.its) ? 1 : 0;
  AffineMap mine = op.getIndexingMapsArray()[first],
            its = op.getIndexingMapsArray()[1 - first];
  if (mine != op.getIndexingMapsArray()[2] || !mine.isProjectedPermutation() ||
      mine.getNumResults() != op.getNumLoops() - 1)
    return failure();
  std::optional<unsigned> at;
  for (unsigned i = 0; i < mine.getNumResults(); ++i) {
    if (mine.getResult(i) == its.getResult(i))
      continue;
    if (at || its.getResult(i) != getAffineDimExpr(count.its, op.getContext()))
      return failure();
    at = i;
  }
  if (!at)
    return failure();
  count.dimension = *at;
  count.mine = mine.getDimPosition(*at);
  count.element = op.getBlock()->getArgument(first);
  other = op.getBlock()->getArgument(1 - first);
  return success();
}

/// What is added to the count: one where the condition holds.
Value conditionOf(linalg::GenericOp op) {
  Value total = op.getBlock()->getTerminator()->getOperand(0);
  auto add = total.getDefiningOp<arith::AddIOp>();
  if (!add)
    return {};
  Value soFar = op.getBlock()->getArgument(2);
  Value more = add.getLhs() == soFar   ? add.getRhs()
               : add.getRhs() == soFar ? add.getLhs()
                                       : Value();
  if (!more)
    return {};
  if (auto extend = more.getDefiningOp<arith::ExtUIOp>())
    return extend.getIn().getType().isInteger(1) ? extend.getIn() : Value();
  auto select = more.getDefiningOp<arith::SelectOp>();
  if (select && matchPattern(select.getTrueValue(), m_One()) &&
      matchPattern(select.getFalseValue(), m_Zero()))
    return select.getCondition();
  return {};
}

FailureOr<Count> matchCount(linalg::GenericOp op, RewriterBase &rewriter) {
  Count count;
  BlockArgument other;
  if (failed(findRows(op, count, other)))
    return rewriter.notifyMatchFailure(
        op, "it does not compare the elements of rows with each other");
  Value init = op.getDpsInits()[0];
  auto fill = init.getDefiningOp<linalg::FillOp>();
  if (!matchPattern(fill ? fill.getInputs()[0] : init, m_Zero()))
    return rewriter.notifyMatchFailure(op, "it does not count from zero");
  Value condition = conditionOf(op);
  auto either = condition ? condition.getDefiningOp<arith::OrIOp>() : nullptr;
  if (!either)
    return rewriter.notifyMatchFailure(op, "it does not count");
  for (auto [before, tie] : {std::pair(either.getLhs(), either.getRhs()),
                             std::pair(either.getRhs(), either.getLhs())}) {
    auto both = tie.getDefiningOp<arith::AndIOp>();
    std::optional<Less> less = asLess(before);
    if (!both || !less)
      continue;
    for (auto [equal, earlier] : {std::pair(both.getLhs(), both.getRhs()),
                                  std::pair(both.getRhs(), both.getLhs())}) {
      std::optional<Less> order = asLess(earlier);
      auto first = order ? order->x.getDefiningOp<linalg::IndexOp>() : nullptr,
           second = order ? order->y.getDefiningOp<linalg::IndexOp>() : nullptr;
      auto [x, y] = asEqual(equal);
      if (!first || !second || first.getDim() != count.its ||
          second.getDim() != count.mine || !x)
        continue;
      count.isUnsigned = less->isUnsigned;
      count.isDescending = isSame(less->x, count.element, less->y, other);
      count.key = count.isDescending ? less->x : less->y;
      Value itsKey = count.isDescending ? less->y : less->x;
      if (isSame(count.key, count.element, itsKey, other) &&
          ((x == count.key && y == itsKey) || (x == itsKey && y == count.key)))
        return count;
    }
  }
  return rewriter.notifyMatchFailure(
      op, "it does not count what is less, or equal and earlier");
}

/// A number's bits as an integer that is less where the number is; both zeros
/// are one, and NaN is what is given.
Value orderedBits(OpBuilder &b, Location loc, Value x, const APInt &nan) {
  auto type = cast<FloatType>(x.getType());
  unsigned width = type.getWidth();
  Type integer = b.getIntegerType(width);
  auto constant = [&](const APInt &value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getIntegerAttr(integer, value));
  };
  Value zero = arith::ConstantOp::create(b, loc, b.getFloatAttr(type, 0));
  Value isZero =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x, zero);
  Value bits = arith::BitcastOp::create(
      b, loc, integer, arith::SelectOp::create(b, loc, isZero, zero, x));
  Value sign =
      arith::ShRSIOp::create(b, loc, bits, constant(APInt(width, width - 1)));
  Value low = arith::AndIOp::create(b, loc, sign,
                                    constant(APInt::getSignedMaxValue(width)));
  Value isNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, x, x);
  return arith::SelectOp::create(b, loc, isNan, constant(nan),
                                 arith::XOrIOp::create(b, loc, bits, low));
}

/// What `count` sorts by, of `element`.
Value cloneKey(OpBuilder &b, const Count &count, Value element) {
  SetVector<Operation *> operations;
  collect(count.key, count.element.getOwner(), operations);
  IRMapping mapping;
  mapping.map(count.element, element);
  for (Operation *op : operations)
    b.clone(*op, mapping);
  return mapping.lookupOrDefault(count.key);
}

/// The region of a sort: a signed integer, the least first.
void writeKey(OpBuilder &b, Location loc, const Count &count, Value element) {
  Value key = cloneKey(b, count, element);
  unsigned width = key.getType().getIntOrFloatBitWidth();
  // Comparisons with NaN fail: it comes after all that count each other.
  if (isa<FloatType>(key.getType()))
    key = orderedBits(b, loc, key,
                      count.isDescending ? APInt::getSignedMinValue(width)
                                         : APInt::getSignedMaxValue(width));
  auto flip = [&](const APInt &bits) {
    Value mask = arith::ConstantOp::create(
        b, loc, b.getIntegerAttr(key.getType(), bits));
    key = arith::XOrIOp::create(b, loc, key, mask);
  };
  if (count.isUnsigned)
    flip(APInt::getSignMask(width));
  if (count.isDescending)
    flip(APInt::getAllOnes(width));
  YieldOp::create(b, loc, key);
}

/// A destination without what it is filled with, all of which is overwritten.
Value unfilled(Value init) {
  auto fill = init.getDefiningOp<linalg::FillOp>();
  return fill ? fill.getOutputs()[0] : init;
}

struct SelectPlaces : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    FailureOr<Count> count = matchCount(op, rewriter);
    if (failed(count))
      return failure();
    Type key = count->key.getType(), place = op.getResultTypes()[0];
    auto type = cast<RankedTensorType>(place);
    if (!isa<IntegerType, Float16Type, BFloat16Type, Float32Type, Float64Type>(
            key) ||
        key.getIntOrFloatBitWidth() > 64)
      return rewriter.notifyMatchFailure(op, "its keys are too wide");
    Location loc = op.getLoc();
    Value input = op.getDpsInputs()[0];
    auto sort =
        SortOp::create(rewriter, loc, op.getResultTypes(), count->dimension,
                       input, ValueRange(unfilled(op.getDpsInits()[0])));
    {
      OpBuilder::InsertionGuard guard(rewriter);
      Block *body = rewriter.createBlock(&sort.getKey(), {},
                                         {count->element.getType()}, {loc});
      writeKey(rewriter, loc, *count, body->getArgument(0));
    }
    Value places = sort.getResult(0);
    if (isa<FloatType>(key))
      places = withoutNan(rewriter, loc, *count, input, places, type);
    rewriter.replaceOp(op, places);
    return success();
  }

private:
  /// Nothing comes before NaN: comparisons with it fail.
  static Value withoutNan(OpBuilder &b, Location loc, const Count &count,
                          Value input, Value places, RankedTensorType type) {
    AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> loops(type.getRank(),
                                           utils::IteratorType::parallel);
    Value empty = tensor::EmptyOp::create(
        b, loc, tensor::getMixedSizes(b, loc, places), type.getElementType());
    return linalg::GenericOp::create(
               b, loc, type, ValueRange{input, places}, empty,
               ArrayRef<AffineMap>{identity, identity, identity}, loops,
               [&](OpBuilder &inner, Location loc, ValueRange v) {
                 Value key = cloneKey(inner, count, v[0]);
                 Value isNan = arith::CmpFOp::create(
                     inner, loc, arith::CmpFPredicate::UNO, key, key);
                 Value zero = arith::ConstantOp::create(
                     inner, loc, inner.getZeroAttr(type.getElementType()));
                 linalg::YieldOp::create(
                     inner, loc,
                     arith::SelectOp::create(inner, loc, isNan, zero, v[1])
                         .getResult());
               })
        .getResult(0);
  }
};

/// The loop whose number `value` is.
std::optional<unsigned> loopOf(Value value) {
  if (auto cast = value.getDefiningOp<arith::IndexCastOp>())
    value = cast.getIn();
  auto index = value.getDefiningOp<linalg::IndexOp>();
  return index ? std::optional<unsigned>(index.getDim()) : std::nullopt;
}

/// Goes over a row for each result to find the element whose place it is.
struct SelectFirst : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 2 ||
        !op.hasPureTensorSemantics())
      return rewriter.notifyMatchFailure(op, "it has other operands");
    auto sort = op.getDpsInputs()[1].getDefiningOp<SortOp>();
    if (!sort || !sort.givesPlaces() || sort.getInput() != op.getDpsInputs()[0])
      return rewriter.notifyMatchFailure(op, "it reads no places of a sort");
    if (!picks(op, sort.getDimension()))
      return rewriter.notifyMatchFailure(
          op, "it does not take the elements of the first places");
    SmallVector<Value> inits = llvm::map_to_vector(op.getDpsInits(), unfilled);
    auto first = SortOp::create(rewriter, op.getLoc(), op.getResultTypes(),
                                sort.getDimension(), sort.getInput(), inits);
    rewriter.cloneRegionBefore(sort.getKey(), first.getKey(),
                               first.getKey().end());
    rewriter.replaceOp(op, first);
    return success();
  }

private:
  static bool picks(linalg::GenericOp op, unsigned dimension) {
    SmallVector<unsigned> reductions;
    op.getReductionDims(reductions);
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    if (reductions.size() != 1 || maps[0] != maps[1] || maps[2] != maps[3])
      return false;
    for (unsigned i = 0; i < maps[0].getNumResults(); ++i)
      if (i != dimension && maps[0].getResult(i) != maps[2].getResult(i))
        return false;
    AffineExpr along = getAffineDimExpr(reductions[0], op.getContext());
    auto place = dyn_cast<AffineDimExpr>(maps[2].getResult(dimension));
    if (!maps[0].isProjectedPermutation() || !place ||
        !maps[2].isProjectedPermutation() ||
        maps[2].getNumResults() != op.getNumLoops() - 1 ||
        maps[0].getResult(dimension) != along)
      return false;
    Block *body = op.getBlock();
    auto value = body->getTerminator()
                     ->getOperand(0)
                     .getDefiningOp<arith::SelectOp>(),
         position = body->getTerminator()
                        ->getOperand(1)
                        .getDefiningOp<arith::SelectOp>();
    if (!value || !position ||
        value.getCondition() != position.getCondition() ||
        value.getTrueValue() != body->getArgument(0) ||
        value.getFalseValue() != body->getArgument(2) ||
        position.getFalseValue() != body->getArgument(3) ||
        loopOf(position.getTrueValue()) != reductions[0])
      return false;
    auto [x, y] = asEqual(value.getCondition());
    Value wanted = x == body->getArgument(1)   ? y
                   : y == body->getArgument(1) ? x
                                               : Value();
    return wanted && loopOf(wanted) == place.getPosition();
  }
};

class SelectSortsPass
    : public cuda::impl::CudaSelectSortsPassBase<SelectSortsPass> {
public:
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SelectPlaces, SelectFirst>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
