"""Writes right and wrong inputs of the model `two_inputs` to a folder."""

import os
import sys

import numpy as np

folder = sys.argv[1]
x = np.arange(12, dtype=np.float32).reshape(3, 4)


def save(name, **arrays):
    np.savez(os.path.join(folder, name + ".npz"), **arrays)


save("right", x=x, z=x)
save("type", x=x.astype(np.int64), z=x)
save("rank", x=x[0], z=x)
save("size", x=np.zeros((3, 5), np.float32), z=x)
save("symbol", x=x, z=x[:2])
save("name", x=x, w=x)
save("missing", x=x)
np.save(os.path.join(folder, "x.npy"), x)
with open(os.path.join(folder, "x.npy"), "rb") as file:
    whole = file.read()
with open(os.path.join(folder, "cut.npy"), "wb") as file:
    file.write(whole[:-8])
with open(os.path.join(folder, "damaged.so"), "wb") as file:
    file.write(b"no library at all")

# Forms that numpy writes: columns first, deflated, versions, empty, scalars.
np.save(os.path.join(folder, "columns.npy"), np.asfortranarray(x))
np.savez_compressed(os.path.join(folder, "packed.npz"), x=np.asfortranarray(x), z=x)
save("none", x=x[:0], z=x[:0])
