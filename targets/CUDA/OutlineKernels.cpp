//===- OutlineKernels.cpp - launched regions become kernels -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Launch.h"
#include "tfc/Target/CUDA/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/GPU/Utils/GPUUtils.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/DenseMap.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDAOUTLINEKERNELSPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;

namespace {

constexpr StringLiteral kernelsName = "kernels";

/// What is cheaper made again in every thread than handed over.
bool isCheap(Operation *op) {
  return isa<arith::ConstantOp, memref::DimOp, memref::CastOp>(op);
}

/// A number that equal kernels share.
unsigned hashOf(gpu::GPUFuncOp kernel) {
  unsigned hash = 0;
  kernel.getBody().walk([&](Operation *op) {
    hash =
        llvm::hash_combine(hash, OperationEquivalence::computeHash(
                                     op, OperationEquivalence::ignoreHashValue,
                                     OperationEquivalence::ignoreHashValue,
                                     OperationEquivalence::IgnoreLocations));
  });
  return hash;
}

bool areEqual(gpu::GPUFuncOp a, gpu::GPUFuncOp b) {
  return a.getFunctionType() == b.getFunctionType() &&
         OperationEquivalence::isRegionEquivalentTo(
             &a.getBody(), &b.getBody(), OperationEquivalence::IgnoreLocations);
}

class OutlineKernelsPass
    : public cuda::impl::CudaOutlineKernelsPassBase<OutlineKernelsPass> {
public:
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<gpu::LaunchOp> launches;
    module.walk([&](gpu::LaunchOp launch) { launches.push_back(launch); });
    auto kernels = module.lookupSymbol<gpu::GPUModuleOp>(kernelsName);
    if (!kernels) {
      OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
      kernels = gpu::GPUModuleOp::create(b, module.getLoc(), kernelsName);
    }
    module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                    UnitAttr::get(&getContext()));
    DenseMap<unsigned, SmallVector<gpu::GPUFuncOp>> known;
    unsigned count = 0;
    for (gpu::LaunchOp launch : launches)
      if (failed(outline(launch, kernels, known, count)))
        return signalPassFailure();
  }

private:
  using Known = DenseMap<unsigned, SmallVector<gpu::GPUFuncOp>>;

  static LogicalResult outline(gpu::LaunchOp launch, gpu::GPUModuleOp kernels,
                               Known &known, unsigned &count) {
    if (failed(sinkOperationsIntoLaunchOp(launch, isCheap)))
      return failure();
    SmallVector<Value> operands;
    gpu::GPUFuncOp kernel =
        outlineKernelFunc(launch, "kernel_" + std::to_string(count), operands);
    if (launch->hasAttr(cuda::wantsRegisters)) {
      // ptxas would rather spill than have few blocks on a multiprocessor.
      OpBuilder b(launch);
      kernel->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                      b.getI32IntegerAttr(1));
    }
    SmallVector<gpu::GPUFuncOp> &alike = known[hashOf(kernel)];
    auto same = llvm::find_if(
        alike, [&](gpu::GPUFuncOp other) { return areEqual(kernel, other); });
    if (same != alike.end()) {
      kernel.erase();
      kernel = *same;
    } else {
      kernels.push_back(kernel);
      alike.push_back(kernel);
      ++count;
    }
    OpBuilder b(launch);
    gpu::LaunchFuncOp::create(b, launch.getLoc(), kernel,
                              launch.getGridSizeOperandValues(),
                              launch.getBlockSizeOperandValues(),
                              launch.getDynamicSharedMemorySize(), operands);
    launch.erase();
    return success();
  }
};

} // namespace
