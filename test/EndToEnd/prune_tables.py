"""Compiles models for one sequence length: rows of tables that no position is must go.

usage: prune_tables.py ZOO WORK

Of models of the zoo the report must say which rows are left, and the results must be the
stored ones. GPT-2's positions, a slice of a table, are a model of its own; onnxruntime is
its reference. A table that the last layer reads too stays whole.
"""

import csv
import json
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def compiled(model, data, work, *options):
    """What is left of how many rows, in their order; the outputs by name."""
    subprocess.run(["tfc", model, "-o", work + ".so", "--report=" + work + ".json", *options],
                   check=True)
    subprocess.run(["tfc-run", work + ".so", "--inputs", data, "--outputs", work + ".out.npz"],
                   check=True)
    with open(work + ".json", encoding="utf-8") as file:
        sites = json.load(file).get("compression", {}).get("sites", [])
    rows = [(site["rows"], site["of"]) for site in sites if site["pass"] == "prune-tables"]
    return sorted(rows), dict(np.load(work + ".out.npz"))


def compare(label, found, expected, tolerance):
    for name, reference in expected.items():
        scale = max(1.0, np.abs(reference).max())
        if not np.abs(found[name] - reference).max() <= tolerance * scale:
            yield f"{label}: {name} is another"


def check_zoo(zoo, work):
    with open(os.path.join(zoo, "index.tsv"), encoding="utf-8") as file:
        tolerances = {row["name"]: float(row["tolerance"])
                      for row in csv.DictReader(file, delimiter="\t")}
    # A sequence of 64 positions at most, two token types of which one is used.
    for name, types in {"bert": 1, "bert_script": 1, "albert": 1, "distilbert": 0,
                        "bert_ortops": 1}.items():
        folder = os.path.join(zoo, name)
        data = os.path.join(folder, "inputs_0.npz")
        shapes = {key: value.shape for key, value in np.load(data).items()}
        options = [f"--shape={key}={'x'.join(map(str, shape))}" for key, shape in shapes.items()]
        rows, found = compiled(os.path.join(folder, "model.onnx"), data, work, *options)
        length = next(iter(shapes.values()))[1]
        if rows != sorted([(1, 2)] * types + [(length, 64)]):
            yield f"{name}: {rows} for a length of {length}"
        expected = dict(np.load(os.path.join(folder, "outputs_0.npz")))
        yield from compare(name, found, expected, tolerances[name])
        rows, found = compiled(os.path.join(folder, "model.onnx"), data, work, "-O1", *options)
        if rows:
            yield f"{name}: rows went at -O1"


def check_slice(work):
    """Words and positions as GPT-2 has them; words are read out by their table."""
    random = np.random.default_rng(5)
    words = random.standard_normal((50, 16)).astype(np.float32)
    places = random.standard_normal((40, 16)).astype(np.float32)
    tensors = {"wte": words, "wpe": places, "from": np.array([3]), "to": np.array([15]),
               "axis": np.array([0])}
    nodes = [helper.make_node("Gather", ["wte", "ids"], ["w"], "words"),
             helper.make_node("Slice", ["wpe", "from", "to", "axis"], ["p"], "positions"),
             helper.make_node("Add", ["w", "p"], ["x"], "x"),
             helper.make_node("Tanh", ["x"], ["t"], "t"),
             helper.make_node("Transpose", ["wte"], ["head"], "head", perm=[1, 0]),
             helper.make_node("MatMul", ["t", "head"], ["y"], "y")]
    graph = helper.make_graph(
        nodes, "gpt2", [helper.make_tensor_value_info("ids", TensorProto.INT64, [2, 12])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in tensors.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9),
              work + ".onnx")
    ids = random.integers(0, 50, (2, 12))
    np.savez(work + ".npz", ids=ids)
    expected = onnxruntime.InferenceSession(work + ".onnx").run(None, {"ids": ids})[0]
    rows, found = compiled(work + ".onnx", work + ".npz", work)
    if rows != [(12, 40)]:
        yield f"a slice of positions: {rows}"
    # Sums of 16 terms in another order.
    yield from compare("a slice of positions", found, {"y": expected}, 1e-5)


def main():
    work = os.path.join(sys.argv[2], "model")
    faults = [*check_zoo(sys.argv[1], work), *check_slice(work)]
    for fault in faults:
        print("error: " + fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
