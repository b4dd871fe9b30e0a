"""Runs each model whose file leaves sizes open with one of them 0, then another.

usage: zero_sizes.py ZOO WORK

The outputs must have that size too and hold nothing: in all these models a batch
or a sequence that is empty leaves an output empty.
"""

import os
import subprocess
import sys

import numpy as np
import onnx


def open_sizes(path):
    """The inputs and axes of each name of a size."""
    names = {}
    for value in onnx.load(path, load_external_data=False).graph.input:
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if dim.dim_param:
                names.setdefault(dim.dim_param, []).append((value.name, axis))
    return names


def check(folder, work):
    path, library = os.path.join(folder, "model.onnx"), os.path.join(work, "m.so")
    source, target = os.path.join(work, "in.npz"), os.path.join(work, "out.npz")
    sizes = open_sizes(path)
    if sizes:
        subprocess.run(["tfc", path, "-o", library], check=True)
    for size, places in sizes.items():
        given = dict(np.load(os.path.join(folder, "inputs_0.npz")))
        for name, axis in places:
            given[name] = np.take(given[name], [], axis=axis)
        np.savez(source, **given)
        subprocess.run(["tfc-run", library, "--inputs", source, "--outputs", target], check=True)
        references = np.load(os.path.join(folder, "outputs_0.npz"))
        for name, result in np.load(target).items():
            reference = references[name]
            same = sum(a == b for a, b in zip(result.shape, reference.shape))
            if result.ndim != reference.ndim or result.size != 0 or same != result.ndim - 1:
                yield f"{size} of 0: {name} is {result.shape}, and {reference.shape} otherwise"


def main(zoo, work):
    runs = faults = 0
    for name in sorted(os.listdir(zoo)):
        folder = os.path.join(zoo, name)
        if os.path.isdir(folder):
            runs += len(open_sizes(os.path.join(folder, "model.onnx")))
            for problem in check(folder, work):
                print(f"{name}: {problem}")
                faults += 1
    print(f"{runs} runs, {faults} faults")
    return 1 if faults or not runs else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
