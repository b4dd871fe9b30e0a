//===- OnnxTarget.h - back to the onnx dialect ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_ONNX_ONNXTARGET_H
#define TFC_TARGET_ONNX_ONNXTARGET_H

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace tfc::toonnx {

/// There is nothing to choose yet.
struct OnnxOptions {};

/// From `attn` and linalg on tensors to `onnx`, which `exportOnnxFile` writes.
/// Fails with an error for each operation that has no form in ONNX.
void buildOnnxPipeline(mlir::OpPassManager &pm, const OnnxOptions &options);

} // namespace tfc::toonnx

#endif // TFC_TARGET_ONNX_ONNXTARGET_H
