//===- LowerNorms.cpp - kernels of norms on buffers -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NormKernel.h"
#include "tfc/Passes/Lower/DenseOperands.h"
#include "tfc/Target/CUDA/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDALOWERNORMSPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;

namespace {

class LowerNormsPass
    : public cuda::impl::CudaLowerNormsPassBase<LowerNormsPass> {
public:
  void runOnOperation() override {
    SmallVector<attn::NormOp> ops;
    getOperation().walk([&](attn::NormOp op) { ops.push_back(op); });
    OpBuilder b(&getContext());
    for (attn::NormOp op : ops) {
      std::string reason = cuda::whyNoNormKernel(op);
      if (!reason.empty()) {
        op.emitError("there is no kernel for it: ") << reason;
        return signalPassFailure();
      }
      lower::makeOperandsDense(op, op.getInitMutable(), b, [](MemRefType type) {
        return type.getLayout().isIdentity();
      });
      cuda::emitNorm(op, b);
      op.erase();
    }
  }
};

} // namespace
