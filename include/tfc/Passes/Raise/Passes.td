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

def RaiseOnnxPass : Pass<"raise-onnx", "mlir::ModuleOp"> {
  let summary = "Raise the onnx dialect to attn and linalg on tensors";
  let description = [{
    Walks the graph forwards. Each operator has one rule; one without is replaced
    by the function body that ONNX's schema gives for it. Sizes are numbers or
    `index` values: those with the same `dim_param` are one value, and shape
    arithmetic on small integer tensors is done on scalars and folds away.
    Where a rule cannot see that two sizes are equal it asks for a check at run
    time (`cf.assert`).

    Graphs of small operators that mean attention, layer normalisation, a patch
    embedding or a linear layer become one operation.

    ```mlir
    %y = onnx.node "Add"(%x, %b) opset 18 outputs ["y"]
        : (tensor<2x4xf32>, tensor<4xf32>) -> !onnx.value
    // becomes
    %e = tensor.empty() : tensor<2x4xf32>
    %y = linalg.generic {...} ins(%x, %b) outs(%e) { arith.addf ... }
    ```

    Fails with one line for each node that cannot be expressed exactly.
  }];
  let dependentDialects = ["attn::AttnDialect", "mlir::arith::ArithDialect",
                           "mlir::cf::ControlFlowDialect", "mlir::func::FuncDialect",
                           "mlir::linalg::LinalgDialect", "mlir::math::MathDialect",
                           "mlir::scf::SCFDialect", "mlir::tensor::TensorDialect"];
}

#endif // TFC_PASSES_RAISE_PASSES_TD
