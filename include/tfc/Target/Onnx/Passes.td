//===- Passes.td - from `attn` to `onnx` -------------------*- tablegen -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_ONNX_PASSES_TD
#define TFC_TARGET_ONNX_PASSES_TD

include "mlir/Pass/PassBase.td"

def PrepareForOnnxPass : Pass<"prepare-for-onnx"> {
  let summary = "Bring attn and linalg on tensors to the forms that ONNX has";
  let description = [{
    Operations of attn that are no operator of ONNX are decomposed, named
    operations of linalg become generic ones, chains of slices put into one tensor
    become one `tensor.concat`, and loops count from 0 by 1. Checks when a model
    is called (`cf.assert`) go: runtimes of ONNX have their own.

    ```mlir
    %y = attn.attention scale 0.5 ins(%q, %k, %v : ...) outs(%init : ...) -> ...
    // becomes
    %scores = linalg.generic {...} ins(%q, %k) { arith.mulf, arith.addf }
    ...
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::math::MathDialect", "mlir::scf::SCFDialect",
                           "mlir::tensor::TensorDialect"];
}

def ConvertAttnToOnnxPass : Pass<"convert-attn-to-onnx", "mlir::ModuleOp"> {
  let summary = "Convert attn, linalg and tensor to the onnx dialect";
  let description = [{
    Runs `prepare-for-onnx` first. A scalar becomes a tensor of rank 0, `index`
    i64. A linalg.generic becomes nodes on whole tensors: each operand is brought
    to the order of the loops by Transpose, Unsqueeze and Gather, operations of its
    body are operators that broadcast, sums of products are MatMul, other
    reductions Reduce operators, or a Loop over the reduction where none is there.
    Sizes that are not known are computed from Shape. Names, open sizes and element
    types of inputs and outputs stay.

    ```mlir
    func.func @main(%x: tensor<?x4xf32> {tfc.name = "x"}) -> (tensor<?x8xf32> {tfc.name = "y"}) {
      %y = attn.linear ins(%x, %w : ...) bias(%b : ...) outs(%init : ...) -> tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    // becomes
    func.func @main(%x: tensor<?x4xf32> {onnx.name = "x"}) -> (tensor<?x8xf32> {onnx.name = "y"}) {
      %p = onnx.node "MatMul"(%x, %w) opset 20 outputs [""] : ...
      %y = onnx.node "Add"(%p, %b) opset 20 outputs [""] : ...
      return %y : tensor<?x8xf32>
    }
    ```

    Fails with one line for each operation that has no form in ONNX.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::math::MathDialect", "mlir::scf::SCFDialect",
                           "mlir::tensor::TensorDialect", "onnx::OnnxDialect"];
}

def SimplifyNodesPass : Pass<"onnx-simplify"> {
  let summary = "Share equal nodes of the onnx dialect and remove unused ones";
  let description = [{
    Equal nodes and constants become one, those whose results nobody uses go, and
    so do `Identity` nodes, whose input learns the sizes that their result has.

    ```mlir
    %a = onnx.node "Shape"(%x) opset 20 outputs [""] : (tensor<?xf32>) -> tensor<1xi64>
    %b = onnx.node "Shape"(%x) opset 20 outputs [""] : (tensor<?xf32>) -> tensor<1xi64>
    %c = onnx.node "Add"(%a, %b) opset 20 outputs [""] : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
    // becomes
    %a = onnx.node "Shape"(%x) opset 20 outputs [""] : (tensor<?xf32>) -> tensor<1xi64>
    %c = onnx.node "Add"(%a, %a) opset 20 outputs [""] : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
    ```
  }];
  let dependentDialects = ["onnx::OnnxDialect"];
}

#endif // TFC_TARGET_ONNX_PASSES_TD
