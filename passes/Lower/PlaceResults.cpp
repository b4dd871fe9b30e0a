//===- PlaceResults.cpp - results where the caller wants them ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Lower/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Transforms.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace tfc::lower {
#define GEN_PASS_DEF_PLACERESULTSPASS
#include "tfc/Passes/Lower/Passes.h.inc"
} // namespace tfc::lower

using namespace mlir;

namespace {

/// What `value` is made of in place; null where it is made otherwise.
Value madeOf(OpResult value) {
  Operation *op = value.getOwner();
  if (auto destination = dyn_cast<DestinationStyleOpInterface>(op))
    return destination.getTiedOpOperand(value)->get();
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return loop.getInitArgs()[value.getResultNumber()];
  if (isa<tensor::CastOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
    return op->getOperand(0);
  return Value();
}

/// Whether `value` grows out of `empty` by steps of which nothing else sees the
/// values between.
bool isOnlyWay(Value value, tensor::EmptyOp empty) {
  while (auto result = dyn_cast<OpResult>(value)) {
    value = madeOf(result);
    if (!value)
      return false;
    if (value == empty.getResult())
      return true;
    if (!value.hasOneUse())
      return false;
  }
  return false;
}

/// Gives each use of `op`'s result as a destination an operation of its own,
/// beside the user.
template <typename Op>
void separate(Op op) {
  for (OpOperand &use : llvm::make_early_inc_range(op->getUses())) {
    Operation *user = use.getOwner();
    auto destination = dyn_cast<DestinationStyleOpInterface>(user);
    auto loop = dyn_cast<scf::ForOp>(user);
    bool isStart = (destination && destination.isDpsInit(&use)) ||
                   (loop && llvm::is_contained(loop.getInitArgs(), use.get()));
    if (!isStart)
      continue;
    OpBuilder b(user);
    Operation *own = b.clone(*op);
    own->setLoc(user->getLoc());
    use.set(own->getResult(0));
  }
  if (op->use_empty())
    op->erase();
}

/// Each operation that starts from a filled tensor fills one of its own: the
/// second of two would copy it otherwise. Each empty tensor is one operation's:
/// those that share one would share a buffer, alive from the first to the last,
/// where no two need it at a time.
void separateStarts(func::FuncOp function) {
  SmallVector<linalg::FillOp> fills;
  function.walk([&](linalg::FillOp fill) {
    if (fill.hasPureTensorSemantics())
      fills.push_back(fill);
  });
  llvm::for_each(fills, separate<linalg::FillOp>);
  SmallVector<tensor::EmptyOp> empties;
  function.walk([&](tensor::EmptyOp empty) { empties.push_back(empty); });
  llvm::for_each(empties, separate<tensor::EmptyOp>);
}

struct PlaceResultsPass
    : public tfc::lower::impl::PlaceResultsPassBase<PlaceResultsPass> {
  void runOnOperation() override {
    separateStarts(getOperation());
    bufferization::OneShotBufferizationOptions options;
    options.allowReturnAllocsFromLoops = true;
    bufferization::OneShotAnalysisState state(getOperation(), options);
    if (failed(bufferization::analyzeOp(getOperation(), state)))
      return signalPassFailure();
    IRRewriter rewriter(&getContext());
    auto place = [](RewriterBase &rewriter, SubsetInsertionOpInterface op,
                    tensor::EmptyOp empty, Operation *user) {
      // Bufferisation does not see that the caller's buffer is written in the
      // end, while a value between may still be read from it.
      if (auto result = dyn_cast<bufferization::MaterializeInDestinationOp>(
              op.getOperation()))
        if (isa<MemRefType>(result.getDest().getType()) &&
            !isOnlyWay(result.getSource(), empty))
          return Value();
      return bufferization::buildSubsetExtraction(rewriter, op, empty, user);
    };
    if (failed(bufferization::eliminateEmptyTensors(rewriter, getOperation(),
                                                    state, place)))
      return signalPassFailure();
  }
};

} // namespace
