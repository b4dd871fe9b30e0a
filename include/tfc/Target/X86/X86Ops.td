//===- X86Ops.td - what the x86 target needs besides upstream -*- tablegen -*-//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_X86_OPS_TD
#define TFC_TARGET_X86_OPS_TD

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def X86_Dialect : Dialect {
  let name = "x86";
  let cppNamespace = "::tfc::x86";
  let summary = "Parallel regions, the thread count and packed weights of x86 code";
}

class X86_Op<string mnemonic, list<Trait> traits = []>
    : Op<X86_Dialect, mnemonic, traits>;

def X86_NumThreadsOp : X86_Op<"num_threads", [Pure]> {
  let summary = "how many workers a parallel region of this call may have";
  let description = [{
    1 at least; what the caller of the model gave, or, where a GPU does the work, how
    many multiprocessors it has.

    ```mlir
    func.func @scratch() -> memref<?x64xf32> {
      %workers = x86.num_threads
      %each = memref.alloc(%workers) : memref<?x64xf32>
      return %each : memref<?x64xf32>
    }
    ```
  }];
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
}

def X86_ParallelOp : X86_Op<"parallel", [RecursiveMemoryEffects, SameTypeOperands]> {
  let summary = "runs a range of independent iterations on the caller's threads";
  let description = [{
    The iterations 0 to `count` are dealt to workers in contiguous pieces. The
    region runs a piece: its arguments are the first iteration, the end (not
    included) and the number of the worker, in [0, x86.num_threads).
    `grain` is the least number of iterations worth a worker. Values are
    captured from outside by reference to SSA values; nothing is yielded.
    All temporary memory must be allocated outside; a region that needs
    scratch takes the slice of its worker. `work`, which profiles are told, is
    the multiply-adds of all iterations and the bytes of the buffers in use.

    ```mlir
    func.func @zero(%x: memref<?xf32>, %count: index, %grain: index) {
      %zero = arith.constant 0.0 : f32
      %one = arith.constant 1 : index
      x86.parallel %count grain %grain : index {
      ^bb0(%begin: index, %end: index, %worker: index):
        scf.for %i = %begin to %end step %one {
          memref.store %zero, %x[%i] : memref<?xf32>
        }
        x86.yield
      }
      return
    }
    ```
  }];
  let arguments = (ins AnyTypeOf<[Index, I64]>:$count, AnyTypeOf<[Index, I64]>:$grain,
                       Variadic<AnyTypeOf<[Index, I64]>>:$work);
  let regions = (region AnyRegion:$body);
  let assemblyFormat = [{
    $count `grain` $grain (`work` $work^)? attr-dict `:` type($count) $body
  }];
}

def X86_YieldOp : X86_Op<"yield", [Terminator, ReturnLike, Pure, HasParent<"ParallelOp">]> {
  let summary = "ends a parallel region";
  let description = [{
    ```mlir
    func.func @nothing(%count: index) {
      x86.parallel %count grain %count : index {
      ^bb0(%begin: index, %end: index, %worker: index):
        x86.yield
      }
      return
    }
    ```
  }];
  let assemblyFormat = "attr-dict";
}

//===----------------------------------------------------------------------===//
// The frame of a call: what the caller gave, the arena, the weights
//===----------------------------------------------------------------------===//

def X86_BufferSpace : I32EnumAttr<"BufferSpace", "whose memory a buffer is", [
    I32EnumAttrCase<"Input", 0, "input">,
    I32EnumAttrCase<"Output", 1, "output">,
    I32EnumAttrCase<"Arena", 2, "arena">,
    I32EnumAttrCase<"Weights", 3, "weights">]> {
  let cppNamespace = "::tfc::x86";
}

def X86_BufferOp : X86_Op<"buffer", [Pure, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]> {
  let summary = "a dense row-major view of memory that exists during a call";
  let description = [{
    `input` and `output` name the caller's tensor `index`; `arena` lies `offset`
    bytes into the arena of the call; `weights` lies `index` bytes into the
    model's packed constants. `sizes` are the dynamic dimensions, in elements.

    ```mlir
    func.func @buffers(%n: index, %bytes: index) {
      %x = x86.buffer input 0 sizes(%n) : memref<?x4xf32>
      %t = x86.buffer arena 0 offset(%bytes) sizes(%n) : memref<?x4xf32>
      %w = x86.buffer weights 4096 : memref<4x8xf32>
      return
    }
    ```
  }];
  let arguments = (ins X86_BufferSpace:$space, I64Attr:$index,
      Optional<Index>:$offset, Variadic<Index>:$sizes);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = [{
    $space $index (`offset` `(` $offset^ `)`)? (`sizes` `(` $sizes^ `)`)?
    attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
}
def X86_InputDimOp : X86_Op<"input_dim", [Pure]> {
  let summary = "an open size of one of the caller's inputs";
  let description = [{
    `position` counts the dimensions of all inputs, one input after the other.

    ```mlir
    func.func @batch() -> index {
      %batch = x86.input_dim 0
      return %batch : index
    }
    ```
  }];
  let arguments = (ins I64Attr:$position);
  let results = (outs Index:$result);
  let assemblyFormat = "$position attr-dict";
}

def X86_OutputDimsOp : X86_Op<"output_dims"> {
  let summary = "states the sizes of all outputs, one output after the other";
  let description = [{
    ```mlir
    func.func @plan(%batch: index, %classes: index) {
      x86.output_dims %batch, %classes
      return
    }
    ```
  }];
  let arguments = (ins Variadic<Index>:$dims);
  let assemblyFormat = "($dims^)? attr-dict";
}

def X86_OutputDimOp : X86_Op<"output_dim"> {
  let summary = "tells the caller a size of an output that data decided";
  let description = [{
    `position` counts the dimensions of all outputs, one output after the other.

    ```mlir
    func.func @found(%count: index) {
      x86.output_dim 1, %count
      return
    }
    ```
  }];
  let arguments = (ins I64Attr:$position, Index:$size);
  let assemblyFormat = "$position `,` $size attr-dict";
}

def X86_ArenaBytesOp : X86_Op<"arena_bytes"> {
  let summary = "states how many bytes of arena the call uses";
  let description = [{
    ```mlir
    func.func @plan(%bytes: index) {
      x86.arena_bytes %bytes
      return
    }
    ```
  }];
  let arguments = (ins Index:$bytes);
  let assemblyFormat = "$bytes attr-dict";
}

def X86_CheckOp : X86_Op<"check"> {
  let summary = "ends the call with an error when the condition does not hold";
  let description = [{
    `index` is the row of the message in the module's `x86.checks`. Must stand
    in the entry function, outside parallel regions.

    ```mlir
    func.func @checked(%ok: i1) {
      x86.check %ok, 0
      return
    }
    ```
  }];
  let arguments = (ins I1:$condition, I64Attr:$index);
  let assemblyFormat = "$condition `,` $index attr-dict";
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

def X86_PackedLinearOp : X86_Op<"packed_linear", [
    DeclareOpInterfaceMethods<DestinationStyleOpInterface>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]> {
  let summary = "a product with a weight matrix that lies as the kernel reads it";
  let description = [{
    `x` is [M, K]. `panels` is [P, K, R]: panel p holds columns p*R to p*R+R-1
    of the weight, row by row, with zeros after the last column; in f16 and bf16 they are
    made f32 as they are read. `bias` is
    [P * R]. `init` and the result are [M, N] with N at most P * R.

    ```mlir
    func.func @linear(%x: tensor<4x8xf32>, %w: tensor<1x8x16xf32>,
                      %b: tensor<16xf32>, %init: tensor<4x10xf32>) -> tensor<4x10xf32> {
      %y = x86.packed_linear ins(%x, %w, %b : tensor<4x8xf32>, tensor<1x8x16xf32>, tensor<16xf32>)
                             outs(%init : tensor<4x10xf32>) -> tensor<4x10xf32>
      return %y : tensor<4x10xf32>
    }
    ```
  }];
  let arguments = (ins AnyShaped:$x, AnyShaped:$panels, AnyShaped:$bias, AnyShaped:$init);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $x `,` $panels `,` $bias `:` type($x) `,` type($panels) `,` type($bias) `)`
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
  let hasVerifier = 1;
}

def X86_PackedQuantizedLinearOp : X86_Op<"packed_quantized_linear", [
    DeclareOpInterfaceMethods<DestinationStyleOpInterface>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]> {
  let summary = "a packed product whose weights are integers with scales by groups";
  let description = [{
    As `x86.packed_linear`, of the weight (integer - zero point) * scale in f32. `panels`
    is i8, [P, K, R], or with 4 `bits` [P, ceil(K / 2), R]: rows 2k and 2k + 1 are the low
    and the high half of row k. `scales`, in f32, and `zero_points`, in i8, are [P, G, R],
    one for `group` rows of a column, the last of which may be fewer. With 4 bits `group`
    is even, or all of K.

    ```mlir
    func.func @linear(%x: tensor<4x8xf32>, %w: tensor<1x4x16xi8>, %s: tensor<1x2x16xf32>,
                      %b: tensor<16xf32>, %init: tensor<4x10xf32>) -> tensor<4x10xf32> {
      %y = x86.packed_quantized_linear bits 4 group 4
          ins(%x, %w, %s, %b : tensor<4x8xf32>, tensor<1x4x16xi8>, tensor<1x2x16xf32>, tensor<16xf32>)
          outs(%init : tensor<4x10xf32>) -> tensor<4x10xf32>
      return %y : tensor<4x10xf32>
    }
    ```
  }];
  let arguments = (ins AnyShaped:$x, AnyShaped:$panels, AnyShaped:$scales, AnyShaped:$bias,
      Optional<AnyShaped>:$zero_points, AnyShaped:$init, I64Attr:$bits, I64Attr:$group);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `bits` $bits `group` $group
    `ins` `(` $x `,` $panels `,` $scales `,` $bias `:` type($x) `,` type($panels) `,`
    type($scales) `,` type($bias) `)`
    (`zero_points` `(` $zero_points^ `:` type($zero_points) `)`)?
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
  let hasVerifier = 1;
}

def X86_PackedIntegerLinearOp : X86_Op<"packed_integer_linear", [
    DeclareOpInterfaceMethods<DestinationStyleOpInterface>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]> {
  let summary = "a packed product of integers of 8 bits, with an f32 result";
  let description = [{
    `x` is [M, K] in 8 bits, with or without sign, K a multiple of 4. `panels` is i8,
    [P, K / 4, R * 4]: rows 4k to 4k + 3 of a column lie side by side. The result is
    (x * weight + correction) * scale + bias, x taken without sign: where it is `signed`,
    128 is added to each element by flipping a bit, and the correction, which also stands
    for the zero point of x, takes that back. `corrections` in i32 and `scales` in f32 are
    [P, 1, R], `bias` is [P * R]. Sums are exact in 32 bits. `init` and the result
    are [M, N] with N at most P * R.

    ```mlir
    func.func @linear(%x: tensor<4x8xi8>, %w: tensor<1x2x64xi8>, %c: tensor<1x1x16xi32>, %s: tensor<1x1x16xf32>,
                      %b: tensor<16xf32>, %init: tensor<4x10xf32>) -> tensor<4x10xf32> {
      %y = x86.packed_integer_linear signed
          ins(%x, %w, %c, %s, %b : tensor<4x8xi8>, tensor<1x2x64xi8>, tensor<1x1x16xi32>, tensor<1x1x16xf32>, tensor<16xf32>)
          outs(%init : tensor<4x10xf32>) -> tensor<4x10xf32>
      return %y : tensor<4x10xf32>
    }
    ```
  }];
  let arguments = (ins AnyShaped:$x, AnyShaped:$panels, AnyShaped:$corrections, AnyShaped:$scales,
      AnyShaped:$bias, AnyShaped:$init, UnitAttr:$is_signed);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    (`signed` $is_signed^)?
    `ins` `(` $x `,` $panels `,` $corrections `,` $scales `,` $bias `:` type($x) `,` type($panels) `,`
    type($corrections) `,` type($scales) `,` type($bias) `)`
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
  let hasVerifier = 1;
}

#endif // TFC_TARGET_X86_OPS_TD
