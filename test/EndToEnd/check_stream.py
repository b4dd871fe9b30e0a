"""Compiles models for the Cortex-M7 with and without --input-stream and compares.

usage: check_stream.py ZOO WORK NAME...

Outputs must be equal bit for bit, and right by the first set of the zoo, as
check_device.py asks. Memory with a strip must be less than with the image, and as
much less as the message about a model that does not fit says.
"""

import json
import os
import re
import subprocess
import sys

import numpy as np
from check_device import compare_steps, steps_of
from check_model import compare, tolerance_of


def sizes_of(inputs):
    return [s for name, v in dict(np.load(inputs)).items()
            for s in ("--shape", f"{name}={'x'.join(map(str, v.shape))}")]


def promised(folder, *options):
    """What the message says that strips would take: arena, inputs and outputs."""
    done = subprocess.run(["tfc", os.path.join(folder, "model.onnx"), "--target=cortex-m7", "--sram=1K",
                           *sizes_of(os.path.join(folder, "inputs_0.npz")), *options], capture_output=True,
                          text=True)
    found = re.search(r"with --input-stream=.*less \(arena (\d+), inputs and outputs (\d+)\)", done.stderr)
    tiles = re.search(r"with tiles of (\d+) .*the least", done.stderr)
    return (*map(int, found.groups()), tiles is None) if found else None


def run(folder, work, *options):
    """Outputs, and what the report says of memory."""
    inputs = os.path.join(folder, "inputs_0.npz")
    sizes = sizes_of(inputs)
    subprocess.run(["tfc", os.path.join(folder, "model.onnx"), "--target=cortex-m7", *sizes, *options,
                    "-o", work + ".o", "--report", work + ".json"], check=True)
    subprocess.run(["tfc-run", work + ".o", "--target=cortex-m7", "--inputs", inputs,
                    "--outputs", work + ".npz"], check=True, stdout=subprocess.DEVNULL)
    with open(work + ".json") as file:
        return dict(np.load(work + ".npz")), json.load(file)["sizes"]


def check(folder, work):
    expected = dict(np.load(os.path.join(folder, "outputs_0.npz")))
    whole, whole_sizes = run(folder, work)
    strips, strip_sizes = run(folder, work + "_strips", "--input-stream")
    for name in whole:
        if whole[name].tobytes() != strips[name].tobytes():
            yield f"{name}: strips change the result"
    scales = steps_of(work + ".h")
    if scales:
        yield from compare_steps(whole, expected, scales)
    else:
        yield from compare("set 0", whole, expected, tolerance_of(folder))
    before, after = whole_sizes["sram_with_inputs"], strip_sizes["sram_with_inputs"]
    print(f"{os.path.basename(folder)}: arena {whole_sizes['arena']} and {strip_sizes['arena']}, "
          f"with the image {before}, with strips {after}")
    strips = promised(folder, "-o", work + "_no.o")
    # Tiles make the arena of the message smaller.
    if not strips or strips[1] != strip_sizes["outputs"] or (
            strips[0] != strip_sizes["arena"] if strips[2] else strips[0] > strip_sizes["arena"]):
        yield f"the message says that strips take {strips}"
    if after >= before:
        yield "strips take more memory than the image"
    if strip_sizes["inputs"] != 0 or strip_sizes["sram_with_whole_inputs"] <= after:
        yield "the report counts inputs that are not in memory"


def main(zoo, work, *names):
    os.makedirs(work, exist_ok=True)
    faults = 0
    for name in names:
        for message in check(os.path.join(zoo, name), os.path.join(work, name)):
            print(f"{name}: {message}")
            faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
