"""Measures what int8 costs node by node, and keeps in f32 what costs most.

usage: sensitivity.py WORK

Of the inputs of three layers four columns are two hundred times as large as the others,
with small weights: the first layer loses by one scale for all, and the others nearly
nothing. What tfc reports of a node must be what numpy finds when all others are named
by --quantize-keep, within a hundredth, as calls sum in another order; the first layer
must be found, and be all that a budget keeps which int8 alone does not meet. A recipe
must make the same file again.
"""

import json
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

WIDTH, NAMES = 64, ["first", "second", "third"]


def make_model(random, large, path):
    tensors, nodes, at = {}, [], "x"
    for i, name in enumerate(NAMES):
        weight = random.standard_normal((WIDTH, WIDTH)) / 8
        if i == 0:
            weight /= large[:, None]
        tensors[f"w{i}"] = weight.astype(np.float32)
        tensors[f"b{i}"] = random.standard_normal(WIDTH).astype(np.float32)
        last = "y" if i == len(NAMES) - 1 else f"h{i}"
        nodes.append(helper.make_node("Gemm", [at, f"w{i}", f"b{i}"], [last], name))
        at = last
        if last != "y":
            nodes.append(helper.make_node("Relu", [last], [f"r{i}"], f"relu{i}"))
            at = f"r{i}"
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "chain",
        [value("x", TensorProto.FLOAT, [16, WIDTH])],
        [value("y", TensorProto.FLOAT, [16, WIDTH])],
        [numpy_helper.from_array(numbers, name) for name, numbers in tensors.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def main(work):
    random = np.random.default_rng(2)
    model, calibration, evaluation = (os.path.join(work, name) for name in ("m.onnx", "cal.npz", "eval.npz"))
    large = np.ones(WIDTH)
    large[[5, 6, 20, 60]] = 200
    make_model(random, large, model)
    samples = (random.standard_normal((24, 16, WIDTH)) * large).astype(np.float32)
    np.savez(calibration, x=samples[:20])
    np.savez(evaluation, x=samples[20:])
    session = onnxruntime.InferenceSession(model, None, ["CPUExecutionProvider"])
    expected = [session.run(["y"], {"x": x})[0] for x in samples[20:]]

    def compiled(*options):
        report = os.path.join(work, "r.json")
        subprocess.run(
            ["tfc", model, "--quantize", "--calibration=" + calibration, "--report=" + report, "-o", work + "/m.so", *options],
            check=True,
        )
        errors = []
        for x, y in zip(samples[20:], expected):
            np.savez(work + "/in.npz", x=x)
            run = ["tfc-run", work + "/m.so", "--inputs", work + "/in.npz", "--outputs", work + "/out.npz"]
            subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
            errors.append(np.mean((np.load(work + "/out.npz")["y"] - y) ** 2))
        with open(report) as file:
            return np.mean(errors), json.load(file).get("quantization")

    faults = []
    whole, report = compiled("--evaluate=" + evaluation, "--metric=mse")
    found = {entry["site"]: entry["added_loss"] for entry in report["sensitivity"]}
    print(f"mean square error {whole:.4g}; alone", found)
    if set(NAMES) - set(found):
        faults.append("nodes are missing in the report")
    if max(found, key=found.get) != "first":
        faults.append("the first layer is not the most sensitive")
    for name in found:
        alone, _ = compiled("--quantize-keep=" + ",".join(set(found) - {name}))
        if not abs(alone - found[name]) <= 0.01 * alone + 1e-12:
            faults.append(f"{name}: numpy finds {alone}, the report has {found[name]}")
        # Each rounds what it gives, if not what goes in.
        if not found[name] > 0:
            faults.append(f"{name} costs nothing")
    if report["kept"]:
        faults.append("without a budget nodes are kept")

    allowed = 0.01
    kept, report = compiled("--evaluate=" + evaluation, "--metric=mse", f"--budget=accuracy-drop={allowed:.0%}")
    print(f"with a budget of {allowed}: {kept:.4g}, in f32", report["kept"])
    if report["kept"] != ["first"] or not kept <= allowed < whole:
        faults.append("the budget does not keep the first layer alone, and meet it")

    def made(*options):
        compiled(*options)
        with open(work + "/m.so", "rb") as file:
            return file.read()

    # Chosen or named, the recipe has what stays in f32, beside passes or without any.
    recipe = work + "/recipe.yaml"
    save = "--save-recipe=" + recipe
    whole = made()
    for options in (["--evaluate=" + evaluation, "--metric=mse", f"--budget=accuracy-drop={allowed:.0%}"],
                    ["--quantize-keep=first,third"], ["--compress=low-rank{rank=16}", "--quantize-keep=second"]):
        expected = made(*options, save)
        if made("--recipe=" + recipe) != expected:
            faults.append(f"the recipe of {options} makes something else")
        if expected == whole:
            faults.append(f"nothing stays in f32 with {options}, so that this checks nothing")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
