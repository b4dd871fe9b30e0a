"""Writes models back as ONNX files and compares them with the originals.

usage: roundtrip.py WORK [--external] FOLDER...

Each FOLDER holds model.onnx and, for n = 0, 1, ..., inputs_n.npz. What tfc
writes must pass onnx's checker, have inputs and outputs of the same names,
types and sizes, and give in ONNX Runtime the same outputs, bit for bit, as the
original: nothing of the graph has changed.
"""

import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime


def interface(path):
    """Names, element types and sizes of inputs and outputs."""
    graph = onnx.load(path, load_external_data=False).graph
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]

    def describe(value):
        tensor = value.type.tensor_type
        sizes = [d.dim_param or (d.dim_value if d.HasField("dim_value") else "?") for d in tensor.shape.dim]
        return value.name, tensor.elem_type, sizes

    return [describe(value) for value in inputs], [describe(value) for value in graph.output]


def run(path, inputs):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))


def check(folder, work, options):
    """What is wrong with the model of one folder, if something is."""
    original = os.path.join(folder, "model.onnx")
    command = ["tfc", original, "--emit=onnx-model", "-o", work, *options]
    if subprocess.run(command).returncode != 0:
        return "tfc refuses it"
    onnx.checker.check_model(work)
    if interface(work) != interface(original):
        return f"interface {interface(work)} instead of {interface(original)}"
    count = 0
    while os.path.exists(name := os.path.join(folder, f"inputs_{count}.npz")):
        inputs = dict(np.load(name))
        expected, found = run(original, inputs), run(work, inputs)
        for output, value in expected.items():
            if value.dtype != found[output].dtype or value.shape != found[output].shape:
                return f"set {count}: {output} has another type"
            if value.tobytes() != found[output].tobytes():
                return f"set {count}: {output} differs"
        count += 1
    return "" if count else "no inputs"


def main(work, *arguments):
    options = [argument for argument in arguments if argument.startswith("--")]
    folders = [argument for argument in arguments if not argument.startswith("--")]
    faults = 0
    for folder in folders:
        if message := check(folder, work, options):
            print(f"{os.path.basename(os.path.normpath(folder))}: {message}")
            faults += 1
    print(f"{len(folders)} models, {faults} faults")
    return 1 if faults or not folders else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
