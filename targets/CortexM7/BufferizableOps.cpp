//===- BufferizableOps.cpp - integer operations on buffers ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Dialect/Attn/BufferizeInPlace.h"
#include "tfc/Target/CortexM7/CortexM7.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace tfc::m7;

namespace {

/// Operations that have read an element, or all that its row needs of it,
/// before they write it: the result may be an operand's memory.
template <typename Op>
constexpr bool worksInPlace =
    std::is_same_v<Op, TableOp> || std::is_same_v<Op, AddOp> ||
    std::is_same_v<Op, MultiplyOp> || std::is_same_v<Op, SoftmaxOp> ||
    std::is_same_v<Op, NormOp>;

template <typename Op>
struct Model : public DstBufferizableOpInterfaceExternalModel<Model<Op>, Op> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }

  bool bufferizesToElementwiseAccess(Operation *, const AnalysisState &,
                                     ArrayRef<OpOperand *>) const {
    return worksInPlace<Op>;
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
