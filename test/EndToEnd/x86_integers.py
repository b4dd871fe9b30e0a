"""Layers that a file has in 8 bits (QDQ), compiled for x86-64, against integers in numpy.

usage: x86_integers.py WORK [NAME...]

With VNNI a layer's sums are exact: what is left are the roundings of a product with the
scale and of a sum with the bias. CPUs without it add dequantised numbers in f32. Both on one
worker and on three, which must give the same bits.
"""

import sys
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from report import report
from x86_code import WITH_VNNI, here, outputs


@dataclass
class Case:
    """x [rows..., depth] in `x_type` times weights [depth, columns]."""

    rows: tuple = (5,)
    depth: int = 64
    columns: int = 40
    x_type: str = "int8"
    x_zero: int = 3
    per_column: bool = True
    weight_zero: int = 0
    extreme: bool = False
    gemm: bool = False
    scale: float = 0.02


CASES = {
    "tokens": Case(rows=(2, 7)),
    "unsigned": Case(x_type="uint8", x_zero=131),
    "one-scale": Case(per_column=False),
    "gemm": Case(gemm=True),
    **{f"rows-{m}": Case(rows=(m,)) for m in (1, 2, 8, 9, 130)},
    **{f"columns-{n}": Case(columns=n) for n in (1, 16, 17, 48, 49, 100)},
    **{f"depth-{k}": Case(depth=k) for k in (4, 8, 100, 768)},
    # What saturates 16 bits, were two products added in them; and the largest sums.
    "extreme": Case(extreme=True, depth=3072, x_zero=0),
    "extreme-unsigned": Case(extreme=True, depth=3072, x_type="uint8", x_zero=0),
    # No kernel of integers has these.
    "odd-depth": Case(depth=66),
    "weight-zero": Case(weight_zero=5),
}
CPUS = {"x86-64-v3": "avx2", "x86-64-v4": "avx512f", **WITH_VNNI}


def make(case, path):
    """The model's file; x and the bias, and the result in f64 with the sum of the terms' sizes."""
    random = np.random.default_rng(0)
    info = np.iinfo(case.x_type)
    shape = (*case.rows, case.depth)
    integers = np.full(shape, info.max) if case.extreme else random.integers(info.min, info.max + 1, shape)
    weights = np.full((case.depth, case.columns), 127) if case.extreme else \
        random.integers(-127, 128, (case.depth, case.columns))
    scales = (0.001 * (1 + np.arange(case.columns if case.per_column else 1))).astype(np.float32)
    bias = random.standard_normal(case.columns).astype(np.float32)
    constants = {"x_scale": np.float32(case.scale), "x_zero": np.array(case.x_zero, case.x_type),
                 "w": weights.astype(np.int8), "w_scale": scales if case.per_column else scales[0],
                 "w_zero": np.full(scales.shape if case.per_column else (), case.weight_zero, np.int8), "bias": bias}
    nodes = [helper.make_node("QuantizeLinear", ["x", "x_scale", "x_zero"], ["xq"]),
             helper.make_node("DequantizeLinear", ["xq", "x_scale", "x_zero"], ["xf"]),
             helper.make_node("DequantizeLinear", ["w", "w_scale", "w_zero"], ["wf"], axis=1)]
    if case.gemm:
        nodes.append(helper.make_node("Gemm", ["xf", "wf", "bias"], ["y"]))
    else:
        nodes += [helper.make_node("MatMul", ["xf", "wf"], ["p"]), helper.make_node("Add", ["p", "bias"], ["y"])]
    graph = helper.make_graph(
        nodes, "graph", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)
    x = (integers - case.x_zero).astype(np.float32) * np.float32(case.scale)
    terms = integers.astype(np.int64) - case.x_zero, weights.astype(np.int64) - case.weight_zero
    factor = np.float64(np.float32(case.scale)) * scales.astype(np.float64)
    return x, bias, (terms[0] @ terms[1]) * factor + bias, (np.abs(terms[0]) @ np.abs(terms[1])) * factor + np.abs(bias)


def check(case, work, cpu):
    x, bias, expected, size = make(case, work + ".onnx")
    np.savez(work + ".in.npz", x=x)
    found = outputs(work + ".onnx", work, cpu)
    if not found:
        return f"{cpu}: differs between one thread and three"
    y = found["y"]
    exact = cpu in WITH_VNNI and case.depth % 4 == 0 and not case.weight_zero
    # Roundings of the scale, of a sum of more than 24 bits and of its product, then of the
    # whole. In f32 each of the terms may have one of what has been added up so far.
    product = np.abs(expected - bias)
    bound = 2.0**-24 * (3.01 * product + np.abs(expected) if exact else (case.depth + 4) * size)
    gap = np.abs(y.astype(np.float64) - expected)
    if y.shape != expected.shape or not (gap <= bound).all():
        return f"{cpu}: differs by {(gap / bound).max():.3g} times the bound"
    return ""


def main(work, *names):
    return report(((name, check(CASES[name], f"{work}.{name}", cpu))
                   for name in names or CASES for cpu in here(CPUS)), "cases")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
