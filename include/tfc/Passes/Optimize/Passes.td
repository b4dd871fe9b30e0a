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

def PackTokensPass : Pass<"attn-pack-tokens", "mlir::func::FuncOp"> {
  let summary = "Compute batches of sequences without their padding";
  let description = [{
    Sequences of a batch are padded to the longest, and a mask [batch, tokens] of ones
    and zeros, an input, hides the padding from attention; all else is computed for it
    all the same. Here the tokens of all sequences lie one after the other instead
    (ByteTransformer, Zhai et al. 2023): what is computed token by token is so for those
    that there are, attention takes `sequences`, and a result of all tokens is zero where
    the mask is.

    The mask is that of the first attention whose bias or mask is made of an input alone,
    such that 1 changes nothing and 0 hides a key, by -1e4 or less. The pass fails, with
    the operation and the reason, where the padding would be missed: where an attention
    has no mask or another, or windows; where something else than a sum that the mask
    zeroes, a single token or the result of the function reads tokens that attention
    leads to. A single token that is masked reads as zero. A mask with other numbers is
    an error when the function runs.

    ```mlir
    %y = attn.attention scale 0.125 ins(%q, %k, %v : tensor<?x12x?x64xf32>, ...) bias(%hidden : tensor<?x1x1x?xf32>) ...
    // becomes
    %tokens = scf.for ... // counts and lists them
    %y = attn.attention scale 0.125 ins(%q1, %k1, %v1 : tensor<1x12x?x64xf32>, ...) sequences(%bounds : tensor<?xi64>) ...
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::cf::ControlFlowDialect",
                           "mlir::linalg::LinalgDialect", "mlir::scf::SCFDialect",
                           "mlir::tensor::TensorDialect"];
}

#endif // TFC_PASSES_OPTIMIZE_PASSES_TD
