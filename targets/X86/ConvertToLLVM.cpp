//===- ConvertToLLVM.cpp - to the LLVM dialect ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Frame.h"
#include "tfc/Target/X86/Conversion.h"
#include "tfc/Target/X86/Passes.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Analysis/DataLayoutAnalysis.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace tfc::x86 {
#define GEN_PASS_DEF_X86CONVERTTOLLVMPASS
#include "tfc/Target/X86/Passes.h.inc"
} // namespace tfc::x86

using namespace mlir;
using namespace tfc::x86;

namespace {

/// The frame is the entry function's first argument.
Value frameOf(Operation *op) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  return function.getFunctionBody().front().getArgument(0);
}

struct BufferOpLowering : public ConvertOpToLLVMPattern<BufferOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(BufferOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type = cast<MemRefType>(op.getResult().getType());
    Value data = baseAddress(op, adaptor, rewriter);
    SmallVector<Value> sizes, strides;
    Value bytes;
    getMemRefDescriptorSizes(loc, type, adaptor.getSizes(), rewriter, sizes,
                             strides, bytes,
                             /*sizeInBytes=*/false);
    rewriter.replaceOp(op, {createMemRefDescriptor(loc, type, data, data, sizes,
                                                   strides, rewriter)});
    return success();
  }

private:
  Value baseAddress(BufferOp op, OpAdaptor adaptor, OpBuilder &b) const {
    Location loc = op.getLoc();
    Type pointer = LLVM::LLVMPointerType::get(b.getContext());
    auto advance = [&](Value base, LLVM::GEPArg bytes) -> Value {
      return LLVM::GEPOp::create(b, loc, pointer, b.getI8Type(), base, bytes);
    };
    switch (op.getSpace()) {
    case BufferSpace::Input:
    case BufferSpace::Output: {
      FrameField field = op.getSpace() == BufferSpace::Input
                             ? FrameField::Inputs
                             : FrameField::Outputs;
      Value table = loadField(b, loc, pointer, frameOf(op), field);
      return loadEntry(b, loc, pointer, table, op.getIndex());
    }
    case BufferSpace::Arena:
      return advance(loadField(b, loc, pointer, frameOf(op), FrameField::Arena),
                     adaptor.getOffset());
    case BufferSpace::Weights: {
      Value base = LLVM::AddressOfOp::create(b, loc, pointer, "tfc_weights");
      Value offset = LLVM::ConstantOp::create(
          b, loc, b.getI64Type(), b.getI64IntegerAttr(op.getIndex()));
      return advance(base, offset);
    }
    }
    llvm_unreachable("all spaces are handled");
  }

  /// The descriptor of a dense buffer; unlike the base class's, it takes
  /// strides that are static as constants.
  Value createMemRefDescriptor(Location loc, MemRefType type, Value allocated,
                               Value aligned, ArrayRef<Value> sizes,
                               ArrayRef<Value> strides,
                               ConversionPatternRewriter &rewriter) const {
    return ConvertToLLVMPattern::createMemRefDescriptor(
        loc, type, allocated, aligned, sizes, strides, rewriter);
  }
};

struct InputDimOpLowering : public ConvertOpToLLVMPattern<InputDimOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(InputDimOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Type pointer = LLVM::LLVMPointerType::get(rewriter.getContext());
    Value dims = loadField(rewriter, op.getLoc(), pointer, frameOf(op),
                           FrameField::InputDims);
    rewriter.replaceOp(op, loadEntry(rewriter, op.getLoc(), getIndexType(),
                                     dims, op.getPosition()));
    return success();
  }
};

struct OutputDimOpLowering : public ConvertOpToLLVMPattern<OutputDimOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(OutputDimOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Type pointer = LLVM::LLVMPointerType::get(rewriter.getContext());
    Value dims =
        loadField(rewriter, loc, pointer, frameOf(op), FrameField::OutputDims);
    Value address = LLVM::GEPOp::create(
        rewriter, loc, pointer, rewriter.getI64Type(), dims,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(op.getPosition())});
    rewriter.replaceOpWithNewOp<LLVM::StoreOp>(op, adaptor.getSize(), address);
    return success();
  }
};

struct NumThreadsOpLowering : public ConvertOpToLLVMPattern<NumThreadsOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(NumThreadsOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, loadField(rewriter, op.getLoc(), getIndexType(),
                                     frameOf(op), FrameField::NumThreads));
    return success();
  }
};

/// Keeps the region; its operands and arguments become i64.
struct ParallelOpConversion : public ConvertOpToLLVMPattern<ParallelOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(ParallelOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto converted =
        ParallelOp::create(rewriter, op.getLoc(), adaptor.getCount(),
                           adaptor.getGrain(), adaptor.getWork());
    rewriter.inlineRegionBefore(op.getBody(), converted.getBody(),
                                converted.getBody().end());
    if (failed(rewriter.convertRegionTypes(&converted.getBody(),
                                           *getTypeConverter())))
      return rewriter.notifyMatchFailure(
          op, "cannot convert the region's arguments");
    rewriter.eraseOp(op);
    return success();
  }
};

struct ConvertToLLVMPass
    : public tfc::x86::impl::X86ConvertToLLVMPassBase<ConvertToLLVMPass> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    declareWeights();
    LowerToLLVMOptions options(context);
    LLVMTypeConverter converter(context, options);
    LLVMConversionTarget target(*context);
    configureHostConversion(target);
    RewritePatternSet patterns(context);
    populateHostConversionPatterns(converter, patterns);
    if (failed(
            applyFullConversion(getOperation(), target, std::move(patterns))))
      signalPassFailure();
  }

private:
  /// The packed constants: bytes that the linker lays after the code.
  void declareWeights() {
    OpBuilder b = OpBuilder::atBlockBegin(getOperation().getBody());
    LLVM::GlobalOp::create(b, getOperation().getLoc(),
                           LLVM::LLVMArrayType::get(b.getI8Type(), 0),
                           /*isConstant=*/true, LLVM::Linkage::External,
                           "tfc_weights", Attribute(),
                           /*alignment=*/64);
  }
};

} // namespace

void tfc::x86::configureHostConversion(ConversionTarget &target) {
  target.addLegalOp<ModuleOp>();
  target.addIllegalDialect<X86Dialect>();
  target.addLegalOp<CheckOp, YieldOp>();
  target.addDynamicallyLegalOp<ParallelOp>([](ParallelOp op) {
    return op.getCount().getType().isInteger(64) && !op.getBody().empty() &&
           llvm::all_of(op.getBody().front().getArgumentTypes(),
                        [](Type type) { return type.isInteger(64); });
  });
}

void tfc::x86::populateHostConversionPatterns(
    const LLVMTypeConverter &converter, RewritePatternSet &patterns) {
  arith::populateArithToLLVMConversionPatterns(converter, patterns);
  index::populateIndexToLLVMConversionPatterns(converter, patterns);
  populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
  cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
  populateFuncToLLVMConversionPatterns(converter, patterns);
  // An instruction is better than a call.
  populateMathToLLVMConversionPatterns(converter, patterns,
                                       /*approximateLog1p=*/false,
                                       /*benefit=*/2);
  populateMathToLibmConversionPatterns(patterns);
  ub::populateUBToLLVMConversionPatterns(converter, patterns);
  populateVectorToLLVMConversionPatterns(converter, patterns,
                                         /*reassociateFPReductions=*/true);
  patterns.add<BufferOpLowering, InputDimOpLowering, NumThreadsOpLowering,
               OutputDimOpLowering, ParallelOpConversion>(converter);
}
