"""Writes models of one or a few operators. usage: make_operators.py NAME FOLDER"""

import sys

import numpy as np
from reference import write

f = np.float32
random = np.random.default_rng(7)
HEADER = '<ir_version: 10, opset_import: ["" : 21]>\n'

# Every padding with every mode; most of the grid lies outside the image.
GRID = "g (float[2, 3, h, w] x, float[2, a, b, 2] grid) => (%s) {\n%s}\n"
grid_outputs, grid_nodes = [], ""
for mode in ("linear", "nearest", "cubic"):
    for padding in ("zeros", "border", "reflection"):
        for corners in (0, 1):
            name = f"{mode}_{padding}_{corners}"
            grid_outputs.append(f"float[2, 3, a, b] {name}")
            grid_nodes += (f'  {name} = GridSample <mode = "{mode}", padding_mode = "{padding}", '
                           f"align_corners = {corners}> (x, grid)\n")


def images(height, width):
    return {"x": random.standard_normal((2, 3, height, width), f),
            "grid": random.uniform(-3.3, 3.3, (2, 5, 7, 2)).astype(f)}


UNIQUE = """
g (float[n] x, int64[m, 3] t) => (float[u] y, int64[u] first, int64[n] inverse, int64[u] counts,
                                  float[v] z, int64[v] order, int64[r, 3] rows, int64[m] which, float[u] twice) {
  y, first, inverse, counts = Unique (x)
  z, order = Unique <sorted = 0> (x)
  rows, , which = Unique <axis = 0> (t)
  twice = Add (y, y)
}
"""


def items(count, rows):
    return {"x": random.integers(-2, 3, count).astype(f),
            "t": random.integers(-1, 1, (rows, 3))}


# Both directions, samples that end early, initial states, gates before and after
# the reset; the sizes of time and batch are open.
RECURRENT = """
g (float[t, b, 3] x, int32[b] lengths) => (float[t, 2, b, 4] y, float[2, b, 4] yh, float[2, b, 4] yc,
   float[t, 1, b, 4] gy, float[1, b, 4] gh, float[t, 1, b, 4] fy, float[1, b, 4] rh, float[t, 2, b, 4] ry)
<float[2, 16, 3] lw = {LW}, float[2, 16, 4] lr = {LR}, float[2, 32] lb = {LB}, float[2, 12] lp = {LP},
 float[1, 12, 3] gw = {GW}, float[1, 12, 4] gr = {GR}, float[1, 24] gb = {GB},
 float[2, 4, 3] rw = {RW}, float[2, 4, 4] rr = {RR}, float[2, 8] rb = {RB}> {
  y, yh, yc = LSTM <direction = "bidirectional", hidden_size = 4> (x, lw, lr, lb, lengths, , , lp)
  gy, gh = GRU <direction = "reverse", hidden_size = 4, linear_before_reset = 1> (x, gw, gr, gb, lengths)
  fy = GRU <hidden_size = 4> (x, gw, gr, gb, , gh)
  ry, rh2 = RNN <direction = "bidirectional", hidden_size = 4, activations = ["Relu", "Tanh"]> (x, rw, rr, rb)
  first = Constant <value_ints = [0]> ()
  second = Constant <value_ints = [1]> ()
  rh = Slice (rh2, first, second, first)
}
"""
for key, count in (("LW", 96), ("LR", 128), ("LB", 64), ("LP", 24), ("GW", 36), ("GR", 48), ("GB", 24),
                   ("RW", 24), ("RR", 32), ("RB", 16)):
    RECURRENT = RECURRENT.replace("{%s}" % key, "{%s}" % ", ".join(
        f"{value:.6f}" for value in random.standard_normal(count)))


def steps(lengths, time):
    return {"x": random.standard_normal((time, len(lengths), 3), f), "lengths": np.int32(lengths)}


# Scans along other axes and from the end; diagonals; samples turned round.
AXES = """
g (float[2, n, 3] x, float[m, m] s, float[m] u, int64[2] lengths) => (float[3] last, float[3, n] sums, float d, float[m] e,
   float[2, n, 3] turned, double[m, m] eye) {
  zero = Constant <value_ints = [3]> ()
  none = ConstantOfShape (zero)
  last, sums = Scan <num_scan_inputs = 1, scan_input_axes = [1], scan_input_directions = [1],
                     scan_output_axes = [-1], scan_output_directions = [1], body = b (h, p) => (k, q) {
    top = ReduceMax <keepdims = 0> (p, first)
    k = Add (h, top)
    q = Identity (k)
  }> (none, x)
  d = Einsum <equation = "ii->"> (s)
  e = Einsum <equation = "ii,i->i"> (s, u)
  turned = ReverseSequence <batch_axis = 0, time_axis = 1> (x, lengths)
  eye = EyeLike <dtype = 11, k = -1> (s)
}
"""
AXES = AXES.replace("  zero =", "  first = Constant <value_ints = [0]> ()\n  zero =")


def axes(time, size, lengths):
    return {"x": random.standard_normal((2, time, 3), f), "s": random.standard_normal((size, size), f),
            "u": random.standard_normal(size, f), "lengths": np.int64(lengths)}


# Padding, steps and dilation; the first of equal maxima.
POOL = """
g (float[n, 2, h, w] x) => (float[n, 2, a, b] y, int64[n, 2, a, b] at, float[n, 2, c, d] z, int64[n, 2, c, d] turned,
   float[n, 2, e, f] norms, float[n, 2, h, w] r) {
  y, at = MaxPool <kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]> (x)
  z, turned = MaxPool <kernel_shape = [2, 3], dilations = [2, 1], storage_order = 1> (x)
  norms = LpPool <kernel_shape = [2, 2], p = 3, strides = [1, 2]> (x)
  r = LRN <size = 3, alpha = 0.5, beta = 0.6, bias = 2.0> (x)
}
"""

MODELS = {
    "pool": (POOL, [{"x": random.integers(-3, 4, (2, 2, 5, 6)).astype(f)}]),
    "recurrent": (RECURRENT, [steps([5, 2, 3], 5), steps([1], 1)]),
    "axes": (AXES, [axes(5, 4, [3, 5]), axes(1, 1, [1, 1])]),
    "grid": (GRID % (", ".join(grid_outputs), grid_nodes), [images(4, 6), images(1, 9)]),
    "unique": (UNIQUE, [items(20, 12), items(1, 1)]),
}

name, folder = sys.argv[1:]
write(name, HEADER + MODELS[name][0], MODELS[name][1], folder)
