"""Compresses a model into an ONNX file and compares it with what tfc computes.

usage: check_compressed.py WORK FOLDER OPTIONS...

FOLDER is one of the zoo. The model is compressed with OPTIONS and fixed sizes,
once into an ONNX file and once into a shared library; ONNX Runtime must compute
with the file what the library does. Without --quantize both differ by the order of
sums. A rounding to int8 may fall to the other side where they differ, by one step;
outputs must then agree within the range's 255th part, times 3, as between targets.
"""

import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "EndToEnd"))
from check_model import compare, tolerance_of  # noqa: E402


def main(work, folder, *options):
    model, inputs = (os.path.join(folder, name) for name in ("model.onnx", "inputs_0.npz"))
    values = dict(np.load(inputs))
    options = list(options)
    for key, value in values.items():
        options += ["--shape", f"{key}={'x'.join(map(str, value.shape))}"]
    if "--quantize" in options:
        options.append("--calibration=" + inputs)
    subprocess.run(["tfc", model, "--emit=onnx-model", "-o", work + ".onnx", *options], check=True)
    subprocess.run(["tfc", model, "-o", work + ".so", *options], check=True)
    subprocess.run(["tfc-run", work + ".so", "--inputs", inputs, "--outputs", work + ".npz"], check=True)
    expected = dict(np.load(work + ".npz"))
    onnx.checker.check_model(work + ".onnx")
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 3
    if "--quantize" in options:
        settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(work + ".onnx", settings, ["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    found = dict(zip(names, session.run(names, values)))
    tolerance = tolerance_of(os.path.normpath(folder))
    if "--quantize" in options:
        largest = max(np.abs(value).max() for value in expected.values())
        widest = max(np.ptp(value) for value in expected.values())
        tolerance = 3.01 * widest / 255 / max(1.0, largest)
    messages = list(compare("outputs", found, expected, tolerance))
    for message in messages:
        print(message)
    sizes = [os.path.getsize(path) for path in (model, work + ".onnx")]
    print(f"{'smaller' if sizes[1] < sizes[0] else 'not smaller'}: {sizes[0]} -> {sizes[1]} bytes, {len(messages)} faults")
    return 1 if messages else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
