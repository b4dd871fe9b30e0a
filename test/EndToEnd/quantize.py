"""Quantises f32 models by tfc and compares what they compute with the f32 models.

usage: quantize.py ROOT WORK [DEVICE]

The digits of examples/digits, calibrated with 60 of the 360 test images, must be
read right within 0.5 points of what the f32 model reads. Models of the zoo must
point in the direction of onnxruntime's f32 outputs. Rounding to 255 steps has an
error of 1/883 of the range (a step over the root of 12), which is 1/110 of the
length of a tensor whose range is eight times its standard deviation; errors of N
roundings, each without regard to the others, are the root of N of that, and the
cosine is 1 less half the square of it: 1 - N / 24200. N is at most twice the number
of observed tensors: each is rounded, and so are the weights that made it. With
DEVICE each model is compiled for the Cortex-M7 too and runs in qemu, within 3 steps
of x86-64, which computes what is between two roundings in f32.
"""

import json
import os
import subprocess
import sys

import numpy as np

ZOO = ["vit", "mcuformer", "distilbert", "poolformer"]


def run(*command):
    subprocess.run(command, check=True)


def quantized(model, calibration, inputs, work, *options):
    run("tfc", model, "--quantize", "--calibration=" + calibration, "-o", work + ".so",
        "--report=" + work + ".json", *options)
    run("tfc-run", work + ".so", "--inputs", inputs, "--outputs", work + ".npz")
    return dict(np.load(work + ".npz"))


def check_digits(root, work):
    folder = os.path.join(root, "examples", "digits")
    data = np.load(os.path.join(folder, "test.npz"))
    images = data["images"][:, None].astype(np.float32) / 16
    np.savez(work + ".all.npz", images=images)
    np.savez(work + ".some.npz", images=images[:60])
    model = os.path.join(folder, "vit.onnx")
    run("tfc", model, "-o", work + ".so")
    run("tfc-run", work + ".so", "--inputs", work + ".all.npz", "--outputs", work + ".npz")
    right = np.mean(np.load(work + ".npz")["scores"].argmax(1) == data["labels"])
    for ranges in ["minmax", "percentile"]:
        scores = quantized(
            model, work + ".some.npz", work + ".all.npz", work, "--calibration-ranges=" + ranges
        )["scores"]
        found = np.mean(scores.argmax(1) == data["labels"])
        print(f"digits, {ranges}: {found:.2%} right, in f32 {right:.2%}")
        if found < right - 0.005:
            yield f"digits, {ranges}: more than 0.5 points are lost"


def check_zoo(root, name, work, device):
    folder = os.path.join(root, "test", "EndToEnd", "zoo", name)
    model, inputs = (os.path.join(folder, f) for f in ("model.onnx", "inputs_0.npz"))
    expected = dict(np.load(os.path.join(folder, "outputs_0.npz")))
    sizes = []
    for key, value in np.load(inputs).items():
        sizes += ["--shape", f"{key}={'x'.join(map(str, value.shape))}"]
    found = quantized(model, inputs, inputs, work, *sizes)
    with open(work + ".json", encoding="utf-8") as file:
        roundings = 2 * json.load(file)["calibration"]["tensors"]
    for key, y in expected.items():
        x = found[key].astype(np.float64)
        cosine = np.sum(x * y) / np.sqrt(np.sum(x * x) * np.sum(y.astype(np.float64) ** 2))
        bound = 1 - roundings / 24200
        print(f"{name}, {key}: cosine {cosine:.6f}, at least {bound:.6f}")
        if not cosine >= bound:
            yield f"{name}: output {key} is far from f32"
    if not device:
        return
    run("tfc", model, "--target=cortex-m7", "--quantize", "--calibration=" + inputs,
        "-o", work + ".o", *sizes)
    run("tfc-run", work + ".o", "--target=cortex-m7", "--inputs", inputs, "--outputs", work + ".npz")
    integers = dict(np.load(work + ".npz"))
    for key, y in expected.items():
        step = np.ptp(np.concatenate([y, found[key]]), axis=None) / 255
        distance = np.abs(integers[key] - found[key]).max() / step
        print(f"{name}, {key}: {distance:.2f} steps from x86-64")
        if not distance <= 3.01:
            yield f"{name}: output {key} on the Cortex-M7 is {distance:.2f} steps away"


def main():
    root, work = sys.argv[1], os.path.join(sys.argv[2], "model")
    faults = list(check_digits(root, work))
    for name in ZOO:
        faults += check_zoo(root, name, work, len(sys.argv) > 3)
    for fault in faults:
        print("error: " + fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
