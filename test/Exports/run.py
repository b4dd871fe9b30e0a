"""Exports transformers of other people's libraries and runs them through tfc.

usage: run.py [--route dynamo|script] [--keep DIR] [--timeout SECONDS] [NAME...]

Each model of timm and transformers is built from a small configuration with
random weights of a fixed seed, exported to ONNX by PyTorch's two exporters, run
by onnxruntime and by tfc on the same inputs, and compared. One line a model and
exporter:

  right          all outputs agree
  wrong          an output differs
  refused        tfc says what it does not take
  crash          tfc or tfc-run ends in another way
  export failed  PyTorch's exporter refuses the model, or writes one that
                 onnxruntime does not run; nothing for tfc to do

The exit status is 0 when all that was exported is right. tfc and tfc-run are
taken from PATH; requirements.txt names the Python packages.
"""

import argparse
import collections
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np

import models

warnings.filterwarnings("ignore")

# float32 sums in another order differ by some 2^-24 times the square root of
# the terms, times the values' size; through a few layers, some ten times that.
ABSOLUTE, RELATIVE = 1e-5, 1e-4


@contextlib.contextmanager
def silence():
    """PyTorch prints graphs and warnings, from C++ too."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        for number, descriptor in zip((1, 2), kept):
            os.dup2(descriptor, number)
            os.close(descriptor)


def export(case, route, path):
    """Writes the ONNX file; gives the inputs and whether axes are open. Raises
    what the exporter raises."""
    import torch

    torch.manual_seed(0)
    module, inputs, axes = case.make()
    module.eval()
    names = list(inputs)
    wrapped = models.positional(module, names, case.pick)
    options = {"input_names": names, "opset_version": 18 if route == "dynamo" else 17}

    def attempt(axes):
        if route == "dynamo":
            shapes = tuple(
                {d: torch.export.Dim.DYNAMIC for d in axes.get(name, {})} or None
                for name in names
            )
            options.update(dynamo=True, dynamic_shapes=shapes, external_data=False)
        else:
            options.update(dynamo=False, dynamic_axes=axes, do_constant_folding=True)
        with torch.no_grad(), silence():
            torch.onnx.export(wrapped, tuple(inputs.values()), path, **options)

    try:
        attempt(axes)
    except Exception:
        if not axes:
            raise
        attempt({})
        axes = {}
    return {name: value.numpy() for name, value in inputs.items()}, bool(axes)


def reference(path, inputs):
    """The outputs by onnxruntime without its own fusions."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
    wanted = {value.name for value in session.get_inputs()}
    given = {name: value for name, value in inputs.items() if name in wanted}
    names = [value.name for value in session.get_outputs()]
    return given, dict(zip(names, session.run(names, given)))


def difference(found, expected):
    """(largest difference, what is wrong or nothing)."""
    worst = 0.0
    for name, value in expected.items():
        result = found[name]
        if result.shape != value.shape or result.dtype != value.dtype:
            return np.inf, f"{name} is {result.dtype} {result.shape}, not {value.dtype} {value.shape}"
        gap = np.abs(result.astype(np.float64) - value.astype(np.float64))
        gap = float(np.where(np.isnan(gap), np.inf, gap).max(initial=0))
        limit = ABSOLUTE + RELATIVE * float(np.abs(value).max(initial=0))
        if value.dtype.kind != "f":
            limit = 0
        if gap > limit:
            return gap, f"{name} differs by {gap:.2g}, more than {limit:.2g}"
        worst = max(worst, gap)
    return worst, ""


def run_tool(command, timeout):
    try:
        return subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, -1, f"no end after {timeout} s")


def first_error(text):
    lines = [line for line in text.splitlines() if "error:" in line] or text.splitlines() or [""]
    return lines[0].split("error: ", 1)[-1][:160]


def compare(path, work, inputs, timeout):
    """(status, detail, largest difference, seconds of compilation)."""
    try:
        given, expected = reference(path, inputs)
    except Exception as error:  # a file that is wrong in itself
        return "export failed", "onnxruntime: " + str(error)[-100:].replace("\n", " "), None, 0
    library, source, target = (os.path.join(work, n) for n in ("m.so", "in.npz", "out.npz"))
    np.savez(source, **given)
    start = time.time()
    report = "--report=" + os.path.join(work, "report.json")
    compiled = run_tool(["tfc", path, "-o", library, report], timeout)
    seconds = time.time() - start
    if compiled.returncode != 0:
        status = "refused" if compiled.returncode == 1 else "crash"
        return status, first_error(compiled.stdout), None, seconds
    ran = run_tool(["tfc-run", library, "--inputs", source, "--outputs", target], timeout)
    if ran.returncode != 0:
        status = "refused" if ran.returncode == 1 else "crash"
        return status, "at run time: " + first_error(ran.stdout), None, seconds
    gap, problem = difference(dict(np.load(target)), expected)
    return ("wrong" if problem else "right"), problem, gap, seconds


def run_case(case, route, options, work):
    import onnx

    path = os.path.join(options.keep or work, f"{case.name}-{route}.onnx")
    try:
        inputs, is_open = export(case, route, path)
    except Exception as error:  # every exporter has its own
        while error.__cause__:
            error = error.__cause__
        return "export failed", (str(error).strip().splitlines() or [""])[0][:120], 0, None, 0, "-"
    nodes = len(onnx.load(path, load_external_data=False).graph.node)
    status, detail, gap, seconds = compare(path, work, inputs, options.timeout)
    return status, detail, nodes, gap, seconds, "open" if is_open else "fixed"


def attention_forms(work):
    """What each attention of the file became: an operation or a graph of small ones."""
    try:
        with open(os.path.join(work, "report.json"), encoding="utf-8") as file:
            return [attention["form"] for attention in json.load(file)["attentions"]]
    except FileNotFoundError:
        return []


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--route", choices=["dynamo", "script"], help="only this exporter")
    parser.add_argument("--keep", metavar="DIR", help="where the ONNX files are kept")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for one tool")
    parser.add_argument("names", nargs="*", help="only these models")
    options = parser.parse_args()
    if options.keep:
        os.makedirs(options.keep, exist_ok=True)
    known = {case.name: case for case in models.CASES}
    for name in options.names:
        if name not in known:
            parser.error(f"no model '{name}'; there are: {', '.join(known)}")
    failures, totals, forms = 0, {}, collections.Counter()
    print(
        f"{'model':<20} {'exporter':<8} {'sizes':<5} {'nodes':>5} {'compile':>8} "
        f"{'difference':>10}  result"
    )
    for name in options.names or known:
        for route in [options.route] if options.route else ["script", "dynamo"]:
            with tempfile.TemporaryDirectory() as work:
                status, detail, nodes, gap, seconds, sizes = run_case(
                    known[name], route, options, work
                )
                forms.update(attention_forms(work))
            failures += status not in ("right", "export failed")
            totals[status] = totals.get(status, 0) + 1
            print(
                f"{name:<20} {route:<8} {sizes:<5} {nodes:>5} {seconds:>7.1f}s "
                f"{'' if gap is None else format(gap, '.1e'):>10}  "
                f"{status}{': ' + detail if detail else ''}",
                flush=True,
            )
    print(", ".join(f"{count} {status}" for status, count in sorted(totals.items())))
    print("attentions: " + ", ".join(f"{count} {form}" for form, count in sorted(forms.items())))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
