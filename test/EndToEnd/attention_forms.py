"""Attention as exporters write it, in many forms: each must become attn.attention.

attention_forms.py FOLDER [NAME...]: for each form a small ONNX model is made,
`tfc --emit=attn` must show one attn.attention with what the form stands for,
and the compiled model must give what onnxruntime gives.
"""
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import attention_kinds  # noqa: F401, adds forms
from attention_graphs import FORMS, Graph, S
from onnx import helper


def inputs_of(model):
    rows = np.random.default_rng(1)
    values = {}
    for value in model.graph.input:
        shape = [d.dim_value or 70 for d in value.type.tensor_type.shape.dim]
        kind = helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        if value.name == "lengths":
            values[value.name] = np.array([S - 2, S], kind)[:shape[0]]
        elif value.name == "mask":
            values[value.name] = np.ones(shape, kind)
            values[value.name][0, -2:] = 0
        elif kind == np.int64:
            values[value.name] = rows.integers(0, 6, shape)
        else:
            values[value.name] = rows.standard_normal(shape).astype(kind)
    if "lengths" in values and "up_to_and_with" in model.doc_string:
        values["lengths"] -= 1
    return values


def attentions(text):
    return [line for line in text.split("\n") if "attn.attention" in line]


def check(name, folder):
    function, expected, count, without = FORMS[name]
    g = Graph()
    model = g.model(function(g))
    model.doc_string = name
    path = folder / f"{name}.onnx"
    onnx.save(model, path)
    found = subprocess.run(["tfc", path, "--emit=attn", "--elide"], capture_output=True, text=True)
    if found.returncode:
        return "does not compile: " + found.stderr.strip()
    ops = attentions(found.stdout)
    if len(ops) != count:
        notes = re.findall(r'detail = "([^"]*)"', found.stdout)
        return f"{len(ops)} attn.attention instead of {count}; {'; '.join(notes)}"
    for op in ops:
        op = op.strip()
        for pattern in expected:
            if not re.search(pattern, op):
                return f"expected '{pattern}' in: {op}"
        for pattern in without:
            if re.search(pattern, op.split("{")[0]):
                return f"expected no '{pattern}' in: {op}"
    values = inputs_of(model)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    right = session.run(None, values)[0]
    np.savez(folder / f"{name}.npz", **values)
    for command in (["tfc", path, "-o", folder / f"{name}.so"],
                    ["tfc-run", folder / f"{name}.so", "--inputs", folder / f"{name}.npz",
                     "--outputs", folder / f"{name}.out.npz"]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            return f"{command[0]} fails: {done.stderr.strip()}"
    mine = np.load(folder / f"{name}.out.npz")["y"]
    if mine.shape != right.shape or not np.allclose(mine, right, rtol=1e-4, atol=1e-5):
        return f"differs from onnxruntime by {np.abs(mine - right).max():.2e}"
    return None


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    faults = 0
    for name in sys.argv[2:] or FORMS:
        why = check(name, folder)
        faults += why is not None
        print(f"{name}: {why or 'right'}", flush=True)
    print(f"{faults} forms are not as they should be" if faults else "all forms are right")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
