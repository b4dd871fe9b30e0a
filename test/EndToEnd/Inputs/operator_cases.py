"""Compiles small models in ONNX's text form, runs them and compares.

usage: operator_cases.py CASES.py WORK [NAME...]

CASES.py has a list CASES of Case. The reference is ONNX's own evaluator, or
ONNX Runtime where a case says so. A tolerance is for values of magnitude 1.
"""

import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnx.parser


@dataclass
class Case:
    name: str
    # The graph without its head line: "(float[2] x) => (float[2] y) { ... }".
    graph: str
    # What replaces the random numbers of an input.
    inputs: dict = field(default_factory=dict)
    # Regular expressions that the attn form has, and has not.
    has: tuple = ()
    lacks: tuple = ()
    # "onnx", "ort", or a function of the inputs that gives the outputs.
    reference: object = "onnx"
    # What tfc says when it refuses the model.
    refused: str = ""
    tolerance: float = 2e-5
    opset: int = 23
    sizes: dict = field(default_factory=dict)
    others: str = '"com.microsoft" : 1, "ai.onnx.preview" : 1'


def model_of(case):
    head = f'<ir_version: 10, opset_import: ["" : {case.opset}, {case.others}]>\n'
    return onnx.parser.parse_model(head + "g " + case.graph)


def inputs_of(case, model):
    random = np.random.default_rng(sum(map(ord, case.name)))
    values = {}
    for value in model.graph.input:
        kind = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        dims = value.type.tensor_type.shape.dim
        shape = [d.dim_value if d.HasField("dim_value") else case.sizes[d.dim_param] for d in dims]
        given = case.inputs.get(value.name)
        if given is not None:
            values[value.name] = np.asarray(given, dtype=kind)
        else:
            values[value.name] = random.standard_normal(shape).astype(kind)
    return values


def expected_of(case, model, path, inputs):
    if callable(case.reference):
        return case.reference(**inputs)
    if case.reference == "ort":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return session.run(None, inputs)
    from onnx.reference import ReferenceEvaluator

    return ReferenceEvaluator(model).run(None, inputs)


def gap_of(found, expected):
    """The largest difference over the largest magnitude; infinite where one is NaN alone."""
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return np.inf
    a, b = found.astype(np.float64), expected.astype(np.float64)
    gap = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
    finite = np.abs(b[np.isfinite(b)])
    return float(np.nan_to_num(gap, nan=np.inf).max(initial=0.0)) / max(1.0, finite.max(initial=0.0))


def check(case, work):
    model = model_of(case)
    prefix = os.path.join(work, case.name)
    onnx.save(model, prefix + ".onnx")
    form = subprocess.run(
        ["tfc", prefix + ".onnx", "--emit=attn", "--elide"], capture_output=True, text=True)
    if case.refused or form.returncode:
        if not case.refused or form.returncode != 1 or case.refused not in form.stderr:
            yield f"exit {form.returncode}: {form.stderr.strip()}"
        return
    for pattern in case.has:
        if not re.search(pattern, form.stdout):
            yield f"no {pattern} in its attn form"
    for pattern in case.lacks:
        if re.search(pattern, form.stdout):
            yield f"{pattern} in its attn form"
    inputs = inputs_of(case, model)
    np.savez(prefix + ".in.npz", **inputs)
    subprocess.run(["tfc", prefix + ".onnx", "-o", prefix + ".so"], check=True)
    subprocess.run(
        ["tfc-run", prefix + ".so", "--inputs", prefix + ".in.npz", "--outputs", prefix + ".out.npz"],
        check=True, stdout=subprocess.DEVNULL)
    found = np.load(prefix + ".out.npz")
    expected = expected_of(case, model, prefix + ".onnx", inputs)
    for value, reference in zip(model.graph.output, expected):
        gap = gap_of(found[value.name], np.asarray(reference))
        if gap > case.tolerance:
            yield f"{value.name} differs by {gap:.3g}, allowed {case.tolerance:.3g}"


def main(path, work, *names):
    sys.modules["operator_cases"] = sys.modules["__main__"]
    spec = importlib.util.spec_from_file_location("cases", path)
    cases = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cases)
    os.makedirs(work, exist_ok=True)
    failed = 0
    for case in cases.CASES:
        if names and case.name not in names:
            continue
        try:
            messages = list(check(case, work))
        except Exception as error:  # A case must not hide the others.
            messages = [f"{type(error).__name__}: {error}"]
        for message in messages:
            print(f"{case.name}: {message}")
        failed += bool(messages)
    print(f"{len(cases.CASES)} cases, {failed} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
