//===- LowerLoops.cpp - linalg on buffers to parallel loops ----- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ParallelRegion.h"
#include "RegionWork.h"
#include "tfc/Passes/Lower/Loops.h"
#include "tfc/Target/X86/Passes.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace tfc::x86 {
#define GEN_PASS_DEF_X86LOWERLOOPSPASS
#include "tfc/Target/X86/Passes.h.inc"
} // namespace tfc::x86

using namespace mlir;
using namespace tfc::x86;

namespace {

/// Scalar iterations below which a second worker costs more than it brings.
constexpr int64_t iterationsWorthAWorker = 8192;

bool multipliesAndAdds(linalg::LinalgOp op) {
  return linalg::isaContractionOpInterface(op) ||
         linalg::isaConvolutionOpInterface(op);
}

/// One parallel region over the outer loops, where that is worth it.
tfc::lower::LoopPart dealToWorkers(linalg::LinalgOp op, OpBuilder &b,
                                   Value count, Value work, bool profile) {
  Location loc = op.getLoc();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  std::optional<int64_t> staticCount = getConstantIntValue(count),
                         staticWork = getConstantIntValue(work);
  bool small = staticCount && staticWork &&
               *staticCount * *staticWork < 2 * iterationsWorthAWorker;
  if (small || op->getParentOfType<ParallelOp>())
    return {constant(0), count, Value()};
  Value grain = grainOf(b, loc, work, iterationsWorthAWorker);
  SmallVector<Value> told;
  if (profile)
    told = workOf(b, op,
                  multipliesAndAdds(op)
                      ? b.createOrFold<arith::MulIOp>(loc, count, work)
                      : Value());
  ValueRange part = beginParallel(b, loc, count, grain, told);
  return {part[0], part[1], Value()};
}

struct LowerLoopsPass
    : public tfc::x86::impl::X86LowerLoopsPassBase<LowerLoopsPass> {
  using Base::Base;

  void runOnOperation() override {
    auto deal = [&](linalg::LinalgOp op, OpBuilder &b, Value count,
                    Value work) {
      return dealToWorkers(op, b, count, work, profile);
    };
    if (failed(tfc::lower::lowerToLoops(getOperation(), deal)))
      signalPassFailure();
  }
};

} // namespace
