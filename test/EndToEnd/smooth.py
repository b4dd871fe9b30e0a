"""Smooths models with a few large columns, and quantises them.

usage: smooth.py WORK

A norm gives columns of which four are about fifty times as large as the others, as
models of language have them; two layers read it. Another model has them from a linear
layer, once times a gate. With one scale for all columns 255 steps are spent on the four,
so that int8 must be much nearer to ONNX Runtime's f32 with smoothing: a tenth of the
squared error is asked for. Without --quantize smoothing changes results by rounding
alone: of f32, in sums of 64 products.
"""

import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

WIDTH = 64


def model_of(kind, random, path):
    large = np.ones(WIDTH, np.float32)
    large[[3, 17, 40, 41]] = 50
    tensors, nodes = {}, []

    def tensor(name, *shape, by=1.0):
        tensors[name] = (random.standard_normal(shape) * by).astype(np.float32)
        return name

    if kind == "norm":
        tensors["scale"], tensors["shift"] = large, 0.1 * large
        nodes.append(helper.make_node("LayerNormalization", ["x", "scale", "shift"], ["h"], "norm"))
    else:
        nodes.append(helper.make_node("MatMul", ["x", tensor("w0", WIDTH, WIDTH, by=large / 8)], ["m"], "up"))
        nodes.append(helper.make_node("Add", ["m", tensor("b0", WIDTH, by=large / 8)], ["u"], "up_bias"))
        if kind == "gate":
            nodes.append(helper.make_node("MatMul", ["x", tensor("wg", WIDTH, WIDTH, by=1 / 8)], ["g"], "gate"))
            nodes.append(helper.make_node("Sigmoid", ["g"], ["s"], "sigmoid"))
            nodes.append(helper.make_node("Mul", ["u", "s"], ["h"], "times"))
        else:
            nodes.append(helper.make_node("Relu", ["u"], ["h"], "relu"))
    # What is large goes where weights are small.
    small = 1 / (8 * large[:, None])
    for i in range(2):
        nodes.append(helper.make_node("MatMul", ["h", tensor(f"w{i + 1}", WIDTH, WIDTH, by=small * (i + 1))], [f"m{i}"], f"down{i}"))
        nodes.append(helper.make_node("Add", [f"m{i}", tensor(f"b{i + 1}", WIDTH)], [f"y{i}"], f"down_bias{i}"))
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        kind,
        [value("x", TensorProto.FLOAT, [16, WIDTH])],
        [value(f"y{i}", TensorProto.FLOAT, [16, WIDTH]) for i in range(2)],
        [numpy_helper.from_array(numbers, name) for name, numbers in tensors.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def computed(model, inputs, work, *options):
    run("tfc", model, "-o", work + ".so", *options)
    run("tfc-run", work + ".so", "--inputs", inputs, "--outputs", work + ".npz")
    found = np.load(work + ".npz")
    return np.stack([found["y0"], found["y1"]])


def check(kind, work):
    random = np.random.default_rng(1)
    model, inputs, calibration = work + ".onnx", work + ".in.npz", work + ".cal.npz"
    model_of(kind, random, model)
    samples = random.standard_normal((21, 16, WIDTH)).astype(np.float32)
    np.savez(calibration, x=samples[:20])
    np.savez(inputs, x=samples[20])
    session = onnxruntime.InferenceSession(model, None, ["CPUExecutionProvider"])
    expected = np.stack(session.run(["y0", "y1"], {"x": samples[20]}))
    data = "--calibration=" + calibration

    smoothed = computed(model, inputs, work, "--compress=smooth", data)
    difference = np.abs(smoothed - expected).max()
    if not difference < 1e-4 * max(1, np.abs(expected).max()):
        yield f"{kind}: smoothing changes results by {difference}"
    errors = [
        np.mean((computed(model, inputs, work, "--quantize", data, *options) - expected) ** 2)
        for options in ([], ["--compress=smooth"])
    ]
    print(f"{kind}: mean square error {errors[0]:.3g}, smoothed {errors[1]:.3g}")
    if not errors[1] < errors[0] / 10:
        yield f"{kind}: smoothing leaves more than a tenth of the error"


def main(work):
    faults = [fault for kind in ("norm", "relu", "gate") for fault in check(kind, os.path.join(work, kind))]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
