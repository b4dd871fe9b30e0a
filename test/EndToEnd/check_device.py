"""Compiles models for the Cortex-M7, runs them in qemu and compares the outputs.

usage: check_device.py [--tiles] ZOO WORK [NAME...]

Each folder of ZOO (or the named ones) holds model.onnx and a first set of inputs
and outputs, whose sizes the model is compiled for. The object must need no more
stack, arena and flash than its header says, and 1 MB of flash at most. Tolerances
are those of check_model.py. A quantised model is computed in integers, on which
rounding in another place costs a step here and there: 99.9% of the outputs must be
within two steps of onnxruntime's, and all within eight. Models of LEFT_OUT are left
out.
With --tiles each model is compiled for the least SRAM that it fits, by tiles of
tokens; models whose arena tiles do not make smaller are left out.
"""

import json
import os
import re
import subprocess
import sys

import numpy as np
from check_model import compare, tolerance_of

# Why a model is not for this target.
LEFT_OUT = {"vit_f16": "its input is f16, which C99 has no type for"}


def steps_of(header):
    """The scale of each output whose elements are integers of one, by name."""
    with open(header, encoding="utf-8") as file:
        described = re.findall(r' \*\w+; /\* "(.*)": \w+ \[.*\] scale (\S+) zero', file.read())
    return {name: float(scale) for name, scale in described}


def compare_steps(found, expected, steps):
    for name, scale in steps.items():
        if name not in expected:
            continue
        distance = np.abs(found[name].astype(np.float64) - expected[name]) / scale
        # Both are multiples of the scale, but for the rounding of f32.
        far = np.mean(distance > 2.01)
        if found[name].shape != expected[name].shape or far > 1e-3 or distance.max() > 8.01:
            yield f"output {name}: {far:.2%} are more than 2 steps away, at most {distance.max():.1f}"


def least_sram(folder, work, sizes):
    """--sram for the smallest arena that tiles lead to; none where tiles do nothing."""
    report = work + ".json"
    subprocess.run(
        ["tfc", os.path.join(folder, "model.onnx"), "--target=cortex-m7", "--sram=1K", *sizes,
         "--stop-after=lower", "--elide", "-o", work + ".mlir", f"--report={report}"], capture_output=True)
    with open(report, encoding="utf-8") as file:
        tiles = json.load(file)["memory_plan"]["tiles"]
    tried = tiles["tried"]
    least = min(one["bytes"] for one in tried)
    return [f"--sram={least + 2048 + tiles['held']}"] if least < tried[0]["bytes"] else []


def check(folder, work, tiles):
    """Messages about what is wrong, and what the run said."""
    inputs = os.path.join(folder, "inputs_0.npz")
    given = dict(np.load(inputs))
    sizes = [s for name, v in given.items() if v.ndim
             for s in ("--shape", f"{name}={'x'.join(map(str, v.shape))}")]
    model = work + ".o"
    limit = least_sram(folder, work, sizes) if tiles else []
    if tiles and not limit:
        return [], "left out, tiles do nothing"
    done = subprocess.run(
        ["tfc", os.path.join(folder, "model.onnx"), "--target=cortex-m7", "--flash=1M", *sizes, *limit, "-o", model],
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
    steps = steps_of(work + ".h")
    messages = compare_steps(found, expected, steps)
    others = {name: value for name, value in expected.items() if name not in steps}
    if others:
        messages = [*messages, *compare("set 0", {name: found[name] for name in others}, others, tolerance_of(folder))]
    return list(messages), done.stdout.strip()


def main(*arguments):
    tiles = arguments[0] == "--tiles"
    zoo, work, *names = arguments[tiles:]
    os.makedirs(work, exist_ok=True)
    faults = 0
    for name in names or sorted(os.listdir(zoo)):
        folder = os.path.join(zoo, name)
        if not os.path.isdir(folder):
            continue
        if name in LEFT_OUT:
            print(f"{name}: left out, {LEFT_OUT[name]}")
            continue
        messages, said = check(folder, os.path.join(work, name), tiles)
        faults += bool(messages)
        print(f"{name}: {'; '.join(messages) or 'right, ' + said}", flush=True)
    print(f"{faults} models are not right" if faults else "all models are right")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
