//===- FoldTransposes.cpp - attention reads and writes in place -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Passes/Lower/Loops.h"
#include "tfc/Passes/Lower/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace tfc::lower {
#define GEN_PASS_DEF_FOLDTRANSPOSESPASS
#include "tfc/Passes/Lower/Passes.h.inc"
} // namespace tfc::lower

using namespace mlir;
using namespace tfc;
using tfc::lower::rootOf;

namespace {

bool isInit(OpOperand &operand) {
  auto op = dyn_cast<DestinationStyleOpInterface>(operand.getOwner());
  return op && op.isDpsInit(&operand);
}

/// Whether an operation after `begin` and before `end`, of one block, may write
/// to the allocation `root`.
bool mayBeWritten(Value root, Operation *begin, Operation *end) {
  for (Operation *op = begin->getNextNode(); op != end;
       op = op->getNextNode()) {
    WalkResult result = op->walk([&](Operation *inner) {
      if (isa<ViewLikeOpInterface, memref::DimOp, memref::LoadOp>(inner))
        return WalkResult::advance();
      for (OpOperand &operand : inner->getOpOperands()) {
        if (!isa<BaseMemRefType>(operand.get().getType()) ||
            rootOf(operand.get()) != root)
          continue;
        if (!isa<DestinationStyleOpInterface>(inner) || isInit(operand))
          return WalkResult::interrupt();
      }
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return true;
  }
  return false;
}

Value transposed(OpBuilder &b, Location loc, Value buffer,
                 ArrayRef<int64_t> permutation) {
  return memref::TransposeOp::create(
      b, loc, buffer,
      AffineMapAttr::get(
          AffineMap::getPermutationMap(permutation, b.getContext())));
}

/// For each dimension of the result which one of the operand it is, where `op`
/// only brings elements to other places: as a named operation, or as the loop
/// that it became to be fused with others.
std::optional<SmallVector<int64_t>> permutationOf(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || linalgOp.getNumDpsInputs() != 1 ||
      linalgOp.getNumDpsInits() != 1 ||
      linalgOp.getNumParallelLoops() != linalgOp.getNumLoops() ||
      linalgOp.getBlock()->getTerminator()->getOperand(0) !=
          linalgOp.getBlock()->getArgument(0))
    return std::nullopt;
  AffineMap from =
                linalgOp.getMatchingIndexingMap(linalgOp.getDpsInputOperand(0)),
            to = linalgOp.getMatchingIndexingMap(linalgOp.getDpsInitOperand(0));
  if (!from.isPermutation() || !to.isPermutation())
    return std::nullopt;
  SmallVector<int64_t> permutation(to.getNumResults());
  for (auto [place, result] : llvm::enumerate(from.getResults()))
    permutation[*to.getResultPosition(result)] = place;
  return permutation;
}

/// The transpose that fills `buffer`, an allocation that only attention reads.
linalg::LinalgOp writerOf(Value buffer) {
  linalg::LinalgOp writer;
  for (OpOperand &use : buffer.getUses()) {
    Operation *user = use.getOwner();
    if (isInit(use) && !writer && permutationOf(user))
      writer = cast<linalg::LinalgOp>(user);
    else if (!isa<memref::DimOp, memref::DeallocOp>(user) &&
             (!isa<attn::AttentionOp>(user) || isInit(use)))
      return {};
  }
  return writer;
}

void foldInput(OpOperand &operand) {
  Operation *op = operand.getOwner();
  auto alloc = operand.get().getDefiningOp<memref::AllocOp>();
  if (!alloc)
    return;
  linalg::LinalgOp writer = writerOf(alloc);
  if (!writer || writer->getBlock() != op->getBlock() ||
      !writer->isBeforeInBlock(op))
    return;
  Value source = writer.getDpsInputs()[0];
  Value root = rootOf(source);
  if (!root.getDefiningOp<memref::AllocOp>() || mayBeWritten(root, writer, op))
    return;
  OpBuilder b(op);
  operand.set(transposed(b, op->getLoc(), source, *permutationOf(writer)));
  if (llvm::all_of(alloc->getUsers(), [&](Operation *user) {
        return user == writer || isa<memref::DeallocOp>(user);
      })) {
    for (Operation *user : llvm::make_early_inc_range(alloc->getUsers()))
      user->erase();
    alloc.erase();
  }
}

void foldResult(attn::AttentionOp op, DominanceInfo &dominance) {
  auto alloc = op.getInit().getDefiningOp<memref::AllocOp>();
  if (!alloc)
    return;
  linalg::LinalgOp reader;
  for (OpOperand &use : alloc->getUses()) {
    Operation *user = use.getOwner();
    if (!isInit(use) && !reader && permutationOf(user))
      reader = cast<linalg::LinalgOp>(user);
    else if (user != op && !isa<memref::DeallocOp>(user))
      return;
  }
  if (!reader || reader->getBlock() != op->getBlock())
    return;
  auto target = reader.getDpsInits()[0].getDefiningOp<memref::AllocOp>();
  if (!target || target->getBlock() != op->getBlock())
    return;
  for (Operation *user : target->getUsers()) {
    Operation *here = op->getBlock()->findAncestorOpInBlock(*user);
    if (!here || here->isBeforeInBlock(reader))
      return;
  }
  for (Value size : target->getOperands())
    if (!dominance.properlyDominates(size, op))
      return;
  if (op->isBeforeInBlock(target))
    target->moveBefore(op);
  OpBuilder b(op);
  op.getInitMutable().set(transposed(
      b, op.getLoc(), target, invertPermutationVector(*permutationOf(reader))));
  reader->erase();
  for (Operation *user : llvm::make_early_inc_range(alloc->getUsers()))
    user->erase();
  alloc.erase();
}

struct FoldTransposesPass
    : public lower::impl::FoldTransposesPassBase<FoldTransposesPass> {
  void runOnOperation() override {
    DominanceInfo &dominance = getAnalysis<DominanceInfo>();
    // Operations on both sides of one go.
    SmallVector<attn::AttentionOp> ops;
    getOperation().walk([&](attn::AttentionOp op) {
      if (isa<MemRefType>(op.getInit().getType()))
        ops.push_back(op);
    });
    for (attn::AttentionOp op : ops) {
      for (OpOperand *operand :
           {&op.getQueryMutable(), &op.getKeyMutable(), &op.getValueMutable()})
        foldInput(*operand);
      foldResult(op, dominance);
    }
  }
};

} // namespace
