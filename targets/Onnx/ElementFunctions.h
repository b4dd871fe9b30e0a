//===- ElementFunctions.h - arithmetic as nodes -----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_ONNX_ELEMENTFUNCTIONS_H
#define TFC_TARGETS_ONNX_ELEMENTFUNCTIONS_H

#include "NodeBuilder.h"

namespace tfc::toonnx {

/// What `op`, of arith or math on scalars, computes, of tensors that broadcast
/// in the place of its operands. Fails, with a reason, where ONNX has no form.
mlir::FailureOr<mlir::Value> elementFunction(NodeBuilder &nb,
                                             mlir::Operation *op,
                                             mlir::ValueRange operands,
                                             std::string &reason);

/// The operation of reading integers' quotients downwards, for affine maps.
mlir::Value floorDivide(NodeBuilder &nb, mlir::Value x, mlir::Value y);
mlir::Value floorRemainder(NodeBuilder &nb, mlir::Value x, mlir::Value y);

/// `value` as integers of `element`, with the same bits.
mlir::Value reinterpret(NodeBuilder &nb, mlir::Value value, mlir::Type element);

} // namespace tfc::toonnx

#endif // TFC_TARGETS_ONNX_ELEMENTFUNCTIONS_H
