"""Weights in f16 and bf16, compiled for x86-64.

usage: narrow_weights.py FOLDER

A model compiled with --weights must give, bit for bit, what the same model gives whose
weights numpy has rounded: only these are narrow. For each width of vectors that this machine
has, few rows and many, on one worker and on three. Then what must be refused.
"""

import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from x86_code import here

DEPTH, COLUMNS = 70, 83


def rounded(weights, kind):
    if kind == "f16":
        return weights.astype(np.float16).astype(np.float32)
    # To the nearest multiple of 2^16, halves to even, as the bits of bf16 are the first 16.
    bits = weights.view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def make_model(path, weights):
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], "layer")], "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", DEPTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", COLUMNS])],
        [numpy_helper.from_array(weights, "w")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)


def result(library, folder, threads):
    subprocess.run(["tfc-run", library, "--inputs", folder + "/in.npz", "--outputs", folder + "/out.npz",
                    f"--threads={threads}"], check=True)
    return np.load(folder + "/out.npz")["y"]


def check(folder, cpu, kind):
    random = np.random.default_rng(0)
    weights = random.standard_normal((DEPTH, COLUMNS), dtype=np.float32)
    # Numbers that are denormal in f16, and halves between two.
    weights[:10] *= np.float32(1e-6)
    weights[10:20] = np.float32(1 + 2.0**-11) * np.sign(weights[10:20])
    make_model(folder + "/plain.onnx", weights)
    make_model(folder + "/rounded.onnx", rounded(weights, kind))
    subprocess.run(["tfc", folder + "/plain.onnx", f"-mcpu={cpu}", f"--weights={kind}", "-o", folder + "/a.so"],
                   check=True)
    subprocess.run(["tfc", folder + "/rounded.onnx", f"-mcpu={cpu}", "-o", folder + "/b.so"], check=True)
    for rows in (1, 3, 50, 300):
        np.savez(folder + "/in.npz", x=random.standard_normal((rows, DEPTH), dtype=np.float32))
        expected = result(folder + "/b.so", folder, 1)
        for threads in (1, 3):
            if result(folder + "/a.so", folder, threads).tobytes() != expected.tobytes():
                return f"{cpu} {kind}: {rows} rows on {threads} threads differ"
    return ""


def check_refused(folder):
    make_model(folder + "/large.onnx", np.full((DEPTH, COLUMNS), 1e6, np.float32))
    for path, options, reason in [
            ("large", ["--weights=f16"], "its weights in f16 would be infinite: one is 1.000000e+06"),
            ("plain", ["--weights=f16", "-mcpu=x86-64-v2"], "--weights=f16 is for CPUs with F16C"),
            ("plain", ["--weights=f16", "--target=cuda"], "--weights is for code for x86-64"),
            ("plain", ["--weights=f8"], "f32, f16")]:
        done = subprocess.run(["tfc", f"{folder}/{path}.onnx", "-o", folder + "/c.so", *options],
                              stderr=subprocess.PIPE, text=True)
        if done.returncode == 0 or reason not in done.stderr:
            return f"{options}: {done.stderr}"
    return ""


def main(folder):
    for cpu in here():
        for kind in ("f16", "bf16"):
            if (cpu, kind) == ("x86-64-v2", "f16"):
                continue
            fault = check(folder, cpu, kind)
            if fault:
                sys.exit("error: " + fault)
    fault = check_refused(folder)
    if fault:
        sys.exit("error: " + fault)


if __name__ == "__main__":
    main(*sys.argv[1:])
