"""ONNX Runtime's operators of attention and quantised products, against it."""

import math

import numpy as np

from operator_cases import Case

BOTH = ("attn.attention",)


def vendor(name, head, call, has=(), **rest):
    rest.setdefault("reference", "ort")
    return Case(name, head + " { " + call + " }", has=has, opset=21, **rest)


def gqa(name, attributes="", batch=2, tokens=3, past=4, total=None, lengths=None, more="", extra="",
        has=BOTH, packed=False, cache=True, present=True, **rest):
    """Four query heads and two key heads of sixteen features. The total length is
    known while compiling, as it is where a shape gives it."""
    past = past if cache else 0
    total = total if total is not None else tokens + past
    lengths = lengths if lengths is not None else [total - 1] * batch
    kept = max(total, past)
    width = 128 if packed else 64
    keys = "" if packed else f"float[{batch},{tokens},32] k, float[{batch},{tokens},32] v, "
    caches = f"float[{batch},2,{past},16] pk, float[{batch},2,{past},16] pv, " if cache else ""
    results = f", float[{batch},2,{kept},16] nk, float[{batch},2,{kept},16] nv" if present else ""
    head = (f"(float[{batch},{tokens},{width}] q, {keys}{caches}int32[{batch}] n{more}) => "
            f"(float[{batch},{tokens},64] y{results})")
    call = (f"t = Constant <value = int32[1] {{{total}}}> () y, nk, nv = com.microsoft.GroupQueryAttention "
            f"<num_heads = 4, kv_num_heads = 2{attributes}> (q, " + (", , " if packed else "k, v, ")
            + ("pk, pv" if cache else ", ") + ", n, t" + extra + ")")
    return vendor(name, head, call, has, inputs={"n": lengths, **rest.pop("inputs", {})}, **rest)


def mha(name, call, more="", attributes="", outputs="y", results="", keys=7, **rest):
    head = f"(float[2,5,32] q, float[2,{keys},32] k, float[2,{keys},32] v{more}) => (float[2,5,32] y{results})"
    return vendor(name, head, f"{outputs} = com.microsoft.MultiHeadAttention <num_heads = 4{attributes}> ({call})",
                  BOTH, **rest)


SOME = np.random.default_rng(3)


def bits(name, more="", extra="", depth=32, rows=6, width=4, zeros=0):
    blocks = 2
    given = {"w": SOME.integers(0, 255, (rows, blocks, 16 * width // 8))}
    if zeros:
        given["z"] = SOME.integers(0, 255, (rows, zeros))
    return vendor(
        name, f"(float[3,{depth}] x, uint8[{rows},{blocks},{16 * width // 8}] w, float[{rows},{blocks}] s"
        f"{more.format(rows=rows)}) => (float[3,{rows}] y)",
        f"y = com.microsoft.MatMulNBits <K = {depth}, N = {rows}, bits = {width}, block_size = 16> (x, w, s{extra})",
        inputs=given, tolerance=1e-4)


def split_gelu(x, b):
    left, right = np.split((x + b).astype(np.float64), 2, axis=-1)
    return [(left * right * 0.5 * (1 + np.vectorize(math.erf)(right / np.sqrt(2)))).astype(np.float32)]


ROTARY = ", float[16,8] c, float[16,8] s"

CASES = [
    gqa("gqa_prompt", past=0, cache=False),
    gqa("gqa_prompt_cache", past=0),
    gqa("gqa_packed", past=0, cache=False, packed=True),
    gqa("gqa_step", tokens=1),
    gqa("gqa_step_lengths", tokens=1, lengths=[4, 2], present=False, has=("key_lengths",)),
    gqa("gqa_more", batch=1),
    gqa("gqa_scaled", ", scale = 0.7, softcap = 1.5", batch=1, has=("softcap",)),
    gqa("gqa_window", ", local_window_size = 2", tokens=5, past=0, cache=False, has=("left_window 1",)),
    gqa("gqa_window_step", ", local_window_size = 3", tokens=1),
    gqa("gqa_rotary", ", do_rotary = 1", past=0, cache=False, more=ROTARY, extra=", c, s",
        has=("attn.rope ins", "attn.attention")),
    gqa("gqa_rotary_step", ", do_rotary = 1, rotary_interleaved = 1", tokens=1, more=ROTARY, extra=", c, s",
        has=("attn.rope interleaved", "attn.attention")),
    gqa("gqa_rotary_more", ", do_rotary = 1", batch=1, more=ROTARY, extra=", c, s"),
    gqa("gqa_rotary_packed", ", do_rotary = 1", tokens=1, packed=True, more=ROTARY, extra=", c, s"),
    gqa("gqa_bias", tokens=1, more=", float[1,4,1,5] b", extra=", , , , b", has=("bias",)),
    gqa("gqa_padded_cache", tokens=1, past=8, total=5, lengths=[4, 4], has=("key_lengths",), present=False),
    gqa("gqa_positions", ", do_rotary = 1", tokens=1, more=ROTARY + ", int64[2,1] at", extra=", c, s, at",
        inputs={"at": [[3], [7]]}),
    gqa("gqa_smooth", ", smooth_softmax = 1", refused="smooth softmax", has=()),

    # MultiHeadAttention: two samples, five queries, seven keys, four heads of eight.
    mha("mha", "q, k, v"),
    mha("mha_bias", "q, k, v, b", ", float[96] b"),
    mha("mha_lengths", "q, k, v, , n", ", int32[2] n", inputs={"n": [7, 4]}),
    mha("mha_padding", "q, k, v, , m", ", int32[2,7] m", inputs={"m": [[1] * 7, [1] * 4 + [0] * 3]}),
    mha("mha_filter", "q, k, v, , m", ", int32[2,7] m", ", mask_filter_value = -3.0",
        inputs={"m": [[1] * 7, [1] * 4 + [0] * 3]}),
    mha("mha_mask", "q, k, v, , m", ", int32[2,5,7] m",
        inputs={"m": [[[(i * j) % 3 != 1 for j in range(7)] for i in range(5)]] * 2}),
    mha("mha_added", "q, k, v, , , a", ", float[1,4,5,7] a"),
    mha("mha_added_each", "q, k, v, , , a", ", float[2,1,5,7] a"),
    mha("mha_scaled", "q, k, v", attributes=", scale = 0.3"),
    mha("mha_past", "q, k, v, , , , pk, pv", ", float[2,4,3,8] pk, float[2,4,3,8] pv", outputs="y, nk, nv", keys=5,
        results=", float[2,4,8,8] nk, float[2,4,8,8] nv"),
    mha("mha_causal", "q, k, v", attributes=", unidirectional = 1", keys=5),
    vendor("mha_heads_apart", "(float[2,5,32] q, float[2,4,7,8] k, float[2,4,7,8] v) => (float[2,5,32] y)",
           "y = com.microsoft.MultiHeadAttention <num_heads = 4> (q, k, v)", BOTH),
    vendor("mha_heads_apart_bias",
           "(float[2,5,32] q, float[2,4,7,8] k, float[2,4,7,8] v, float[96] b) => (float[2,5,32] y)",
           "y = com.microsoft.MultiHeadAttention <num_heads = 4> (q, k, v, b)", BOTH),
    vendor("attention", "(float[2,5,16] x, float[16,48] w, float[48] b, int32[2] n) => (float[2,5,16] y)",
           "y = com.microsoft.Attention <num_heads = 4> (x, w, b, n)", BOTH, inputs={"n": [5, 3]}),
    vendor("attention_causal", "(float[2,5,16] x, float[16,48] w, float[48] b) => (float[2,5,16] y)",
           "y = com.microsoft.Attention <num_heads = 4, unidirectional = 1> (x, w, b)", BOTH),
    vendor("attention_past",
           "(float[2,1,16] x, float[16,48] w, float[48] b, float[2,2,4,3,4] p) => (float[2,1,16] y, float[2,2,4,4,4] n)",
           "y, n = com.microsoft.Attention <num_heads = 4, unidirectional = 1> (x, w, b, , p)", BOTH),

    vendor("quantised_attention",
           "(uint8[2,5,16] x, int8[16,48] w, float[48] b, int32[2] n) => (float[2,5,16] y)",
           "s = Constant <value_float = 0.02> () u = Constant <value_float = 0.03> () "
           "zx = Constant <value = uint8 {7}> () zw = Constant <value = int8 {0}> () "
           "y = com.microsoft.QAttention <num_heads = 4> (x, w, b, s, u, n, zx, zw)", BOTH,
           inputs={"n": [5, 3], "x": SOME.integers(0, 255, (2, 5, 16)), "w": SOME.integers(-90, 90, (16, 48))}),
    vendor("integer_to_float",
           "(uint8[3,16] x, int8[16,6] w, float[6] b) => (float[3,6] y)",
           "s = Constant <value_float = 0.02> () u = Constant <value = float[6] {0.1, 0.2, 0.3, 0.4, 0.5, 0.6}> () "
           "zx = Constant <value = uint8 {7}> () y = com.microsoft.MatMulIntegerToFloat (x, w, s, u, zx, , b)",
           inputs={"x": SOME.integers(0, 255, (3, 16)), "w": SOME.integers(-90, 90, (16, 6))}),
    vendor("dynamic_quantise", "(float[3,16] x, int8[16,6] w, float[6] b) => (float[3,6] y)",
           "u = Constant <value_float = 0.02> () zw = Constant <value = int8 {0}> () "
           "y = com.microsoft.DynamicQuantizeMatMul (x, w, u, zw, b)",
           inputs={"w": SOME.integers(-90, 90, (16, 6))}),
    vendor("fused_gemm", "(float[3,16] x, float[6,16] w, float[6] b) => (float[3,6] y)",
           'y = com.microsoft.FusedGemm <transB = 1, alpha = 0.5, activation = "Relu"> (x, w, b)'),
    vendor("fused_gemm_leaky", "(float[3,16] x, float[16,6] w) => (float[3,6] y)",
           'y = com.microsoft.FusedGemm <activation = "LeakyRelu", activation_alpha = 0.3> (x, w)'),
    vendor("fused_gemm_unknown", "(float[3,16] x, float[16,6] w) => (float[3,6] y)",
           'y = com.microsoft.FusedGemm <activation = "Softplus"> (x, w)', refused="Softplus"),
    bits("bits4"),
    bits("bits4_zeros", ", uint8[{rows},1] z", ", z", zeros=1),
    bits("bits4_bias", ", float[{rows}] b", ", , , b"),
    bits("bits4_short", depth=28),
    bits("bits8", width=8),
    vendor("split_gelu", "(float[2,3,8] x, float[8] b) => (float[2,3,4] y)",
           "y = com.microsoft.BiasSplitGelu (x, b)", reference=split_gelu),
    vendor("packed", "(float[2,3,8] x, float[8,24] w, float[24] b, int32[2,3] o, int32[3] c) => (float[2,3,8] y)",
           "y = com.microsoft.PackedAttention <num_heads = 2> (x, w, b, o, c)", refused="PackedAttention"),
    vendor("decoder_masked", "(float[1,1,8] x, float[8,24] w, float[24] b) => (float[1,1,8] y)",
           "y = com.microsoft.DecoderMaskedSelfAttention <num_heads = 2> (x, w, b)",
           refused="DecoderMaskedSelfAttention"),
]
