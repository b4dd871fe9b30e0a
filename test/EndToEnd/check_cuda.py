"""Compiles models for CUDA, runs them in the emulator and compares the outputs.

usage: check_cuda.py ZOO WORK PART OF

Each folder of ZOO, or every OF-th of them from PART on, holds model.onnx and sets of
inputs and outputs, as for check_model.py, whose tolerances these are. The sets are
run in the emulator's modes by turns, the first in all of them (emulated.py).
"""

import os
import subprocess
import sys

import numpy as np
from check_model import compare, tolerance_of
from emulated import MODES, run


def check(folder, work):
    model = work + ".so"
    done = subprocess.run(["tfc", os.path.join(folder, "model.onnx"), "--target=cuda", "-o", model],
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        yield done.stderr.strip()
        return
    count = 0
    while os.path.exists(inputs := os.path.join(folder, f"inputs_{count}.npz")):
        expected = dict(np.load(os.path.join(folder, f"outputs_{count}.npz")))
        for mode in MODES if count == 0 else [MODES[count % len(MODES)]]:
            found = run(model, inputs, f"{work}.npz", mode)
            label = f"set {count} {' '.join(mode)}"
            if isinstance(found, str):
                yield f"{label}: {found}"
            else:
                yield from compare(label, found, expected, tolerance_of(folder))
        count += 1
    if not count:
        yield "no inputs"


def main(zoo, work, part, of):
    names = sorted(n for n in os.listdir(zoo) if os.path.exists(os.path.join(zoo, n, "model.onnx")))
    faults = 0
    for name in names[int(part)::int(of)]:
        for message in check(os.path.join(zoo, name), f"{work}.{name}"):
            print(f"{name}: {message}")
            faults += 1
    print(f"{len(names[int(part)::int(of)])} models, {faults} faults")
    return 1 if faults or not names else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
