//===- Passes.td - what lowers the memory in use -----------*- tablegen -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_MEMORY_PASSES_TD
#define TFC_PASSES_MEMORY_PASSES_TD

include "mlir/Pass/PassBase.td"

def OverwriteOperandsPass : Pass<"memory-overwrite-operands", "mlir::func::FuncOp"> {
  let summary = "Make results in the place of operands that are read last";
  let description = [{
    An operation whose result would be made in an empty tensor is made in one of
    its operands, of the same type, where it reads an element of that operand
    before it writes that element, and nothing reads the operand afterwards:
    activations, sums with a residual, what norms do with their rows last.
    Whether that is so, upstream's analysis of bufferisation decides; what it
    would copy stays as it was. Operands that are part of a larger tensor, which
    would have to live on, and those that lie in the caller's buffers are left
    alone.

    ```mlir
    %empty = tensor.empty() : tensor<9x8xf32>
    %y = linalg.add ins(%x, %f : tensor<9x8xf32>, tensor<9x8xf32>) outs(%empty : tensor<9x8xf32>) ...
    // becomes
    %y = linalg.add ins(%x, %f : tensor<9x8xf32>, tensor<9x8xf32>) outs(%x : tensor<9x8xf32>) ...
    ```
  }];
}

#endif // TFC_PASSES_MEMORY_PASSES_TD
