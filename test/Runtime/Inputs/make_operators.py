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


MODELS = {
    "grid": (GRID % (", ".join(grid_outputs), grid_nodes), [images(4, 6), images(1, 9)]),
    "unique": (UNIQUE, [items(20, 12), items(1, 1)]),
}

name, folder = sys.argv[1:]
write(name, HEADER + MODELS[name][0], MODELS[name][1], folder)
