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
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/TilingInterface.td"

def Attn_Dialect : Dialect {
  let name = "attn";
  let cppNamespace = "::tfc::attn";
  let summary = "The operations that a transformer compiler reasons about as a whole";
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

class Attn_Op<string mnemonic, list<Trait> traits = []>
    : Op<Attn_Dialect, mnemonic, traits>;

def Attn_LinearOp : Attn_Op<"linear", [DeclareOpInterfaceMethods<DestinationStyleOpInterface>]> {
  let summary = "a product with a weight matrix: `act(x * w + bias)`";
  // x [..., K]; w [K, N], or [N, K] with transpose_weight; bias [N]; init/result [..., N]
  let arguments = (ins AnyShaped:$x, AnyShaped:$weight, Optional<AnyShaped>:$bias,
      AnyShaped:$init,
      UnitAttr:$transpose_weight,
      DefaultValuedAttr<Attn_ActivationAttr, "::tfc::attn::Activation::None">:$activation);
  let results = (outs Optional<AnyRankedTensor>:$result);
}

def Attn_NormOp : Attn_Op<"norm", [AttrSizedOperandSegments, DeclareOpInterfaceMethods<DestinationStyleOpInterface>]> {
  let summary = "layer or root-mean-square normalisation of the trailing dimensions";
  // x [..., D1..Dn] with n = rank - axis; scale/bias shaped [D1..Dn]
  let arguments = (ins AnyShaped:$x, Optional<AnyShaped>:$scale, Optional<AnyShaped>:$bias,
      AnyShaped:$init,
      Attn_NormKindAttr:$kind, I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs Optional<AnyRankedTensor>:$result);
}

def Attn_AttentionOp : Attn_Op<"attention", [DeclareOpInterfaceMethods<DestinationStyleOpInterface>]> {
  let summary = "scaled dot-product attention";
  // query [B, H, S, D], key [B, G, T, D], value [B, G, T, E], H a multiple of G;
  // bias: rank 4, each of its dims 1 or that of the scores [B, H, S, T], added to the scaled scores;
  // init/result [B, H, S, E].
  // causal: query i sees key j when j <= i + (T - S).
  // A row whose scores are all -inf gives NaN, as softmax does.
  let arguments = (ins AnyShaped:$query, AnyShaped:$key, AnyShaped:$value,
      Optional<AnyShaped>:$bias, AnyShaped:$init,
      F64Attr:$scale, UnitAttr:$causal);
  let results = (outs Optional<AnyRankedTensor>:$result);
}

def Attn_PatchEmbedOp : Attn_Op<"patch_embed", [DeclareOpInterfaceMethods<DestinationStyleOpInterface>]> {
  let summary = "cuts an image into patches and projects each to a token";
  // image [B, C, H, W]; weight [E, C, P, Q]; bias [E]; init/result [B, (H/P)*(W/Q), E]
  let arguments = (ins AnyShaped:$image, AnyShaped:$weight, Optional<AnyShaped>:$bias,
      AnyShaped:$init);
  let results = (outs Optional<AnyRankedTensor>:$result);
}

#endif // TFC_DIALECT_ATTN_OPS_TD
