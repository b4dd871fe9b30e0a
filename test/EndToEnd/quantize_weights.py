"""Stores weights as integers by groups, and compares what is computed with them.

usage: quantize_weights.py ROOT WORK

One linear layer of sizes that are multiples of nothing must compute what numpy does
with weights that numpy rounded: by the library, by ONNX Runtime from the ONNX file,
and by the library that is compiled from that file. All compute in f32, of which sums
of 77 products of numbers around 1 keep five digits.

Models of the zoo, whose outputs depend on all of their layers, must compute what ONNX
Runtime does with the file that tfc writes of them, and their libraries be smaller.

The digits of examples/digits: of the squared error that rounding to 4 bits makes on
images that calibration has not seen, compensation must leave less than half. The
Cortex-M7 must compute what x86-64 does, with less flash than in f32.
"""

import os
import re
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, os.path.dirname(__file__))
from check_model import compare, tolerance_of  # noqa: E402

ZOO = ["albert", "distilbert", "gpt2_decode", "llama", "t5", "vit"]


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def compiled(model, inputs, work, *options):
    run("tfc", model, "-o", work + ".so", *options)
    run("tfc-run", work + ".so", "--inputs", inputs, "--outputs", work + ".npz")
    return dict(np.load(work + ".npz"))


def by_onnxruntime(model, inputs):
    """Without its optimiser, which computes such products with integers of x."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(np.load(inputs)))))


def rounded(weight, bits, group, asymmetric):
    """Each group of rows of a column to the nearest integers."""
    result = np.zeros_like(weight)
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    for first in range(0, len(weight), group or len(weight)):
        rows = weight[first : first + (group or len(weight))].astype(np.float64)
        zero = 0
        if asymmetric:
            least, most = np.minimum(rows.min(0), 0), np.maximum(rows.max(0), 0)
            scale = ((most - least) / (high - low)).astype(np.float32)
            zero = np.clip(np.rint(low - least / scale), low, high)
        else:
            scale = (np.abs(rows).max(0) / high).astype(np.float32)
        integers = np.clip(np.rint(rows / scale) + zero, low + (not asymmetric), high)
        result[first : first + len(rows)] = (integers - zero) * scale
    return result


def check_layer(work):
    random = np.random.default_rng(0)
    weight, bias = (random.standard_normal(size).astype(np.float32) for size in [(77, 130), 130])
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["m"], "fc"), helper.make_node("Add", ["m", "b"], ["y"])],
        "layer",
        [value("x", TensorProto.FLOAT, ["rows", 77])],
        [value("y", TensorProto.FLOAT, ["rows", 130])],
        [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(bias, "b")],
    )
    model = work + ".onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), model)
    written, inputs = work + ".written.onnx", work + ".in.npz"
    for bits, group, asymmetric, cpu in [
        (8, 0, False, "native"),
        (8, 3, True, "x86-64-v3"),
        (8, 32, True, "native"),
        (4, 0, True, "x86-64-v3"),
        (4, 16, False, "native"),
        (4, 16, True, "x86-64"),
        (4, 32, False, "x86-64-v3"),
    ]:
        option = f"--compress=quantize-weights{{bits={bits} group={group} asymmetric={asymmetric}}}".lower()
        run("tfc", model, option, "--emit=onnx-model", "-o", written)
        onnx.checker.check_model(written)
        # Few rows, and enough that panels are made f32 for all.
        for rows in (1, 5, 37):
            x = random.standard_normal((rows, 77)).astype(np.float32)
            np.savez(inputs, x=x)
            expected = x @ rounded(weight, bits, group, asymmetric) + bias
            for by, found in [
                ("the library", compiled(model, inputs, work, option, "-mcpu=" + cpu)),
                ("onnxruntime", by_onnxruntime(written, inputs)),
                ("the library of the written file", compiled(written, inputs, work, "-mcpu=" + cpu)),
            ]:
                error = np.abs(found["y"] - expected).max()
                if not error < 1e-4:
                    yield f"{bits} bits, group {group}, {rows} rows, by {by}: {error} off"


def check_zoo(root, name, work):
    folder = os.path.join(root, "test", "EndToEnd", "zoo", name)
    model, inputs = (os.path.join(folder, f) for f in ("model.onnx", "inputs_0.npz"))
    shapes = []
    for key, value in np.load(inputs).items():
        shapes += ["--shape", f"{key}={'x'.join(map(str, value.shape))}"]
    run("tfc", model, "-o", work + ".so", *shapes)
    before = os.path.getsize(work + ".so")
    option = "--compress=quantize-weights{bits=4 group=16 asymmetric}"
    run("tfc", model, option, "--emit=onnx-model", "-o", work + ".onnx", *shapes)
    expected = by_onnxruntime(work + ".onnx", inputs)
    found = compiled(model, inputs, work, option, *shapes)
    after = os.path.getsize(work + ".so")
    print(f"{name}: {before} -> {after} bytes")
    yield from compare(name, found, expected, tolerance_of(folder))
    if after >= before:
        yield f"{name}: not smaller"


def check_digits(root, work):
    folder = os.path.join(root, "examples", "digits")
    data = np.load(os.path.join(folder, "test.npz"))
    images = data["images"][:, None].astype(np.float32) / 16
    some, others = work + ".some.npz", work + ".others.npz"
    np.savez(some, images=images[:60])
    np.savez(others, images=images[60:])
    model = os.path.join(folder, "vit.onnx")
    whole = compiled(model, others, work)["scores"]
    errors = {}
    for method in ["nearest", "gptq"]:
        option = f"--compress=quantize-weights{{bits=4 group=16 method={method}}}"
        scores = compiled(model, others, work, option, "--calibration=" + some)["scores"]
        errors[method] = np.mean((scores - whole) ** 2)
        right = np.mean(scores.argmax(1) == data["labels"][60:])
        print(f"digits, 4 bits, {method}: {right:.2%} right, mean square error {errors[method]:.5f}")
    if not errors["gptq"] < errors["nearest"] / 2:
        yield "digits: compensation leaves more than half of the error"


def flash_of(header):
    with open(header) as file:
        return int(re.search(r"_FLASH_BYTES (\d+)", file.read())[1])


def check_device(root, work):
    folder = os.path.join(root, "examples", "digits")
    model, inputs = os.path.join(folder, "vit.onnx"), work + ".in.npz"
    image = np.load(os.path.join(folder, "test.npz"))["images"][:1, None].astype(np.float32) / 16
    np.savez(inputs, images=image)
    fixed = ["--shape", "images=1x1x8x8"]
    options = ["--compress=quantize-weights{bits=4 group=16 asymmetric}", *fixed]
    expected = compiled(model, inputs, work, *options)["scores"]
    run("tfc", model, "--target=cortex-m7", "-o", work + ".f32.o", *fixed)
    run("tfc", model, "--target=cortex-m7", "-o", work + ".o", *options)
    run("tfc-run", "--target=cortex-m7", work + ".o", "--inputs", inputs, "--outputs", work + ".npz")
    error = np.abs(np.load(work + ".npz")["scores"] - expected).max()
    flash = [flash_of(work + end) for end in (".f32.h", ".h")]
    print(f"digits on a Cortex-M7: {error:.2g} off, flash {flash[0]} -> {flash[1]} bytes")
    # Sums in another order, over four layers, of scores up to 20.
    if not error < 1e-4:
        yield f"digits on a Cortex-M7: {error} off"
    if not flash[1] < flash[0] * 0.6:
        yield "digits on a Cortex-M7: flash is not much smaller"


def main(root, work):
    faults = list(check_layer(os.path.join(work, "layer")))
    for name in ZOO:
        faults += check_zoo(root, name, os.path.join(work, name))
    faults += check_digits(root, os.path.join(work, "digits"))
    faults += check_device(root, os.path.join(work, "device"))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
