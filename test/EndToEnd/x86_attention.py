"""Attention compiled for x86-64 against its definition in numpy.

usage: x86_attention.py WORK [NAME...]

The cases and references are those of cuda_attention.py, for each width of vectors that
this machine has, on one worker and on three, which must give the same bits.
"""

import sys

import numpy as np
from cuda_attention import CASES, TOLERANCES, Case, prepare
from report import report
from x86_code import here, outputs

# Cases of keys that are never read are of the GPU's tiles.
NAMES = [name for name, case in CASES.items() if name.startswith("f32-") and not case.hidden]
# Blocks of queries and of keys, and panels: one less, as many, one more.
for size in (47, 48, 49, 95, 191, 192, 193, 385):
    CASES[f"f32-rows-{size}"] = Case(queries=size, keys=size, size=20, attributes="causal")
    CASES[f"f32-keys-{size}"] = Case(batch=1, queries=5, keys=size, size=33, value_size=50)
NAMES += [name for name in CASES if name.startswith(("f32-rows", "f32-keys"))]
for name, options in {"long": dict(sequences=[200, 47, 48, 49, 385]), "none": dict(sequences=[0, 0]),
                      "one": dict(sequences=[3]), "softcap": dict(sequences=[30, 60], attributes="softcap 2.0"),
                      "many": dict(sequences=[i % 11 for i in range(100)], size=40)}.items():
    CASES[f"f32-sequences-{name}"] = Case(**options)
    NAMES.append(f"f32-sequences-{name}")
# Hidden by -inf all the same: the mean of nothing, or zero where it is asked for.
CASES["f32-nothing-seen"] = Case(mask=(2, 1, 37, 75), attributes="zero_masked_rows zero_nan_rows")
# The least number of f32, and a bias besides.
CASES["f32-least-number"] = Case(mask=(2, 1, 37, 75), bias=(1, 2, 37, 75),
                                 attributes="masked_score -3.4028234663852886E+38")
NAMES += ["f32-nothing-seen", "f32-least-number"]


def check(name, case, work, cpu):
    expected = prepare(name, case, work)
    found = outputs(work + ".mlir", work, cpu)
    if not found:
        return f"{cpu}: differs between one thread and three"
    (found,) = found.values()
    gap = np.abs(found.astype(np.float64) - expected)
    if found.shape != expected.shape or not gap.max(initial=0) <= TOLERANCES[case.type]:
        return f"{cpu}: differs by {gap.max():.3g}"
    return ""


def main(work, *names):
    return report(((name, check(name, CASES[name], f"{work}.{name}", cpu))
                   for name in names or NAMES for cpu in here()), "cases")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
