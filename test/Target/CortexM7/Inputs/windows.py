"""Products of windows of int8 images, by strips on the device and in numpy.

usage: windows.py WORK
"""

import os
import subprocess
import sys

import numpy as np

# name, channels, height, width, outputs, kernel, stride, dilation, border (top, left, bottom, right), whether by rows
CASES = [
    ("patches", 3, 24, 30, 8, (8, 6), (8, 6), (1, 1), (0, 0, 0, 0), True),
    ("shared_rows", 4, 17, 13, 6, (3, 3), (2, 2), (1, 1), (0, 0, 0, 0), True),
    ("dilated", 4, 15, 15, 5, (3, 3), (1, 2), (2, 3), (0, 0, 0, 0), True),
    ("gaps", 4, 19, 12, 3, (2, 2), (4, 3), (1, 1), (0, 0, 0, 0), False),
    ("one_row", 4, 6, 40, 4, (6, 5), (6, 5), (1, 1), (0, 0, 0, 0), True),
    ("two_columns", 2, 12, 8, 7, (4, 4), (4, 4), (1, 1), (0, 0, 0, 0), True),
    ("overlapping", 4, 18, 14, 6, (6, 6), (3, 4), (1, 1), (0, 0, 0, 0), True),
    ("border", 4, 16, 14, 6, (3, 3), (2, 2), (1, 1), (1, 1, 1, 1), True),
    ("wide_border", 4, 12, 12, 5, (5, 5), (1, 1), (1, 1), (2, 2, 2, 2), True),
    ("tokens", 4, 16, 16, 6, (7, 7), (4, 4), (1, 1), (3, 3, 3, 3), True),
    ("rows_ahead", 4, 12, 14, 6, (7, 7), (2, 2), (1, 1), (3, 3, 3, 3), True),
    ("sides_only", 4, 12, 7, 6, (4, 3), (4, 2), (1, 1), (0, 2, 0, 1), True),
    ("below_only", 4, 12, 8, 6, (3, 2), (1, 2), (1, 1), (0, 0, 2, 0), True),
    ("dilated_border", 4, 12, 12, 5, (3, 3), (1, 2), (2, 1), (2, 1, 2, 1), True),
    ("part_of_a_strip", 4, 15, 14, 6, (3, 3), (2, 2), (1, 1), (1, 1, 1, 1), True),
    ("two_at_a_time", 4, 26, 16, 4, (10, 6), (6, 5), (1, 1), (0, 0, 0, 0), True),
    ("four_at_a_time", 4, 20, 8, 4, (12, 4), (8, 4), (1, 1), (0, 0, 2, 0), True),
    ("border_of_patches", 4, 14, 14, 6, (4, 4), (4, 4), (1, 1), (1, 1, 1, 1), False),
    ("far_below", 4, 6, 6, 6, (2, 2), (1, 1), (1, 1), (1, 1, 6, 1), False),
]

# What the border is of.
NUMBER = -7


def text(values):
    return str(values.tolist())


def bordered(case):
    """Sizes of the image with its border."""
    _, _, h, w, _, _, _, _, border, _ = case
    return h + border[0] + border[2], w + border[1] + border[3]


def module(case, weights, bias, multipliers):
    _, c, image_h, image_w, n, k, s, d, border, _ = case
    h, w = bordered(case)
    rows, columns = ((size - dil * (kern - 1) - 1) // step + 1 for size, kern, step, dil in zip((h, w), k, s, d))
    windows = f"1x{rows}x{columns}x{c}x{k[0]}x{k[1]}"
    depth, count = c * k[0] * k[1], rows * columns
    image = "%x"
    frame = ""
    if any(border):
        image = "%framed"
        frame = f"""%number = arith.constant {NUMBER} : i8
  %blank = tensor.empty() : tensor<1x{c}x{h}x{w}xi8>
  %filled = linalg.fill ins(%number : i8) outs(%blank : tensor<1x{c}x{h}x{w}xi8>) -> tensor<1x{c}x{h}x{w}xi8>
  %framed = tensor.insert_slice %x into %filled[0, 0, {border[0]}, {border[1]}] [1, {c}, {image_h}, {image_w}] [1, 1, 1, 1] : tensor<1x{c}x{image_h}x{image_w}xi8> into tensor<1x{c}x{h}x{w}xi8>"""
    return f"""
#window = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d3, d1 * {s[0]} + d4 * {d[0]}, d2 * {s[1]} + d5 * {d[1]})>
#all = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d4, d5)>
func.func @main_graph(%x: tensor<1x{c}x{image_h}x{image_w}xi8> {{tfc.name = "x"}}) -> (tensor<{count}x{n}xi8> {{tfc.name = "y"}}) {{
  {frame}
  %e = tensor.empty() : tensor<{windows}xi8>
  %w = linalg.generic {{indexing_maps = [#window, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel"]}} ins({image} : tensor<1x{c}x{h}x{w}xi8>) outs(%e : tensor<{windows}xi8>) {{
  ^bb0(%in: i8, %out: i8):
    linalg.yield %in : i8
  }} -> tensor<{windows}xi8>
  %rows = tensor.collapse_shape %w [[0, 1, 2], [3, 4, 5]] : tensor<{windows}xi8> into tensor<{count}x{depth}xi8>
  %i = tensor.empty() : tensor<{count}x{n}xi8>
  %y = m7.product ins(%rows : tensor<{count}x{depth}xi8>) weights dense<{text(weights)}> : tensor<{n}x{depth}xi8>
    bias dense<{text(bias)}> : tensor<{n}xi32> multipliers dense<{text(multipliers)}> : tensor<{n}xi32> zero 3
    outs(%i : tensor<{count}x{n}xi8>) -> tensor<{count}x{n}xi8>
  return %y : tensor<{count}x{n}xi8>
}}
"""


def reference(case, x, weights, bias, multipliers):
    _, c, _, _, n, k, s, d, border, _ = case
    h, w = bordered(case)
    x = np.pad(x, ((0, 0), (0, 0), border[::2], border[1::2]), constant_values=NUMBER)
    rows = []
    for i in range(0, h - d[0] * (k[0] - 1), s[0]):
        for j in range(0, w - d[1] * (k[1] - 1), s[1]):
            window = x[0, :, i : i + d[0] * (k[0] - 1) + 1 : d[0], j : j + d[1] * (k[1] - 1) + 1 : d[1]]
            sums = weights.astype(np.int64) @ window.ravel().astype(np.int64) + bias
            rows.append(np.clip(3 + ((sums * multipliers + 2**31) >> 32), -128, 127))
    return np.array(rows, np.int8)


def check(case, work, random):
    name, c, h, w, n, k, _, _, _, streams = case
    depth = c * k[0] * k[1]
    x = random.integers(-128, 128, (1, c, h, w)).astype(np.int8)
    weights = random.integers(-127, 128, (n, depth)).astype(np.int8)
    bias = random.integers(-5000, 5000, n)
    multipliers = random.integers(2**19, 2**21, n)
    file = os.path.join(work, name)
    np.savez(file + "_in.npz", x=x)
    with open(file + ".mlir", "w") as out:
        out.write(module(case, weights, bias, multipliers))
    expected = reference(case, x, weights, bias, multipliers)
    for options in [[], ["--input-stream"]]:
        compiled = subprocess.run(["tfc", file + ".mlir", "--target=cortex-m7", *options, "-o", file + ".o"],
                                  capture_output=True, text=True)
        if options and not streams:
            if compiled.returncode == 0 or "cannot be streamed" not in compiled.stderr:
                yield f"{name}: is streamed, though strips are not neighbours"
            continue
        if compiled.returncode:
            yield f"{name}: {compiled.stderr}"
            continue
        subprocess.run(["tfc-run", file + ".o", "--target=cortex-m7", "--inputs", file + "_in.npz",
                        "--outputs", file + "_out.npz"], check=True, stdout=subprocess.DEVNULL)
        found = np.load(file + "_out.npz")["y"]
        if not np.array_equal(found, expected):
            yield f"{name} {options}: {np.count_nonzero(found != expected)} of {found.size} are wrong"


def main(work):
    random = np.random.default_rng(1)
    faults = [fault for case in CASES for fault in check(case, work, random)]
    print("\n".join(faults) or "all are equal")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
