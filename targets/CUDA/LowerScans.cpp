//===- LowerScans.cpp - kernels of recurrences on buffers -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScanKernel.h"
#include "tfc/Target/CUDA/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDALOWERSCANSPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;

namespace {

class LowerScansPass
    : public cuda::impl::CudaLowerScansPassBase<LowerScansPass> {
public:
  void runOnOperation() override {
    SmallVector<attn::ScanOp> ops;
    getOperation().walk([&](attn::ScanOp op) { ops.push_back(op); });
    OpBuilder b(&getContext());
    for (attn::ScanOp op : ops) {
      std::string reason = op.getResults().empty() ? cuda::whyNoScanKernel(op)
                                                   : "expected buffers";
      if (!reason.empty()) {
        op.emitError("there is no kernel for it: ") << reason;
        return signalPassFailure();
      }
      cuda::emitScan(op, b);
      op.erase();
    }
  }
};

} // namespace
