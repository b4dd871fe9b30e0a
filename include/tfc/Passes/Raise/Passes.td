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

def AttentionStructurePass : Pass<"attn-find-structure"> {
  let summary = "Find the structure in what attn.attention is given";
  let description = [{
    A mask that is computed, by comparing ranges, from triangles of ones, from
    slices of a constant, or a bias of 0 and a number that hides, is read as an
    expression of its indices. Where that is proven to be an edge (key <= query
    + offset, query <= key + window) it becomes `causal`, `left_window` and
    `right_window`; keys below an integer that a tensor has for the batch become
    `key_lengths`; what else hides keys stays a mask. A constant mask of whole
    blocks becomes one of `mask_block`, another one that hides all later keys
    `causal` beside a mask. Keys and values whose heads were repeated for the
    queries are given once, as groups; where they were gathered by a constant
    table for blocks of queries, they are given whole, with `key_blocks`. Numbers
    that queries or keys are multiplied with join `scale`. Pairs of transposes
    around a folded batch go.

    A finite number counts as one that hides from -1e30 down: it absorbs all f32
    scores below 1e22. Where some query may see no key the number is kept as
    `masked_score`.

    ```mlir
    %mask = linalg.generic {...} { index 3 <= index 2 ... } -> tensor<1x1x8x8xi1>
    %y = attn.attention scale 0.5 ins(%q, %k, %v : ...) mask(%mask : tensor<1x1x8x8xi1>) ...
    // becomes
    %y = attn.attention scale 0.5 causal ins(%q, %k, %v : ...) ...
    ```
  }];
  let dependentDialects = ["attn::AttnDialect", "mlir::affine::AffineDialect",
                           "mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::tensor::TensorDialect"];
}

def FindScanPass : Pass<"attn-find-scan"> {
  let summary = "Find loops that are linear recurrences";
  let description = [{
    A loop that carries one state, updated as decay * state + input, and collects
    the products of a row with it, becomes `attn.scan`. Decay, input and rows are
    read as products of slices at the iteration, in whatever order views,
    broadcasts and products stand; the decay is an exponential, of a step by
    channels times a rate (the selective scan) or of a gate by rows. What makes
    them up must be there before the loop.

    ```mlir
    %y:2 = scf.for %t = %c0 to %n step %c1 iter_args(%h = %h0, %rows = %r0) -> (...) {
      %dt = tensor.extract_slice %delta[0, %t, 0] ...
      // exp(dt * a) * h + dt * b * u, and its product with c
      scf.yield %next, %inserted : ...
    }
    // becomes
    %y, %last = attn.scan scale 1.0 ins(%c, %b, %u : ...) step(%delta : ...) rate(%a : ...) outs(...) -> ...
    ```

    Other loops are left alone; the reason is in the module's `tfc.scans`.
  }];
  let dependentDialects = ["attn::AttnDialect", "mlir::arith::ArithDialect",
                           "mlir::linalg::LinalgDialect", "mlir::math::MathDialect",
                           "mlir::tensor::TensorDialect"];
}

def FindAttentionPass : Pass<"attn-find-attention"> {
  let summary = "Find attention in linalg that others wrote";
  let description = [{
    For modules that did not come from ONNX: products around a softmax over the
    last dimension, as torch-mlir writes them and upstream's lowering of TOSA,
    become `attn.attention`. The softmax is exp(score - maximum) over its sum, by
    a division or a product with the inverse, in as many operations as there are,
    or `linalg.softmax`; the scores are a product, times constants, plus one bias,
    with a constant where a mask hides them. A batch of one or two dimensions may
    be folded into one around the products. Broadcasts, dimensions of size 1 and
    transposed keys are followed; sizes may be open.

    ```mlir
    %s = linalg.batch_matmul ins(%q, %kt : ...) outs(%zeros : ...) -> tensor<4x8x12xf32>
    // times 0.25; the maximum of rows, a difference, exp, the sum of rows, a quotient
    %y = linalg.batch_matmul ins(%p, %v : ...) outs(%zeros : ...) -> tensor<4x8x16xf32>
    // becomes
    %a = attn.attention scale 0.25 ins(%q4, %k4, %v4 : ...) outs(%init : ...) -> tensor<4x1x8x16xf32>
    %y = tensor.collapse_shape %a [[0, 1], [2], [3]] : ...
    ```

    Left alone are a softmax whose weights something else reads too, one that is
    not relative to its maximum, and products that add to something;
    `report-misses` says so. `canonicalize` removes what nobody reads then;
    `attn-find-structure` after it reads masks.
  }];
  let options = [Option<"reportMisses", "report-misses", "bool", "false",
      "Emit a remark at products with a softmax that are no attention">];
  let dependentDialects = ["attn::AttnDialect", "mlir::arith::ArithDialect",
                           "mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect"];
}

#endif // TFC_PASSES_RAISE_PASSES_TD
