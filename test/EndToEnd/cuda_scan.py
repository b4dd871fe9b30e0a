"""Recurrences compiled for CUDA against their definition in numpy, in the emulator.

usage: cuda_scan.py WORK [NAME...]

Each case is an attn.scan, or causal linear attention that becomes one, with numbers of
tokens below, at and beyond a chunk of 128, and sizes that fill what a block has, or do
not. The reference goes through the tokens one by one, in float64. All modes of the
emulator must give the same bits.

Tolerances: a state is a sum over tokens; each adds a rounding of 2^-24 of it, and its
decay, by ex2.approx, an error of 2^-22, of what the same recurrence makes of magnitudes.
Results of f16 and bf16 are rounded once more, to 2^-11 and 2^-8.
"""

import subprocess
import sys

import numpy as np
from cuda_attention import from_bf16, to_bf16
from emulated import MODES, run
from report import report

ROUNDING = {"f32": 0, "f16": 2.0**-11, "bf16": 2.0**-8}


class Case:
    def __init__(self, batch=2, heads=2, groups=None, tokens=300, depth=16, columns=20, type="f32", decay=None,
                 step=False, beta=False, scale=1.0, open_sizes=True, state_type="f32", launches=None, linear=False):
        self.batch, self.heads, self.groups, self.tokens = batch, heads, groups or heads, tokens
        self.depth, self.columns, self.type, self.decay = depth, columns, type, decay
        self.step, self.beta, self.scale, self.open_sizes = step, beta, scale, open_sizes
        self.state_type, self.launches, self.linear = state_type, launches, linear

    def shapes(self):
        rows = (self.batch, self.groups, self.tokens)
        shapes = {"query": (self.batch, self.heads, self.tokens, self.depth), "key": (*rows, self.depth),
                  "value": (*rows, self.columns)}
        if self.decay:
            shapes["decay"] = (*rows, self.depth if self.decay == "rows" else 1)
        if self.step:
            shapes |= {"step": (*rows, self.columns), "rate": (self.groups, self.depth, self.columns)}
        if self.beta:
            shapes["beta"] = (*rows, 1)
        if not self.linear:
            shapes["state"] = (self.batch, self.groups, self.depth, self.columns)
        return shapes


CASES = {}
for type_ in ("f32", "f16", "bf16"):
    for name, options in {
        "plain": {},
        "mamba": dict(heads=1, step=True, columns=100),
        "gates": dict(decay="rows", depth=40, columns=33),
        "retention": dict(decay="one", scale=0.25, depth=32),
        "delta": dict(beta=True, depth=24),
        "gated-delta": dict(beta=True, decay="one", depth=72, columns=9),
        "shared": dict(heads=6, groups=2, decay="rows"),
    }.items():
        CASES[f"{type_}-{name}"] = Case(type=type_, **options)
for depth in (1, 4, 17, 64, 65, 128, 257, 512):
    CASES[f"depth-{depth}"] = Case(depth=depth, tokens=150, decay="rows", columns=5)
for tokens in (0, 1, 16, 127, 128, 129, 256, 257):
    CASES[f"tokens-{tokens}"] = Case(tokens=tokens, step=True, heads=1, batch=1)
    CASES[f"tokens-{tokens}-gates"] = Case(tokens=tokens, decay="rows", heads=1, batch=1, open_sizes=False)
CASES |= {
    "known-sizes": Case(tokens=256, heads=1, columns=128, step=True, open_sizes=False),
    "many-blocks": Case(batch=33, heads=8, tokens=140, columns=3, decay="one", open_sizes=False),
    "state-f16": Case(type="f16", state_type="f16", decay="one"),
    "linear": Case(linear=True, tokens=300, depth=24, columns=40),
    "linear-known": Case(linear=True, tokens=130, depth=64, columns=64, heads=4, groups=2, open_sizes=False),
    "linear-f16": Case(linear=True, type="f16"),
}


def text_of(case):
    def tensor(name, shape):
        sizes = list(shape)
        if case.open_sizes and name != "rate":
            sizes[0] = "?"
            if name != "state":
                sizes[2] = "?"
        return f"tensor<{'x'.join(map(str, sizes))}x{case.state_type if name == 'state' else case.type}>"

    shapes = case.shapes()
    types = {name: tensor(name, shape) for name, shape in shapes.items()}
    result = tensor("result", (*shapes["query"][:3], case.columns))
    head, dims = "", ""
    if case.open_sizes:
        head = (f"  %c0 = arith.constant 0 : index\n  %c2 = arith.constant 2 : index\n"
                f"  %b = tensor.dim %query, %c0 : {types['query']}\n  %t = tensor.dim %query, %c2 : {types['query']}\n")
        dims = "%b, %t"
    arguments = ", ".join(f"%{name}: {type_}" for name, type_ in types.items())
    operands = "ins(%query, %key, %value : " + ", ".join(types[x] for x in ("query", "key", "value")) + ")"
    if case.linear:
        zero = "%zero = arith.constant 0 : index\n  " if case.open_sizes else ""
        offset = " query_offset(%zero)" if case.open_sizes else ""
        return f"""func.func @main({arguments}) -> {result} {{
{head}  %init = tensor.empty({dims}) : {result}
  {zero}%y = attn.attention score linear scale {case.scale} epsilon 1.0e-6 causal {operands}{offset} outs(%init : {result}) -> {result}
  return %y : {result}
}}
"""
    for name in ("decay", "step", "rate", "beta"):
        if name in types:
            operands += f" {name}(%{name} : {types[name]})"
    return f"""func.func @main({arguments}) -> ({result}, {types['state']}) {{
{head}  %init = tensor.empty({dims}) : {result}
  %y, %last = attn.scan scale {case.scale} {operands}
      outs(%init, %state : {result}, {types['state']}) -> {result}, {types['state']}
  return %y, %last : {result}, {types['state']}
}}
"""


def reference(case, numbers):
    """The results, and the magnitude of what rounding errors are relative to."""
    group = case.heads // case.groups
    results = []
    for absolute in (False, True):
        n = {k: np.abs(v) if absolute and k not in ("decay", "rate", "step", "beta") else v for k, v in numbers.items()}
        state = n.get("state", np.zeros((case.batch, case.groups, case.depth, case.columns))).copy()
        sums = np.zeros((case.batch, case.groups, case.depth))
        y = np.zeros((case.batch, case.heads, case.tokens, case.columns))
        for t in range(case.tokens):
            k, v = n["key"][:, :, t], n["value"][:, :, t]
            if case.decay:
                state *= np.exp(n["decay"][:, :, t])[..., None]
            if case.step:
                state *= np.exp(n["step"][:, :, t, None] * n["rate"])
            if case.beta:
                before = np.einsum("bgd,bgde->bge", k, state)
                v = n["beta"][:, :, t] * (v + before if absolute else v - before)
                if absolute:
                    v = np.minimum(v, 4)
            state += k[..., None] * v[..., None, :]
            sums += k
            y[:, :, t] = case.scale * np.einsum("bhd,bhde->bhe", n["query"][:, :, t], np.repeat(state, group, 1))
            if case.linear:
                total = np.einsum("bhd,bhd->bh", n["query"][:, :, t], np.repeat(sums, group, 1))
                y[:, :, t] /= case.scale * total[..., None] + 1e-6
        results.append((y, state))
    return results


def prepare(case, work):
    rows = np.random.default_rng(case.tokens + case.depth)
    arrays, numbers = {}, {}
    for name, shape in case.shapes().items():
        x = rows.standard_normal(shape)
        if name in ("decay", "rate"):
            x = -np.abs(x) * 0.2
        if name in ("step", "beta"):
            x = rows.random(shape)
        if case.linear and name in ("query", "key"):
            x = np.abs(x)
        if case.beta and name == "key":
            x /= np.linalg.norm(x, axis=-1, keepdims=True)
        kind = case.state_type if name == "state" else case.type
        if kind == "bf16":
            arrays[name] = to_bf16(x.astype(np.float32))
            numbers[name] = from_bf16(arrays[name]).astype(np.float64)
        else:
            arrays[name] = x.astype(np.float16 if kind == "f16" else np.float32)
            numbers[name] = arrays[name].astype(np.float64)
    with open(work + ".mlir", "w", encoding="utf-8") as file:
        file.write(text_of(case))
    np.savez(work + ".in.npz", **{f"input{i}": value for i, value in enumerate(arrays.values())})
    return reference(case, numbers)


def check(case, work):
    expected, sizes = prepare(case, work)
    subprocess.run(["tfc", work + ".mlir", "--target=cuda", "-o", work + ".so"], check=True)
    first = None
    for mode in MODES:
        found = run(work + ".so", work + ".in.npz", work + ".out.npz", mode)
        if isinstance(found, str):
            return f"{' '.join(mode)}: {found}"
        found = list(found.values())
        first = first or found
        for i, (mine, before) in enumerate(zip(found, first)):
            if mine.tobytes() != before.tobytes():
                return f"{' '.join(mode)}: result {i} differs from that of another mode"
            kind = case.state_type if i else case.type
            mine = (from_bf16(mine) if kind == "bf16" else mine).astype(np.float64)
            bound = (case.tokens + 8) * 2.0**-22 * sizes[i] + 2 * ROUNDING[kind] * np.abs(expected[i]) + 1e-7
            if mine.shape != expected[i].shape or not (np.abs(mine - expected[i]) <= bound).all():
                return f"{' '.join(mode)}: result {i} differs by {np.abs(mine - expected[i]).max():.3g}"
    return ""


def main(work, *names):
    return report(((name, check(CASES[name], f"{work}.{name}")) for name in names or CASES), "recurrences")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
