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

def OrderOperationsPass : Pass<"memory-order-operations", "mlir::func::FuncOp"> {
  let summary = "Run operations in the order that needs least memory";
  let description = [{
    Moves the operations on buffers of a function of one block, so that fewer
    bytes of temporaries live at once, where some order has a lower peak than the
    one given; else nothing moves. An operation waits for those whose results it
    uses, and for those that touch the same memory if one of the two writes. What
    has effects on no memory in particular, as an assertion, stays between the
    same operations; operations with regions move as a whole.

    The search goes through sets of operations that may have run, from those with
    the lowest peak, and so finds the best order; beyond `states` sets, it keeps
    the best few of each size. Functions with effects or sizes that are not known
    are left alone.

    ```mlir
    linalg.exp ins(%x : memref<8xf32>) outs(%large : memref<64x8xf32>)
    linalg.exp ins(%y : memref<8xf32>) outs(%other : memref<64x8xf32>)
    linalg.reduce ins(%large : memref<64x8xf32>) outs(%small : memref<8xf32>) ...
    // becomes
    linalg.exp ins(%x : memref<8xf32>) outs(%large : memref<64x8xf32>)
    linalg.reduce ins(%large : memref<64x8xf32>) outs(%small : memref<8xf32>) ...
    linalg.exp ins(%y : memref<8xf32>) outs(%other : memref<64x8xf32>)
    ```
  }];
  let options = [Option<"states", "states", "unsigned", "20000",
                        "Most sets of operations that are looked at">];
}

#endif // TFC_PASSES_MEMORY_PASSES_TD
