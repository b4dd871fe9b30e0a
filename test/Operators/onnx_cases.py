"""Runs ONNX's own operator tests through tfc and tfc-run.

usage: onnx_cases.py [--expected FILE] [--write] [--shard I/N] [--jobs N] [PATTERN...]

Each test of kind node in onnx.backend.test is compiled and run on its data; the
result is compared within the test's own tolerances (those of ONNX). A case is

  right    all outputs agree
  refused  tfc or the compiled model said what it does not take, and exited with 1
  wrong    an output differs
  crash    anything else

--expected compares with a stored table (name, status, reason) and fails where a
case is wrong or crashes, and where one that was right no longer is; --write
stores the table. PATTERNs are regular expressions that names must match.
"""

import argparse
import collections
import concurrent.futures
import csv
import os
import re
import subprocess
import sys
import tempfile
import warnings

import numpy as np

warnings.filterwarnings("ignore")


def collect(patterns):
    from onnx.backend.test.case.node import collect_testcases

    cases = sorted(collect_testcases(None), key=lambda case: case.name)
    return [c for c in cases if not patterns or any(re.search(p, c.name) for p in patterns)]


def as_array(value):
    """An array that npz keeps, or None where it is no tensor."""
    import onnx

    if isinstance(value, onnx.TensorProto):
        value = onnx.numpy_helper.to_array(value)
    if not isinstance(value, (np.ndarray, np.generic)):
        return None
    value = np.asarray(value)
    return None if value.dtype.kind in "OUSc" else value


def tidy(message):
    """The reason in a refusal, without what differs between machines."""
    line = next((l for l in message.splitlines() if "error:" in l), "").split("error: ", 1)[-1]
    line = re.sub(r"^node '[^']*' ", "", line)
    return line.replace("\t", " ").strip()[:200]


def differs(found, expected, rtol, atol):
    """What is wrong with an output, or nothing."""
    if found.dtype != expected.dtype and found.dtype.kind == "V":
        found = found.view(expected.dtype)
    if found.dtype != expected.dtype:
        return f"type {found.dtype} instead of {expected.dtype}"
    if found.shape != expected.shape:
        return f"shape {found.shape} instead of {expected.shape}"
    if expected.dtype.kind in "biu":
        return "" if np.array_equal(found, expected) else "other integers"
    a, b = found.astype(np.float64), expected.astype(np.float64)
    # Half precision references round every step to 2^-11 or 2^-8; tfc keeps
    # sums in single. A few roundings of the largest value lie between.
    step = {"float16": 2.0**-10, "bfloat16": 2.0**-7}.get(expected.dtype.name)
    if step and b.size:
        rtol, atol = max(rtol, 2 * step), max(atol, 2 * step * float(np.nanmax(np.abs(b))))
    if np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True):
        return ""
    return f"off by {np.nanmax(np.abs(a - b)):.3g}"


def run_tool(command):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", timeout=120)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, -1, "error: it took more than two minutes")


def run_case(case):
    """(status, reason) of one case."""
    with tempfile.TemporaryDirectory() as work:
        model, library = os.path.join(work, "m.onnx"), os.path.join(work, "m.so")
        with open(model, "wb") as file:
            file.write(case.model.SerializeToString())
        compiled = run_tool(["tfc", model, "-o", library])
        if compiled.returncode == 1:
            return "refused", tidy(compiled.stdout)
        if compiled.returncode != 0:
            return "crash", f"tfc exits with {compiled.returncode}: " + tidy(compiled.stdout)
        for inputs, outputs in case.data_sets:
            status = run_set(case, work, library, inputs, outputs)
            if status[0] != "right":
                return status
    return "right", ""


def run_set(case, work, library, inputs, outputs):
    names = [value.name for value in case.model.graph.input]
    arrays = [as_array(value) for value in inputs]
    if any(array is None for array in arrays):
        return "crash", "tfc compiled a model whose inputs are no tensors"
    given, found = os.path.join(work, "in.npz"), os.path.join(work, "out.npz")
    np.savez(given, **dict(zip(names, arrays)))
    ran = run_tool(["tfc-run", library, "--inputs", given, "--outputs", found])
    if ran.returncode == 1:
        return "refused", "at run time: " + tidy(ran.stdout)
    if ran.returncode != 0:
        return "crash", f"tfc-run exits with {ran.returncode}: " + tidy(ran.stdout)
    results = np.load(found)
    for value, expected in zip(case.model.graph.output, outputs):
        problem = differs(results[value.name], as_array(expected), case.rtol, case.atol)
        if problem:
            return "wrong", f"{value.name}: {problem}"
    return "right", ""


def read_table(path):
    with open(path, encoding="utf-8") as file:
        return {row["name"]: row for row in csv.DictReader(file, delimiter="\t")}


def write_table(path, results):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["name", "status", "reason"])
        for name in sorted(results):
            writer.writerow([name, *results[name]])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--expected", metavar="FILE")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--shard", default="0/1")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("patterns", nargs="*")
    options = parser.parse_args()
    index, count = map(int, options.shard.split("/"))
    cases = collect(options.patterns)[index::count]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = dict(zip([c.name for c in cases], pool.map(run_case, cases)))
    expected = {}
    if options.expected and not options.write:
        expected = read_table(options.expected)
    faults = 0
    for name, (status, reason) in results.items():
        before = expected.get(name, {}).get("status", "refused")
        if status in ("wrong", "crash") or (status == "refused" and before == "right"):
            faults += 1
            print(f"{name}: {status}, {reason}")
        elif options.patterns:
            print(f"{name}: {status} {reason}")
    if options.write:
        write_table(options.expected, results)
    totals = collections.Counter(status for status, _ in results.values())
    print(f"{len(results)} cases, {totals['right']} right, {totals['refused']} refused, "
          f"{faults} faults")
    return 1 if faults or not results else 0


if __name__ == "__main__":
    sys.exit(main())
