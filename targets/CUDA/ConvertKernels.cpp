//===- ConvertKernels.cpp - kernels to the NVVM dialect ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/CUDA/Passes.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/GPUCommon/GPUCommonPass.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/NVGPUToNVVM/NVGPUToNVVM.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDACONVERTKERNELSPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;

namespace {

/// Whether NVPTX has instructions for it, without a library.
bool hasInstruction(Operation *op) {
  return isa<math::SqrtOp, math::FloorOp, math::CeilOp, math::TruncOp,
             math::RoundEvenOp, math::AbsFOp, math::AbsIOp, math::CopySignOp,
             math::FmaOp, math::CtPopOp, math::CountLeadingZerosOp,
             math::CountTrailingZerosOp, math::RoundOp, math::IsNaNOp,
             math::IsInfOp, math::IsFiniteOp, math::RsqrtOp>(op);
}

class ConvertKernelsPass
    : public cuda::impl::CudaConvertKernelsPassBase<ConvertKernelsPass> {
public:
  void runOnOperation() override {
    gpu::GPUModuleOp module = getOperation();
    auto result = module.walk([](Operation *op) {
      if (!isa<math::MathDialect>(op->getDialect()) || hasInstruction(op))
        return WalkResult::advance();
      op->emitError("the CUDA target has no code for '")
          << op->getName() << "' of " << op->getOperand(0).getType();
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted() || failed(convert(module)))
      return signalPassFailure();
    // The region's end is the end of memory that a launch sizes.
    module.walk([](LLVM::GlobalOp global) {
      if (global.getSymName().starts_with("__dynamic_shmem__"))
        global.setLinkage(LLVM::Linkage::External);
    });
  }

private:
  LogicalResult convert(gpu::GPUModuleOp module) {
    MLIRContext *context = &getContext();
    LowerToLLVMOptions options(context);
    LLVMTypeConverter converter(context, options);
    configureGpuToNVVMTypeConverter(converter);
    nvgpu::populateCommonGPUTypeAndAttributeConversions(converter);
    RewritePatternSet patterns(context);
    // An instruction is better than a call of a library that there is not.
    populateMathToLLVMConversionPatterns(converter, patterns,
                                         /*approximateLog1p=*/false,
                                         /*benefit=*/10);
    populateGpuToNVVMConversionPatterns(converter, patterns);
    populateNVGPUToNVVMConversionPatterns(converter, patterns);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    index::populateIndexToLLVMConversionPatterns(converter, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    ub::populateUBToLLVMConversionPatterns(converter, patterns);
    LLVMConversionTarget target(*context);
    target.addLegalDialect<NVVM::NVVMDialect>();
    target.addIllegalDialect<gpu::GPUDialect, math::MathDialect>();
    target.addLegalOp<gpu::GPUModuleOp>();
    return applyPartialConversion(module, target, std::move(patterns));
  }
};

} // namespace
