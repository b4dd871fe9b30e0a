"""Caches that tokens are appended to, compared with NumPy.

usage: caches.py WORK
"""

import os
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper


def model(path, mode, kind):
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("TensorScatter", ["cache", "new", "at"], ["all"], mode=mode)], "g",
        [value("cache", kind, ["B", 2, "C", 3]), value("new", kind, ["B", 2, "S", 3]), value("at", TensorProto.INT64, ["B"])],
        [value("all", kind, ["B", 2, "C", 3])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 24)], ir_version=11), path)


def run(library, work, given):
    source, target = os.path.join(work, "in.npz"), os.path.join(work, "out.npz")
    np.savez(source, **given)
    done = subprocess.run(["tfc-run", library, "--inputs", source, "--outputs", target], capture_output=True, text=True)
    if done.returncode:
        return done.stderr
    return np.load(target)["all"]


def main(work):
    random = np.random.default_rng(0)
    faults = runs = 0
    for mode, kind, dtype in [("linear", TensorProto.FLOAT, np.float32), ("circular", TensorProto.FLOAT, np.float32),
                              ("linear", TensorProto.INT8, np.int8)]:
        path, library = os.path.join(work, "m.onnx"), os.path.join(work, "m.so")
        model(path, mode, kind)
        subprocess.run(["tfc", path, "-o", library], check=True)
        for capacity, length, at in [(7, 1, [0, 6, 3]), (7, 4, [3, 0, 2]), (5, 5, [0, 0, 0]), (7, 0, [7, 1, 0]),
                                     (7, 3, [6, -2, 20]), (7, 3, [5, 0, 0]), (7, 3, [0, -1, 0])]:
            runs += 1
            cache = (random.standard_normal((3, 2, capacity, 3)) * 50).astype(dtype)
            new = (random.standard_normal((3, 2, length, 3)) * 50).astype(dtype)
            found = run(library, work, {"cache": cache, "new": new, "at": np.int64(at)})
            fits = all(0 <= start and start + length <= capacity for start in at)
            if mode == "linear" and not fits:
                good = isinstance(found, str) and "out of range" in found
            else:
                expected = cache.copy()
                for batch, start in enumerate(at):
                    for token in range(length):
                        expected[batch, :, (start + token) % capacity] = new[batch, :, token]
                good = not isinstance(found, str) and np.array_equal(found, expected)
            if not good:
                faults += 1
                print(f"{mode} {dtype.__name__}, {length} tokens at {at} of {capacity}: {found}")
    print(f"{runs} runs, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
