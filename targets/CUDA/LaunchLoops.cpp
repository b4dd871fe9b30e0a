//===- LaunchLoops.cpp - kernels of linalg and of loops ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Launch.h"
#include "tfc/Passes/Lower/Loops.h"
#include "tfc/Target/CUDA/Passes.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDALAUNCHLOOPSPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;

namespace {

lower::LoopPart dealToThreads(linalg::LinalgOp op, OpBuilder &b, Value count,
                              Value) {
  if (op->getParentOfType<gpu::LaunchOp>())
    return {arith::ConstantIndexOp::create(b, op.getLoc(), 0), count, Value()};
  auto [begin, step] = cuda::launchThreads(b, op.getLoc(), count);
  return {begin, count, step};
}

/// Whether all of `op` can run in a thread of the device: it touches memory
/// that is there already, in no other way than by loads and stores.
bool isScalarLoop(Operation *op) {
  bool touchesMemory = false;
  auto result = op->walk([&](Operation *inner) {
    if (isa<memref::LoadOp, memref::StoreOp>(inner)) {
      touchesMemory = true;
      return WalkResult::advance();
    }
    if (isa<gpu::LaunchOp, memref::AllocOp, linalg::LinalgOp>(inner) ||
        isa_and_nonnull<x86::X86Dialect>(inner->getDialect()))
      return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return touchesMemory && !result.wasInterrupted() &&
         llvm::none_of(op->getResultTypes(),
                       [](Type type) { return isa<BaseMemRefType>(type); });
}

class LaunchLoopsPass
    : public cuda::impl::CudaLaunchLoopsPassBase<LaunchLoopsPass> {
public:
  void runOnOperation() override {
    if (failed(lower::lowerToLoops(getOperation(), dealToThreads,
                                   lower::DealtLoops::All)))
      return signalPassFailure();
    SmallVector<Operation *> loops;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isa<gpu::LaunchOp>(op))
        return WalkResult::skip();
      if (!isa<scf::ForOp, scf::WhileOp, scf::IfOp>(op) || !isScalarLoop(op))
        return WalkResult::advance();
      loops.push_back(op);
      return WalkResult::skip();
    });
    for (Operation *op : loops)
      runInOneThread(op);
  }

private:
  /// What the host needs of it comes by way of memory.
  static void runInOneThread(Operation *op) {
    OpBuilder b(op);
    Location loc = op->getLoc();
    SmallVector<Value> slots;
    for (Type type : op->getResultTypes())
      slots.push_back(
          memref::AllocOp::create(b, loc, MemRefType::get({}, type)));
    Value one = arith::ConstantIndexOp::create(b, loc, 1);
    gpu::LaunchOp kernel = cuda::createLaunch(b, loc, {one, one, one}, one);
    op->moveBefore(kernel.getBody().front().getTerminator());
    OpBuilder after(kernel->getContext());
    after.setInsertionPointAfter(kernel);
    b.setInsertionPointAfter(op);
    for (auto [result, slot] : llvm::zip_equal(op->getResults(), slots)) {
      Value loaded = memref::LoadOp::create(after, loc, slot);
      result.replaceAllUsesWith(loaded);
      memref::StoreOp::create(b, loc, result, slot);
    }
  }
};

} // namespace
