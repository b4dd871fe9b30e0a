"""Quantises models with and without --correct-biases.

usage: correct_biases.py ROOT WORK

What goes into a layer is 1 on average, so that rounding 256 weights of a column shifts
what comes out: the mean over 2048 rows of the difference to ONNX Runtime's f32 must be
less than a quarter with the correction. What is left are the means of 2048 roundings.

The digits of examples/digits must be read as well as without it.
"""

import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ROWS, WIDTH = 2048, 256


def make_layer(random, path):
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w", "b"], ["y"], "fc")],
        "layer",
        [value("x", TensorProto.FLOAT, [ROWS, WIDTH])],
        [value("y", TensorProto.FLOAT, [ROWS, 16])],
        [
            numpy_helper.from_array(random.standard_normal((WIDTH, 16)).astype(np.float32), "w"),
            numpy_helper.from_array(random.standard_normal(16).astype(np.float32), "b"),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def quantized(model, calibration, inputs, work, *options):
    subprocess.run(["tfc", model, "--quantize", "--calibration=" + calibration, "-o", work + ".so", *options], check=True)
    run = ["tfc-run", work + ".so", "--inputs", inputs, "--outputs", work + ".npz"]
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
    return dict(np.load(work + ".npz"))


def check_layer(work):
    random = np.random.default_rng(3)
    model, calibration, inputs = (work + end for end in (".onnx", ".cal.npz", ".in.npz"))
    make_layer(random, model)
    for path in (calibration, inputs):
        x = random.uniform(0, 2, (ROWS, WIDTH)).astype(np.float32)
        np.savez(path, x=x)
    expected = onnxruntime.InferenceSession(model, None, ["CPUExecutionProvider"]).run(None, {"x": x})[0]
    shifts = [
        np.abs((quantized(model, calibration, inputs, work, *options)["y"] - expected).mean(0)).mean()
        for options in ([], ["--correct-biases"])
    ]
    print(f"layer: outputs shifted by {shifts[0]:.4g}, corrected {shifts[1]:.4g}")
    if not shifts[1] < shifts[0] / 4:
        yield "layer: the correction leaves more than a quarter"


def check_digits(root, work):
    folder = os.path.join(root, "examples", "digits")
    data = np.load(os.path.join(folder, "test.npz"))
    images = data["images"][:, None].astype(np.float32) / 16
    some, others = work + ".some.npz", work + ".others.npz"
    np.savez(some, images=images[:60])
    np.savez(others, images=images[60:])
    right = []
    for options in [[], ["--correct-biases"]]:
        scores = quantized(os.path.join(folder, "vit.onnx"), some, others, work, *options)["scores"]
        right.append(np.mean(scores.argmax(1) == data["labels"][60:]))
    print(f"digits: {right[0]:.2%} right, corrected {right[1]:.2%}")
    if right[1] < right[0]:
        yield "digits: fewer are read right"


def main(root, work):
    faults = [*check_layer(os.path.join(work, "layer")), *check_digits(root, os.path.join(work, "digits"))]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
