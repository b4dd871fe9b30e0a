//===- CudaOps.td - what the CUDA target has kernels for ---*- tablegen -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_CUDA_OPS_TD
#define TFC_TARGET_CUDA_OPS_TD

include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Cuda_Dialect : Dialect {
  let name = "cuda";
  let cppNamespace = "::tfc::cuda";
  let summary = "Operations that have kernels of their own on NVIDIA GPUs";
}

class Cuda_Op<string mnemonic, list<Trait> traits = []>
    : Op<Cuda_Dialect, mnemonic, traits>;

def Cuda_StatusOp : Cuda_Op<"status", [Pure]> {
  let summary = "a number on the device that says which check failed in this call";
  let description = [{
    0, or one more than the number of a row of the module's `x86.checks`. It is 0 when a
    call begins.

    ```mlir
    func.func @status() -> memref<i32> {
      %status = cuda.status : memref<i32>
      return %status : memref<i32>
    }
    ```
  }];
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Cuda_Multiply : I32EnumAttr<"Multiply", "how factors are multiplied", [
    I32EnumAttrCase<"F32", 0, "f32">,
    I32EnumAttrCase<"TF32", 1, "tf32">,
    I32EnumAttrCase<"F16", 2, "f16">,
    I32EnumAttrCase<"BF16", 3, "bf16">]> {
  let cppNamespace = "::tfc::cuda";
}

def Cuda_ProductOp : Cuda_Op<"product", [
    DeclareOpInterfaceMethods<DestinationStyleOpInterface>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]> {
  let summary = "batched matrix products, with what is done to each element of them";
  let description = [{
    For all values of the loops (batch..., m, n), which are those of `maps` without the
    last:

        init[batch, m, n] = epilogue(sum over k of a[batch, m, k] * b[batch, k, n],
                                     an element of each of others)

    `maps` say where an element lies, one map from (batch..., m, n, k) for each of `a`,
    `b`, `others` and `init`, in that order. `a` is indexed by m and k and `b` by n and
    k, in any order, and by anything of the batch loops: so operands may be transposed,
    shared by a batch, or one for a group of heads. A loop m or n that no operand has
    runs once. `init` is overwritten.

    The factors are multiplied

    | | elements of `a` and `b` | |
    |---|---|---|
    | `f32` | f32 | by FMA, exactly rounded |
    | `tf32` | f32 | by tensor cores, of factors rounded to 11 bits, or exactly rounded |
    | `f16` | f16 | by tensor cores, exactly |
    | `bf16` | bf16 | by tensor cores, exactly |

    and added in f32, in no particular order. `tile`, if given, is the kernel's: rows and
    columns that a block of threads computes, the depth of a step, rows and columns of a
    warp, and steps in shared memory; else `cuda-lower-products` chooses. So it is with
    `parts`, how many blocks share the loop k of a tile: each adds a contiguous range of
    steps, and the last that is done adds the parts in their order, so that a result is
    the same whichever that is. The region's arguments are the sum, in f32,
    and the elements of `others`; it is pure and yields the element of `init`.

    ```mlir
    #a = affine_map<(m, n, k) -> (m, k)>
    #b = affine_map<(m, n, k) -> (k, n)>
    #bias = affine_map<(m, n, k) -> (n)>
    #c = affine_map<(m, n, k) -> (m, n)>
    func.func @linear(%x: tensor<?x64xf32>, %w: tensor<64x256xf32>, %bias: tensor<256xf32>,
                      %init: tensor<?x256xf32>) -> tensor<?x256xf32> {
      %y = cuda.product f32 maps [#a, #b, #bias, #c]
          ins(%x, %w : tensor<?x64xf32>, tensor<64x256xf32>)
          others(%bias : tensor<256xf32>) outs(%init : tensor<?x256xf32>) {
      ^bb0(%sum: f32, %offset: f32):
        %moved = arith.addf %sum, %offset : f32
        cuda.yield %moved : f32
      } -> tensor<?x256xf32>
      return %y : tensor<?x256xf32>
    }
    ```
  }];
  let arguments = (ins Cuda_Multiply:$multiply, AffineMapArrayAttr:$maps, AnyShaped:$a,
      AnyShaped:$b, Variadic<AnyShaped>:$others, AnyShaped:$init,
      OptionalAttr<DenseI64ArrayAttr>:$tile, OptionalAttr<I64Attr>:$parts);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    $multiply (`tile` $tile^)? (`parts` $parts^)? `maps` $maps `ins` `(` $a `,` $b `:` type($a) `,` type($b) `)`
    (`others` `(` $others^ `:` type($others) `)`)?
    `outs` `(` $init `:` type($init) `)` attr-dict-with-keyword $epilogue
    (`->` type($result)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::AffineMap getMap(unsigned position) {
      return ::llvm::cast<::mlir::AffineMapAttr>(getMaps()[position]).getValue();
    }
    ::mlir::AffineMap getInitMap() { return getMap(getMaps().size() - 1); }
    /// Loops over the batch; those over m, n and k follow.
    unsigned getNumBatchLoops() { return getMap(0).getNumDims() - 3; }
  }];
}

def Cuda_SortOp : Cuda_Op<"sort", [
    DeclareOpInterfaceMethods<DestinationStyleOpInterface>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]> {
  let summary = "the order of the elements of rows";
  let description = [{
    Rows along `dimension` are sorted by the integer, with a sign, that the region makes
    of an element: the least first, equal ones in the order in which they are. With one
    destination, of the input's shape, it is the place that each element gets. With two,
    which have fewer elements a row or as many, they are the first elements and where
    each was. Destinations are overwritten.

    ```mlir
    func.func @two_greatest(%x: tensor<?x64xi32>, %values: tensor<?x2xi32>,
                            %positions: tensor<?x2xi64>) -> (tensor<?x2xi32>, tensor<?x2xi64>) {
      %y:2 = cuda.sort 1 ins(%x : tensor<?x64xi32>)
          outs(%values, %positions : tensor<?x2xi32>, tensor<?x2xi64>) {
      ^bb0(%element: i32):
        %all = arith.constant -1 : i32
        %key = arith.xori %element, %all : i32
        cuda.yield %key : i32
      } -> tensor<?x2xi32>, tensor<?x2xi64>
      return %y#0, %y#1 : tensor<?x2xi32>, tensor<?x2xi64>
    }
    ```
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntNonNegative]>:$dimension,
      AnyShaped:$input, Variadic<AnyShaped>:$inits);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$key);
  let assemblyFormat = [{
    $dimension `ins` `(` $input `:` type($input) `)`
    `outs` `(` $inits `:` type($inits) `)` attr-dict-with-keyword $key
    (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Whether it gives the place of each element, and not the first elements.
    bool givesPlaces() { return getInits().size() == 1; }
  }];
}

def Cuda_YieldOp : Cuda_Op<"yield", [Terminator, ReturnLike, Pure,
                                     ParentOneOf<["ProductOp", "SortOp"]>]> {
  let summary = "the element of the result, or what an element is sorted by";
  let description = [{
    ```mlir
    #a = affine_map<(m, n, k) -> (m, k)>
    #b = affine_map<(m, n, k) -> (k, n)>
    #c = affine_map<(m, n, k) -> (m, n)>
    func.func @product(%a: memref<8x16xf16>, %b: memref<16x8xf16>, %c: memref<8x8xf16>) {
      cuda.product f16 maps [#a, #b, #c] ins(%a, %b : memref<8x16xf16>, memref<16x8xf16>)
          outs(%c : memref<8x8xf16>) {
      ^bb0(%sum: f32):
        %rounded = arith.truncf %sum : f32 to f16
        cuda.yield %rounded : f16
      }
      return
    }
    ```
  }];
  let arguments = (ins AnyTypeOf<[AnyFloat, AnySignlessInteger]>:$element);
  let assemblyFormat = "$element attr-dict `:` type($element)";
}

#endif // TFC_TARGET_CUDA_OPS_TD
