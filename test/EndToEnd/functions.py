"""Functions of f32, as compiled for x86-64, against numpy's in f64.

usage: functions.py WORK

For each width of vectors that this machine has: the greatest error in units in the last
place (ulp) of the result, over numbers of all magnitudes, and what infinities and NaN give.
"""

import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper
from report import report
from x86_code import here


def expm1(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


# The bounds are what the series promise: the rest of the series, below a fourth, and half a
# unit for each of the last two roundings.
FUNCTIONS = {"Elu": (expm1, 1.25)}
SPECIAL = np.array([0, -0.0, np.nan, -np.inf, np.inf, 1e-45, -1e-45, 3e38, -3e38], np.float32)


def numbers():
    sizes = np.logspace(-45, 2, 100001).astype(np.float32)
    return np.concatenate([np.linspace(-25, 25, 200001, dtype=np.float32), sizes, -sizes, SPECIAL])


def check(operator, work, cpu):
    reference, bound = FUNCTIONS[operator]
    x = numbers()
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xy"]
    graph = helper.make_graph([helper.make_node(operator, ["x"], ["y"])], "graph", info[:1], info[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), work + ".onnx")
    np.savez(work + ".in.npz", x=x)
    subprocess.run(["tfc", work + ".onnx", f"-mcpu={cpu}", "-o", work + ".so"], check=True)
    subprocess.run(["tfc-run", work + ".so", "--inputs", work + ".in.npz", "--outputs", work + ".out.npz"], check=True)
    y = np.load(work + ".out.npz")["y"]
    with np.errstate(invalid="ignore"):
        expected = reference(x.astype(np.float64))
        rounded = expected.astype(np.float32)
        unusual = ~np.isfinite(rounded)
        if not np.array_equal(y[unusual], rounded[unusual], equal_nan=True):
            return f"{cpu}: gives {y[unusual]}, not {rounded[unusual]}"
        error = np.abs(y.astype(np.float64) - expected)[~unusual] / np.spacing(np.abs(rounded[~unusual]))
    if not error.max() <= bound:
        return f"{cpu}: is {error.max():.3g} ulp away at {x[~unusual][error.argmax()]}"
    return ""


def main(work):
    return report(((name, check(name, f"{work}.{name}", cpu)) for name in FUNCTIONS for cpu in here()), "cases")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
