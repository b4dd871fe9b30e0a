//===- CallKernels.cpp - integer operations to calls ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelConstants.h"
#include "KernelShapes.h"
#include "tfc/Target/CortexM7/CortexM7.h"
#include "tfc/Target/CortexM7/Kernels/Kernels.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_CALLKERNELSPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;
using namespace tfc::m7;

namespace {

/// The arguments of one call.
class Arguments {
public:
  Arguments(OpBuilder &b, Location loc, KernelConstants &constants)
      : b(b), loc(loc), constants(constants) {}

  Arguments &buffer(Value buffer) {
    auto metadata = memref::ExtractStridedMetadataOp::create(b, loc, buffer);
    Value base = memref::ExtractAlignedPointerAsIndexOp::create(
        b, loc, metadata.getBaseBuffer());
    return pointer(arith::AddIOp::create(b, loc, base, metadata.getOffset()));
  }

  Arguments &constant(const std::string &bytes, StringRef kind) {
    memref::GlobalOp global = constants.get(bytes, kind);
    Value buffer = memref::GetGlobalOp::create(b, loc, global.getType(),
                                               global.getSymName());
    return pointer(
        memref::ExtractAlignedPointerAsIndexOp::create(b, loc, buffer));
  }

  Arguments &word(int64_t value) {
    values.push_back(arith::ConstantOp::create(
        b, loc, b.getI32IntegerAttr(static_cast<int32_t>(value))));
    return *this;
  }

  Arguments &wide(int64_t value) {
    values.push_back(
        arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value)));
    return *this;
  }

  void call(func::FuncOp kernel) {
    kernel.setPrivate();
    func::CallOp::create(b, loc, kernel, values);
  }

private:
  Arguments &pointer(Value index) {
    Value address = arith::IndexCastOp::create(b, loc, b.getI32Type(), index);
    values.push_back(LLVM::IntToPtrOp::create(
        b, loc, LLVM::LLVMPointerType::get(b.getContext()), address));
    return *this;
  }

  OpBuilder &b;
  Location loc;
  KernelConstants &constants;
  SmallVector<Value> values;
};

class KernelCaller {
public:
  explicit KernelCaller(ModuleOp module) : module(module), constants(module) {}

  LogicalResult call(Operation *op) {
    if (failed(checkOperands(op)))
      return failure();
    OpBuilder b(op);
    Arguments arguments(b, op->getLoc(), constants);
    FailureOr<func::FuncOp> kernel =
        llvm::TypeSwitch<Operation *, FailureOr<func::FuncOp>>(op)
            .Case<ProductOp, ActivationProductOp, AttentionOp, SoftmaxOp,
                  TableOp, AddOp, MultiplyOp, MeanOp, NormOp>(
                [&](auto typed) { return prepare(typed, arguments); })
            .Default([](Operation *unknown) -> FailureOr<func::FuncOp> {
              return unknown->emitOpError("has no kernel");
            });
    if (failed(kernel))
      return failure();
    arguments.call(*kernel);
    op->erase();
    return success();
  }

private:
  LogicalResult checkOperands(Operation *op);

  template <typename T>
  std::string bytesOf(ElementsAttr values) {
    ByteWriter writer;
    for (T value : elementsOf<T>(values))
      writer.put(value);
    return writer.bytes;
  }

  FailureOr<func::FuncOp> prepare(ProductOp op, Arguments &arguments);
  FailureOr<func::FuncOp> prepare(ActivationProductOp op, Arguments &arguments);
  FailureOr<func::FuncOp> prepare(AttentionOp op, Arguments &arguments);
  FailureOr<func::FuncOp> prepare(SoftmaxOp op, Arguments &arguments);
  FailureOr<func::FuncOp> prepare(TableOp op, Arguments &arguments);
  FailureOr<func::FuncOp> prepare(AddOp op, Arguments &arguments);
  FailureOr<func::FuncOp> prepare(MultiplyOp op, Arguments &arguments);
  FailureOr<func::FuncOp> prepare(MeanOp op, Arguments &arguments);
  FailureOr<func::FuncOp> prepare(NormOp op, Arguments &arguments);

  ModuleOp module;
  KernelConstants constants;
};

/// The buffer that products and attention work in.
Value scratchOf(Operation *op) {
  if (auto product = dyn_cast<ProductOp>(op))
    return product.getScratch();
  if (auto product = dyn_cast<ActivationProductOp>(op))
    return product.getScratch();
  return cast<AttentionOp>(op).getScratch();
}

LogicalResult KernelCaller::checkOperands(Operation *op) {
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    if (!type)
      return op->emitOpError("works on tensors still");
    if (!type.hasStaticShape())
      return op->emitOpError("expected known sizes, found ") << type;
    if (!takesAsItLies(operand))
      return op->emitOpError(
                 "expected elements that follow one another, found ")
             << type;
  }
  int64_t bytes = scratchBytes(op);
  if (bytes == 0)
    return success();
  if (Value scratch = scratchOf(op))
    if (cast<MemRefType>(scratch.getType()).getNumElements() >= bytes)
      return success();
  return op->emitOpError("expected scratch of ")
         << bytes << " bytes; m7-assign-scratch gives it";
}

/// Kernels of products take four elements of a row at a time.
template <typename Op>
LogicalResult checkDepth(Op op, int64_t depth) {
  if (depth % 4)
    return op.emitOpError("expected rows of a multiple of 4 elements, found ")
           << depth;
  return success();
}

int64_t elementCount(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getNumElements();
}

/// What all products' kernels take behind their operands and constants.
template <typename Op>
static void addProductResult(Op op, Arguments &arguments) {
  int64_t outputs = columnsOf(op.getInit());
  arguments.buffer(op.getInit())
      .buffer(op.getScratch())
      .word(rowsOf(op.getX()))
      .word(outputs)
      .word(rowStride(op.getInit()).value_or(outputs))
      .word(op.getZero());
}

FailureOr<func::FuncOp> KernelCaller::prepare(ProductOp op,
                                              Arguments &arguments) {
  int64_t rows = rowsOf(op.getX()), depth = columnsOf(op.getX()),
          outputs = columnsOf(op.getInit());
  if (failed(checkDepth(op, depth)))
    return failure();
  std::vector<int8_t> weights = elementsOf<int8_t>(op.getWeights());
  std::vector<int32_t> bias = elementsOf<int32_t>(op.getBias()),
                       multipliers = elementsOf<int32_t>(op.getMultipliers());
  if (weights.empty() || bias.empty() || multipliers.empty())
    return op.emitOpError("expected constants whose bytes are known");
  auto paired = pairWeights(weights, outputs, depth, bias);
  ByteWriter matrix, parameters;
  if (paired) {
    for (int16_t word : *paired)
      matrix.put(word);
    for (int64_t n = 0; n < outputs; n += 2) {
      parameters.put(static_cast<uint32_t>(bias[n]) * 256 + bias[n + 1]);
      parameters.put(bias[n + 1]);
      parameters.put(multipliers[n]);
      parameters.put(multipliers[n + 1]);
    }
  } else {
    for (int8_t weight : weights)
      matrix.put(weight);
    for (int64_t n = 0; n < outputs; ++n) {
      parameters.put(bias[n]);
      parameters.put(multipliers[n]);
    }
  }
  arguments.buffer(op.getX())
      .constant(matrix.bytes, "weights")
      .constant(parameters.bytes, "parameters");
  addProductResult(op, arguments);
  ProductShape shape{depth, rowBlock(rows),
                     paired ? ProductForm::Paired : ProductForm::Plain};
  shape.isSingle = outputs == 1;
  return productKernel(module, shape);
}

FailureOr<func::FuncOp> KernelCaller::prepare(ActivationProductOp op,
                                              Arguments &arguments) {
  int64_t rows = rowsOf(op.getX()), outputs = columnsOf(op.getInit());
  if (failed(checkDepth(op, columnsOf(op.getX()))))
    return failure();
  ByteWriter parameters;
  for (uint32_t value : {op.getXZero(), op.getYZero(), op.getMultiplier()})
    parameters.put(value);
  arguments.buffer(op.getX()).buffer(op.getY()).constant(parameters.bytes,
                                                         "parameters");
  addProductResult(op, arguments);
  ProductShape shape{columnsOf(op.getX()), rowBlock(rows),
                     ProductForm::Activations};
  shape.isSingle = outputs == 1;
  shape.xStride = rowStride(op.getX());
  shape.yStride = rowStride(op.getY());
  return productKernel(module, shape);
}

FailureOr<func::FuncOp> KernelCaller::prepare(AttentionOp op,
                                              Arguments &arguments) {
  int64_t rows = rowsOf(op.getQ()), depth = columnsOf(op.getQ()),
          keys = rowsOf(op.getKeys());
  if (failed(checkDepth(op, depth)))
    return failure();
  if (keys < 1 || keys > 4096)
    return op.emitOpError("expected 1 to 4096 keys, found ") << keys;
  ByteWriter parameters;
  for (uint32_t value :
       {op.getQZero(), op.getKeysZero(), op.getScoreMultiplier(),
        op.getScoreZero(), op.getNumerator(), op.getProbabilityZero(),
        op.getProbabilityZero(), op.getValuesZero(), op.getMultiplier(),
        op.getZero()})
    parameters.put(value);
  arguments.buffer(op.getQ())
      .buffer(op.getKeys())
      .buffer(op.getValues())
      .buffer(op.getInit())
      .constant(parameters.bytes, "parameters")
      .constant(bytesOf<int32_t>(op.getTable()), "table")
      .buffer(op.getScratch())
      .word(rows)
      .word(rowStride(op.getInit()).value_or(depth));
  AttentionShape shape{depth, keys, rowBlock(rows)};
  shape.qStride = rowStride(op.getQ());
  shape.keyStride = rowStride(op.getKeys());
  shape.valueStride = rowStride(op.getValues());
  return attentionKernel(module, shape);
}

FailureOr<func::FuncOp> KernelCaller::prepare(SoftmaxOp op,
                                              Arguments &arguments) {
  arguments.buffer(op.getX())
      .buffer(op.getInit())
      .constant(bytesOf<int32_t>(op.getTable()), "table")
      .word(rowsOf(op.getX()))
      .word(columnsOf(op.getX()))
      .word(op.getNumerator())
      .word(op.getZero());
  return softmaxKernel(module);
}

FailureOr<func::FuncOp> KernelCaller::prepare(TableOp op,
                                              Arguments &arguments) {
  arguments.buffer(op.getX())
      .buffer(op.getInit())
      .constant(bytesOf<int8_t>(op.getTable()), "table")
      .word(elementCount(op.getX()));
  return tableKernel(module);
}

FailureOr<func::FuncOp> KernelCaller::prepare(AddOp op, Arguments &arguments) {
  bool isRow = op.getA().getType() != op.getB().getType() &&
               elementCount(op.getA()) != elementCount(op.getB());
  arguments.buffer(op.getA()).buffer(op.getB()).buffer(op.getInit());
  if (isRow)
    arguments.word(rowsOf(op.getA())).word(columnsOf(op.getA()));
  else
    arguments.word(elementCount(op.getA()));
  arguments.word(op.getFactorA()).word(op.getFactorB()).word(op.getOffset());
  return isRow ? addRowKernel(module) : addKernel(module);
}

FailureOr<func::FuncOp> KernelCaller::prepare(MultiplyOp op,
                                              Arguments &arguments) {
  arguments.buffer(op.getA())
      .buffer(op.getB())
      .buffer(op.getInit())
      .word(elementCount(op.getA()))
      .word(op.getAZero())
      .word(op.getBZero())
      .word(op.getMultiplier())
      .word(op.getZero());
  return multiplyKernel(module);
}

FailureOr<func::FuncOp> KernelCaller::prepare(MeanOp op, Arguments &arguments) {
  arguments.buffer(op.getX())
      .buffer(op.getInit())
      .word(rowsOf(op.getX()))
      .word(op.getOffset())
      .word(op.getMultiplier())
      .word(op.getZero());
  return meanKernel(module, columnsOf(op.getX()));
}

FailureOr<func::FuncOp> KernelCaller::prepare(NormOp op, Arguments &arguments) {
  int64_t channels = columnsOf(op.getX());
  if (channels > mostNormDepth)
    return op.emitOpError("expected at most ")
           << mostNormDepth << " channels, found " << channels;
  std::vector<int32_t> gains = elementsOf<int32_t>(op.getGains());
  std::vector<int64_t> offsets = elementsOf<int64_t>(op.getOffsets());
  ByteWriter parameters;
  for (size_t i = 0; i < gains.size(); ++i) {
    parameters.put(gains[i]);
    parameters.put(uint32_t(0));
    parameters.put(offsets[i]);
  }
  arguments.buffer(op.getX())
      .buffer(op.getInit())
      .constant(parameters.bytes, "parameters")
      .word(rowsOf(op.getX()))
      .word(op.getRms() ? static_cast<int32_t>(op.getXZero()) : 0)
      .wide(op.getEpsilon());
  return normKernel(module, channels, !op.getRms(),
                    channels / static_cast<int64_t>(gains.size()));
}

struct CallKernelsPass
    : public tfc::m7::impl::CallKernelsPassBase<CallKernelsPass> {
  void runOnOperation() override {
    SmallVector<Operation *> operations;
    getOperation().walk([&](Operation *op) {
      if (isa_and_nonnull<M7Dialect>(op->getDialect()) && !isa<ReadRowsOp>(op))
        operations.push_back(op);
    });
    KernelCaller caller(getOperation());
    for (Operation *op : operations)
      if (failed(caller.call(op)))
        return signalPassFailure();
  }
};

} // namespace
