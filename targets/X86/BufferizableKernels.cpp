//===- BufferizableKernels.cpp - kernels on buffers -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interfaces.h"
#include "tfc/Dialect/Attn/BufferizeInPlace.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace tfc::x86;

namespace {

template <typename Op>
struct PackedModel
    : public DstBufferizableOpInterfaceExternalModel<PackedModel<Op>, Op> {
  /// The destination is written, never read.
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    return tfc::attn::bufferizeInPlace(op, rewriter, options, state);
  }
};

} // namespace

void tfc::x86::registerBufferizableKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, X86Dialect *) {
    PackedLinearOp::attachInterface<PackedModel<PackedLinearOp>>(*context);
    PackedIntegerLinearOp::attachInterface<PackedModel<PackedIntegerLinearOp>>(
        *context);
    PackedQuantizedLinearOp::attachInterface<
        PackedModel<PackedQuantizedLinearOp>>(*context);
  });
}
