//===- FunctionBody.h - operators as ONNX's own function bodies -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_IMPORT_FUNCTIONBODY_H
#define TFC_IMPORT_FUNCTIONBODY_H

#include "tfc/Dialect/Onnx/Onnx.h"

#include "mlir/IR/Builders.h"

namespace tfc {

/// Replaces `node` by the function body that ONNX's schema gives for its
/// operator: the body's nodes are created at the builder's position, and
/// `results` are the values of its outputs. `inputTypes` are the tensor types
/// of the operands as far as they are known (null for an absent one); some
/// bodies depend on them. Fails, with a reason, when the schema has no body.
mlir::LogicalResult
expandFunctionBody(onnx::NodeOp node, llvm::ArrayRef<mlir::Type> inputTypes,
                   mlir::OpBuilder &builder,
                   llvm::SmallVectorImpl<mlir::Value> &results,
                   std::string &reason);

/// Whether ONNX's schema of the operator has a function body, which may still
/// not cover every case.
bool hasFunctionBody(onnx::NodeOp node);

/// Whether ONNX allows the operator inputs of these types (tensors; null where
/// unknown or absent); says what it would accept where it does not.
bool inputTypesAllowed(onnx::NodeOp node, llvm::ArrayRef<mlir::Type> inputTypes,
                       std::string &reason);

} // namespace tfc

#endif // TFC_IMPORT_FUNCTIONBODY_H
