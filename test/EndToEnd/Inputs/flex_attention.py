"""FlexAttention: what its subgraphs become. ONNX's evaluator gives them no
values from outside; those cases are compared with numpy."""

import numpy as np

from operator_cases import Case


def by_numpy(score_mod=lambda s: s, prob_mod=lambda p, **more: p):
    def reference(q, k, v, **more):
        scores = score_mod(q @ np.swapaxes(k, 2, 3) / np.sqrt(np.float32(q.shape[3])), **more)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        return [(prob_mod(shares, **more) @ v).astype(q.dtype)]
    return reference


HEAD = "(float[2,4,5,8] q, float[2,{kv},7,8] k, float[2,{kv},7,6] v{more}) => (float[2,4,5,6] y)"
CALL = "{{ {before} y = ai.onnx.preview.FlexAttention {attributes} (q, k, v) }}"


def flex(name, attributes="", before="", more="", kv=4, **rest):
    attributes = f"<{attributes}>" if attributes else ""
    graph = HEAD.format(kv=kv, more=more) + CALL.format(before=before, attributes=attributes)
    return Case(name, graph, opset=24, **rest)


def mod(body, name="score_mod"):
    return name + " = mod (float[2,4,5,7] s) => (float[2,4,5,7] r) { " + body + " }"


POSITIONS = """
  zero = Constant <value_int = 0> ()  one = Constant <value_int = 1> ()
  queries = Constant <value_int = 5> ()  keys = Constant <value_int = 7> ()
  i = Range (zero, queries, one)  j = Range (zero, keys, one)
  axis = Constant <value_ints = [1]> ()  rows = Unsqueeze (i, axis)
"""
HIDDEN = "hidden = Constant <value_float = -1e38> () "


def open_sizes(name, body, **rest):
    """Positions come from outside the subgraph: they need the open sizes."""
    return Case(name, "(float[n,4,s,8] q, float[n,4,t,8] k, float[n,4,t,8] v) => (float[n,4,s,8] y) {"
                "zero = Constant <value_int = 0> () one = Constant <value_int = 1> () axis = Constant <value_ints = [1]> ()"
                "ss = Shape <start = 2, end = 3> (q) queries = Squeeze (ss) ts = Shape <start = 2, end = 3> (k)"
                "keys = Squeeze (ts) i = Range (zero, queries, one) j = Range (zero, keys, one) rows = Unsqueeze (i, axis)"
                "y = ai.onnx.preview.FlexAttention <score_mod = mod (float[n,4,s,t] s) => (float[n,4,s,t] r) {"
                + body + "}> (q, k, v) }", opset=24, sizes={"n": 2, "s": 3, "t": 6}, **rest)



CASES = [
    flex("plain", has=["attn.attention"], lacks=["math.exp"]),
    flex("scaled", "scale = 0.2", has=["attn.attention scale 0.2000000"]),
    flex("grouped", kv=2, has=["attn.attention .*tensor<2x2x7x8xf32>"]),
    flex("one_head", kv=1, has=["attn.attention .*tensor<2x1x7x8xf32>"]),
    flex("added", mod("r = Add (s, b)"), more=", float[4,5,7] b",
         has=["attn.attention .*bias"], reference=by_numpy(lambda s, b: s + b)),
    flex("capped", mod("c = Constant <value_float = 2.0> () t = Div (s, c) u = Tanh (t) r = Mul (u, c)"),
         has=["attn.attention .*softcap 2.0"]),
    flex("identity", mod("r = Identity (s)"), has=["attn.attention"]),
    flex("causal", mod(POSITIONS + "seen = LessOrEqual (j, rows) " + HIDDEN + "r = Where (seen, s, hidden)"),
         has=["attn.attention"]),
    open_sizes("open", "r = Abs (s)", lacks=["attn.attention"]),
    open_sizes("open_causal", "seen = LessOrEqual (j, rows) " + HIDDEN + "r = Where (seen, s, hidden)",
               reference=by_numpy(lambda s: np.where(np.tri(*s.shape[2:], dtype=bool), s, -1e38)),
               has=["attn.attention .*causal"], lacks=["mask\\("]),
    open_sizes("open_window", """two = Constant <value_int = 2> ()
         first = Sub (rows, two) late = GreaterOrEqual (j, first) early = LessOrEqual (j, rows)
         seen = And (early, late)""" + HIDDEN + "r = Where (seen, s, hidden)",
               reference=by_numpy(lambda s: np.where(
                   np.tri(*s.shape[2:], dtype=bool) & ~np.tri(*s.shape[2:], k=-3, dtype=bool), s, -1e38)),
               has=["attn.attention .*causal left_window 2"], lacks=["mask\\("]),
    flex("mask_from_outside", mod("hidden = Constant <value_float = -1e38> () r = Where (m, s, hidden)"),
         more=", bool[2,1,5,7] m", inputs={"m": [[[[(i * j + i) % 3 != 1 for j in range(7)] for i in range(5)]]] * 2},
         has=["attn.attention .*mask"],
         reference=by_numpy(lambda s, m: np.where(m, s, np.float32(-1e38)))),
    flex("squared", mod("r = Mul (s, s)"), lacks=["attn.attention"]),
    flex("shares", mod("c = Constant <value_float = 0.5> () r = Mul (p, c)".replace("(p,", "(s,"), "prob_mod"),
         lacks=["attn.attention"]),
    flex("both", mod("r = Add (s, b)") + ", " + mod("r = Mul (s, b)", "prob_mod"), more=", float[4,5,7] b",
         lacks=["attn.attention"], reference=by_numpy(lambda s, b: s + b, lambda p, b: p * b)),
    flex("grouped_capped_shares", mod("r = Tanh (s)") + ", " + mod("r = Abs (s)", "prob_mod"), kv=2,
         lacks=["attn.attention"]),
    Case("half", "(float16[1,2,3,8] q, float16[1,2,5,8] k, float16[1,2,5,4] v) => (float16[1,2,3,4] y)"
         "{ y = ai.onnx.preview.FlexAttention <score_mod = mod (float[1,2,3,5] s) => (float[1,2,3,5] r)"
         "{ r = Abs (s) }> (q, k, v) }", opset=24, tolerance=4e-3),
    Case("in_half", "(float[1,2,3,8] q, float[1,2,5,8] k, float[1,2,5,4] v) => (float[1,2,3,4] y)"
         "{ y = ai.onnx.preview.FlexAttention <softmax_precision = 10> (q, k, v) }", opset=24, tolerance=4e-3),
    Case("in_double", "(float[1,2,3,8] q, float[1,2,5,8] k, float[1,2,5,4] v) => (float[1,2,3,4] y)"
         "{ y = ai.onnx.preview.FlexAttention <softmax_precision = 11> (q, k, v) }", opset=24, has=["f64"]),
    Case("refused_inside", "(float[1,2,3,8] q, float[1,2,5,8] k, float[1,2,5,4] v) => (float[1,2,3,4] y)"
         "{ y = ai.onnx.preview.FlexAttention <score_mod = mod (float[1,2,3,5] s) => (float[1,2,3,5] r)"
         "{ r = Bernoulli (s) }> (q, k, v) }", opset=24, refused="FlexAttention"),
]
