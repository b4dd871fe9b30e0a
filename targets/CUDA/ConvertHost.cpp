//===- ConvertHost.cpp - what surrounds launches to LLVM --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/CUDA/Cuda.h"
#include "tfc/Target/CUDA/Passes.h"
#include "tfc/Target/X86/Conversion.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDACONVERTHOSTPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;

namespace {

/// What tfc_generated_compute returns where a call of the runtime failed.
constexpr int32_t deviceFailed = -1;

Value frameOf(Operation *op) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  return function.getFunctionBody().front().getArgument(0);
}

/// Calls of lib/Runtime/Device.c.
class RuntimeCalls {
public:
  RuntimeCalls(OpBuilder &b, Operation *op)
      : b(b), loc(op->getLoc()), frame(frameOf(op)),
        module(op->getParentOfType<ModuleOp>()),
        pointer(LLVM::LLVMPointerType::get(b.getContext())) {}

  Value number(int64_t value, unsigned bits = 64) {
    return LLVM::ConstantOp::create(
        b, loc, b.getIntegerAttr(b.getIntegerType(bits), value));
  }

  Value slot(Type type) {
    OpBuilder::InsertionGuard guard(b);
    Block &entry = *frame.getParentBlock();
    b.setInsertionPointToStart(&entry);
    return LLVM::AllocaOp::create(b, loc, pointer, type, number(1),
                                  /*alignment=*/16);
  }

  /// Calls `name` with the frame and `arguments`.
  LLVM::CallOp call(StringRef name, Type result, ArrayRef<Value> arguments) {
    SmallVector<Value> all{frame};
    llvm::append_range(all, arguments);
    SmallVector<Type> types = llvm::to_vector(ValueRange(all).getTypes());
    auto function = LLVM::lookupOrCreateFn(b, module, name, types, result);
    return LLVM::CallOp::create(b, loc, *function, all);
  }

  /// Ends the call of the model where `status` is not 0.
  void endUnless(Value status, ConversionPatternRewriter &rewriter) {
    Value isGood = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::eq, status,
                                        number(0, 32));
    Block *block = b.getInsertionBlock();
    Block *rest = rewriter.splitBlock(block, b.getInsertionPoint());
    Block *end =
        rewriter.createBlock(block->getParent(), block->getParent()->end());
    LLVM::ReturnOp::create(b, loc, number(deviceFailed, 32));
    b.setInsertionPointToEnd(block);
    LLVM::CondBrOp::create(b, loc, isGood, rest, end);
    b.setInsertionPointToStart(rest);
  }

  OpBuilder &b;
  Location loc;
  Value frame;
  ModuleOp module;
  LLVM::LLVMPointerType pointer;
};

struct WeightsLowering : public ConvertOpToLLVMPattern<x86::BufferOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(x86::BufferOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (op.getSpace() != x86::BufferSpace::Weights)
      return rewriter.notifyMatchFailure(op, "it is no constant");
    Location loc = op.getLoc();
    auto type = cast<MemRefType>(op.getResult().getType());
    RuntimeCalls calls(rewriter, op);
    Value data = calls
                     .call("tfc_device_weights", calls.pointer,
                           {calls.number(op.getIndex())})
                     .getResult();
    SmallVector<Value> sizes, strides;
    Value bytes;
    getMemRefDescriptorSizes(loc, type, adaptor.getSizes(), rewriter, sizes,
                             strides, bytes, /*sizeInBytes=*/false);
    rewriter.replaceOp(op, {createMemRefDescriptor(loc, type, data, data, sizes,
                                                   strides, rewriter)});
    return success();
  }
};

struct StatusLowering : public ConvertOpToLLVMPattern<cuda::StatusOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(cuda::StatusOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    RuntimeCalls calls(rewriter, op);
    Value data = calls.call("tfc_device_status", calls.pointer, {}).getResult();
    rewriter.replaceOp(
        op, {createMemRefDescriptor(op.getLoc(),
                                    cast<MemRefType>(op.getResult().getType()),
                                    data, data, {}, {}, rewriter)});
    return success();
  }
};

template <typename Op>
struct AccessLowering : public ConvertOpToLLVMPattern<Op> {
  using ConvertOpToLLVMPattern<Op>::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(Op op, typename Op::Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    RuntimeCalls calls(rewriter, op);
    MemRefType type = op.getMemRefType();
    Type element = this->getTypeConverter()->convertType(type.getElementType());
    Value there = this->getStridedElementPtr(
        rewriter, op.getLoc(), type, adaptor.getMemref(), adaptor.getIndices());
    Value here = calls.slot(element);
    int64_t bytes = llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
    Type status = rewriter.getI32Type();
    if constexpr (std::is_same_v<Op, memref::StoreOp>) {
      LLVM::StoreOp::create(rewriter, op.getLoc(), adaptor.getValue(), here);
      Value done = calls
                       .call("tfc_device_write", status,
                             {there, here, calls.number(bytes)})
                       .getResult();
      calls.endUnless(done, rewriter);
      rewriter.eraseOp(op);
    } else {
      Value done = calls
                       .call("tfc_device_read", status,
                             {there, here, calls.number(bytes)})
                       .getResult();
      calls.endUnless(done, rewriter);
      rewriter.replaceOpWithNewOp<LLVM::LoadOp>(op, element, here);
    }
    return success();
  }
};

/// Kernels by their numbers.
using KernelNumbers = llvm::StringMap<int64_t>;

struct LaunchLowering : public ConvertOpToLLVMPattern<gpu::LaunchFuncOp> {
  LaunchLowering(const LLVMTypeConverter &converter,
                 const KernelNumbers &numbers)
      : ConvertOpToLLVMPattern(converter), numbers(numbers) {}

  LogicalResult
  matchAndRewrite(gpu::LaunchFuncOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    RuntimeCalls calls(rewriter, op);
    SmallVector<Value> parameters = getTypeConverter()->promoteOperands(
        loc, op.getKernelOperands(), adaptor.getKernelOperands(), rewriter);
    SmallVector<Type> types =
        llvm::to_vector(ValueRange(parameters).getTypes());
    auto record =
        LLVM::LLVMStructType::getLiteral(rewriter.getContext(), types);
    auto table = LLVM::LLVMArrayType::get(calls.pointer, parameters.size());
    Value values = calls.slot(record), addresses = calls.slot(table);
    for (int32_t i = 0, count = parameters.size(); i < count; ++i) {
      auto at = [&](Type aggregate, Value base) -> Value {
        return LLVM::GEPOp::create(rewriter, loc, calls.pointer, aggregate,
                                   base, ArrayRef<LLVM::GEPArg>{0, i});
      };
      Value value = at(record, values);
      LLVM::StoreOp::create(rewriter, loc, parameters[i], value);
      LLVM::StoreOp::create(rewriter, loc, value, at(table, addresses));
    }
    Value shared = adaptor.getDynamicSharedMemorySize()
                       ? adaptor.getDynamicSharedMemorySize()
                       : calls.number(0, 32);
    SmallVector<Value> arguments{
        calls.number(numbers.lookup(op.getKernelName().getValue()), 32),
        adaptor.getGridSizeX(),
        adaptor.getGridSizeY(),
        adaptor.getGridSizeZ(),
        adaptor.getBlockSizeX(),
        adaptor.getBlockSizeY(),
        adaptor.getBlockSizeZ(),
        shared,
        addresses};
    Value done =
        calls.call("tfc_device_launch", rewriter.getI32Type(), arguments)
            .getResult();
    calls.endUnless(done, rewriter);
    rewriter.eraseOp(op);
    return success();
  }

private:
  const KernelNumbers &numbers;
};

class ConvertHostPass
    : public cuda::impl::CudaConvertHostPassBase<ConvertHostPass> {
public:
  void runOnOperation() override {
    ModuleOp module = getOperation();
    MLIRContext *context = &getContext();
    SmallVector<StringRef> names;
    KernelNumbers numbers;
    for (auto kernels : module.getOps<gpu::GPUModuleOp>())
      for (auto kernel : kernels.getOps<LLVM::LLVMFuncOp>())
        if (kernel->hasAttr("nvvm.kernel")) {
          numbers[kernel.getName()] = names.size();
          names.push_back(kernel.getName());
        }
    Builder b(context);
    module->setAttr("cuda.kernels", b.getStrArrayAttr(names));
    noteHostAccess();
    LowerToLLVMOptions options(context);
    LLVMTypeConverter converter(context, options);
    LLVMConversionTarget target(*context);
    x86::configureHostConversion(target);
    target.markOpRecursivelyLegal<gpu::GPUModuleOp>();
    target.addLegalOp<gpu::GPUModuleOp>();
    target.addIllegalOp<cuda::StatusOp>();
    RewritePatternSet patterns(context);
    x86::populateHostConversionPatterns(converter, patterns);
    constexpr unsigned before = 10;
    patterns
        .add<WeightsLowering, StatusLowering, AccessLowering<memref::LoadOp>,
             AccessLowering<memref::StoreOp>>(converter, before);
    patterns.add<LaunchLowering>(converter, numbers);
    if (failed(applyPartialConversion(module, target, std::move(patterns))))
      signalPassFailure();
  }

private:
  void noteHostAccess() {
    for (auto function : getOperation().getOps<func::FuncOp>())
      function.walk([&](Operation *op) {
        if (isa<memref::LoadOp, memref::StoreOp>(op))
          getOperation()->setAttr("cuda.host_access",
                                  UnitAttr::get(&getContext()));
      });
  }
};

} // namespace
