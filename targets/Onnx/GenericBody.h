//===- GenericBody.h - what a linalg.generic computes -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_ONNX_GENERICBODY_H
#define TFC_TARGETS_ONNX_GENERICBODY_H

#include "LoopTensor.h"

namespace tfc::toonnx {

/// Computes scalars of the body of a linalg.generic for all iterations.
class GenericBody {
public:
  /// Gives the value that stands for one from outside of the operation.
  using Outside = llvm::function_ref<mlir::Value(mlir::Value)>;

  GenericBody(LoopSpace &space, mlir::linalg::GenericOp op, Outside outside)
      : space(space), op(op), outside(outside) {}

  /// Reads an operand; fails with a reason.
  mlir::LogicalResult bind(mlir::OpOperand &operand, mlir::Value tensor);
  void bind(mlir::Value scalar, LoopTensor value) { known[scalar] = value; }

  mlir::FailureOr<LoopTensor> evaluate(mlir::Value scalar);
  /// An operator of values that broadcast.
  LoopTensor elementwise(llvm::StringRef opType,
                         llvm::ArrayRef<LoopTensor> operands);
  /// `function`, an operation of the body, of `operands`.
  mlir::FailureOr<LoopTensor> apply(mlir::Operation *function,
                                    llvm::ArrayRef<LoopTensor> operands);

  /// Whether `scalar` is computed from `source`.
  bool dependsOn(mlir::Value scalar, mlir::Value source) const;

  std::string reason;

private:
  mlir::FailureOr<LoopTensor> evaluateOperation(mlir::Operation *scalarOp);
  mlir::FailureOr<LoopTensor> fail(const llvm::Twine &why) {
    reason = why.str();
    return mlir::failure();
  }

  LoopSpace &space;
  mlir::linalg::GenericOp op;
  Outside outside;
  llvm::DenseMap<mlir::Value, LoopTensor> known;
};

} // namespace tfc::toonnx

#endif // TFC_TARGETS_ONNX_GENERICBODY_H
