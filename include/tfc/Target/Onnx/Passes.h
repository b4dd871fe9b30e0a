//===- Passes.h - from attn to onnx -----------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_ONNX_PASSES_H
#define TFC_TARGET_ONNX_PASSES_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace tfc::toonnx {

#define GEN_PASS_DECL
#include "tfc/Target/Onnx/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tfc/Target/Onnx/Passes.h.inc"

} // namespace tfc::toonnx

#endif // TFC_TARGET_ONNX_PASSES_H
