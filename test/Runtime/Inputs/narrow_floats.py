"""Compares conversions that are compiled for a CPU without instructions for them
with NumPy's: all numbers of 16 bits, and floats around each and between two.

usage: narrow_floats.py WORK
"""

import os
import subprocess
import sys

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper

TYPES = {"f16": (TensorProto.FLOAT16, np.float16), "bf16": (TensorProto.BFLOAT16, ml_dtypes.bfloat16)}


def model(path, source, target):
    graph = helper.make_graph(
        [helper.make_node("Cast", ["x"], ["y"], to=target)], "g",
        [helper.make_tensor_value_info("x", source, ["n"])],
        [helper.make_tensor_value_info("y", target, ["n"])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), path)


def run(work, source, target, values):
    path, library = os.path.join(work, "m.onnx"), os.path.join(work, "m.so")
    model(path, source, target)
    subprocess.run(["tfc", path, "-mcpu=x86-64", "-o", library], check=True)
    np.savez(os.path.join(work, "in.npz"), x=values)
    subprocess.run(["tfc-run", library, "--inputs", os.path.join(work, "in.npz"),
                    "--outputs", os.path.join(work, "out.npz")], check=True)
    return np.load(os.path.join(work, "out.npz"))["y"]


def same(found, expected):
    """Bit for bit; any NaN for NaN."""
    found = np.asarray(found).view(f"u{expected.itemsize}")
    bits = expected.view(f"u{expected.itemsize}")
    return (found == bits) | (np.isnan(expected) & np.isnan(found.view(expected.dtype)))


def main(work):
    faults = 0
    for name, (number, dtype) in TYPES.items():
        every = np.arange(65536, dtype=np.uint16).view(dtype)
        with np.errstate(all="ignore"):
            wide = every.astype(np.float32)
            middle = (wide[:-1].astype(np.float64) + wide[1:]).astype(np.float64) / 2
            floats = np.concatenate([
                wide, np.nextafter(wide, np.float32(np.inf)), np.nextafter(wide, np.float32(-np.inf)),
                middle.astype(np.float32), np.nextafter(middle.astype(np.float32), np.float32(np.inf))])
            narrowed = floats.astype(dtype)
        for what, source, target, given, expected in [
            ("to " + name, TensorProto.FLOAT, number, floats, narrowed),
            ("from " + name, number, TensorProto.FLOAT, every, wide),
        ]:
            # NumPy's files know bf16 as two bytes only.
            if given.dtype == ml_dtypes.bfloat16:
                given = given.view("V2")
            wrong = int(np.sum(~same(run(work, source, target, given), expected)))
            print(f"{what}: {len(expected)} numbers, {wrong} wrong")
            faults += wrong
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
