"""Compiles models for the Cortex-M7, runs them in qemu and compares the outputs.

usage: check_device.py ZOO WORK [NAME...]

Each folder of ZOO (or the named ones) holds model.onnx and a first set of inputs
and outputs, whose sizes the model is compiled for. The object must need no more
stack, arena and flash than its header says, and 1 MB of flash at most. Tolerances
are those of check_model.py. Quantised models and those of LEFT_OUT are left out.
"""

import os
import subprocess
import sys

import numpy as np
from check_model import compare, tolerance_of

# Why a model is not for this target.
LEFT_OUT = {"vit_f16": "its input is f16, which C99 has no type for"}


def quantised(folder):
    with open(os.path.join(folder, "model.onnx"), "rb") as file:
        return b"QuantizeLinear" in file.read()



def check(folder, work):
    """Messages about what is wrong, and what the run said."""
    inputs = os.path.join(folder, "inputs_0.npz")
    given = dict(np.load(inputs))
    sizes = [s for name, v in given.items() if v.ndim
             for s in ("--shape", f"{name}={'x'.join(map(str, v.shape))}")]
    model = work + ".o"
    done = subprocess.run(
        ["tfc", os.path.join(folder, "model.onnx"), "--target=cortex-m7", "--flash=1M", *sizes, "-o", model],
        capture_output=True, text=True)
    if done.returncode:
        return ["does not compile: " + done.stderr.strip()], ""
    done = subprocess.run(
        ["tfc-run", model, "--target=cortex-m7", "--ram=4M", "--inputs", inputs, "--outputs", work + ".npz"],
        capture_output=True, text=True)
    if done.returncode:
        return ["does not run: " + done.stderr.strip()], ""
    expected = dict(np.load(os.path.join(folder, "outputs_0.npz")))
    found = dict(np.load(work + ".npz"))
    return list(compare("set 0", found, expected, tolerance_of(folder))), done.stdout.strip()


def main(zoo, work, *names):
    os.makedirs(work, exist_ok=True)
    faults = 0
    for name in names or sorted(os.listdir(zoo)):
        folder = os.path.join(zoo, name)
        if not os.path.isdir(folder):
            continue
        if quantised(folder) or name in LEFT_OUT:
            print(f"{name}: left out, {LEFT_OUT.get(name, 'quantised')}")
            continue
        messages, said = check(folder, os.path.join(work, name))
        faults += bool(messages)
        print(f"{name}: {'; '.join(messages) or 'right, ' + said}", flush=True)
    print(f"{faults} models are not right" if faults else "all models are right")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
