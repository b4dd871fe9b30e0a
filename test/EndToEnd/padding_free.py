"""Models of the zoo compiled with --padding-free against onnxruntime with the padding.

usage: padding_free.py ZOO WORK NAME... [-- OPTION...]

Each model with an attention_mask gets batches with masks of several kinds: all ones,
padding at the end and in front, holes, a sequence without tokens. Tokens that are there
must be what onnxruntime finds, those that are masked zero. A result for a sequence is
compared where its first token is there. With --emulate after --, on the emulated GPU.
Tolerance: both add the same numbers in other orders; 2e-5 of values of about 1.
"""

import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import helper

TOLERANCE = 2e-5


def masks(batch, tokens):
    rows = np.random.default_rng(3)
    place = np.arange(tokens)[None]
    lengths = rows.integers(1, tokens + 1, (batch, 1))
    yield "ones", np.ones((batch, tokens), bool)
    yield "end", place < lengths
    yield "front", place >= tokens - lengths
    yield "holes", rows.random((batch, tokens)) < 0.6
    none = place < lengths
    none[batch // 2] = False
    yield "empty", none


def with_mean(path, to):
    """The model with the mean of its first output over the tokens that are there, as
    sentence-transformers writes it, and with its greatest numbers of the first token."""
    model = onnx.load(path)
    graph = model.graph
    tokens = graph.output[0].name
    graph.initializer.extend([
        helper.make_tensor("axis_last", onnx.TensorProto.INT64, [1], [-1]),
        helper.make_tensor("axis_tokens", onnx.TensorProto.INT64, [1], [1]),
        helper.make_tensor("first", onnx.TensorProto.INT64, [], [0]),
        helper.make_tensor("least", onnx.TensorProto.FLOAT, [], [1e-9])])
    graph.node.extend([
        helper.make_node("Cast", ["attention_mask"], ["weights"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["weights", "axis_last"], ["weights_3"]),
        helper.make_node("Mul", [tokens, "weights_3"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "axis_tokens"], ["sums"], keepdims=0),
        helper.make_node("ReduceSum", ["weights_3", "axis_tokens"], ["counts"], keepdims=0),
        helper.make_node("Max", ["counts", "least"], ["counts_up"]),
        helper.make_node("Div", ["sums", "counts_up"], ["mean"]),
        helper.make_node("Gather", [tokens, "first"], ["first_token"], axis=1),
        helper.make_node("ReduceMax", ["first_token"], ["greatest"], axes=[1], keepdims=0)
        if model.opset_import[0].version < 18 else
        helper.make_node("ReduceMax", ["first_token", "axis_tokens"], ["greatest"], keepdims=0)])
    graph.output.extend([helper.make_tensor_value_info("mean", onnx.TensorProto.FLOAT, ["batch", None]),
                         helper.make_tensor_value_info("greatest", onnx.TensorProto.FLOAT, ["batch"])])
    onnx.save(model, to)
    return to


def run(model, inputs, work, options):
    np.savez(work + ".in.npz", **inputs)
    subprocess.run(["tfc-run", model, "--inputs", work + ".in.npz", "--outputs", work + ".out.npz", *options],
                   check=True)
    return dict(np.load(work + ".out.npz"))


def check(zoo, name, work, emulate):
    name, *mean = name.split("+")
    path = f"{zoo}/{name}/model.onnx"
    if mean:
        path = with_mean(path, work + ".onnx")
    target = ["--target=cuda"] if emulate else []
    subprocess.run(["tfc", path, "--padding-free", "-o", work + ".so", *target], check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = dict(np.load(f"{zoo}/{name}/inputs_0.npz"))
    batch, tokens = given["attention_mask"].shape
    # More sequences than the example has, of its tokens.
    fixed = isinstance(session.get_inputs()[0].shape[0], int)
    batch = batch if fixed else 5
    faults = []
    for kind, mask in masks(batch, tokens):
        inputs = {key: np.resize(value, (batch, *value.shape[1:])) for key, value in given.items()}
        inputs["attention_mask"] = mask.astype(given["attention_mask"].dtype)
        expected = dict(zip([o.name for o in session.get_outputs()], session.run(None, inputs)))
        for threads in ("1", "2"):
            found = run(work + ".so", inputs, work, ["--emulate"] if emulate else ["--threads", threads])
            for key, value in expected.items():
                there = {"mean": mask.any(1), "greatest": mask[:, 0]}.get(key, mask if value.ndim == 3 else mask[:, 0])
                gap = np.abs(found[key] - value)[there].max(initial=0)
                rest = np.abs(found[key][~there]).max(initial=0) if there is mask else 0
                if found[key].shape != value.shape or not gap <= TOLERANCE or rest != 0:
                    faults.append(f"{kind}, {key}: differs by {gap:.3g}, {rest:.3g} where there is no token")
    return faults


def main(zoo, work, *arguments):
    emulate = "--emulate" in arguments
    count = 0
    for name in arguments:
        if name.startswith("--"):
            continue
        for fault in check(zoo, name, f"{work}.{name}", emulate):
            print(f"{name}: {fault}")
            count += 1
    print(f"{count} faults")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
