"""Prunes half of the heads and channels of every model of the zoo and runs it.

usage: check_pruned_zoo.py ZOO WORK

What is left gives other numbers, which must be finite. Models that have nothing
to take out must be refused, with a message that says so.
"""

import csv
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

# Integers, half precision, or no weights that only sums read.
REFUSED = {
    "bert_int8": "there are no heads or channels that can go",
    "lean_decode": "there are no heads or channels that can go",
    "looped": "there are no heads or channels that can go",
    "mcuformer_int8": "there are no heads or channels that can go",
    "poolformer": "there are no heads or channels that can go",
    "vit_f16": "has weights that are not there as numbers of f32",
}


def check(zoo, work, name):
    """A message, or nothing."""
    folder, library = os.path.join(zoo, name), f"{work}.{name}.so"
    options = "--compress=prune{head-share=0.5 channel-share=0.5}"
    command = ["tfc", os.path.join(folder, "model.onnx"), "-o", library, "-O0", options]
    result = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if name in REFUSED:
        good = result.returncode == 1 and REFUSED[name] in result.stderr
        return None if good else f"{name}: {result.returncode}, {result.stderr}"
    if result.returncode:
        return f"{name}: {result.returncode}, {result.stderr}"
    outputs = f"{work}.{name}.npz"
    inputs = os.path.join(folder, "inputs_0.npz")
    command = ["tfc-run", library, "--inputs", inputs, "--outputs", outputs]
    if subprocess.run(command).returncode:
        return f"{name}: does not run"
    for output, numbers in np.load(outputs).items():
        if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
            return f"{name}: {output} is not finite"
    return None


def main(zoo, work):
    with open(os.path.join(zoo, "index.tsv"), encoding="utf-8") as file:
        names = [row["name"] for row in csv.DictReader(file, delimiter="\t")]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        messages = list(pool.map(lambda name: check(zoo, work, name), names))
    faults = [message for message in messages if message]
    for message in faults:
        print(message)
    print(f"{len(names)} models, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
