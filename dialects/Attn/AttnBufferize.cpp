//===- AttnBufferize.cpp - operations of attn on buffers --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Dialect/Attn/BufferizeInPlace.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace tfc::attn;

namespace {

template <typename Op>
struct Model : public DstBufferizableOpInterfaceExternalModel<Model<Op>, Op> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand) ||
           readsDestination(operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    return bufferizeInPlace(op, rewriter, options, state);
  }
};

} // namespace

LogicalResult tfc::attn::bufferizeInPlace(Operation *op, RewriterBase &rewriter,
                                          const BufferizationOptions &options,
                                          BufferizationState &state) {
  SmallVector<Value> buffers;
  for (Value operand : op->getOperands()) {
    if (!isa<TensorType>(operand.getType())) {
      buffers.push_back(operand);
      continue;
    }
    FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
    if (failed(buffer))
      return failure();
    buffers.push_back(*buffer);
  }
  SmallVector<Value> destinations;
  auto destinationStyle = cast<DestinationStyleOpInterface>(op);
  for (OpOperand &init : destinationStyle.getDpsInitsMutable())
    destinations.push_back(buffers[init.getOperandNumber()]);
  clone(rewriter, op, TypeRange(), buffers);
  replaceOpWithBufferizedValues(rewriter, op, destinations);
  return success();
}

void tfc::attn::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, AttnDialect *) {
    LinearOp::attachInterface<Model<LinearOp>>(*context);
    NormOp::attachInterface<Model<NormOp>>(*context);
    AttentionOp::attachInterface<Model<AttentionOp>>(*context);
    RopeOp::attachInterface<Model<RopeOp>>(*context);
    ScanOp::attachInterface<Model<ScanOp>>(*context);
    CacheAppendOp::attachInterface<Model<CacheAppendOp>>(*context);
    QuantizeOp::attachInterface<Model<QuantizeOp>>(*context);
    DequantizeOp::attachInterface<Model<DequantizeOp>>(*context);
    PatchEmbedOp::attachInterface<Model<PatchEmbedOp>>(*context);
    RouteOp::attachInterface<Model<RouteOp>>(*context);
  });
}
