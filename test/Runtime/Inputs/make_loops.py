"""Writes models with loops. usage: make_loops.py NAME FOLDER"""

import sys

import numpy as np
from reference import write

# The state grows until the sum of a row reaches a limit that is an input.
UNTIL = """
<ir_version: 10, opset_import: ["" : 21]>
g (float[n, 3] x, float limit) => (float[n, 3] y, int64 rounds) {
  none = Constant <value = int64 {0}> ()
  start = ReduceMax <keepdims = 0> (x)
  go = Less (start, limit)
  y, rounds = Loop ("", go, x, none) <body = b (int64 i, bool c, float[n, 3] s, int64 r) => (bool again, float[n, 3] t, int64 q) {
    t = Add (s, s)
    one = Constant <value = int64 {1}> ()
    q = Add (r, one)
    top = ReduceMax <keepdims = 0> (t)
    again = Less (top, limit)
  }>
}
"""

# At most six steps, of which each is kept; what is given depends on data.
STEPS = """
<ir_version: 10, opset_import: ["" : 21]>
g (float[2] x, float limit) => (float[2] y, float[k, 2] steps, float[k] tops) {
  most = Constant <value = int64 {6}> ()
  start = ReduceMax <keepdims = 0> (x)
  go = Less (start, limit)
  y, steps, tops = Loop (most, go, x) <body = b (int64 i, bool c, float[2] s) => (bool again, float[2] t, float[2] kept, float top) {
    t = Add (s, s)
    kept = Identity (s)
    top = ReduceMax <keepdims = 0> (t)
    again = Less (top, limit)
  }>
}
"""

# The trip count is the size of an input; a loop in a loop.
NESTED = """
<ir_version: 10, opset_import: ["" : 21]>
g (float[n] x, float limit) => (float y, float[k] sums) {
  yes = Constant <value = bool {1}> ()
  zero = Constant <value = float {0.0}> ()
  shape = Shape (x)
  most = Squeeze (shape)
  y, sums = Loop (most, yes, zero) <body = b (int64 i, bool c, float s) => (bool again, float t, float kept) {
    item = Gather (x, i)
    three = Constant <value = int64 {3}> ()
    on = Less (item, limit)
    inner = Loop (three, on, item) <body = d (int64 j, bool e, float u) => (bool more, float v) {
      v = Add (u, u)
      more = Less (v, limit)
    }>
    t = Add (s, inner)
    kept = Identity (t)
    again = Less (t, limit)
  }>
}
"""

# A condition that all constants decide: the loop is written out.
GROWING = """
<ir_version: 10, opset_import: ["" : 21]>
g (float[2] x) => (float[8] y) {
  yes = Constant <value = bool {1}> ()
  one = Constant <value = int64 {1}> ()
  most = Constant <value = int64 {9223372036854775807}> ()
  n, y = Loop (most, yes, one, x) <body = b (int64 i, bool c, int64 m, s) => (bool again, int64 q, t) {
    t = Concat <axis = 0> (s, s)
    q = Add (m, m)
    four = Constant <value = int64 {4}> ()
    again = Less (q, four)
  }>
}
"""

f = np.float32
MODELS = {
    "until": (UNTIL, [{"x": f([[1, 2, 3], [2, 1, 1]]), "limit": f(20)},
                      {"x": f([[9, 9, 9]]), "limit": f(5)}]),
    "steps": (STEPS, [{"x": f([1, 2]), "limit": f(20)}, {"x": f([1, 2]), "limit": f(1000)},
                      {"x": f([1, 2]), "limit": f(1)}]),
    "nested": (NESTED, [{"x": f([1, 2, 3, 4]), "limit": f(30)}, {"x": f([5]), "limit": f(2)},
                        {"x": f([]), "limit": f(2)}]),
    "growing": (GROWING, [{"x": f([1, 2])}]),
}

name, folder = sys.argv[1:]
write(name, *MODELS[name], folder)
