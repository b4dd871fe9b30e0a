//===- Passes.td - `attn` to linalg ------------------------*- tablegen -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_DECOMPOSE_PASSES_TD
#define TFC_PASSES_DECOMPOSE_PASSES_TD

include "mlir/Pass/PassBase.td"

def AttnDecomposePass : Pass<"attn-decompose"> {
  let summary = "Write attn operations on tensors as linalg";
  let description = [{
    The result is the reference semantics of the dialect: any target without a
    schedule for an operation runs it this way. Sums of f16 and bf16 are
    accumulated in f32.

    ```mlir
    %y = attn.linear ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>)
                     outs(%init : tensor<4x16xf32>) -> tensor<4x16xf32>
    // becomes
    %zero = arith.constant 0.0 : f32
    %acc = linalg.fill ins(%zero : f32) outs(%init : tensor<4x16xf32>) -> tensor<4x16xf32>
    %y = linalg.generic {...} ins(%x, %w) outs(%acc) { arith.mulf, arith.addf }
    ```
  }];
  let options = [ListOption<"keep", "keep", "std::string",
      "Operations to leave alone where a target has a kernel for them, as attn.linear">];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::math::MathDialect", "mlir::scf::SCFDialect",
                           "mlir::tensor::TensorDialect"];
}

#endif // TFC_PASSES_DECOMPOSE_PASSES_TD
