"""Compiles a model, runs it and compares the outputs with stored references.

usage: check_model.py FOLDER WORK [TFC_OPTIONS...]

FOLDER holds model.onnx and, for n = 0, 1, ..., inputs_n.npz and outputs_n.npz,
which another implementation wrote (zoo/README.md says which). WORK is a prefix
for the files written here. Every set is run with one thread and with three,
which must agree bit for bit: no result depends on who computed it.

The tolerance of an output is that of zoo/index.tsv, times the output's largest
magnitude where that exceeds 1: float32 sums in another order differ by some
2^-24 times the square root of the terms, times the values' size; half precision
models have a wider line there.
"""

import csv
import os
import subprocess
import sys

import numpy as np


def tolerance_of(folder):
    name = os.path.basename(folder)
    with open(os.path.join(os.path.dirname(folder), "index.tsv"), encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["name"] == name:
                return float(row["tolerance"])
    sys.exit(f"index.tsv has no line for {name}")


def run(model, inputs, outputs, threads):
    subprocess.run(
        ["tfc-run", model, "--inputs", inputs, "--outputs", outputs, "--threads", str(threads)],
        check=True,
    )
    return dict(np.load(outputs))


def difference(found, expected):
    """The largest difference; infinite where one is not a number."""
    if found.size == 0:
        return 0.0
    gap = np.abs(found.astype(np.float64) - expected.astype(np.float64))
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    gap = np.where(same, 0.0, gap)
    return float(np.where(np.isnan(gap), np.inf, gap).max())


def compare(label, found, expected, tolerance):
    """Messages about what differs."""
    if set(found) != set(expected):
        yield f"{label}: outputs {sorted(found)} instead of {sorted(expected)}"
        return
    for name, reference in expected.items():
        value = found[name]
        if value.shape != reference.shape or value.dtype != reference.dtype:
            yield (
                f"{label}: {name} is {value.dtype} {value.shape}, "
                f"expected {reference.dtype} {reference.shape}"
            )
            continue
        scale = 1.0
        finite = reference[np.isfinite(reference)] if reference.dtype.kind == "f" else []
        if len(finite):
            scale = max(1.0, float(np.abs(finite).max()))
        allowed = tolerance * scale if reference.dtype.kind == "f" else 0.0
        worst = difference(value, reference)
        if worst > allowed:
            yield f"{label}: {name} differs by {worst:.3g}, allowed {allowed:.3g}"


def main(folder, work, *options):
    tolerance = tolerance_of(folder)
    model = work + ".so"
    subprocess.run(["tfc", os.path.join(folder, "model.onnx"), "-o", model, *options], check=True)
    messages = []
    count = 0
    while os.path.exists(inputs := os.path.join(folder, f"inputs_{count}.npz")):
        expected = dict(np.load(os.path.join(folder, f"outputs_{count}.npz")))
        found = run(model, inputs, f"{work}.{count}.npz", 1)
        messages += compare(f"set {count}", found, expected, tolerance)
        split = run(model, inputs, f"{work}.{count}.threads.npz", 3)
        for name, value in found.items():
            if value.tobytes() != split[name].tobytes():
                messages.append(f"set {count}: {name} depends on the number of threads")
        count += 1
    for message in messages:
        print(message)
    print(f"{count} sets, {len(messages)} faults")
    return 1 if messages or not count else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
