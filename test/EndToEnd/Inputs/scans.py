"""Recurrences as exporters write them, compared with onnxruntime.

usage: scans.py WORK

Each case is a Loop with open batch and length that is a recurrence in another
way of writing, or is none and must stay a loop. The report has to say so, and
the numbers have to agree, a length of 0 among them.
"""

import json
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
N = 4  # rows of the state
D = 6  # columns

# float32 sums of some tens of terms in another order, of values up to some 10.
TOLERANCE = 1e-5


def constant(name, values, kind=INT64):
    array = np.array(values, dtype=np.int64 if kind == INT64 else np.float32)
    return onnx.numpy_helper.from_array(array, name)


def at(name, tensor, unsqueeze=None):
    """Nodes for tensor[:, i], with one more dimension where asked for."""
    nodes = [helper.make_node("Gather", [tensor, "i"], [name + "_at" if unsqueeze else name], axis=1)]
    if unsqueeze:
        nodes.append(helper.make_node("Unsqueeze", [name + "_at", unsqueeze], [name]))
    return nodes


def mamba_step():
    """h = exp(delta a) h + delta b u; y = sum over n of h c"""
    return [
        *at("d", "delta", "last"), *at("u", "x", "last"), *at("bi", "b", "one"), *at("ci", "c", "one"),
        helper.make_node("Mul", ["d", "a"], ["da"]),
        helper.make_node("Exp", ["da"], ["decay"]),
        helper.make_node("Mul", ["decay", "h"], ["kept"]),
        helper.make_node("Mul", ["d", "bi"], ["db"]),
        helper.make_node("Mul", ["db", "u"], ["dbu"]),
        helper.make_node("Add", ["kept", "dbu"], ["next"]),
        helper.make_node("Mul", ["next", "ci"], ["read"]),
        helper.make_node("ReduceSum", ["read", "last"], ["y"], keepdims=0),
    ]


def product_step():
    """The same, read by a product."""
    return mamba_step()[:-2] + [
        *at("cc", "c", "last"),
        helper.make_node("MatMul", ["next", "cc"], ["column"]),
        helper.make_node("Squeeze", ["column", "last"], ["y"]),
    ]


def gated_step():
    """h = exp(b) h + u c, gates by rows"""
    return [
        *at("u", "x", "last"), *at("g", "b", "one"), *at("k", "c", "one"),
        helper.make_node("Exp", ["g"], ["decay"]),
        helper.make_node("Mul", ["h", "decay"], ["kept"]),
        helper.make_node("Mul", ["k", "u"], ["outer"]),
        helper.make_node("Add", ["outer", "kept"], ["next"]),
        helper.make_node("Mul", ["k", "next"], ["read"]),
        helper.make_node("ReduceSum", ["read", "last"], ["y"], keepdims=0),
    ]


def plain_step():
    """h = h + u b: causal linear attention without its normalisation"""
    return [
        *at("u", "x", "last"), *at("k", "b", "one"), *at("q", "c", "one"),
        helper.make_node("Mul", ["u", "k"], ["outer"]),
        helper.make_node("Add", ["h", "outer"], ["next"]),
        helper.make_node("Mul", ["next", "q"], ["read"]),
        helper.make_node("ReduceSum", ["read", "last"], ["y"], keepdims=0),
    ]


def sigmoid_step():
    """A decay that is no exponential."""
    nodes = gated_step()
    nodes[6] = helper.make_node("Sigmoid", ["g"], ["decay"])
    return nodes


def saturating_step():
    """A state under tanh is not linear."""
    nodes = plain_step()
    nodes[7] = helper.make_node("Add", ["h", "outer"], ["sum"])
    nodes.insert(8, helper.make_node("Tanh", ["sum"], ["next"]))
    return nodes


def old_state_step():
    """The row is read from the state before the step."""
    nodes = plain_step()
    nodes[8] = helper.make_node("Mul", ["h", "q"], ["read"])
    return nodes


def model(step, path, grows=False, known=True):
    nodes = step()
    inputs = [
        helper.make_tensor_value_info("i", INT64, []),
        helper.make_tensor_value_info("more", BOOL, []),
        helper.make_tensor_value_info("h", FLOAT, None),
    ]
    outputs = [helper.make_tensor_value_info("still", BOOL, []), helper.make_tensor_value_info("next", FLOAT, None)]
    nodes.append(helper.make_node("Identity", ["more"], ["still"]))
    carried = ["h0"]
    if grows:
        inputs.append(helper.make_tensor_value_info("rows", FLOAT, None))
        nodes.append(helper.make_node("Unsqueeze", ["y", "one"], ["row"]))
        nodes.append(helper.make_node("Concat", ["rows", "row"], ["grown"], axis=1))
        outputs.append(helper.make_tensor_value_info("grown", FLOAT, None))
        carried.append("none")
    else:
        outputs.append(helper.make_tensor_value_info("y", FLOAT, None))
    body = helper.make_graph(nodes, "body", inputs, outputs)
    shape = [helper.make_node("Shape", ["x"], ["length"], start=1, end=2)]
    top = shape + [
        helper.make_node("Loop", ["length", "true", *carried], ["state", "ys"], body=body),
        helper.make_node("Identity", ["ys"], ["out"])
        if grows else helper.make_node("Transpose", ["ys"], ["out"], perm=[1, 0, 2]),
    ]
    if grows:
        top.insert(0, helper.make_node("Slice", ["x", "zero", "zero", "one"], ["none"]))
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        top, "g",
        [value("x", FLOAT, ["B", "T", D]), value("delta", FLOAT, ["B", "T", D]), value("b", FLOAT, ["B", "T", N]),
         value("c", FLOAT, ["B", "T", N]), value("h0", FLOAT, ["B", D, N])],
        [value("out", FLOAT, ["B", None, D]), value("state", FLOAT, ["B", D, N])],
        [constant("last", [-1]), constant("one", [1]), constant("zero", [0]),
         onnx.numpy_helper.from_array(np.array(True), "true"),
         constant("a", -np.linspace(0.1, 2, D * N).reshape(D, N), FLOAT)])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)


CASES = [
    ("mamba", mamba_step, {}, "attn.scan"),
    ("grows", mamba_step, {"grows": True}, "attn.scan"),
    ("product", product_step, {}, "attn.scan"),
    ("gated", gated_step, {}, "attn.scan"),
    ("plain", plain_step, {}, "attn.scan"),
    ("sigmoid", sigmoid_step, {}, "loop"),
    ("saturating", saturating_step, {}, "loop"),
    ("old_state", old_state_step, {}, "loop"),
]


def check(work, name, step, options, form):
    path, library, report = (os.path.join(work, name + end) for end in (".onnx", ".so", ".json"))
    model(step, path, **options)
    subprocess.run(["tfc", path, "-o", library, "--report=" + report], check=True)
    with open(report, encoding="utf-8") as file:
        found = json.load(file)["scans"]
    if [scan["form"] for scan in found] != [form]:
        yield f"the report says {found}, not {form}"
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
    random = np.random.default_rng(0)
    for batch, length in [(1, 5), (3, 17), (2, 1), (2, 0)]:
        given = {
            key: random.standard_normal(shape).astype(np.float32)
            for key, shape in [("x", (batch, length, D)), ("delta", (batch, length, D)), ("b", (batch, length, N)),
                               ("c", (batch, length, N)), ("h0", (batch, D, N))]
        }
        given["delta"] = np.abs(given["delta"])
        given["b"] = -np.abs(given["b"]) if step in (gated_step, sigmoid_step) else given["b"]
        wanted = {value.name for value in session.get_inputs()}
        given = {key: value for key, value in given.items() if key in wanted}
        source, target = (os.path.join(work, name + end) for end in (".in.npz", ".out.npz"))
        np.savez(source, **given)
        subprocess.run(["tfc-run", library, "--inputs", source, "--outputs", target], check=True)
        results = np.load(target)
        # onnxruntime forgets what it would have collected.
        references = (session.run(["out", "state"], given) if length
                      else [np.zeros((batch, 0, D), np.float32), given["h0"]])
        for output, expected in zip(["out", "state"], references):
            gap = np.abs(results[output] - expected).max(initial=0)
            if results[output].shape != expected.shape or not gap <= TOLERANCE * max(1, np.abs(expected).max(initial=0)):
                yield f"batch {batch}, length {length}: {output} differs by {gap}"


def main(work):
    faults = 0
    for name, step, options, form in CASES:
        for problem in check(work, name, step, options, form):
            print(f"{name}: {problem}")
            faults += 1
    print(f"{len(CASES)} recurrences, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
