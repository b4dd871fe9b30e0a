//===- CortexM7Ops.td - integer operations of the Cortex-M7 -*- tablegen -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_CORTEXM7_OPS_TD
#define TFC_TARGET_CORTEXM7_OPS_TD

include "mlir/IR/OpBase.td"
include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/TilingInterface.td"

def M7_Dialect : Dialect {
  let name = "m7";
  let cppNamespace = "::tfc::m7";
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::tensor::TensorDialect"];
  let summary = "int8 operations of the Cortex-M7, one for each integer kernel";
  let description = [{
    Operations in destination style on tensors or buffers of int8. An element
    stands for `(x - zero point) * scale`; the operations know zero points and
    ratios of scales only, as integers. Their exact meaning is that of
    docs/cortex-m7-integer.md, which names the parameters too. Constants are
    attributes in their natural order: only the lowering to kernels packs them.

    Where the last dimension is called a row, the others are rows of it; a
    buffer may have any distance between rows, but its rows are dense.
    `scratch` exists on buffers only: memory that the kernel works in.
  }];
}

/// A tensor or buffer of int8 with a rank.
def M7_Shaped : AnyTypeOf<[RankedTensorOf<[I8]>, MemRefOf<[I8]>],
    "ranked tensor or memref of int8">;
def M7_Scratch : MemRefRankOf<[I8], [1]>;

/// Destination style: `init` is what the result is written to. On tensors the
/// operations have no effect and one result; on buffers they write `init` and
/// `scratch`, and have none.
class M7_Op<string mnemonic, list<Trait> traits = []>
    : Op<M7_Dialect, mnemonic, !listconcat(traits, [DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>])> {
  let results = (outs Optional<AnyRankedTensor>:$result);
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
}

/// One that makes a tile of its result of the same tile of some operands and the
/// whole of the others.
class M7_TiledOp<string mnemonic> : M7_Op<mnemonic, [
    DeclareOpInterfaceMethods<TilingInterface,
        ["getLoopIteratorTypes", "getIterationDomain", "getTiledImplementation",
         "getResultTilePosition", "generateResultTileValue"]>]>;

def M7_ProductOp : M7_TiledOp<"product"> {
  let summary = "int8 rows times constant int8 weights";
  let description = [{
    `y[.., n] = sat8(zero + high(sum_k x[.., k] weights[n, k] + bias[n], multipliers[n]))`

    | operand | shape |
    |---|---|
    | `x` | [..., K] |
    | `weights` | [N, K], int8 |
    | `bias`, `multipliers` | [N], int32; multipliers are positive |
    | `init` and the result | [..., N] |

    What x's zero point adds to the sums is part of the bias. Tiles over rows.

    ```mlir
    func.func @product(%x: tensor<225x4xi8>, %y: tensor<225x2xi8>) -> tensor<225x2xi8> {
      %r = m7.product ins(%x : tensor<225x4xi8>)
        weights dense<[[1, 2, 3, 4], [-1, 0, 1, 127]]> : tensor<2x4xi8>
        bias dense<[100, -20]> : tensor<2xi32>
        multipliers dense<[1000000, 2000000]> : tensor<2xi32>
        zero -3 outs(%y : tensor<225x2xi8>) -> tensor<225x2xi8>
      return %r : tensor<225x2xi8>
    }
    ```
  }];
  let arguments = (ins M7_Shaped:$x, M7_Shaped:$init, Optional<M7_Scratch>:$scratch,
      ElementsAttr:$weights, ElementsAttr:$bias, ElementsAttr:$multipliers,
      I32Attr:$zero);
  let assemblyFormat = [{
    `ins` `(` $x `:` type($x) `)` `weights` $weights `bias` $bias
    `multipliers` $multipliers `zero` $zero
    `outs` `(` $init `:` type($init) `)`
    (`scratch` `(` $scratch^ `:` type($scratch) `)`)?
    attr-dict (`->` type($result)^)?
  }];
}

def M7_ActivationProductOp : M7_TiledOp<"activation_product"> {
  let summary = "int8 rows times int8 rows, both activations";
  let description = [{
    `r[i, n] = sat8(zero + high(sum_k (x[i, k] - x_zero) (y[n, k] - y_zero), multiplier))`
    for x of [R, K], y of [N, K] and a result of [R, N]. Tiles over rows of x.

    ```mlir
    func.func @scores(%x: tensor<9x8xi8>, %y: tensor<6x8xi8>, %init: tensor<9x6xi8>) -> tensor<9x6xi8> {
      %r = m7.activation_product ins(%x, %y : tensor<9x8xi8>, tensor<6x8xi8>)
        zeros 3, -4 multiplier 20000000 zero 5
        outs(%init : tensor<9x6xi8>) -> tensor<9x6xi8>
      return %r : tensor<9x6xi8>
    }
    ```
  }];
  let arguments = (ins M7_Shaped:$x, M7_Shaped:$y, M7_Shaped:$init,
      Optional<M7_Scratch>:$scratch, I32Attr:$x_zero, I32Attr:$y_zero,
      I32Attr:$multiplier, I32Attr:$zero);
  let assemblyFormat = [{
    `ins` `(` $x `,` $y `:` type($x) `,` type($y) `)`
    `zeros` $x_zero `,` $y_zero `multiplier` $multiplier `zero` $zero
    `outs` `(` $init `:` type($init) `)`
    (`scratch` `(` $scratch^ `:` type($scratch) `)`)?
    attr-dict (`->` type($result)^)?
  }];
}

def M7_AttentionOp : M7_TiledOp<"attention"> {
  let summary = "softmax(q keys^T) values of one head";
  let description = [{
    For q of [R, D], keys and values of [T, D], a result of [R, D]:
    `activation_product` of q and keys (`score_multiplier`, `score_zero`),
    `softmax` of its rows (`table`, `numerator`, `probability_zero`), and
    `activation_product` of that and the values by columns (`multiplier`,
    `zero`). Three rows of scores exist at a time. Tiles over rows of q.

    ```mlir
    func.func @head(%q: memref<9x8xi8, strided<[24, 1], offset: 8>>, %k: memref<6x8xi8>,
                    %v: memref<6x8xi8>, %y: memref<9x8xi8>, %scratch: memref<256xi8>) {
      m7.attention ins(%q, %k, %v : memref<9x8xi8, strided<[24, 1], offset: 8>>, memref<6x8xi8>, memref<6x8xi8>)
        zeros 1, 2, 3 scores 20000000 zero 5
        table dense<1000> : tensor<256xi32> numerator 2147483647 probabilities -128
        multiplier 30000000 zero 4
        outs(%y : memref<9x8xi8>) scratch(%scratch : memref<256xi8>)
      return
    }
    ```
  }];
  let arguments = (ins M7_Shaped:$q, M7_Shaped:$keys, M7_Shaped:$values,
      M7_Shaped:$init, Optional<M7_Scratch>:$scratch,
      I32Attr:$q_zero, I32Attr:$keys_zero, I32Attr:$values_zero,
      I32Attr:$score_multiplier, I32Attr:$score_zero,
      ElementsAttr:$table, I32Attr:$numerator, I32Attr:$probability_zero,
      I32Attr:$multiplier, I32Attr:$zero);
  let assemblyFormat = [{
    `ins` `(` $q `,` $keys `,` $values `:` type($q) `,` type($keys) `,` type($values) `)`
    `zeros` $q_zero `,` $keys_zero `,` $values_zero
    `scores` $score_multiplier `zero` $score_zero
    `table` $table `numerator` $numerator `probabilities` $probability_zero
    `multiplier` $multiplier `zero` $zero
    `outs` `(` $init `:` type($init) `)`
    (`scratch` `(` $scratch^ `:` type($scratch) `)`)?
    attr-dict (`->` type($result)^)?
  }];
}

def M7_SoftmaxOp : M7_TiledOp<"softmax"> {
  let summary = "softmax of int8 rows";
  let description = [{
    `table` has the 256 values of exp by distance from the row's maximum,
    `numerator` is N. The result may be x's memory. Tiles over rows.

    ```mlir
    func.func @softmax(%x: tensor<9x6xi8>) -> tensor<9x6xi8> {
      %r = m7.softmax ins(%x : tensor<9x6xi8>) table dense<1000> : tensor<256xi32>
        numerator 2147483647 zero -128 outs(%x : tensor<9x6xi8>) -> tensor<9x6xi8>
      return %r : tensor<9x6xi8>
    }
    ```
  }];
  let arguments = (ins M7_Shaped:$x, M7_Shaped:$init, ElementsAttr:$table,
      I32Attr:$numerator, I32Attr:$zero);
  let assemblyFormat = [{
    `ins` `(` $x `:` type($x) `)` `table` $table `numerator` $numerator `zero` $zero
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
}

def M7_TableOp : M7_TiledOp<"table"> {
  let summary = "any function of one int8, element by element";
  let description = [{
    `table` has the results by x's byte without sign. x, `init` and the result
    have one shape; the result may be x's memory. Tiles over all dimensions.

    ```mlir
    func.func @gelu(%x: tensor<9x6xi8>) -> tensor<9x6xi8> {
      %r = m7.table ins(%x : tensor<9x6xi8>) table dense<7> : tensor<256xi8>
        outs(%x : tensor<9x6xi8>) -> tensor<9x6xi8>
      return %r : tensor<9x6xi8>
    }
    ```
  }];
  let arguments = (ins M7_Shaped:$x, M7_Shaped:$init, ElementsAttr:$table);
  let assemblyFormat = [{
    `ins` `(` $x `:` type($x) `)` `table` $table
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
}

def M7_AddOp : M7_TiledOp<"add"> {
  let summary = "sum of two int8 tensors of different scales";
  let description = [{
    `sat8((a factor_a + b factor_b + offset) >> 20)`. a, `init` and the result
    have one shape, which b has too, or its last dimension: one row for all. The
    result may be a's memory, or b's of the same shape. A difference
    has a negative factor. Tiles over all dimensions.

    ```mlir
    func.func @residual(%a: tensor<9x6xi8>, %b: tensor<9x6xi8>) -> tensor<9x6xi8> {
      %r = m7.add ins(%a, %b : tensor<9x6xi8>, tensor<9x6xi8>) factors 1048576, 500000
        offset 524288 outs(%a : tensor<9x6xi8>) -> tensor<9x6xi8>
      return %r : tensor<9x6xi8>
    }
    ```
  }];
  let arguments = (ins M7_Shaped:$a, M7_Shaped:$b, M7_Shaped:$init,
      I32Attr:$factor_a, I32Attr:$factor_b, I32Attr:$offset);
  let assemblyFormat = [{
    `ins` `(` $a `,` $b `:` type($a) `,` type($b) `)`
    `factors` $factor_a `,` $factor_b `offset` $offset
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
}

def M7_MultiplyOp : M7_TiledOp<"multiply"> {
  let summary = "product of two int8 tensors, element by element";
  let description = [{
    `sat8(zero + high((a - a_zero) (b - b_zero), multiplier))`. a, b, `init` and
    the result have one shape; the result may be a's or b's memory. Tiles over
    all dimensions.

    ```mlir
    func.func @gate(%a: tensor<9x6xi8>, %b: tensor<9x6xi8>) -> tensor<9x6xi8> {
      %r = m7.multiply ins(%a, %b : tensor<9x6xi8>, tensor<9x6xi8>) zeros 3, -128
        multiplier 16000000 zero 4 outs(%a : tensor<9x6xi8>) -> tensor<9x6xi8>
      return %r : tensor<9x6xi8>
    }
    ```
  }];
  let arguments = (ins M7_Shaped:$a, M7_Shaped:$b, M7_Shaped:$init,
      I32Attr:$a_zero, I32Attr:$b_zero, I32Attr:$multiplier, I32Attr:$zero);
  let assemblyFormat = [{
    `ins` `(` $a `,` $b `:` type($a) `,` type($b) `)`
    `zeros` $a_zero `,` $b_zero `multiplier` $multiplier `zero` $zero
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
}

def M7_MeanOp : M7_Op<"mean"> {
  let summary = "mean over rows";
  let description = [{
    `y[c] = sat8(zero + high(sum_r x[r, c] + offset, multiplier))` for x of
    [R, C], `init` and the result of [C]. Does not tile.

    ```mlir
    func.func @mean(%x: tensor<9x8xi8>, %y: tensor<8xi8>) -> tensor<8xi8> {
      %r = m7.mean ins(%x : tensor<9x8xi8>) offset -27 multiplier 477218588 zero 3
        outs(%y : tensor<8xi8>) -> tensor<8xi8>
      return %r : tensor<8xi8>
    }
    ```
  }];
  let arguments = (ins M7_Shaped:$x, M7_Shaped:$init, I32Attr:$offset,
      I32Attr:$multiplier, I32Attr:$zero);
  let assemblyFormat = [{
    `ins` `(` $x `:` type($x) `)` `offset` $offset `multiplier` $multiplier `zero` $zero
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
}

def M7_Rows : Type<CPred<"::llvm::isa<::mlir::FunctionType>($_self)">, "function">;
def M7_Context : Type<CPred<"$_self == ::tfc::m7::contextType($_self.getContext())">,
    "memref<1xi8>">, BuildableType<"::tfc::m7::contextType($_builder.getContext())">;

def M7_ReadRowsOp : Op<M7_Dialect, "read_rows", [DestinationStyleOpInterface,
    TypesMatchWith<"rows must be a function that takes the context, two i32 and a dense buffer "
                   "of init's shape, and returns i32", "init", "rows",
                   "::tfc::m7::rowsType(::llvm::cast<::mlir::ShapedType>($_self))">,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<BufferizableOpInterface, [
      "bufferizesToMemoryRead", "bufferizesToMemoryWrite", "getAliasingValues", "bufferize"]>]> {
  let summary = "has the caller write rows of an input";
  let description = [{
    Calls `rows` with `context`, the number of the first row, the number of rows
    in `init` and `init`. What it returns, if not 0, ends the model. Rows come
    in the order of the calls, as a camera has them: the operation writes more
    than its result and is never moved, doubled or left away.

    `axis` is the dimension that counts rows.

    ```mlir
    func.func @strip(%rows: (memref<1xi8>, i32, i32, memref<1x3x16x96xf32>) -> i32, %context: memref<1xi8>,
                     %first: index, %init: tensor<1x3x16x96xf32>) -> tensor<1x3x16x96xf32> {
      %strip = m7.read_rows %rows(%context) axis 2 first %first
        outs(%init : tensor<1x3x16x96xf32>) -> tensor<1x3x16x96xf32>
      return %strip : tensor<1x3x16x96xf32>
    }
    ```
  }];
  let arguments = (ins M7_Rows:$rows, M7_Context:$context, Index:$first,
      AnyTypeOf<[AnyRankedTensor, AnyMemRef]>:$init, I64Attr:$axis);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    $rows `(` $context `)` `axis` $axis `first` $first
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
    /// Rows of a call.
    int64_t count();
  }];
}

def M7_NormOp : M7_TiledOp<"norm"> {
  let summary = "LayerNorm or RMSNorm of int8 rows";
  let description = [{
    `gains` are g (int32) and `offsets` h (int64) of each of the row's C
    elements, or of each C / G after one another, where there are G; `epsilon`
    is e. With `rms`, distances are from `x_zero`, else from
    the row's mean. The result may be x's memory. Tiles over rows.

    ```mlir
    func.func @norm(%x: tensor<9x8xi8>) -> tensor<9x8xi8> {
      %r = m7.norm ins(%x : tensor<9x8xi8>) gains dense<65536> : tensor<8xi32>
        offsets dense<2147483648> : tensor<8xi64> epsilon 10 x_zero 0
        outs(%x : tensor<9x8xi8>) -> tensor<9x8xi8>
      return %r : tensor<9x8xi8>
    }
    ```
  }];
  let arguments = (ins M7_Shaped:$x, M7_Shaped:$init, ElementsAttr:$gains,
      ElementsAttr:$offsets, I64Attr:$epsilon, I32Attr:$x_zero, UnitAttr:$rms);
  let assemblyFormat = [{
    (`rms` $rms^)? `ins` `(` $x `:` type($x) `)` `gains` $gains `offsets` $offsets
    `epsilon` $epsilon `x_zero` $x_zero
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
}

#endif // TFC_TARGET_CORTEXM7_OPS_TD
