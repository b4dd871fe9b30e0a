//===- OverwriteOperands.cpp - results in operands' places ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Memory/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

namespace tfc::memory {
#define GEN_PASS_DEF_OVERWRITEOPERANDSPASS
#include "tfc/Passes/Memory/Passes.h.inc"
} // namespace tfc::memory

using namespace mlir;
using namespace mlir::bufferization;

namespace {

bool isView(Operation *op) {
  return isa<tensor::CastOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp,
             tensor::ExtractSliceOp>(op);
}

/// What `value` lies in the memory of, if bufferisation copies nothing.
Value madeIn(OpResult value) {
  Operation *op = value.getOwner();
  if (auto destination = dyn_cast<DestinationStyleOpInterface>(op))
    return destination.getTiedOpOperand(value)->get();
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return loop.getInitArgs()[value.getResultNumber()];
  return isView(op) ? op->getOperand(0) : Value();
}

/// Whether `value` lies in memory of its own, all of it.
bool hasWholeBuffer(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  while (auto result = dyn_cast<OpResult>(value)) {
    if (isa<ToTensorOp>(result.getOwner()))
      return false;
    Value source = madeIn(result);
    if (!source)
      return true;
    auto whole = dyn_cast<RankedTensorType>(source.getType());
    if (!whole || !whole.hasStaticShape() ||
        whole.getNumElements() != type.getNumElements())
      return false;
    value = source;
  }
  return true;
}

/// Whether `op` is the last that uses `value` or what only looks at it in
/// another shape.
bool isUsedLastBy(Value value, Operation *op) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    Operation *ancestor = op->getBlock()->findAncestorOpInBlock(*user);
    if (!ancestor || (ancestor != op && !ancestor->isBeforeInBlock(op)))
      return false;
    return !isView(user) || isUsedLastBy(user->getResult(0), op);
  });
}

/// Whether `op`, in whose block `value` is made, is the last that uses the
/// memory that it is seen in.
bool isLastUse(Value value, Operation *op) {
  while (value.getDefiningOp() && isView(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value.getParentBlock() == op->getBlock() && isUsedLastBy(value, op);
}

struct OverwriteOperandsPass
    : public tfc::memory::impl::OverwriteOperandsPassBase<
          OverwriteOperandsPass> {
  void runOnOperation() override;

private:
  struct Proposal {
    OpOperand *init;
    Value before;
  };

  FailureOr<bool> tryOperands(unsigned number);
  void propose(OpOperand &init, unsigned number, const AnalysisState &state);

  SmallVector<Proposal> proposals;
};

/// Takes the operand before the last `number` ones that would do: later ones
/// are, as a rule, the branch that ends here.
void OverwriteOperandsPass::propose(OpOperand &init, unsigned number,
                                    const AnalysisState &state) {
  Operation *op = init.getOwner();
  auto bufferizable = dyn_cast<BufferizableOpInterface>(op);
  auto type = dyn_cast<RankedTensorType>(init.get().getType());
  if (!bufferizable || !type || !type.hasStaticShape() ||
      !init.get().getDefiningOp<tensor::EmptyOp>() || !init.get().hasOneUse())
    return;
  for (OpOperand &operand : llvm::reverse(op->getOpOperands())) {
    Value value = operand.get();
    if (value.getType() != type ||
        cast<DestinationStyleOpInterface>(op).isDpsInit(&operand) ||
        !bufferizable.bufferizesToElementwiseAccess(state, {&operand, &init}) ||
        !isLastUse(value, op) || !hasWholeBuffer(value))
      continue;
    if (number-- > 0)
      continue;
    proposals.push_back({&init, init.get()});
    init.set(value);
    return;
  }
}

/// Proposes one operand for each result; false where there was none.
FailureOr<bool> OverwriteOperandsPass::tryOperands(unsigned number) {
  OneShotBufferizationOptions options;
  options.allowReturnAllocsFromLoops = true;
  AnalysisState known(options);
  proposals.clear();
  getOperation().walk([&](DestinationStyleOpInterface op) {
    for (OpOperand &init : op.getDpsInitsMutable())
      propose(init, number, known);
  });
  if (proposals.empty())
    return false;
  OneShotAnalysisState state(getOperation(), options);
  if (failed(analyzeOp(getOperation(), state)))
    return failure();
  for (const Proposal &proposal : proposals)
    if (!state.isInPlace(*proposal.init))
      proposal.init->set(proposal.before);
  return true;
}

void OverwriteOperandsPass::runOnOperation() {
  for (unsigned number = 0;; ++number) {
    FailureOr<bool> more = tryOperands(number);
    if (failed(more))
      return signalPassFailure();
    if (!*more)
      break;
  }
}

} // namespace
