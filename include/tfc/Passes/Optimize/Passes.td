//===- Passes.td - the same function with less work --------*- tablegen -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_OPTIMIZE_PASSES_TD
#define TFC_PASSES_OPTIMIZE_PASSES_TD

include "mlir/Pass/PassBase.td"

def SinkSlicesPass : Pass<"attn-sink-slices", "mlir::func::FuncOp"> {
  let summary = "Do not compute rows that nobody reads";
  let description = [{
    Of the last layer of a classifier only the class token is read, of a language
    model often the last position. A slice of a result that has no other use moves
    in front of the operation, onto its operands, by upstream's tiling interface;
    from there on through reshapes, other slices and concatenations, as far as less
    is computed. Uses that read the same slice count as one, so that it goes along
    both sides of a residual stream. Attention that is sliced over its queries keeps
    all its keys and values.

    Left alone are results that something else reads too, slices with steps,
    operations with effects, such as checks of what the model is given, slices
    that are not in the operation's block, and those that cut numbers with a
    scale for each slice.

    ```mlir
    %y = attn.linear ins(%x, %w : tensor<1x17x48xf32>, tensor<48x96xf32>)
                     outs(%init : tensor<1x17x96xf32>) -> tensor<1x17x96xf32>
    %row = tensor.extract_slice %y[0, 0, 0] [1, 1, 96] [1, 1, 1]
        : tensor<1x17x96xf32> to tensor<1x1x96xf32>
    // becomes
    %x0 = tensor.extract_slice %x[0, 0, 0] [1, 1, 48] [1, 1, 1]
        : tensor<1x17x48xf32> to tensor<1x1x48xf32>
    %row = attn.linear ins(%x0, %w : tensor<1x1x48xf32>, tensor<48x96xf32>)
                       outs(%init0 : tensor<1x1x96xf32>) -> tensor<1x1x96xf32>
    ```
  }];
  let dependentDialects = ["mlir::affine::AffineDialect", "mlir::arith::ArithDialect",
                           "mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect"];
}

#endif // TFC_PASSES_OPTIMIZE_PASSES_TD
