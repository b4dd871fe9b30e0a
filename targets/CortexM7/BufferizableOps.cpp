//===- BufferizableOps.cpp - integer operations on buffers ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OperandOverlaps.h"
#include "tfc/Dialect/Attn/BufferizeInPlace.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Target/CortexM7/CortexM7.h"
#include "tfc/Target/CortexM7/CortexM7Target.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace tfc::m7;

namespace {

template <typename Op>
struct Model : public DstBufferizableOpInterfaceExternalModel<Model<Op>, Op> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }

  bool bufferizesToElementwiseAccess(Operation *op, const AnalysisState &,
                                     ArrayRef<OpOperand *> operands) const {
    auto destination = cast<DestinationStyleOpInterface>(op);
    return llvm::all_of(operands, [&](OpOperand *operand) {
      return destination.isDpsInit(operand) || isReadBeforeResult(*operand);
    });
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    return tfc::attn::bufferizeInPlace(op, rewriter, options, state);
  }
};

} // namespace

void tfc::m7::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, M7Dialect *) {
    ProductOp::attachInterface<Model<ProductOp>>(*context);
    ActivationProductOp::attachInterface<Model<ActivationProductOp>>(*context);
    AttentionOp::attachInterface<Model<AttentionOp>>(*context);
    SoftmaxOp::attachInterface<Model<SoftmaxOp>>(*context);
    TableOp::attachInterface<Model<TableOp>>(*context);
    AddOp::attachInterface<Model<AddOp>>(*context);
    MultiplyOp::attachInterface<Model<MultiplyOp>>(*context);
    MeanOp::attachInterface<Model<MeanOp>>(*context);
    NormOp::attachInterface<Model<NormOp>>(*context);
  });
}

void tfc::m7::registerCortexM7Interfaces(DialectRegistry &registry) {
  registry.insert<attn::AttnDialect, M7Dialect>();
  attn::registerBufferizableOpInterfaceExternalModels(registry);
  registerBufferizableOpInterfaceExternalModels(registry);
}
