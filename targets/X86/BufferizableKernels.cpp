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

#include "mlir/Dialect/Bufferization/IR/BufferViewFlowOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

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

/// Upstream's analysis takes the result for a buffer of its own, so that the
/// arena's plan would have the operand dead where only the view is in use.
struct TransposeViewModel
    : public BufferViewFlowOpInterface::ExternalModel<TransposeViewModel,
                                                      memref::TransposeOp> {
  void populateDependencies(Operation *op,
                            RegisterDependenciesFn registerDependencies) const {
    auto transpose = cast<memref::TransposeOp>(op);
    registerDependencies({transpose.getIn()}, {transpose.getResult()});
  }
  bool mayBeTerminalBuffer(Operation *, Value) const { return false; }
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
  registry.addExtension(+[](MLIRContext *context, memref::MemRefDialect *) {
    memref::TransposeOp::attachInterface<TransposeViewModel>(*context);
  });
}
