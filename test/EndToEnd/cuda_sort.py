"""TopK and what else sorts compiled for CUDA against numpy, in all modes of the emulator.

usage: cuda_sort.py WORK

Rows of one element to several pieces of 2048, of known and of open sizes, along the last
dimension or another, with many equal elements, both zeros, infinities and NaN. Results
are exact: values, and the first positions among equal ones.
"""

import subprocess
import sys

import numpy as np
import onnx
import onnx.parser
from emulated import MODES, run
from report import report

TYPES = {"float": np.float32, "float16": np.float16, "double": np.float64, "int8": np.int8,
         "uint8": np.uint8, "int32": np.int32, "int64": np.int64}


def numbers(type_, shape, rows):
    if "int" in type_:
        low = 0 if type_[0] == "u" else -100
        x = rows.integers(low, 100, shape).astype(TYPES[type_])
        if type_ == "int64":
            x += rows.integers(-2, 3, shape) << 40
        return x
    x = rows.standard_normal(shape).astype(TYPES[type_])
    x[rows.random(shape) < 0.3] = 1
    for value in (0.0, -0.0, np.inf, -np.inf):
        x[rows.random(shape) < 0.03] = value
    return x


def cases():
    """Type, shape, axis, k, whether the largest, whether sizes are open."""
    for size in (1, 2, 3, 31, 64, 65, 1000, 2048):
        yield "float", (3, size), 1, max(1, size // 3), size % 2 == 0, False
        yield "float", (2, size), 1, size, size % 2 == 1, True
    for type_ in TYPES:
        yield type_, (4, 100), 1, 100, True, False
        yield type_, (2, 3, 2500), 2, 9, False, False
    for size, k in ((2049, 5), (4096, 4096), (4097, 3000), (10000, 1), (10000, 10000)):
        yield "float", (2, size), 1, k, True, False
        yield "float", (2, size), 1, k, False, True
    yield "float", (3, 50, 4), 1, 7, True, False
    yield "float16", (50, 3, 4), 0, 50, False, True
    yield "int32", (2, 2100, 2), 1, 2100, True, True


def expected_of(x, axis, k, largest):
    # Both zeros are equal; stable, as the order among equal ones is that of positions.
    keys = x.astype(np.float64) if x.dtype.kind == "f" else x.astype(np.int64)
    order = np.argsort(-keys if largest else keys, axis=axis, kind="stable")
    order = np.take(order, np.arange(k), axis)
    return np.take_along_axis(x, order, axis), order


def compile_and_run(text, arrays, work):
    """What it gives in each mode, or what went wrong."""
    onnx.save(onnx.parser.parse_model(text), work + ".onnx")
    subprocess.run(["tfc", work + ".onnx", "--target=cuda", "-o", work + ".so"], check=True)
    np.savez(work + ".in.npz", **arrays)
    return [run(work + ".so", work + ".in.npz", work + ".out.npz", mode) for mode in MODES]


def check(type_, shape, axis, k, largest, is_open, work):
    rows = np.random.default_rng(sum(shape) + k)
    x = numbers(type_, shape, rows)
    names = [f"N{d}" if is_open else str(size) for d, size in enumerate(shape)]
    results = [f"M{d}" if is_open and d == axis else str(k) if d == axis else name
               for d, name in enumerate(names)]
    text = f"""<ir_version: 8, opset_import: ["": 17]>
g ({type_}[{', '.join(names)}] x) => ({type_}[{', '.join(results)}] y, int64[{', '.join(results)}] i) {{
  k = Constant<value = int64[1] {{{k}}}>()
  y, i = TopK<axis = {axis}, largest = {int(largest)}>(x, k)
}}"""
    values, positions = expected_of(x, axis, k, largest)
    for mode, found in zip(MODES, compile_and_run(text, {"x": x}, work)):
        if isinstance(found, str):
            return f"{mode}: {found}"
        if not np.array_equal(found["i"], positions):
            return f"{mode}: {(found['i'] != positions).sum()} of {positions.size} positions differ"
        if found["y"].tobytes() != values.tobytes():
            return f"{mode}: values differ"
    return ""


def check_nan(work):
    """NaN are above all numbers, or below where their sign is set, as on x86-64."""
    x = np.array([[1, np.nan, 3, -np.nan, np.inf, np.nan, -1]], np.float32)
    x.view(np.uint32)[0, 3] |= 0x80000000
    text = """<ir_version: 8, opset_import: ["": 17]>
g (float[1, 7] x) => (float[1, 7] y, int64[1, 7] i) {
  k = Constant<value = int64[1] {7}>()
  y, i = TopK(x, k)
}"""
    for found in compile_and_run(text, {"x": x}, work):
        if isinstance(found, str):
            return found
        if found["i"].tolist() != [[1, 5, 4, 2, 0, 6, 3]]:
            return f"positions are {found['i'].tolist()}"
    return ""


def main(work):
    return report([("NaN", check_nan(work)), *((case, check(*case, work)) for case in cases())], "sorts")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
