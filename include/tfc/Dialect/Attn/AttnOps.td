//===- AttnOps.td - the attention dialect ------------------*- tablegen -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_DIALECT_ATTN_OPS_TD
#define TFC_DIALECT_ATTN_OPS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Dialect/Linalg/IR/LinalgInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/TilingInterface.td"

def Attn_Dialect : Dialect {
  let name = "attn";
  let cppNamespace = "::tfc::attn";
  let summary = "The operations that a transformer compiler reasons about as a whole";
  let description = [{
    An operation is here when passes have to see it as one: to tile it, plan its
    memory, or give it a kernel. Everything else of a model is upstream's linalg,
    tensor, arith and math.

    Every operation is in destination style, works on tensors and on buffers,
    tiles (`TilingInterface`), bufferises, and decomposes to linalg
    (`AggregatedOpInterface`, pass `attn-decompose`); that decomposition says
    what it means.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::quant::QuantDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
  let useDefaultAttributePrinterParser = 1;
}

def Attn_NormKind : I32EnumAttr<"NormKind", "how rows are normalised", [
    I32EnumAttrCase<"Layer", 0, "layer">,
    I32EnumAttrCase<"Rms", 1, "rms">]> {
  let cppNamespace = "::tfc::attn";
  let genSpecializedAttr = 0;
}
def Attn_NormKindAttr : EnumAttr<Attn_Dialect, Attn_NormKind, "norm_kind"> {
  let assemblyFormat = "$value";
}

def Attn_Activation : I32EnumAttr<"Activation", "function applied to a result", [
    I32EnumAttrCase<"None", 0, "none">,
    I32EnumAttrCase<"Relu", 1, "relu">,
    I32EnumAttrCase<"GeluErf", 2, "gelu_erf">,
    I32EnumAttrCase<"GeluTanh", 3, "gelu_tanh">,
    I32EnumAttrCase<"Silu", 4, "silu">]> {
  let cppNamespace = "::tfc::attn";
  let genSpecializedAttr = 0;
}
def Attn_ActivationAttr : EnumAttr<Attn_Dialect, Attn_Activation, "activation"> {
  let assemblyFormat = "$value";
}

/// Destination style: the last operand is what the result is written to. On
/// tensors the operations have no effect and one result; on buffers they write
/// `init` and have none.
class Attn_Op<string mnemonic, list<Trait> traits = []>
    : Op<Attn_Dialect, mnemonic, !listconcat(traits, [
        DestinationStyleOpInterface,
        AggregatedOpInterface,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>,
        DeclareOpInterfaceMethods<TilingInterface,
            ["getLoopIteratorTypes", "getIterationDomain", "getTiledImplementation",
             "getResultTilePosition", "generateResultTileValue"]>])> {
  let results = (outs Optional<AnyRankedTensor>:$result);
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
    /// To linalg; the reference semantics. Fails on buffers, where a number of
    /// heads is open and where the size of an image is.
    ::mlir::FailureOr<::mlir::SmallVector<::mlir::Value>>
    decomposeOperation(::mlir::OpBuilder &b);
  }];
}

/// A tensor or buffer of floating point numbers with a rank.
def Attn_Shaped : AnyTypeOf<[RankedTensorOf<[AnyFloat]>, MemRefRankOf<[AnyFloat], [0, 1, 2, 3, 4, 5, 6, 7, 8]>],
    "ranked tensor or memref of floating point numbers">;

def Attn_LinearOp : Attn_Op<"linear"> {
  let summary = "a product with a weight matrix: `activation(x * weight + bias)`";
  let description = [{
    | operand | shape |
    |---|---|
    | `x` | [..., K], of rank 1 at least |
    | `weight` | [K, N]; [N, K] with `transpose_weight` |
    | `bias` | [N] |
    | `init` and the result | [..., N] |

    All have one element type; sums of f16 and bf16 are kept in f32. `init` is
    overwritten, not added to. The activations are those of ONNX: `relu`,
    `gelu_erf` (x/2 * (1 + erf(x/sqrt 2))), `gelu_tanh` (its approximation by
    tanh) and `silu` (x * sigmoid x).

    Tiles over all dimensions of the result.

    ```mlir
    func.func @linear(%x: tensor<?x128x64xf32>, %w: tensor<64x256xf32>, %b: tensor<256xf32>,
                      %init: tensor<?x128x256xf32>) -> tensor<?x128x256xf32> {
      %y = attn.linear ins(%x, %w : tensor<?x128x64xf32>, tensor<64x256xf32>)
                       bias(%b : tensor<256xf32>)
                       outs(%init : tensor<?x128x256xf32>) activation gelu_erf
                       -> tensor<?x128x256xf32>
      return %y : tensor<?x128x256xf32>
    }
    ```
  }];
  let arguments = (ins Attn_Shaped:$x, Attn_Shaped:$weight, Optional<Attn_Shaped>:$bias,
      Attn_Shaped:$init,
      UnitAttr:$transpose_weight,
      DefaultValuedAttr<Attn_ActivationAttr, "::tfc::attn::Activation::None">:$activation);
  let assemblyFormat = [{
    `ins` `(` $x `,` $weight `:` type($x) `,` type($weight) `)`
    (`bias` `(` $bias^ `:` type($bias) `)`)?
    `outs` `(` $init `:` type($init) `)`
    (`transpose_weight` $transpose_weight^)? (`activation` $activation^)?
    attr-dict (`->` type($result)^)?
  }];
}

def Attn_NormOp : Attn_Op<"norm", [AttrSizedOperandSegments]> {
  let summary = "normalisation of the trailing dimensions";
  let description = [{
    `x`, `init` and the result have one shape. The dimensions from `axis` on are
    one row; `scale` and `bias` have their shape.

    - `layer` (Ba, Kiros, Hinton 2016): (x - mean) / sqrt(variance + epsilon) *
      scale + bias, the variance being that of the population.
    - `rms` (Zhang, Sennrich 2019): x / sqrt(mean of squares + epsilon) * scale
      + bias.

    f16 and bf16 are computed in f32. Tiles over the dimensions before `axis`.

    ```mlir
    func.func @norm(%x: tensor<?x64xf32>, %scale: tensor<64xf32>, %bias: tensor<64xf32>,
                    %init: tensor<?x64xf32>) -> tensor<?x64xf32> {
      %y = attn.norm layer axis 1 epsilon 1.0e-05 ins(%x : tensor<?x64xf32>)
                     scale(%scale : tensor<64xf32>) bias(%bias : tensor<64xf32>)
                     outs(%init : tensor<?x64xf32>) -> tensor<?x64xf32>
      return %y : tensor<?x64xf32>
    }
    ```
  }];
  let arguments = (ins Attn_Shaped:$x, Optional<Attn_Shaped>:$scale, Optional<Attn_Shaped>:$bias,
      Attn_Shaped:$init,
      Attn_NormKindAttr:$kind, I64Attr:$axis, F64Attr:$epsilon);
  let assemblyFormat = [{
    $kind `axis` $axis `epsilon` $epsilon `ins` `(` $x `:` type($x) `)`
    (`scale` `(` $scale^ `:` type($scale) `)`)? (`bias` `(` $bias^ `:` type($bias) `)`)?
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
}

def Attn_ScoreFunction : I32EnumAttr<"ScoreFunction", "how scores become weights", [
    I32EnumAttrCase<"Softmax", 0, "softmax">,
    I32EnumAttrCase<"Linear", 1, "linear">,
    I32EnumAttrCase<"Hard", 2, "hard">,
    I32EnumAttrCase<"Grouped", 3, "grouped">]> {
  let cppNamespace = "::tfc::attn";
  let genSpecializedAttr = 0;
}
def Attn_ScoreFunctionAttr : EnumAttr<Attn_Dialect, Attn_ScoreFunction, "score_function"> {
  let assemblyFormat = "$value";
}

/// Truths that broadcast to the scores.
def Attn_Mask : AnyTypeOf<[RankedTensorOf<[I1]>, MemRefRankOf<[I1], [4]>],
    "ranked tensor or memref of truths">;
/// Counts.
def Attn_Counts : AnyTypeOf<[RankedTensorOf<[I32, I64]>, MemRefRankOf<[I32, I64], [1]>],
    "ranked tensor or memref of counts">;

/// Of all batches, or of each.
def Attn_Position : AnyTypeOf<[Index, RankedTensorOf<[I32, I64]>, MemRefRankOf<[I32, I64], [1]>],
    "index, or ranked tensor or memref of counts">;
/// Numbers of blocks.
def Attn_Blocks : AnyTypeOf<[RankedTensorOf<[I32, I64]>, MemRefRankOf<[I32, I64], [2]>],
    "ranked tensor or memref of numbers of blocks">;

def Attn_AttentionOp : Attn_Op<"attention", [AttrSizedOperandSegments]> {
  let summary = "dot-product attention, its mask as structure where that is known";
  let description = [{
    weights(scores) value, for each batch and head, where
    scores = scale * query keyᵀ (Vaswani et al. 2017), then
    `softcap` * tanh(scores / `softcap`) where that is given, then + bias.

    | operand | shape |
    |---|---|
    | `query` | [B, H, S, D] |
    | `key` | [B, G, T, D]; H is a multiple of G, query head h reads head h / (H / G) |
    | `value` | [B, G, T, E] |
    | `bias` | rank 4, each size 1 or that of the scores [B, H, S, T] |
    | `mask` | truths of rank 4, each size 1 or that of the scores; with `mask_block` n the last two are ceil(S / n) and ceil(T / n), one truth for n x n scores |
    | `key_lengths` | counts, [B] |
    | `query_offset` | the position of the first query among the keys, an index or one for each batch, [B]; T - S without it |
    | `key_blocks` | numbers of blocks, [S / `block_size`, blocks seen] |
    | `sequences` | where sequences begin among the tokens, and their end, [N + 1] |
    | `init` and the result | [B, H, S, E] |

    Query i is at position p = i + `query_offset`. It sees key j when all of
    these hold:

    - `causal`: j <= p;
    - `left_window` L: j >= p - L; `right_window` R: j <= p + R; with `global` g,
      also when j < g or p < g, whatever the windows say;
    - `key_lengths`: j < its length, of the batch;
    - `mask`: it is true.

    With `key_blocks` (BigBird, Zaheer et al. 2020) queries and keys are cut into
    blocks of `block_size` w, which divides S and T, and query i sees the keys of
    the blocks in row i / w, each from 0 to T / w - 1; a block that is listed
    twice counts twice. Nothing else hides or biases scores then.

    With `sequences` (ByteTransformer, Zhai et al. 2023) the tokens of N sequences lie
    one after the other, without padding, in a batch of 1; S is T. Those of sequence n
    are sequences[n] to sequences[n + 1] - 1, ascending from 0 to S, and a query sees
    keys of its own sequence only; causality and windows hide more of them. Nothing else
    hides or biases scores then.

    The score of a key that it does not see is `masked_score`, or -inf without
    it. A row all of which is hidden by a finite number is the mean of the
    values, as the graphs that such masks come from have it.

    | score function | weights of a query |
    |---|---|
    | `softmax` | exp(score) / sum of exp(scores) of the keys it sees |
    | `linear` | score / (sum of scores of the keys it sees + `epsilon`): attention by kernel feature maps (Katharopoulos et al. 2020), query and key being mapped already; no bias, softcap or masked_score |
    | `hard` | 1 for the first key with the largest score, 0 for others |
    | `grouped` | gate(group) * exp(score) / sum of exp(scores) of its group: landmark attention (Mohtashami, Jaggi 2023) |

    `grouped` takes keys in groups of `group_size`, which divides T. The last key
    of each is its landmark: it has no weight itself and is in no sum of its
    group. gate is softmax over the landmarks' scores; with `top_groups` n, all
    but the n largest of a query, the first of equal ones, are 0. Nothing hides
    scores.

    With `top` n, only the n largest scores of a query, the first of equal ones,
    have a weight of softmax; the others are -inf ("explicit sparse transformer",
    Zhao et al. 2019).

    A row of softmax that sees no key, or whose scores are all -inf, is NaN, as
    softmax makes it; with `zero_masked_rows` it is zero, as ONNX's Attention
    makes it. With `zero_nan_rows` every weight that is NaN is zero, as a "safe
    softmax" makes it. Sums of f16 and bf16 are kept in f32.

    Tiles over batch, heads (whole groups, or heads of one group) and, unless each
    batch has a position of its own, queries. A tile of a causal or windowed operation without `masked_score` reads the keys
    that its queries see, and no more.

    ```mlir
    func.func @attention(%q: tensor<2x4x?x8xf32>, %k: tensor<2x2x?x8xf32>,
                         %v: tensor<2x2x?x8xf32>, %lengths: tensor<2xi64>,
                         %init: tensor<2x4x?x8xf32>) -> tensor<2x4x?x8xf32> {
      %y = attn.attention scale 0.35 causal left_window 64
          ins(%q, %k, %v : tensor<2x4x?x8xf32>, tensor<2x2x?x8xf32>, tensor<2x2x?x8xf32>)
          key_lengths(%lengths : tensor<2xi64>)
          outs(%init : tensor<2x4x?x8xf32>) -> tensor<2x4x?x8xf32>
      return %y : tensor<2x4x?x8xf32>
    }
    ```
  }];
  let arguments = (ins Attn_Shaped:$query, Attn_Shaped:$key, Attn_Shaped:$value,
      Optional<Attn_Shaped>:$bias, Optional<Attn_Mask>:$mask,
      Optional<Attn_Counts>:$key_lengths, Optional<Attn_Position>:$query_offset,
      Optional<Attn_Blocks>:$key_blocks, Attn_Shaped:$init, Optional<Attn_Counts>:$sequences,
      DefaultValuedAttr<Attn_ScoreFunctionAttr, "::tfc::attn::ScoreFunction::Softmax">:$score,
      F64Attr:$scale, OptionalAttr<F64Attr>:$softcap, OptionalAttr<F64Attr>:$epsilon,
      UnitAttr:$causal, OptionalAttr<I64Attr>:$left_window, OptionalAttr<I64Attr>:$right_window,
      OptionalAttr<I64Attr>:$global, OptionalAttr<I64Attr>:$mask_block,
      OptionalAttr<I64Attr>:$block_size, OptionalAttr<I64Attr>:$group_size,
      OptionalAttr<I64Attr>:$top_groups, OptionalAttr<I64Attr>:$top,
      OptionalAttr<F64Attr>:$masked_score, UnitAttr:$zero_masked_rows,
      UnitAttr:$zero_nan_rows);
  let assemblyFormat = [{
    (`score` $score^)? (`group_size` $group_size^)? (`top_groups` $top_groups^)? (`top` $top^)? `scale` $scale (`softcap` $softcap^)? (`epsilon` $epsilon^)?
    (`causal` $causal^)? (`left_window` $left_window^)? (`right_window` $right_window^)?
    (`global` $global^)? (`mask_block` $mask_block^)? (`block_size` $block_size^)? (`masked_score` $masked_score^)?
    (`zero_masked_rows` $zero_masked_rows^)? (`zero_nan_rows` $zero_nan_rows^)?
    `ins` `(` $query `,` $key `,` $value `:` type($query) `,` type($key) `,` type($value) `)`
    (`bias` `(` $bias^ `:` type($bias) `)`)? (`mask` `(` $mask^ `:` type($mask) `)`)?
    (`key_lengths` `(` $key_lengths^ `:` type($key_lengths) `)`)?
    (`query_offset` `(` $query_offset^ custom<PositionType>(type($query_offset)) `)`)?
    (`key_blocks` `(` $key_blocks^ `:` type($key_blocks) `)`)?
    (`sequences` `(` $sequences^ `:` type($sequences) `)`)?
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$query, "::mlir::Value":$key,
      "::mlir::Value":$value, "::mlir::Value":$init, "double":$scale), [{
    build($_builder, $_state,
          ::llvm::isa<::mlir::RankedTensorType>(init.getType())
              ? ::mlir::TypeRange(init.getType()) : ::mlir::TypeRange(),
          query, key, value, /*bias=*/::mlir::Value(), /*mask=*/::mlir::Value(),
          /*key_lengths=*/::mlir::Value(), /*query_offset=*/::mlir::Value(),
          /*key_blocks=*/::mlir::Value(), init, /*sequences=*/::mlir::Value(),
          ScoreFunction::Softmax, ::llvm::APFloat(scale),
          /*softcap=*/::mlir::FloatAttr(), /*epsilon=*/::mlir::FloatAttr(), /*causal=*/false,
          /*left_window=*/::mlir::IntegerAttr(), /*right_window=*/::mlir::IntegerAttr(),
          /*global=*/::mlir::IntegerAttr(), /*mask_block=*/::mlir::IntegerAttr(),
          /*block_size=*/::mlir::IntegerAttr(), /*group_size=*/::mlir::IntegerAttr(),
          /*top_groups=*/::mlir::IntegerAttr(), /*top=*/::mlir::IntegerAttr(),
          /*masked_score=*/::mlir::FloatAttr(), /*zero_masked_rows=*/false, /*zero_nan_rows=*/false);
  }]>];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
    ::mlir::FailureOr<::mlir::SmallVector<::mlir::Value>>
    decomposeOperation(::mlir::OpBuilder &b);
    /// Whether each batch has a query_offset of its own.
    bool hasOffsetPerBatch() {
      return getQueryOffset() && !getQueryOffset().getType().isIndex();
    }
  }];
}

def Attn_RopeOp : Attn_Op<"rope"> {
  let summary = "rotates pairs of features by angles of their position";
  let description = [{
    Rotary position embedding (Su et al. 2021). The first R features of each row
    are rotated in pairs, R being `rotary_size` or all; the others stay.

    | operand | shape |
    |---|---|
    | `x`, `init` and the result | [B, H, S, D] |
    | `cosine`, `sine` | rank 4: each size 1 or that of `x`, the last R, or R / 2 where both of a pair have one angle |

    The partner of feature d is d + R / 2 or d - R / 2, or its neighbour with
    `interleaved`. The first of a pair becomes first * cos - second * sin, the
    second second * cos + first * sin, with the angles of its own place. f16 and
    bf16 are computed in f32.

    Tiles over batch, heads and rows.

    ```mlir
    func.func @rope(%x: tensor<?x4x16x8xf32>, %cos: tensor<1x1x16x8xf32>,
                    %sin: tensor<1x1x16x8xf32>, %init: tensor<?x4x16x8xf32>) -> tensor<?x4x16x8xf32> {
      %y = attn.rope ins(%x, %cos, %sin : tensor<?x4x16x8xf32>, tensor<1x1x16x8xf32>, tensor<1x1x16x8xf32>)
                     outs(%init : tensor<?x4x16x8xf32>) -> tensor<?x4x16x8xf32>
      return %y : tensor<?x4x16x8xf32>
    }
    ```
  }];
  let arguments = (ins Attn_Shaped:$x, Attn_Shaped:$cosine, Attn_Shaped:$sine, Attn_Shaped:$init,
      UnitAttr:$interleaved, OptionalAttr<I64Attr>:$rotary_size);
  let assemblyFormat = [{
    (`interleaved` $interleaved^)? (`rotary_size` $rotary_size^)?
    `ins` `(` $x `,` $cosine `,` $sine `:` type($x) `,` type($cosine) `,` type($sine) `)`
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
}

def Attn_ScanOp : Attn_Op<"scan", [AttrSizedOperandSegments]> {
  let summary = "a linear recurrence over tokens: selective scan, gated and delta-rule attention";
  let description = [{
    For each batch and head of keys a state of D x E numbers goes through the
    tokens in their order. At token t, elementwise and in this order:

    1. state[d, e] is multiplied with exp(`decay`[t, d]), or with
       exp(`step`[t, e] * `rate`[d, e]);
    2. the new value v is `value`[t]; with `beta` it is
       `beta`[t] * (`value`[t] - `key`[t]ᵀ state);
    3. state[d, e] becomes state[d, e] + `key`[t, d] * v[e];
    4. result[t, e] = `scale` * sum over d of `query`[t, d] * state[d, e].

    | operand | shape |
    |---|---|
    | `query` | [B, H, T, D]; H is a multiple of G, query head h reads the state of head h / (H / G) |
    | `key` | [B, G, T, D] |
    | `value` | [B, G, T, E] |
    | `decay` | logarithms, [B, G, T, D], or [B, G, T, 1] for all rows |
    | `step`, `rate` | [B, G, T, E] and [G, D, E], both or none; not beside `decay` |
    | `beta` | [B, G, T, 1] |
    | `init` and the first result | [B, H, T, E] |
    | `state` and the second result | [B, G, D, E]: what the state is before the first token, and after the last |

    Without decay and beta this is causal linear attention (Katharopoulos et al.
    2020) before its normalisation; with `decay`, gated linear attention (Yang
    et al. 2024) and RetNet's retention (Sun et al. 2023); with `beta`, the delta
    rule (Schlag et al. 2021), with both gated DeltaNet (Yang et al. 2025). With
    `step` and `rate` it is the selective scan of Mamba (Gu, Dao 2023): the
    channels are the E features of values, the state's N numbers the D features
    of keys, `key` is Mamba's B, `query` its C, `value` its Δ u, `step` its Δ and
    `rate` its A transposed.

    All but `state` have one element type; f16 and bf16 are computed, and the
    state is kept, in f32 or in the state's type where that is wider. Tiles over
    batch, heads of keys (with the query heads that read them) and features of
    values; tokens are in sequence.

    ```mlir
    func.func @mamba(%c: tensor<2x1x?x16xf32>, %b: tensor<2x1x?x16xf32>, %u: tensor<2x1x?x64xf32>,
                     %delta: tensor<2x1x?x64xf32>, %a: tensor<1x16x64xf32>,
                     %init: tensor<2x1x?x64xf32>, %state: tensor<2x1x16x64xf32>)
        -> (tensor<2x1x?x64xf32>, tensor<2x1x16x64xf32>) {
      %y, %last = attn.scan scale 1.0
          ins(%c, %b, %u : tensor<2x1x?x16xf32>, tensor<2x1x?x16xf32>, tensor<2x1x?x64xf32>)
          step(%delta : tensor<2x1x?x64xf32>) rate(%a : tensor<1x16x64xf32>)
          outs(%init, %state : tensor<2x1x?x64xf32>, tensor<2x1x16x64xf32>)
          -> tensor<2x1x?x64xf32>, tensor<2x1x16x64xf32>
      return %y, %last : tensor<2x1x?x64xf32>, tensor<2x1x16x64xf32>
    }
    ```
  }];
  let arguments = (ins Attn_Shaped:$query, Attn_Shaped:$key, Attn_Shaped:$value,
      Optional<Attn_Shaped>:$decay, Optional<Attn_Shaped>:$step, Optional<Attn_Shaped>:$rate,
      Optional<Attn_Shaped>:$beta, Attn_Shaped:$init, Attn_Shaped:$state,
      F64Attr:$scale);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let hasCanonicalizer = 0;
  let assemblyFormat = [{
    `scale` $scale
    `ins` `(` $query `,` $key `,` $value `:` type($query) `,` type($key) `,` type($value) `)`
    (`decay` `(` $decay^ `:` type($decay) `)`)? (`step` `(` $step^ `:` type($step) `)`)?
    (`rate` `(` $rate^ `:` type($rate) `)`)? (`beta` `(` $beta^ `:` type($beta) `)`)?
    `outs` `(` $init `,` $state `:` type($init) `,` type($state) `)`
    attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    /// `init` and `state`, which are the last two operands.
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(getOperation(), getNumOperands() - 2, 2);
    }
    /// To linalg in a loop over tokens; the reference semantics. Fails on
    /// buffers and where a number of heads is open.
    ::mlir::FailureOr<::mlir::SmallVector<::mlir::Value>>
    decomposeOperation(::mlir::OpBuilder &b);
  }];
}

/// Of any element type: caches may be quantised.
def Attn_Cache : AnyTypeOf<[AnyRankedTensor, AnyStridedMemRef], "ranked tensor or memref">;

def Attn_CacheAppendOp : Attn_Op<"cache_append"> {
  let summary = "writes the keys or values of new tokens into a cache";
  let description = [{
    | operand | shape |
    |---|---|
    | `present` | as `cache`, but S tokens along `axis` |
    | `positions` | counts, [B], B being the first size of the cache; 0 without them |
    | `cache` and the result | [B, ..., C, ...], C tokens along `axis`, which is not 0 |

    Token s of `present` goes to place `positions`[b] + s of batch b; with
    `circular` that is taken modulo C, so that the newest tokens take the place
    of the oldest. S is C at most, and without `circular` all places lie within
    the cache. What is not written stays: on buffers, only the new tokens are
    touched.

    Tiles over the dimensions before `axis`.

    ```mlir
    func.func @append(%new: tensor<2x4x1x8xf32>, %at: tensor<2xi64>, %cache: tensor<2x4x128x8xf32>)
        -> tensor<2x4x128x8xf32> {
      %all = attn.cache_append axis 2 ins(%new : tensor<2x4x1x8xf32>) positions(%at : tensor<2xi64>)
                               outs(%cache : tensor<2x4x128x8xf32>) -> tensor<2x4x128x8xf32>
      return %all : tensor<2x4x128x8xf32>
    }
    ```
  }];
  let arguments = (ins Attn_Cache:$present, Optional<Attn_Counts>:$positions, Attn_Cache:$cache,
      I64Attr:$axis, UnitAttr:$circular);
  let hasCanonicalizer = 0;
  let assemblyFormat = [{
    (`circular` $circular^)? `axis` $axis `ins` `(` $present `:` type($present) `)`
    (`positions` `(` $positions^ `:` type($positions) `)`)?
    `outs` `(` $cache `:` type($cache) `)` attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getCacheMutable(); }
    ::mlir::Value getInit() { return getCache(); }
    /// To slices put into the cache; the reference semantics. Fails on buffers.
    ::mlir::FailureOr<::mlir::SmallVector<::mlir::Value>>
    decomposeOperation(::mlir::OpBuilder &b);
  }];
}

/// What quantised numbers are stored as.
def Attn_Stored : AnyTypeOf<[RankedTensorOf<[I8, I16, I32]>, MemRefRankOf<[I8, I16, I32], [0, 1, 2, 3, 4, 5, 6, 7, 8]>],
    "ranked tensor or memref of integers of 8, 16 or 32 bits">;

def Attn_QuantizeOp : Attn_Op<"quantize"> {
  let summary = "rounds f32 to integers of a scale and a zero point";
  let description = [{
    ONNX's QuantizeLinear: `x / scale`, in f32, rounded to the nearest integer,
    halves to even, plus the zero point, limited to the range of the storage.
    `quantized_type` is a uniform quantised type of the quant dialect, expressed in f32 and
    stored in 8 or 16 bits, with or without sign, for all elements, by slices
    along a dimension, or by blocks. It is an attribute, not the type of a value: upstream's
    casts fold a rounding away, which is part of a model's meaning here.

    x, `init` and the result have one shape. Tiles over all dimensions; over those
    before its first dimension where there is a scale for each slice or block.

    ```mlir
    func.func @quantize(%x: tensor<?x64xf32>, %init: tensor<?x64xi8>) -> tensor<?x64xi8> {
      %y = attn.quantize ins(%x : tensor<?x64xf32>) as !quant.uniform<i8:f32, 0.02:3>
                         outs(%init : tensor<?x64xi8>) -> tensor<?x64xi8>
      return %y : tensor<?x64xi8>
    }
    ```
  }];
  let arguments = (ins Attn_Shaped:$x, Attn_Stored:$init, TypeAttr:$quantized_type);
  let assemblyFormat = [{
    `ins` `(` $x `:` type($x) `)` `as` $quantized_type `outs` `(` $init `:` type($init) `)`
    attr-dict (`->` type($result)^)?
  }];
}

def Attn_DequantizeOp : Attn_Op<"dequantize"> {
  let summary = "what integers of a scale and a zero point stand for, in f32";
  let description = [{
    ONNX's DequantizeLinear: `(x - zero point) * scale`; the difference in 32 bits,
    the product in f32. `quantized_type` is as of `attn.quantize`, and may be stored in 32
    bits, as biases are, or in 4, each in 8 bits of x. With a scale for each block,
    the last block along a dimension may be shorter. x, `init` and the result have one
    shape. Tiles as `attn.quantize`.

    ```mlir
    func.func @dequantize(%x: tensor<4x2xi8>, %init: tensor<4x2xf32>) -> tensor<4x2xf32> {
      %y = attn.dequantize ins(%x : tensor<4x2xi8>) as !quant.uniform<i8:f32:1, {0.5, 0.25:1}>
                           outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
      return %y : tensor<4x2xf32>
    }
    ```
  }];
  let arguments = (ins Attn_Stored:$x, Attn_Shaped:$init, TypeAttr:$quantized_type);
  let hasCanonicalizer = 0;
  let assemblyFormat = [{
    `ins` `(` $x `:` type($x) `)` `as` $quantized_type `outs` `(` $init `:` type($init) `)`
    attr-dict (`->` type($result)^)?
  }];
}

def Attn_PatchEmbedOp : Attn_Op<"patch_embed"> {
  let summary = "cuts an image into patches and projects each to a token";
  let description = [{
    The first layer of a vision transformer (Dosovitskiy et al. 2021): a
    convolution whose stride is its kernel's size, without padding, written as
    rows of tokens. Pixels that fill no whole patch are not read.

    | operand | shape |
    |---|---|
    | `image` | [B, C, H, W] |
    | `weight` | [E, C, P, Q] |
    | `bias` | [E] |
    | `init` and the result | [B, (H / P) * (W / Q), E] |

    Token t is patch (t / (W / Q), t mod (W / Q)). Tiles over the batch.

    ```mlir
    func.func @embed(%image: tensor<?x3x32x32xf32>, %w: tensor<64x3x8x8xf32>,
                     %b: tensor<64xf32>, %init: tensor<?x16x64xf32>) -> tensor<?x16x64xf32> {
      %y = attn.patch_embed ins(%image, %w : tensor<?x3x32x32xf32>, tensor<64x3x8x8xf32>)
                            bias(%b : tensor<64xf32>) outs(%init : tensor<?x16x64xf32>)
                            -> tensor<?x16x64xf32>
      return %y : tensor<?x16x64xf32>
    }
    ```
  }];
  let arguments = (ins Attn_Shaped:$image, Attn_Shaped:$weight, Optional<Attn_Shaped>:$bias,
      Attn_Shaped:$init);
  let assemblyFormat = [{
    `ins` `(` $image `,` $weight `:` type($image) `,` type($weight) `)`
    (`bias` `(` $bias^ `:` type($bias) `)`)?
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
}

/// Numbers of experts.
def Attn_Choices : AnyTypeOf<[RankedTensorOf<[I32, I64]>, MemRefRankOf<[I32, I64], [2]>],
    "ranked tensor or memref of numbers of experts">;

def Attn_RouteOp : Attn_Op<"route", [AttrSizedOperandSegments]> {
  let summary = "a mixture of experts: each token goes through the experts chosen for it";
  let description = [{
    result[n] = sum over k of gates[n, k] * expert(choices[n, k], x[n]), where
    expert(e, x) = hidden * w2[e] + b2[e] and hidden is `activation`(x * w1[e] +
    b1[e]), times x * w3[e] where `w3` is given.

    The sparsely gated layer of Shazeer et al. 2017, with one choice that of
    Fedus et al. 2021 (Switch); with `silu` and `w3` its experts are those of
    Mixtral (Jiang et al. 2024), whose names the matrices have. Who chooses, and
    how gates are normalised, is outside.

    | operand | shape |
    |---|---|
    | `x` | [N, D], N tokens |
    | `choices` | i32 or i64, [N, K] |
    | `gates` | [N, K] |
    | `w1`, `w3` | [E, D, F] |
    | `b1` | [E, F] |
    | `w2` | [E, F, C] |
    | `b2` | [E, C] |
    | `init` and the result | [N, C] |

    A choice outside 0 to E - 1 is of no expert: it adds nothing, whatever its
    gate. A token may choose an expert twice, which then counts twice. Experts
    that a token did not choose do not run on it. All floats have one element
    type; with f16 and bf16 sums, the hidden features and what experts give are
    kept in f32.

    Tiles over tokens. The decomposition sorts the choices by expert; each expert
    is one product over its tokens.

    ```mlir
    func.func @route(%x: tensor<?x32xf32>, %choices: tensor<?x2xi64>, %gates: tensor<?x2xf32>,
                     %w1: tensor<8x32x64xf32>, %w2: tensor<8x64x32xf32>, %w3: tensor<8x32x64xf32>,
                     %init: tensor<?x32xf32>) -> tensor<?x32xf32> {
      %y = attn.route activation silu
          ins(%x, %choices, %gates : tensor<?x32xf32>, tensor<?x2xi64>, tensor<?x2xf32>)
          w1(%w1 : tensor<8x32x64xf32>) w2(%w2 : tensor<8x64x32xf32>)
          w3(%w3 : tensor<8x32x64xf32>)
          outs(%init : tensor<?x32xf32>) -> tensor<?x32xf32>
      return %y : tensor<?x32xf32>
    }
    ```
  }];
  let arguments = (ins Attn_Shaped:$x, Attn_Choices:$choices, Attn_Shaped:$gates,
      Attn_Shaped:$w1, Attn_Shaped:$w2, Optional<Attn_Shaped>:$w3,
      Optional<Attn_Shaped>:$b1, Optional<Attn_Shaped>:$b2, Attn_Shaped:$init,
      DefaultValuedAttr<Attn_ActivationAttr, "::tfc::attn::Activation::None">:$activation);
  let assemblyFormat = [{
    (`activation` $activation^)?
    `ins` `(` $x `,` $choices `,` $gates `:` type($x) `,` type($choices) `,` type($gates) `)`
    `w1` `(` $w1 `:` type($w1) `)` `w2` `(` $w2 `:` type($w2) `)`
    (`w3` `(` $w3^ `:` type($w3) `)`)?
    (`b1` `(` $b1^ `:` type($b1) `)`)? (`b2` `(` $b2^ `:` type($b2) `)`)?
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
}

#endif // TFC_DIALECT_ATTN_OPS_TD
