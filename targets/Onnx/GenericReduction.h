//===- GenericReduction.h - reductions of linalg.generic --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_ONNX_GENERICREDUCTION_H
#define TFC_TARGETS_ONNX_GENERICREDUCTION_H

#include "GenericBody.h"

namespace tfc::toonnx {

/// The results of `op`, which has reduction loops: as products of matrices and
/// reductions of ONNX where each result is one of the few functions that ONNX
/// reduces by, else as a loop over the reduction's iterations, each of which
/// computes all others at once. Fails with a reason.
mlir::LogicalResult reduceGeneric(mlir::linalg::GenericOp op,
                                  mlir::ValueRange operands, LoopSpace &space,
                                  GenericBody::Outside outside,
                                  llvm::SmallVectorImpl<mlir::Value> &results,
                                  std::string &reason);

/// The sum over `reduced` loops of left * right as a MatMul; null where it is
/// none. `map` says in which order the result is wanted.
std::optional<LoopTensor> matrixProduct(LoopSpace &space, LoopTensor left,
                                        LoopTensor right,
                                        llvm::ArrayRef<int64_t> reduced,
                                        mlir::AffineMap map);

} // namespace tfc::toonnx

#endif // TFC_TARGETS_ONNX_GENERICREDUCTION_H
