//===- SelectKernels.cpp - which operations have kernels --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionKernel.h"
#include "tfc/Target/X86/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace tfc::x86 {
#define GEN_PASS_DEF_X86SELECTKERNELSPASS
#include "tfc/Target/X86/Passes.h.inc"
} // namespace tfc::x86

using namespace mlir;
using namespace tfc;

namespace {

struct SelectKernelsPass
    : public x86::impl::X86SelectKernelsPassBase<SelectKernelsPass> {
  void runOnOperation() override {
    SmallVector<attn::AttentionOp> others;
    getOperation().walk([&](attn::AttentionOp op) {
      if (!x86::whyNoAttentionKernel(op).empty())
        others.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (attn::AttentionOp op : others) {
      rewriter.setInsertionPoint(op);
      FailureOr<SmallVector<Value>> values = op.decomposeOperation(rewriter);
      // What has an open number of heads is refused where code is made.
      if (succeeded(values))
        rewriter.replaceOp(op, *values);
    }
  }
};

} // namespace
