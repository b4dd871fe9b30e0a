"""Norms compiled for CUDA against their definition in numpy, in the emulator.

usage: cuda_norm.py WORK

Rows of sizes that fill a warp's pieces and that do not, of three types, of both kinds,
with scale and bias or without. The reference is computed in float64. Tolerances: in f32
a result, of magnitude 5 at most, is off by some roundings of 2^-24; f16 and bf16 are
rounded once, to 2^-11 and 2^-8 of it.
"""

import subprocess
import sys

import numpy as np
from cuda_attention import from_bf16, to_bf16
from emulated import run
from report import report

SIZES = (1, 6, 8, 100, 136, 384, 768, 2047, 2048)
TOLERANCES = {"f32": 1e-5, "f16": 5e-3, "bf16": 4e-2}


def numbers_of(shape, type_, rows):
    x = rows.standard_normal(shape).astype(np.float32)
    if type_ == "bf16":
        return to_bf16(x), from_bf16(to_bf16(x)).astype(np.float64)
    x = x.astype(np.float16 if type_ == "f16" else np.float32)
    return x, x.astype(np.float64)


def check(size, type_, kind, has_weights, work):
    rows = np.random.default_rng(size)
    x, wide = numbers_of((2, 11, size), type_, rows)
    arrays, weights, t, w = [x], [], f"tensor<?x?x{size}x{type_}>", f"tensor<{size}x{type_}>"
    for _ in range(2 if has_weights else 0):
        array, value = numbers_of((size,), type_, rows)
        arrays.append(array)
        weights.append(value)
    if kind == "layer":
        wide = wide - wide.mean(-1, keepdims=True)
    expected = wide / np.sqrt((wide * wide).mean(-1, keepdims=True) + 1e-5)
    if has_weights:
        expected = expected * weights[0] + weights[1]
    with open(work + ".mlir", "w", encoding="utf-8") as file:
        file.write(f"""func.func @main(%x: {t}{f', %s: {w}, %b: {w}' if has_weights else ''}) -> {t} {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %m = tensor.dim %x, %c0 : {t}
  %n = tensor.dim %x, %c1 : {t}
  %init = tensor.empty(%m, %n) : {t}
  %y = attn.norm {kind} axis 2 epsilon 1.0e-05 ins(%x : {t}) {
      f'scale(%s : {w}) bias(%b : {w})' if has_weights else ''} outs(%init : {t}) -> {t}
  return %y : {t}
}}
""")
    subprocess.run(["tfc", work + ".mlir", "--target=cuda", "-o", work + ".so"], check=True)
    np.savez(work + ".in.npz", **{f"input{i}": array for i, array in enumerate(arrays)})
    found = run(work + ".so", work + ".in.npz", work + ".out.npz")
    if isinstance(found, str):
        return found
    found = next(iter(found.values()))
    found = from_bf16(found) if type_ == "bf16" else found
    gap = np.abs(found.astype(np.float64) - expected).max()
    return f"differs by {gap:.3g}" if not gap <= TOLERANCES[type_] else ""


def main(work):
    return report(((f"{kind} of {size} {type_}",
                    check(size, type_, kind, has_weights=(kind == "layer") == (size % 2 == 0), work=work))
                   for size in SIZES for type_ in TOLERANCES for kind in ("layer", "rms")), "norms")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
