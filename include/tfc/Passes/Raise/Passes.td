//===- Passes.td - from `onnx` to `attn` -------------------*- tablegen -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_PASSES_TD
#define TFC_PASSES_RAISE_PASSES_TD

include "mlir/Pass/PassBase.td"

#endif // TFC_PASSES_RAISE_PASSES_TD
