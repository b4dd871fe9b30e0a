//===- SelectProducts.cpp - contractions become products --------*- C++ -*-===//
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
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDASELECTPRODUCTSPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

/// A factor of a product: a tensor and, for each of its dimensions, an
/// expression of the contraction's loops.
struct Factor {
  Value tensor;
  AffineMap map;

  bool isFunctionOf(unsigned loop) const { return map.isFunctionOfDim(loop); }
  bool isIndexedBy(unsigned loop) const {
    AffineExpr dim = getAffineDimExpr(loop, map.getContext());
    return llvm::count(map.getResults(), dim) == 1 &&
           llvm::count_if(map.getResults(), [&](AffineExpr result) {
             return result.isFunctionOfDim(loop);
           }) == 1;
  }
  AffineExpr last() const {
    return map.getNumResults() ? map.getResults().back() : AffineExpr();
  }
};

/// The argument of the body that `value` is, in f32 or made so.
BlockArgument argumentOf(Value value) {
  if (auto extended = value.getDefiningOp<arith::ExtFOp>())
    value = extended.getIn();
  return dyn_cast<BlockArgument>(value);
}

/// Whether the body of `op` is the third argument, in f32, plus the product of
/// the first two.
bool addsProducts(linalg::LinalgOp op) {
  Block *body = op.getBlock();
  auto add =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add || !add.getType().isF32())
    return false;
  for (auto [sum, term] : {std::pair(add.getLhs(), add.getRhs()),
                           std::pair(add.getRhs(), add.getLhs())}) {
    auto multiply = term.getDefiningOp<arith::MulFOp>();
    if (!multiply || sum != body->getArgument(2))
      continue;
    BlockArgument lhs = argumentOf(multiply.getLhs()),
                  rhs = argumentOf(multiply.getRhs());
    return lhs && rhs && lhs != rhs && lhs.getArgNumber() < 2 &&
           rhs.getArgNumber() < 2;
  }
  return false;
}

/// Reads through what only brings elements to other places, as long as that
/// leaves elements that are neighbours in memory to a loop of the product.
Factor readThrough(Factor factor, ArrayRef<unsigned> contiguous) {
  auto moves = factor.tensor.getDefiningOp<linalg::LinalgOp>();
  if (!moves || moves.getNumDpsInputs() != 1 || moves.getNumDpsInits() != 1 ||
      !moves.hasPureTensorSemantics() ||
      moves.getNumParallelLoops() != moves.getNumLoops() ||
      moves.getBlock()->getTerminator()->getOperand(0) !=
          moves.getBlock()->getArgument(0) ||
      !isa<RankedTensorType>(moves.getDpsInputOperand(0)->get().getType()))
    return factor;
  AffineMap from = moves.getMatchingIndexingMap(moves.getDpsInputOperand(0)),
            to = moves.getMatchingIndexingMap(moves.getDpsInitOperand(0));
  if (!to.isPermutation() || from.getNumResults() == 0)
    return factor;
  Factor moved{moves.getDpsInputOperand(0)->get(),
               from.compose(inversePermutation(to)).compose(factor.map)};
  auto isLoop = [&](unsigned loop) {
    return moved.last() == getAffineDimExpr(loop, moved.map.getContext());
  };
  return llvm::any_of(contiguous, isLoop) ? moved : factor;
}

/// What a contraction's loops are in the product.
struct Loops {
  SmallVector<unsigned> batch;
  std::optional<unsigned> m, n;
  unsigned k;
};

FailureOr<Loops> loopsOf(linalg::LinalgOp op, const Factor &a, const Factor &b,
                         AffineMap init, RewriterBase &rewriter) {
  Loops loops;
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  if (reductions.size() != 1)
    return rewriter.notifyMatchFailure(op, "it sums over more than one loop");
  loops.k = reductions.front();
  if (!a.isIndexedBy(loops.k) || !b.isIndexedBy(loops.k))
    return rewriter.notifyMatchFailure(op, "the sum does not run along a "
                                           "dimension of both factors");
  // The loops of the result, the innermost first.
  for (AffineExpr result : llvm::reverse(init.getResults())) {
    unsigned loop = cast<AffineDimExpr>(result).getPosition();
    if (!loops.m && a.isIndexedBy(loop) && !b.isFunctionOf(loop))
      loops.m = loop;
    else if (!loops.n && b.isIndexedBy(loop) && !a.isFunctionOf(loop))
      loops.n = loop;
    else
      loops.batch.push_back(loop);
  }
  std::reverse(loops.batch.begin(), loops.batch.end());
  return loops;
}

/// From the contraction's loops to (batch..., m, n, k).
AffineMap reordered(AffineMap map, const Loops &loops) {
  unsigned count = loops.batch.size() + 3;
  MLIRContext *context = map.getContext();
  SmallVector<AffineExpr> dims(map.getNumDims(),
                               getAffineConstantExpr(0, context));
  for (auto [i, loop] : llvm::enumerate(loops.batch))
    dims[loop] = getAffineDimExpr(i, context);
  if (loops.m)
    dims[*loops.m] = getAffineDimExpr(count - 3, context);
  if (loops.n)
    dims[*loops.n] = getAffineDimExpr(count - 2, context);
  dims[loops.k] = getAffineDimExpr(count - 1, context);
  return map.replaceDimsAndSymbols(dims, {}, count, 0);
}

/// Constants in f16 of constants in f32, one for equal ones.
class RoundedConstants {
public:
  /// Null where the elements are not in memory.
  TypedAttr of(ElementsAttr constant) {
    TypedAttr &known = byConstant[constant.getAsOpaquePointer()];
    if (!known)
      known = rounded(constant);
    return known;
  }

private:
  static TypedAttr rounded(ElementsAttr constant) {
    auto type = dyn_cast<RankedTensorType>(constant.getType());
    if (!type)
      return {};
    type = type.clone(Float16Type::get(type.getContext()));
    AsmResourceBlob blob = HeapAsmResourceBlob::allocate(
        type.getNumElements() * sizeof(uint16_t), alignof(uint64_t));
    MutableArrayRef<uint16_t> halves(
        reinterpret_cast<uint16_t *>(blob.getMutableData().data()),
        type.getNumElements());
    auto store = [&](auto &&floats) {
      for (auto [half, number] : llvm::zip_equal(halves, floats)) {
        APFloat value(number);
        bool losesInfo;
        value.convert(APFloat::IEEEhalf(), APFloat::rmNearestTiesToEven,
                      &losesInfo);
        half = value.bitcastToAPInt().getZExtValue();
      }
    };
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant)) {
      AsmResourceBlob *from = resource.getRawHandle().getBlob();
      if (!from)
        return {};
      store(from->getDataAs<float>());
    } else if (auto dense = dyn_cast<DenseElementsAttr>(constant)) {
      store(dense.getValues<float>());
    } else {
      return {};
    }
    return DenseResourceElementsAttr::get(type, "rounded", std::move(blob));
  }

  DenseMap<const void *, TypedAttr> byConstant;
};

class SelectProduct : public OpInterfaceRewritePattern<linalg::LinalgOp> {
public:
  SelectProduct(MLIRContext *context, StringRef matmul,
                RoundedConstants &constants)
      : OpInterfaceRewritePattern(context), matmul(matmul),
        constants(constants) {}

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
        !op.hasPureTensorSemantics() || op->getNumRegions() != 1 ||
        !addsProducts(op))
      return rewriter.notifyMatchFailure(op, "it adds no products in f32");
    Factor a = factor(op, 0), b = factor(op, 1);
    FailureOr<Multiply> multiply = multiplyOf(op, rewriter);
    AffineMap init = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    if (failed(multiply))
      return failure();
    if (!init.isProjectedPermutation() ||
        init.getNumResults() != op.getNumParallelLoops())
      return rewriter.notifyMatchFailure(
          op, "its result is not indexed by its parallel loops");
    FailureOr<Loops> loops = loopsOf(op, a, b, init, rewriter);
    if (failed(loops))
      return failure();
    // Neighbours in the result are neighbours in b.
    if (loops->m && init.getNumResults() &&
        init.getResults().back() ==
            getAffineDimExpr(*loops->m, rewriter.getContext())) {
      std::swap(a, b);
      std::swap(loops->m, loops->n);
    }
    a = readThrough(a, inner(*loops, loops->m));
    b = readThrough(b, inner(*loops, loops->n));
    if (*multiply == Multiply::F16)
      for (Factor *factor : {&a, &b})
        factor->tensor = roundedToHalf(factor->tensor, op.getLoc(), rewriter);
    build(op, a, b, init, *loops, *multiply, rewriter);
    return success();
  }

private:
  static Factor factor(linalg::LinalgOp op, unsigned i) {
    OpOperand *operand = op.getDpsInputOperand(i);
    return {operand->get(), op.getMatchingIndexingMap(operand)};
  }

  static SmallVector<unsigned> inner(const Loops &loops,
                                     std::optional<unsigned> side) {
    SmallVector<unsigned> result = {loops.k};
    if (side)
      result.push_back(*side);
    return result;
  }

  FailureOr<Multiply> multiplyOf(linalg::LinalgOp op,
                                 RewriterBase &rewriter) const {
    Type element = getElementTypeOrSelf(op.getDpsInputOperand(0)->get());
    if (element != getElementTypeOrSelf(op.getDpsInputOperand(1)->get()))
      return rewriter.notifyMatchFailure(op, "its factors' types differ");
    if (element.isF32())
      return *symbolizeMultiply(matmul);
    if (element.isF16())
      return Multiply::F16;
    if (element.isBF16())
      return Multiply::BF16;
    return rewriter.notifyMatchFailure(op, "there is no kernel for its type");
  }

  /// `tensor` in f16: a constant, where it is one.
  Value roundedToHalf(Value tensor, Location loc,
                      PatternRewriter &rewriter) const {
    auto type = cast<RankedTensorType>(tensor.getType());
    Type half = rewriter.getF16Type();
    if (type.getElementType() == half)
      return tensor;
    ElementsAttr constant;
    if (matchPattern(tensor, m_Constant(&constant)))
      if (TypedAttr small = constants.of(constant))
        return arith::ConstantOp::create(rewriter, loc, small);
    Value into = tensor::EmptyOp::create(
        rewriter, loc, tensor::getMixedSizes(rewriter, loc, tensor), half);
    AffineMap map = rewriter.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> loops(type.getRank(),
                                           utils::IteratorType::parallel);
    return linalg::GenericOp::create(
               rewriter, loc, into.getType(), tensor, into,
               ArrayRef<AffineMap>{map, map}, loops,
               [&](OpBuilder &b, Location loc, ValueRange v) {
                 Value small = arith::TruncFOp::create(b, loc, half, v[0]);
                 linalg::YieldOp::create(b, loc, small);
               })
        .getResult(0);
  }

  static void build(linalg::LinalgOp op, Factor a, Factor b, AffineMap init,
                    const Loops &loops, Multiply multiply,
                    PatternRewriter &rewriter) {
    Location loc = op.getLoc();
    Value start = op.getDpsInitOperand(0)->get(), destination = start;
    AffineMap result = reordered(init, loops);
    SmallVector<AffineMap> maps = {reordered(a.map, loops),
                                   reordered(b.map, loops)};
    SmallVector<Value> others;
    auto fill = start.getDefiningOp<linalg::FillOp>();
    if (fill && matchPattern(fill.value(), m_AnyZeroFloat())) {
      destination = fill.output();
    } else {
      others.push_back(start);
      maps.push_back(result);
      destination = tensor::EmptyOp::create(
          rewriter, loc, tensor::getMixedSizes(rewriter, loc, start),
          rewriter.getF32Type());
    }
    maps.push_back(result);
    auto product = ProductOp::create(
        rewriter, loc, op->getResult(0).getType(), multiply,
        rewriter.getAffineMapArrayAttr(maps), a.tensor, b.tensor, others,
        destination, op->getAttrOfType<DenseI64ArrayAttr>("cuda.tile"),
        op->getAttrOfType<IntegerAttr>("cuda.parts"));
    SmallVector<Type> elements(1 + others.size(), rewriter.getF32Type());
    SmallVector<Location> locations(elements.size(), loc);
    OpBuilder::InsertionGuard guard(rewriter);
    Block *body =
        rewriter.createBlock(&product.getEpilogue(), {}, elements, locations);
    Value element = body->getArgument(0);
    if (!others.empty())
      element =
          arith::AddFOp::create(rewriter, loc, element, body->getArgument(1));
    YieldOp::create(rewriter, loc, element);
    rewriter.replaceOp(op, product.getResult());
  }

  std::string matmul;
  RoundedConstants &constants;
};

class SelectProductsPass
    : public cuda::impl::CudaSelectProductsPassBase<SelectProductsPass> {
public:
  using Base::Base;

  void runOnOperation() override {
    if (matmul != "f32" && matmul != "tf32" && matmul != "f16") {
      getOperation().emitError("expected matmul to be f32, tf32 or f16, found ")
          << matmul;
      return signalPassFailure();
    }
    RoundedConstants constants;
    RewritePatternSet patterns(&getContext());
    patterns.add<SelectProduct>(&getContext(), matmul, constants);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
