//===- Passes.td - what targets with a CPU share -*- tablegen -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_LOWER_PASSES_TD
#define TFC_PASSES_LOWER_PASSES_TD

include "mlir/Pass/PassBase.td"

def PrepareTensorsPass : Pass<"lower-prepare-tensors", "mlir::ModuleOp"> {
  let summary = "Fuse elementwise chains and rewrite what bufferises badly";
  let description = [{
    Elementwise operations of linalg are fused into their consumers where that
    computes nothing twice, so that a chain of them is one loop and has no
    temporary buffer between; into products only once the chain is one. What a loop
    carries is written back to where it came from: a buffer of the loop's body has one
    place in the arena, and could not live on in the next iteration.

    With `products-have-kernels` nothing is fused into products of matrices but a
    transpose, after which their factors still are contiguous along their own rows or
    columns.
  }];
  let options = [Option<"productsHaveKernels", "products-have-kernels", "bool", "false",
                        "Leave products as kernels take them">];
  let dependentDialects = ["mlir::tensor::TensorDialect", "mlir::linalg::LinalgDialect",
                           "mlir::affine::AffineDialect",
                           "mlir::bufferization::BufferizationDialect", "mlir::scf::SCFDialect"];
}

def ConvolutionsToProductsPass
    : Pass<"lower-convolutions-to-products", "mlir::func::FuncOp"> {
  let summary = "Make convolutions products of filters and patches";
  let description = [{
    A convolution of f32 whose channels lie in front of its image becomes a product of
    matrices for each image and group: of the filters, and of the patches, which have a
    column for each place of the window. Windows of one element, side by side, need no
    copies; others are gathered, as many times as large as windows overlap
    (Chellapilla, Puri, Simard 2006). Groups of fewer than 8 filters are left alone.

    ```mlir
    linalg.generic {indexing_maps = [(b, f, y, x, c, v, u) -> (b, c, y + v, x + u), ...
    // becomes
    %patches = linalg.generic ... -> tensor<?x3x3x3x8x8xf32>
    %columns = tensor.collapse_shape %patches ... into tensor<?x27x64xf32>
    linalg.generic {indexing_maps = [(b, f, p, k) -> (f, k), (b, f, p, k) -> (b, k, p), ...
    ```
  }];
  let dependentDialects = ["mlir::tensor::TensorDialect", "mlir::linalg::LinalgDialect",
                           "mlir::arith::ArithDialect", "mlir::affine::AffineDialect"];
}

def PlaceResultsPass : Pass<"lower-place-results", "mlir::func::FuncOp"> {
  let summary = "Make results where they are wanted";
  let description = [{
    Bufferisation's elimination of empty tensors, with two changes. What is made
    out of an empty tensor takes the caller's buffer only where nothing else sees
    the tensors on the way: two results that start from one filled tensor would
    share the buffer of the first. So that they do not share it, each operation
    gets an empty or filled tensor of its own, which also keeps the lives of
    buffers short:

    ```mlir
    %0 = linalg.fill ins(%zero : f32) outs(%empty : tensor<4xf32>) -> tensor<4xf32>
    %1 = linalg.reduce ins(%x : tensor<4x8xf32>) outs(%0 : tensor<4xf32>) ...
    bufferization.materialize_in_destination %1 in restrict writable %out ...
    // becomes
    %empty = bufferization.to_tensor %out restrict writable : memref<4xf32> to tensor<4xf32>
    ...
    ```
  }];
  let dependentDialects = ["mlir::bufferization::BufferizationDialect",
                           "mlir::tensor::TensorDialect", "mlir::linalg::LinalgDialect"];
}

def FoldTransposesPass : Pass<"lower-fold-transposes", "mlir::func::FuncOp"> {
  let summary = "Let attention read and write heads where they lie";
  let description = [{
    Graphs transpose [B, S, H, D] to [B, H, S, D] before attention and back after it. A
    kernel that takes strided rows needs no copies for that:

    ```mlir
    linalg.transpose ins(%q : memref<2x8x4x16xf32>) outs(%t : memref<2x4x8x16xf32>) permutation = [0, 2, 1, 3]
    attn.attention scale 0.25 ins(%t, ...
    // becomes
    %t = memref.transpose %q (d0, d1, d2, d3) -> (d0, d2, d1, d3)
    attn.attention scale 0.25 ins(%t, ...
    ```

    Transposes of buffers that are written again before the attention, or that somebody
    else reads, stay.
  }];
  let dependentDialects = ["mlir::memref::MemRefDialect"];
}

def LowerLoopsPass : Pass<"lower-loops", "mlir::func::FuncOp"> {
  let summary = "Lower linalg on buffers to loops over scalars";
  let description = [{
    Every linalg operation becomes `scf.for` loops on one worker. The innermost
    loop is the one with the most unit-stride accesses; reductions are carried in
    registers, and float sums may be reordered.

    ```mlir
    linalg.add ins(%x, %x : memref<4xf32>, memref<4xf32>) outs(%y : memref<4xf32>)
    // becomes
    scf.for %i = %c0 to %c4 step %c1 { ... arith.addf ... memref.store ... }
    ```
  }];
  let dependentDialects = ["mlir::scf::SCFDialect", "mlir::affine::AffineDialect",
                           "mlir::linalg::LinalgDialect",
                           "mlir::memref::MemRefDialect", "mlir::arith::ArithDialect"];
}

def ExpandMathPass : Pass<"lower-expand-math", "mlir::ModuleOp"> {
  let summary = "Write exp, erf, tanh and their kin as arithmetic";
  let description = [{
    A call to the C library would keep LLVM from vectorising the loop around it.
    Double precision stays a call.
  }];
  let options = [Option<"power", "power", "bool", "false",
                        "Write powers too, for targets without a C library">];
  let dependentDialects = ["mlir::math::MathDialect", "mlir::arith::ArithDialect",
                           "mlir::vector::VectorDialect"];
}

#endif // TFC_PASSES_LOWER_PASSES_TD
