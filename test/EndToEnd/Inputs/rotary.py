"""Rotary position embedding as operators, and as exporters write it."""

from operator_cases import Case

ROPE = "attn.rope ins"
PAIRS = "attn.rope interleaved ins"

CONSTANTS = """
  last = Constant <value_ints = [-1]> () back = Constant <value_ints = [-2]> ()
  n0 = Constant <value_ints = [0]> () n1 = Constant <value_ints = [1]> () n2 = Constant <value_ints = [2]> ()
  n3 = Constant <value_ints = [3]> () n4 = Constant <value_ints = [4]> () n6 = Constant <value_ints = [6]> ()
  n8 = Constant <value_ints = [8]> () end = Constant <value_ints = [9223372036854775807]> ()
"""
HEADS = "(float[n,3,s,8] x, float[n,1,s,8] c, float[n,1,s,8] d) => (float[n,3,s,8] y)"
ROWS = "(float[n,s,3,8] x, float[n,s,1,8] c, float[n,s,1,8] d) => (float[n,s,3,8] y)"
HALF = "(float[n,s,3,8] x, float[1,s,1,4] c, float[1,s,1,4] d) => (float[n,s,3,8] y)"
SPLIT = "a = Slice (x, n0, n4, last) b = Slice (x, n4, end, last) "
EVERY = "a = Slice (x, n0, end, last, n2) b = Slice (x, n1, end, last, n2) "
SUM = "xc = Mul (x, c) td = Mul (t, d) y = Add (xc, td) "
TURN = "m = Neg (b) t = Concat <axis = -1> (m, a) "
STACK = "m = Neg (b) u = Unsqueeze (m, last) v = Unsqueeze (a, last) st = Concat <axis = -1> (u, v) "\
        "sh = Shape (x) t = Reshape (st, sh) "
PRODUCT = "ac = Mul (a, c) bd = Mul (b, d) f = Sub (ac, bd) bc = Mul (b, c) ad = Mul (a, d) g = Add (ad, bc) "
JOIN = "y = Concat <axis = -1> (f, g) "
INTERLEAVE = "fu = Unsqueeze (f, last) gu = Unsqueeze (g, last) st = Concat <axis = -1> (fu, gu) "\
             "sh = Shape (x) y = Reshape (st, sh) "
SIZES = {"n": 2, "s": 5}


def graph(name, head, body, has=(), lacks=(), **rest):
    return Case(name, head + " {" + CONSTANTS + body + "}", has=has, lacks=lacks, sizes=SIZES, **rest)


def operator(name, head, call, has=(ROPE,), **rest):
    return Case(name, head + " { y = " + call + " }", has=has, sizes=SIZES, **rest)


PLACES = {"at": [[3, 1, 0, 7, 2], [5, 6, 0, 0, 1]]}
TABLES = "(float[2,3,5,8] x, float[9,{half}] c, float[9,{half}] d, int64[2,5] at) => (float[2,3,5,8] y)"
PACKED = "(float[2,5,24] x, float[9,4] c, float[9,4] d, int64[2,5] at) => (float[2,5,24] y)"
VENDOR = "({kind}[2,5,24] x, int64[{at}] at, {kind}[9,{half}] c, {kind}[9,{half}] d) => ({kind}[2,5,24] y)"

CASES = [
    # By halves.
    graph("halves_heads_first", HEADS, SPLIT + TURN + SUM, [ROPE]),
    graph("halves_rows_first", ROWS, SPLIT + TURN + SUM, [ROPE]),
    graph("halves_by_split", ROWS, "a, b = Split <axis = -1, num_outputs = 2> (x) " + TURN + SUM, [ROPE]),
    graph("halves_other_order", ROWS, SPLIT + TURN + "xc = Mul (c, x) td = Mul (d, t) y = Add (td, xc)", [ROPE]),
    graph("halves_one_head", "(float[n,s,8] x, float[s,8] c, float[s,8] d) => (float[n,s,8] y)",
          SPLIT + TURN + SUM, [ROPE]),
    graph("halves_products", HALF, SPLIT + PRODUCT + JOIN, [ROPE]),
    graph("halves_of_view", HALF, "vs = Constant <value_ints = [0, 0, 0, 2, 4]> () w = Reshape (x, vs) "
          "a1, b1 = Split <axis = -2, num_outputs = 2> (w) a = Squeeze (a1, back) b = Squeeze (b1, back) "
          + PRODUCT + JOIN, [ROPE]),
    graph("halves_past_casts", HEADS, "z = Cast <to = 1> (x) a = Slice (z, n0, n4, last) b = Slice (z, n4, end, last) "
          + TURN + SUM, [ROPE]),
    # By pairs.
    graph("pairs_stacked", ROWS, EVERY + STACK + SUM, [PAIRS]),
    graph("pairs_products", HALF, EVERY + PRODUCT + INTERLEAVE, [PAIRS]),
    graph("pairs_gathered", HALF, "vs = Constant <value_ints = [0, 0, 0, 4, 2]> () w = Reshape (x, vs) "
          "i = Constant <value_int = 0> () j = Constant <value_int = 1> () a = Gather <axis = -1> (w, i) "
          "b = Gather <axis = -1> (w, j) " + PRODUCT + INTERLEAVE, [PAIRS]),
    graph("pairs_split", HALF, "vs = Constant <value_ints = [0, 0, 0, 4, 2]> () w = Reshape (x, vs) "
          "a1, b1 = Split <axis = -1, num_outputs = 2> (w) a = Squeeze (a1, last) b = Squeeze (b1, last) "
          + PRODUCT + INTERLEAVE, [PAIRS]),
    graph("pairs_in_columns", "(float[n,s,3,8] x, float[1,s,1,4,1] c, float[1,s,1,4,1] d) => (float[n,s,3,8] y)",
          "vs = Constant <value_ints = [0, 0, 0, 4, 2]> () w = Reshape (x, vs) "
          "a = Slice (w, n0, n1, last) b = Slice (w, n1, n2, last) " + PRODUCT
          + "st = Concat <axis = -1> (f, g) sh = Shape (x) y = Reshape (st, sh)", [PAIRS]),
    graph("pairs_of_wide_rows", "(float[2,5,24] x, float[1,5,1,4] c, float[1,5,1,4] d) => (float[2,5,3,8] y)",
          "vs = Constant <value_ints = [2, 5, 3, 4, 2]> () w = Reshape (x, vs) "
          "a1, b1 = Split <axis = -1, num_outputs = 2> (w) a = Squeeze (a1, last) b = Squeeze (b1, last) "
          + PRODUCT + "fu = Unsqueeze (f, last) gu = Unsqueeze (g, last) st = Concat <axis = -1> (fu, gu) "
          "sh = Constant <value_ints = [2, 5, 3, 8]> () y = Reshape (st, sh)", [PAIRS]),
    # The first features alone.
    graph("partial", "(float[n,3,s,8] z, float[1,1,s,6] c, float[1,1,s,6] d) => (float[n,3,s,8] y)",
          "x = Slice (z, n0, n6, last) rest = Slice (z, n6, end, last) "
          "a = Slice (x, n0, n3, last) b = Slice (x, n3, end, last) " + TURN
          + "xc = Mul (x, c) td = Mul (t, d) h = Add (xc, td) y = Concat <axis = -1> (h, rest)",
          ["attn.rope rotary_size 6"], ["tensor.concat"]),
    graph("partial_pairs", "(float[n,s,3,8] z, float[1,s,1,4] c, float[1,s,1,4] d) => (float[n,s,3,8] y)",
          "parts = Constant <value_ints = [4, 4]> () x, rest = Split <axis = 3> (z, parts) " + EVERY + STACK + "xc = Mul (x, c) td = Mul (t, d) h = Add (xc, td) y = Concat <axis = 3> (h, rest)",
          ["attn.rope interleaved rotary_size 4"]),
    graph("partial_three", "(float[n,3,s,8] x, float[s,3] c, float[s,3] d) => (float[n,3,s,8] y)",
          "a = Slice (x, n0, n3, last) b = Slice (x, n3, n6, last) rest = Slice (x, n6, end, last) "
          + PRODUCT + "y = Concat <axis = -1> (f, g, rest)", ["attn.rope rotary_size 6"]),
    # Near misses.
    graph("not_signs", ROWS, SPLIT + "t = Concat <axis = -1> (b, a) " + SUM, lacks=["attn.rope"]),
    graph("not_places", ROWS, EVERY + TURN + SUM, lacks=["attn.rope"]),
    graph("not_joint", HALF, EVERY + PRODUCT + JOIN, lacks=["attn.rope"]),
    graph("not_split", HALF, SPLIT + PRODUCT + INTERLEAVE, lacks=["attn.rope"]),
    graph("not_angles", HALF, SPLIT + "ac = Mul (a, c) bd = Mul (b, d) f = Sub (ac, bd) bc = Mul (b, d) "
          "ad = Mul (a, c) g = Add (ad, bc) " + JOIN, lacks=["attn.rope"]),
    graph("not_rest", "(float[n,3,s,8] z, float[1,1,s,4] c, float[1,1,s,4] d) => (float[n,3,s,8] y)",
          "x = Slice (z, n0, n4, last) rest = Slice (z, n0, n4, last) "
          "a = Slice (x, n0, n2, last) b = Slice (x, n2, end, last) " + TURN
          + "xc = Mul (x, c) td = Mul (t, d) h = Add (xc, td) y = Concat <axis = -1> (h, rest)",
          [ROPE], ["rotary_size"]),
    graph("not_square", ROWS, SPLIT + TURN + "xc = Mul (x, c) td = Mul (t, d) y = Sub (xc, td)",
          lacks=["attn.rope"]),
    # ONNX's operator.
    operator("looked_up", TABLES.format(half=4), "RotaryEmbedding (x, c, d, at)", inputs=PLACES),
    operator("looked_up_pairs", TABLES.format(half=4), "RotaryEmbedding <interleaved = 1> (x, c, d, at)",
             [PAIRS], inputs=PLACES),
    operator("looked_up_partly", TABLES.format(half=2), "RotaryEmbedding <rotary_embedding_dim = 4> (x, c, d, at)",
             ["attn.rope rotary_size 4"], inputs=PLACES),
    operator("looked_up_packed", PACKED, "RotaryEmbedding <num_heads = 3> (x, c, d, at)", inputs=PLACES),
    # ONNX Runtime's.
    operator("vendor", VENDOR.format(kind="float", at="2,5", half=4),
             "com.microsoft.RotaryEmbedding (x, at, c, d)", inputs=PLACES, reference="ort"),
    operator("vendor_from", VENDOR.format(kind="float", at="1", half=4),
             "com.microsoft.RotaryEmbedding <interleaved = 1> (x, at, c, d)", [PAIRS], inputs={"at": [3]}, reference="ort"),
    operator("vendor_partly", VENDOR.format(kind="float", at="1", half=2),
             "com.microsoft.RotaryEmbedding <num_heads = 3, rotary_embedding_dim = 4> (x, at, c, d)",
             ["rotary_size 4"], inputs={"at": [0]}, reference="ort"),
    operator("vendor_scaled", VENDOR.format(kind="float", at="1", half=4),
             "com.microsoft.RotaryEmbedding <scale = 0.5> (x, at, c, d)", refused="packed batches and scales"),
]
