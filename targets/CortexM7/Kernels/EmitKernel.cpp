//===- EmitKernel.cpp - a kernel of the Cortex-M7 alone ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/CortexM7/Kernels/Kernels.h"
#include "tfc/Target/CortexM7/Kernels/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_EMITKERNELPASS
#include "tfc/Target/CortexM7/Kernels/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;
using namespace tfc;

namespace {

struct EmitKernelPass : public m7::impl::EmitKernelPassBase<EmitKernelPass> {
  using EmitKernelPassBase::EmitKernelPassBase;

  FailureOr<func::FuncOp> build() {
    ModuleOp module = getOperation();
    if (kind == "product")
      return m7::productKernel(module, {depth, rows, m7::ProductForm::Paired});
    if (kind == "plain-product")
      return m7::productKernel(module, {depth, rows, m7::ProductForm::Plain});
    if (kind == "activation-product")
      return m7::productKernel(module,
                               {depth, rows, m7::ProductForm::Activations});
    if (kind == "softmax")
      return m7::softmaxKernel(module);
    if (kind == "table")
      return m7::tableKernel(module);
    if (kind == "add")
      return m7::addKernel(module);
    if (kind == "multiply")
      return m7::multiplyKernel(module);
    if (kind == "mean")
      return m7::meanKernel(module, depth);
    if (kind == "layer-norm" || kind == "rms-norm")
      return m7::normKernel(module, depth, kind == "layer-norm");
    if (kind == "attention")
      return m7::attentionKernel(module, {depth, tokens, rows});
    return module.emitError("no kernel is of kind '") << kind << "'";
  }

  LogicalResult pair() {
    ModuleOp module = getOperation();
    if (weights.empty())
      return success();
    if (static_cast<int64_t>(weights.size()) != 2 * depth)
      return module.emitError("expected ")
             << 2 * depth << " weights, found " << weights.size();
    std::vector<int8_t> values(weights.begin(), weights.end());
    std::optional<std::vector<int16_t>> paired =
        m7::pairWeights(values, 2, depth, {0, 0});
    if (!paired)
      return module.emitError("the weights have no paired form");
    module->setAttr("m7.paired",
                    DenseI16ArrayAttr::get(&getContext(), *paired));
    return success();
  }

  void runOnOperation() override {
    if (failed(build()) || failed(pair()))
      signalPassFailure();
  }
};

} // namespace
