"""Runs a compiled attention and compares it with numpy.

usage: check_attention.py LIBRARY DIRECTORY SHAPE...

SHAPE is that of q, k, v, m and, if there is a second bias, n, as in 2x8x16. The scores
are divided by 4; with fewer heads of k and v those are for several of q.
"""

import subprocess
import sys

import numpy as np

library, folder, *shapes = sys.argv[1:]
rng = np.random.default_rng(7)
sizes = [tuple(map(int, shape.split("x"))) for shape in shapes]
q, k, v, m, *n = (rng.standard_normal(size).astype(np.float32) for size in sizes)
# Most of it hides.
m = np.where(m > 0.5, np.float32(-1e9), m)
np.savez(f"{folder}/in.npz", q=q, k=k, v=v, m=m, **({"n": n[0]} if n else {}))
subprocess.run(["tfc-run", library, "--inputs", f"{folder}/in.npz", "--outputs", f"{folder}/out.npz"], check=True)
y = np.load(f"{folder}/out.npz")["y"]

if q.ndim == 4:
    k, v = (np.repeat(x, q.shape[1] // x.shape[1], 1) for x in (k, v))
scores = q.astype(np.float64) @ np.swapaxes(k, -1, -2) / 4 + m + sum(n)
weights = np.exp(scores - scores.max(-1, keepdims=True))
wanted = weights / weights.sum(-1, keepdims=True) @ v
error = abs(y - wanted).max()
# Sums of 16 products and 12 weights in f32, values of about 1.
assert y.shape == wanted.shape and error < 1e-5, error
print(f"largest error {error:.1e}")
