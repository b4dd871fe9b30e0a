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

def TileTokensPass : Pass<"attn-tile-tokens", "mlir::func::FuncOp"> {
  let summary = "Compute wide layers for a few rows at a time";
  let description = [{
    Where a value that is larger than what is made of it has no other use, as the
    hidden layer of a feed-forward block or the scores of an attention, the
    operations from its producer to that end become a loop over tiles of rows,
    and only a tile of the value exists at a time. All operations with upstream's
    tiling interface take part, if they make a row from a row. A row is the last
    dimension; a tile has up to `rows` of them, neighbours first. Rows that are
    left over get a loop of one iteration, so that all sizes stay known.

    Of two users of a value, both must be in the chain; what another operation
    reads whole, as keys and values, is left outside. A function attribute
    `memory.tile_rows` takes the option's place.

    ```mlir
    %h = linalg.matmul ins(%x, %w1 : tensor<64x8xf32>, tensor<8x32xf32>) outs(%0 : tensor<64x32xf32>) -> tensor<64x32xf32>
    %y = linalg.matmul ins(%h, %w2 : tensor<64x32xf32>, tensor<32x8xf32>) outs(%1 : tensor<64x8xf32>) -> tensor<64x8xf32>
    // becomes, with rows=16
    %y = scf.for %i = %c0 to %c64 step %c16 iter_args(%made = %1) -> (tensor<64x8xf32>) {
      %xs = tensor.extract_slice %x[%i, 0] [16, 8] [1, 1] ...
      %h = linalg.matmul ins(%xs, %w1 : tensor<16x8xf32>, tensor<8x32xf32>) ...
      %ys = linalg.matmul ins(%h, %w2 : tensor<16x32xf32>, tensor<32x8xf32>) ...
      %next = tensor.insert_slice %ys into %made[%i, 0] [16, 8] [1, 1] ...
      scf.yield %next : tensor<64x8xf32>
    }
    ```
  }];
  let options = [Option<"rows", "rows", "int64_t", "0", "Most rows of a tile; 0: no tiles">];
  let dependentDialects = ["mlir::affine::AffineDialect", "mlir::arith::ArithDialect",
                           "mlir::scf::SCFDialect", "mlir::tensor::TensorDialect",
                           "mlir::linalg::LinalgDialect"];
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

def PlaceCachesPass : Pass<"memory-place-caches", "mlir::func::FuncOp"> {
  let summary = "Give caches of keys and values one buffer for input and output";
  let description = [{
    A model that generates token by token takes the keys and values of earlier tokens and
    gives them back with those of the new ones behind. Where an output is an input with
    something appended along one dimension, and nothing else reads the input, the argument
    gets the attribute `tfc.cache`, which targets place: the number of the result, the
    dimension, and for how many tokens the caller's buffer has room. Pairs are given by
    name, or found by the names that exporters use: past.N.key and present.N.key,
    past_key_values.N.key and present.N.key. What is no such pair is refused.

    ```mlir
    func.func @decode(%past: tensor<?x12x?x64xf32> {tfc.name = "past.0.key"}, ...
        -> (tensor<?x12x?x64xf32> {tfc.name = "present.0.key"}) {
    // becomes
    func.func @decode(%past: tensor<?x12x?x64xf32> {tfc.cache = array<i64: 0, 2, 1024>, ...
    ```
  }];
  let options = [ListOption<"caches", "caches", "std::string",
                            "Pairs INPUT=OUTPUT; none: those found by name">,
                 Option<"capacity", "capacity", "int64_t", "0",
                        "Tokens that each buffer has room for">];
}

#endif // TFC_PASSES_MEMORY_PASSES_TD
