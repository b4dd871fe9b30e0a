//===- BufferizeInPlace.h - destinations become buffers ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_DIALECT_ATTN_BUFFERIZEINPLACE_H
#define TFC_DIALECT_ATTN_BUFFERIZEINPLACE_H

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"

namespace tfc::attn {

/// Bufferises an operation in destination style that exists on tensors with a
/// result for each destination, and on buffers with none: the same operation on
/// the operands' buffers, whose results are in the destinations.
mlir::LogicalResult
bufferizeInPlace(mlir::Operation *op, mlir::RewriterBase &rewriter,
                 const mlir::bufferization::BufferizationOptions &options,
                 mlir::bufferization::BufferizationState &state);

} // namespace tfc::attn

#endif // TFC_DIALECT_ATTN_BUFFERIZEINPLACE_H
