"""Elementwise operators, copies and gathers compiled for CUDA against numpy, in all
modes of the emulator, which finds accesses that are not aligned.

usage: cuda_elementwise.py WORK [NAME...]

Transpositions whose tiles are whole and cut off, sums and maxima by warps. Rows of sizes that pieces of 16 bytes fill and that they do not, rows that begin at odd
places, types of 1 to 8 bytes. Results are exact but where a sum and a product become one
operation, which is one rounding less: 2 units in the last place. Sums are of whole numbers, which f32 adds up exactly.
"""

import sys

import numpy as np
import onnx
import onnx.parser
from emulated import MODES, run
from report import report
from subprocess import run as run_tool

TYPES = {"float": np.float32, "float16": np.float16, "double": np.float64, "int8": np.int8,
         "int32": np.int32, "int64": np.int64, "bool": np.bool_}


def numbers(type_, shape, rows):
    if type_ == "bool":
        return rows.integers(0, 2, shape).astype(bool)
    if type_.startswith("int"):
        return rows.integers(-100, 100, shape).astype(TYPES[type_])
    return rows.standard_normal(shape).astype(TYPES[type_])


def cases():
    """Name, inputs' types and dimensions, outputs' type, nodes, what numpy makes of it,
    sizes of open dimensions."""
    for size in (1, 3, 4, 5, 63, 64, 65, 1023):
        yield f"scale {size}", {"x": ("float", "N")}, ("float", "N"), "y = Mul(x, x)", lambda x: x * x, {"N": size}
    for type_ in ("float", "float16", "double", "int8", "int32", "int64"):
        for columns in (1, 2, 3, 4, 6, 8, 16, 20, 48, 63):
            yield (f"bias {type_} {columns}", {"x": (type_, f"N, M, {columns}"), "b": (type_, f"{columns}")},
                   (type_, f"N, M, {columns}"), "y = Add(x, b)", lambda x, b: x + b, {"N": 2, "M": 7})
    for columns in (4, 7, 8, 12):
        yield (f"rows {columns}", {"x": ("float", f"N, {columns}"), "s": ("float", "N, 1"), "b": ("float", f"{columns}")},
               ("float", f"N, {columns}"), "p = Mul(x, s)\n y = Add(p, b)", lambda x, s, b: x * s + b, {"N": 37})
        yield (f"masked {columns}", {"c": ("bool", f"N, {columns}"), "x": ("float", f"N, {columns}")},
               ("float", f"N, {columns}"), "z = Neg(x)\n y = Where(c, x, z)",
               lambda c, x: np.where(c, x, -x), {"N": 5})
        yield (f"mask {columns}", {"x": ("float", f"N, {columns}"), "z": ("float", f"{columns}")},
               ("bool", f"N, {columns}"), "y = Less(x, z)", lambda x, z: x < z, {"N": 5})
        yield (f"gather {columns}", {"t": ("float", f"9, {columns}"), "i": ("int64", "N")}, ("float", f"N, {columns}"),
               "y = Gather<axis = 0>(t, i)", lambda t, i: t[i], {"N": 21})
        yield (f"columns {columns}", {"t": ("float", f"9, {columns}"), "i": ("int64", "N")}, ("float", "9, N"),
               "y = Gather<axis = 1>(t, i)", lambda t, i: t[:, i], {"N": 8})
        yield (f"transpose {columns}", {"x": ("float", f"N, {columns}")}, ("float", f"{columns}, N"),
               "y = Transpose<perm = [1, 0]>(x)", lambda x: x.T, {"N": 8})
        yield (f"halves {columns}", {"x": ("float", f"N, {columns}")}, ("float16", f"N, {columns}"),
               "y = Cast<to = 10>(x)", lambda x: x.astype(np.float16), {"N": 9})
        yield (f"concat {columns}", {"x": ("float", f"N, {columns}"), "z": ("float", "N, 6")},
               ("float", f"N, {columns + 6}"), "y = Concat<axis = 1>(x, z)",
               lambda x, z: np.concatenate([x, z], 1), {"N": 9})
    for start in (0, 1, 2, 4, 8):
        yield (f"slice {start}", {"x": ("float16", "N, 24")}, ("float16", "N, 16"),
               f"s = Constant<value = int64[1] {{{start}}}>()\n e = Constant<value = int64[1] {{{start + 16}}}>()\n"
               " a = Constant<value = int64[1] {1}>()\n p = Slice(x, s, e, a)\n y = Neg(p)",
               lambda x, at=start: -x[:, at:at + 16], {"N": 6})
        yield (f"rows from {start}", {"x": ("float", "N, 3")}, ("float", "M, 3"),
               f"s = Constant<value = int64[1] {{{start}}}>()\n e = Constant<value = int64[1] {{1000}}>()\n"
               " a = Constant<value = int64[1] {0}>()\n p = Slice(x, s, e, a)\n y = Neg(p)",
               lambda x, at=start: -x[at:], {"N": 11})


    for rows, columns in ((32, 64), (40, 70), (16, 33), (100, 31), (129, 16)):
        yield (f"tile {rows} {columns}", {"x": ("float", f"{rows}, {columns}")}, ("float", f"{columns}, {rows}"),
               "y = Transpose<perm = [1, 0]>(x)", lambda x: x.T, {})
    for type_ in TYPES:
        yield (f"tile {type_}", {"x": (type_, "N, M")}, (type_, "M, N"), "y = Transpose<perm = [1, 0]>(x)",
               lambda x: x.T, {"N": 45, "M": 67})
    for perm in ([0, 2, 1, 3], [0, 3, 1, 2], [3, 2, 1, 0], [0, 1, 3, 2], [2, 3, 0, 1]):
        yield (f"tile {perm}", {"x": ("float", "N, 17, 3, 40")}, ("float", ", ".join("NABC"[p] for p in perm)),
               f"y = Transpose<perm = {perm}>(x)", lambda x, perm=perm: x.transpose(perm), {"N": 20})
    yield ("tile of two", {"x": ("float", "N, 48"), "z": ("float16", "N, 48")}, ("float", "48, N"),
           "w = Cast<to = 1>(z)\n s = Mul(x, w)\n y = Transpose<perm = [1, 0]>(s)",
           lambda x, z: (x * z.astype(np.float32)).T, {"N": 50})
    yield ("tile and rows", {"x": ("float", "N, 48"), "z": ("float", "48, N"), "b": ("float", "N")}, ("float", "48, N"),
           "t = Transpose<perm = [1, 0]>(x)\n s = Mul(t, z)\n y = Add(s, b)", lambda x, z, b: x.T * z + b, {"N": 50})
    for size in (64, 66, 100, 128, 256, 512, 1000, 1024, 4096):
        for type_ in ("float", "float16"):
            yield (f"sum {type_} {size}", {"x": (type_, f"N, {size}")}, ("float", "N, 1"),
                   "w = Cast<to = 1>(x)\n s = Mul(w, w)\n a = Constant<value = int64[1] {1}>()\n y = ReduceSum(s, a)",
                   lambda x: (x.astype(np.float32) ** 2).sum(1, keepdims=True), {"N": 11})
        yield (f"greatest {size}", {"x": ("float", f"N, {size}"), "s": ("float", f"{size}")}, ("float", "N, 1"),
               "p = Mul(x, s)\n y = ReduceMax<axes = [1]>(p)", lambda x, s: (x * s).max(1, keepdims=True), {"N": 9})
        yield (f"sum int32 {size}", {"x": ("int32", f"N, {size}")}, ("int32", "N, 1"),
               "a = Constant<value = int64[1] {1}>()\n y = ReduceSum(x, a)",
               lambda x: x.sum(1, keepdims=True, dtype=np.int32), {"N": 3})
    yield ("sum of an open row", {"x": ("float", "N, M")}, ("float", "N, 1"),
           "a = Constant<value = int64[1] {1}>()\n y = ReduceSum(x, a)", lambda x: x.sum(1, keepdims=True),
           {"N": 5, "M": 256})


def check(name, inputs, output, nodes, reference, sizes, work):
    rows = np.random.default_rng(len(name))
    arrays = {}
    for key, (type_, dims) in inputs.items():
        shape = [sizes.get(d.strip()) or int(d) for d in dims.split(",")]
        arrays[key] = numbers(type_, shape, rows)
        if name.startswith("sum"):
            arrays[key] = np.round(arrays[key] * 4).astype(arrays[key].dtype)
        if key == "i":
            first, axis = arrays["t"].shape, 1 if name.startswith("columns") else 0
            arrays[key] = rows.integers(-first[axis], first[axis], shape)
    arguments = ", ".join(f"{type_}[{dims}] {key}" for key, (type_, dims) in inputs.items())
    onnx.save(onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["": 17]>\ng ({arguments}) => ({output[0]}[{output[1]}] y) {{\n {nodes}\n}}'),
        work + ".onnx")
    run_tool(["tfc", work + ".onnx", "--target=cuda", "-o", work + ".so"], check=True)
    np.savez(work + ".in.npz", **arrays)
    expected = reference(**arrays)
    for mode in MODES:
        found = run(work + ".so", work + ".in.npz", work + ".out.npz", mode)
        if isinstance(found, str):
            return f"{mode}: {found}"
        found = found["y"]
        if found.shape != expected.shape or found.dtype != expected.dtype:
            return f"{found.dtype}{found.shape}, not {expected.dtype}{expected.shape}"
        if expected.dtype.kind == "f":
            if not (np.abs(found - expected) <= 2 * np.spacing(np.abs(expected).max())).all():
                return f"{mode}: differs by {np.abs(found - expected).max()}"
        elif not (found == expected).all():
            return f"{mode}: {(found != expected).sum()} differ"
    return ""


def main(work, *names):
    return report(((case[0], check(*case, work)) for case in cases()
                   if not names or any(case[0].startswith(name) for name in names)), "operations")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
