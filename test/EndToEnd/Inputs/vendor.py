"""ONNX Runtime's operators of attention and quantised products, against it."""

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
]
