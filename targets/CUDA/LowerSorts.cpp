//===- LowerSorts.cpp - kernels of sorts ------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SortKernel.h"
#include "tfc/Target/CUDA/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDALOWERSORTSPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;

namespace {

class LowerSortsPass
    : public cuda::impl::CudaLowerSortsPassBase<LowerSortsPass> {
public:
  void runOnOperation() override {
    SmallVector<cuda::SortOp> sorts;
    getOperation().walk([&](cuda::SortOp op) { sorts.push_back(op); });
    OpBuilder b(&getContext());
    for (cuda::SortOp op : sorts) {
      if (op.getNumResults() != 0) {
        op.emitOpError("expected buffers");
        return signalPassFailure();
      }
      cuda::emitSort(op, b);
      op.erase();
    }
  }
};

} // namespace
