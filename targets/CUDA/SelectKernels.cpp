//===- SelectKernels.cpp - which operations have kernels -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FlashAttention.h"
#include "NormKernel.h"
#include "tfc/Target/CUDA/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDASELECTKERNELSPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;

namespace {

class SelectKernelsPass
    : public cuda::impl::CudaSelectKernelsPassBase<SelectKernelsPass> {
public:
  void runOnOperation() override {
    SmallVector<linalg::AggregatedOpInterface> others;
    getOperation().walk([&](Operation *op) {
      auto attention = dyn_cast<attn::AttentionOp>(op);
      auto norm = dyn_cast<attn::NormOp>(op);
      if ((attention && !cuda::whyNoFlashAttention(attention).empty()) ||
          (norm && !cuda::whyNoNormKernel(norm).empty()))
        others.push_back(cast<linalg::AggregatedOpInterface>(op));
    });
    IRRewriter rewriter(&getContext());
    for (linalg::AggregatedOpInterface op : others) {
      rewriter.setInsertionPoint(op);
      FailureOr<SmallVector<Value>> values = op.decomposeOperation(rewriter);
      if (failed(values)) {
        op.emitError("the CUDA target cannot compute it: its number of heads "
                     "is open");
        return signalPassFailure();
      }
      rewriter.replaceOp(op, *values);
    }
  }
};

} // namespace
