//===- PrepareTensors.cpp - before bufferisation ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Lower/Loops.h"
#include "tfc/Passes/Lower/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tfc::lower {
#define GEN_PASS_DEF_PREPARETENSORSPASS
#include "tfc/Passes/Lower/Passes.h.inc"
} // namespace tfc::lower

using namespace mlir;

namespace {

/// Matrix products keep their names: kernels know them by these.
bool hasKernel(linalg::LinalgOp op) {
  return linalg::isaContractionOpInterface(op);
}

/// Whether `op` is a product of matrices: of more than one row and column.
bool isMatrixProduct(linalg::LinalgOp op) {
  if (!op || !linalg::isaContractionOpInterface(op) ||
      !tfc::lower::addsProducts(op))
    return false;
  FailureOr<linalg::ContractionDimensions> dims =
      linalg::inferContractionDims(op);
  return succeeded(dims) && !dims->m.empty() && !dims->n.empty();
}

/// Whether `producer` only brings elements to other places, so that a product
/// that reads its operand instead, as `fused`, has neighbours in memory along a
/// dimension that is not the batch's.
bool isTransposeForProduct(linalg::LinalgOp producer, OpOperand &fused) {
  if (!producer || producer.getNumDpsInputs() != 1 ||
      producer.getNumParallelLoops() != producer.getNumLoops() ||
      producer.getBlock()->getTerminator()->getOperand(0) !=
          producer.getBlock()->getArgument(0))
    return false;
  auto product = cast<linalg::LinalgOp>(fused.getOwner());
  AffineMap from =
                producer.getMatchingIndexingMap(producer.getDpsInputOperand(0)),
            to = producer.getMatchingIndexingMap(producer.getDpsInitOperand(0));
  if (!from.isPermutation() || !to.isPermutation())
    return false;
  AffineMap map = from.compose(inversePermutation(to))
                      .compose(product.getMatchingIndexingMap(&fused));
  unsigned last = map.getDimPosition(map.getNumResults() - 1);
  // Both factors and the result have the dimensions of a batch.
  return !llvm::all_of(product.getIndexingMapsArray(), [&](AffineMap other) {
    return other.isFunctionOfDim(last);
  });
}

/// Whether a body takes much longer than reading its result would.
bool isCostly(linalg::LinalgOp op) {
  return llvm::any_of(*op.getBlock(), [](Operation &inner) {
    return isa<arith::DivFOp>(inner) ||
           isa<math::MathDialect>(inner.getDialect());
  });
}

/// Whether what reads `fused` may compute it instead: costly elements once
/// only. A producer that works in the place of its operand would even change it
/// again and again.
bool mayCompute(OpOperand &fused) {
  auto producer = fused.get().getDefiningOp<linalg::LinalgOp>();
  auto consumer = dyn_cast<linalg::LinalgOp>(fused.getOwner());
  if (!producer || !consumer ||
      consumer.getMatchingIndexingMap(&fused).isPermutation())
    return true;
  bool inPlace =
      llvm::any_of(producer.getDpsInitsMutable(), [&](OpOperand &init) {
        return producer.payloadUsesValueFromOperand(&init);
      });
  return !inPlace && !isCostly(producer);
}

/// Whether `value` is `carried` with some of its elements replaced, and so is
/// made in its buffer anyway.
bool isUpdateOf(Value value, Value carried) {
  while (value != carried) {
    auto result = dyn_cast<OpResult>(value);
    if (!result)
      return false;
    if (auto insert = dyn_cast<tensor::InsertOp>(result.getOwner()))
      value = insert.getDest();
    else if (auto slice = dyn_cast<tensor::InsertSliceOp>(result.getOwner()))
      value = slice.getDest();
    else if (auto loop = dyn_cast<scf::ForOp>(result.getOwner()))
      value = loop.getInitArgs()[result.getResultNumber()];
    else
      return false;
  }
  return true;
}

/// Yields `operand`, the new value of `carried`, in the buffer of the old one.
void keepBuffer(OpOperand &operand, Value carried) {
  if (!isa<RankedTensorType>(carried.getType()) ||
      isUpdateOf(operand.get(), carried))
    return;
  OpBuilder b(operand.getOwner());
  operand.set(bufferization::MaterializeInDestinationOp::create(
                  b, operand.getOwner()->getLoc(), carried.getType(),
                  operand.get(), carried)
                  ->getResult(0));
}

/// What a loop carries keeps its buffer from one iteration to the next: the new
/// value is put where the old one was. A buffer of the body's own cannot be
/// handed on, for it has one place in the arena.
void keepCarriedBuffers(ModuleOp module) {
  module.walk([](scf::ForOp loop) {
    auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
    for (auto [operand, carried] :
         llvm::zip(yield->getOpOperands(), loop.getRegionIterArgs()))
      keepBuffer(operand, carried);
  });
  module.walk([](scf::WhileOp loop) {
    // The body sees what the condition hands on to it.
    DenseMap<Value, Value> inBody;
    for (auto [value, argument] :
         llvm::zip(loop.getConditionOp().getArgs(), loop.getAfterArguments()))
      inBody.try_emplace(value, argument);
    for (auto [operand, argument] : llvm::zip(
             loop.getYieldOp()->getOpOperands(), loop.getBeforeArguments()))
      if (Value carried = inBody.lookup(argument))
        keepBuffer(operand, carried);
  });
}

struct PrepareTensorsPass
    : public tfc::lower::impl::PrepareTensorsPassBase<PrepareTensorsPass> {
  using Base::Base;

  void runOnOperation() override {
    // First what reads and writes each element once: else a cheap last step of
    // a costly chain would go into a product, and leave the chain behind.
    if (failed(generalizeAll()) || failed(rewrite([](OpOperand &fused) {
          auto consumer = dyn_cast<linalg::LinalgOp>(fused.getOwner());
          return consumer &&
                 consumer.getNumParallelLoops() == consumer.getNumLoops() &&
                 consumer.getMatchingIndexingMap(&fused).isPermutation();
        })) ||
        failed(rewrite(mayCompute)))
      return signalPassFailure();
    keepCarriedBuffers(getOperation());
  }

private:
  /// Fuses into consumers where `allows` says so, and rewrites the rest.
  LogicalResult rewrite(llvm::function_ref<bool(OpOperand &)> allows) {
    RewritePatternSet patterns(&getContext());
    tensor::populateDecomposeTensorConcatPatterns(patterns);
    linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
    linalg::populateConstantFoldLinalgOperations(
        patterns, [](OpOperand *fused) { return fused->get().hasOneUse(); });
    linalg::populateElementwiseOpsFusionPatterns(
        patterns, [this, allows](OpOperand *fused) {
          Operation *producer = fused->get().getDefiningOp();
          if (!producer || !producer->hasOneUse())
            return false;
          if (productsHaveKernels &&
              isMatrixProduct(dyn_cast<linalg::LinalgOp>(fused->getOwner())))
            return isTransposeForProduct(dyn_cast<linalg::LinalgOp>(producer),
                                         *fused);
          return allows(*fused);
        });
    // A loop that goes away later would leave what it carries behind.
    scf::ForOp::getCanonicalizationPatterns(patterns, &getContext());
    return applyPatternsGreedily(getOperation(), std::move(patterns));
  }

  /// Named operations other than products become linalg.generic, so that they
  /// fuse with their neighbours; products too where they are known by what they
  /// compute.
  LogicalResult generalizeAll() {
    SmallVector<linalg::LinalgOp> named;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (!isa<linalg::GenericOp>(op) &&
          (productsHaveKernels || !hasKernel(op)) && !isa<linalg::FillOp>(op) &&
          op.hasPureTensorSemantics())
        named.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : named) {
      rewriter.setInsertionPoint(op);
      if (failed(linalg::generalizeNamedOp(rewriter, op)))
        return op.emitError("cannot be written as linalg.generic");
    }
    return success();
  }
};

} // namespace
