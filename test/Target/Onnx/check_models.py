"""Writes models as ONNX files by way of attn, and compares what ONNX Runtime
computes with the references.

usage: check_models.py WORK FOLDER...

Each FOLDER is one of the zoo (see EndToEnd/check_model.py, whose tolerances hold).
The model is raised, converted back to the onnx dialect and written; onnx's checker
must accept the file, its inputs and outputs must have the names, types and sizes
of the original, and ONNX Runtime's outputs must be near those stored.
"""

import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "EndToEnd"))
from check_model import compare, tolerance_of  # noqa: E402


def interface(path):
    """Names, element types and sizes of inputs and outputs; "?" is any size."""
    graph = onnx.load(path, load_external_data=False).graph
    constants = {tensor.name for tensor in graph.initializer}

    def describe(value):
        tensor = value.type.tensor_type
        sizes = [d.dim_param or (d.dim_value if d.HasField("dim_value") else "?") for d in tensor.shape.dim]
        return value.name, tensor.elem_type, sizes

    inputs = [describe(value) for value in graph.input if value.name not in constants]
    return inputs, [describe(value)[:2] for value in graph.output]


def convert(original, work):
    """The file of a model that went through attn, or what went wrong."""
    raised, converted, path = work + ".attn.mlir", work + ".onnx.mlir", work + ".onnx"
    for command in (
        ["tfc", original, "--emit=attn", "-o", raised],
        ["tfc-opt", "--convert-attn-to-onnx", raised, "-o", converted],
        ["tfc", converted, "--emit=onnx-model", "-o", path],
    ):
        run = subprocess.run(command, stderr=subprocess.PIPE, text=True)
        if run.returncode != 0:
            lines = [line for line in run.stderr.splitlines() if "error" in line] or [run.stderr[-300:]]
            return "", f"{command[0]}: {lines[0][-300:]}"
    return path, ""


def check(folder, work):
    """Messages about one model."""
    original = os.path.join(folder, "model.onnx")
    path, message = convert(original, work)
    if message:
        yield message
        return
    onnx.checker.check_model(path)
    if interface(path) != interface(original):
        yield f"interface {interface(path)} instead of {interface(original)}"
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    # As the references of quantised models were made.
    if folder.endswith("_int8"):
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
    except Exception as error:
        yield f"onnxruntime: {str(error)[:300]}"
        return
    names = [value.name for value in session.get_outputs()]
    count = 0
    while os.path.exists(inputs := os.path.join(folder, f"inputs_{count}.npz")):
        expected = dict(np.load(os.path.join(folder, f"outputs_{count}.npz")))
        try:
            found = dict(zip(names, session.run(names, dict(np.load(inputs)))))
        except Exception as error:
            yield f"onnxruntime: {str(error)[:300]}"
            return
        yield from compare(f"set {count}", found, expected, tolerance_of(folder))
        count += 1
    if not count:
        yield "no inputs"


def main(work, *folders):
    faults = 0
    for folder in map(os.path.normpath, folders):
        messages = list(check(folder, work))
        faults += bool(messages)
        for message in messages:
            print(f"{os.path.basename(folder)}: {message}", flush=True)
    print(f"{len(folders)} models, {faults} faults")
    return 1 if faults or not folders else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
