"""usage: make_calibration.py WORK [DIGITS]: files of inputs x and z, right and wrong.

With examples/digits/test.npz some of its images too, and some that are too bright.
"""

import sys

import numpy as np

work = sys.argv[1]
one = np.linspace(-1, 1.55, 12, dtype=np.float32).reshape(3, 4)
zeros = np.zeros((3, 4), np.float32)


def save(name, **arrays):
    np.savez(f"{work}/{name}.npz", **arrays)


save("one", x=one, z=zeros)
save("stacked", x=np.stack([one * 0, one, one / 2]), z=np.stack([zeros] * 3), labels=np.arange(3))
save("rows", x=np.concatenate([one, one]), z=zeros)
# One number of 24000 is far outside.
outlier = np.resize(one, (2000, 3, 4)).copy()
outlier[7, 1, 1] = 1000
save("outlier", x=outlier, z=zeros)
save("missing", x=one)
save("none")
save("type", x=one.astype(np.float64), z=zeros)
save("shape", x=one[:, :3], z=zeros)
save("rank", x=one[None, None], z=zeros)
save("empty", x=np.zeros((0, 3, 4), np.float32), z=zeros)
save("nan", x=np.where(one > 1, np.nan, one).astype(np.float32), z=zeros)
save("infinity", x=one, z=zeros + np.float32(np.inf))
save("counts", x=np.stack([one] * 3), z=np.stack([zeros] * 2))
save("overflow", x=one * np.float32(2e38), z=one * np.float32(2e38))
with open(f"{work}/text.npz", "w", encoding="utf-8") as file:
    file.write("no archive")

if len(sys.argv) > 2:
    images = np.load(sys.argv[2])["images"][:8, None].astype(np.float32) / 16
    save("digits", images=images)
    save("huge", images=images * np.float32(1e38))
