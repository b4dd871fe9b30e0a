"""Compares scores with onnxruntime's: of int8, in steps of the output.

usage: compare.py FOUND.npz EXPECTED.npz HEADER

The header says what a step is, or of an f32 model nothing. 2 steps are allowed,
or 1e-3 of the largest score.
"""

import re
import sys

import numpy as np


def main(found, expected, header):
    found, expected = (np.load(path)["scores"] for path in (found, expected))
    with open(header, encoding="utf-8") as file:
        scale = re.search(r"_OUTPUT_SCORES_SCALE (\S+)f$", file.read(), re.MULTILINE)
    difference = np.abs(found - expected).max()
    if scale:
        step, most, unit = float(scale[1]), 2.01, "steps"
    else:
        step, most, unit = float(np.abs(expected).max()), 1e-3, "of the largest"
    print(f"scores: the largest difference to onnxruntime is {difference / step:.2g} {unit}")
    if not difference / step <= most:
        sys.exit("error: the scores are not onnxruntime's")


if __name__ == "__main__":
    main(*sys.argv[1:])
