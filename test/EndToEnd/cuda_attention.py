"""Attention compiled for CUDA against its definition in numpy, in the emulator.

usage: cuda_attention.py WORK [NAME...]

Each case is an attn.attention with sizes that fit no tile, or that do; queries, keys
and values are random. The reference is computed in float64 from the same numbers.
Tolerances: results are means of values of magnitude 1 with weights that sum to 1. In
f32 a weight is off by some roundings of 2^-24 and by its exponential's 2^-22 times the
score's size, which is below 8 here. In f16 weights are rounded to 2^-11 before they
are multiplied, and the result again; in bf16 to 2^-8.
"""

import subprocess
import sys

import numpy as np
from emulated import MODES, run
from report import report

TOLERANCES = {"f32": 2e-5, "f16": 4e-3, "bf16": 3e-2}


class Case:
    def __init__(self, batch=2, heads=2, key_heads=None, queries=37, keys=75, size=16, value_size=None, type="f32",
                 attributes="", scale=0.3, bias=None, mask=None, lengths=None, offset=None, open_sizes=True,
                 matmul="f32", open_queries=True, multiprocessors=108, sequences=None, hidden=None,
                 pattern=None, key_blocks=None):
        if sequences:
            batch, queries, keys = 1, sum(sequences), sum(sequences)
        self.sequences, self.hidden = sequences, hidden
        # Of i, j, batch and head, whether a mask, a constant then, is true; all of a list of blocks.
        self.pattern, self.key_blocks = pattern, key_blocks
        self.batch, self.heads, self.key_heads = batch, heads, key_heads or heads
        self.queries, self.keys, self.size, self.value_size = queries, keys, size, value_size or size
        self.type, self.attributes, self.scale = type, attributes, scale
        self.bias, self.mask, self.lengths, self.offset = bias, mask, lengths, offset
        self.open_sizes, self.open_queries = open_sizes, open_sizes and open_queries
        self.multiprocessors, self.matmul = multiprocessors, matmul

    def number(self, name):
        words = self.attributes.split()
        return float(words[words.index(name) + 1]) if name in words else None


CASES = {}
for type_ in ("f32", "f16", "bf16"):
    for size in (8, 24, 32, 64, 80, 128, 256):
        CASES[f"{type_}-{size}"] = Case(type=type_, size=size, queries=33, keys=70)
    for name, options in {
        "causal": dict(attributes="causal", queries=150, keys=150, size=32),
        "causal-cache": dict(attributes="causal", queries=9, keys=140),
        "causal-offset": dict(attributes="causal", queries=40, keys=140, offset=30),
        "window": dict(attributes="left_window 20 right_window 9", queries=200, keys=200),
        "causal-window": dict(attributes="causal left_window 70", queries=300, keys=300, size=32),
        "global": dict(attributes="left_window 4 right_window 4 global 3", queries=90, keys=90),
        # Values of tiles that no query sees are NaN, which would show if they were weighed by 0.
        "causal-hidden": dict(attributes="causal", queries=20, keys=400, offset=30, hidden=(192, 400)),
        "window-hidden": dict(attributes="left_window 9 right_window 9", queries=20, keys=700, offset=300,
                              hidden=(448, 700)),
        "global-many": dict(attributes="left_window 30 right_window 9 global 70", queries=300, keys=700),
        "global-hidden": dict(attributes="left_window 9 right_window 9 global 3", queries=20, keys=700,
                              hidden=(64, 640)),
        "global-causal-hidden": dict(attributes="causal left_window 40 global 70", queries=30, keys=700,
                                     hidden=(128, 576)),
        "shared-keys": dict(heads=6, key_heads=2),
        "sizes-differ": dict(size=64, value_size=32),
        "values-larger": dict(size=16, value_size=64),
        "values-largest": dict(size=8, value_size=256),
        "bias": dict(bias=(1, 2, 37, 75)),
        "bias-row": dict(bias=(2, 1, 1, 75)),
        "mask": dict(mask=(2, 1, 1, 75)),
        "mask-number": dict(mask=(2, 1, 37, 75), attributes="masked_score -65504.0"),
        "mask-nothing-seen": dict(mask=(2, 1, 37, 75), attributes="zero_masked_rows"),
        "lengths": dict(lengths=[3, 71]),
        "softcap": dict(attributes="softcap 2.0"),
        "sequences": dict(sequences=[5, 0, 1, 64, 30]),
        "sequences-causal": dict(sequences=[70, 33, 2], attributes="causal left_window 20", heads=4, key_heads=2),
        # Tiles that end with their sequence, one of a token more, and sequences of several tiles.
        "sequences-tiles": dict(sequences=[128, 64, 0, 0, 129, 300, 127], size=64, attributes="softcap 3.0 causal"),
        # More than a warp looks at in one step; the blocks of the last ones begin long after their tokens.
        "sequences-many": dict(sequences=[1, 0, 2, 3, 1, 0, 0] * 12, heads=1),
        "sequences-one": dict(sequences=[150], heads=1, size=24, value_size=80),
        "sequences-known": dict(sequences=[9, 40, 15], size=64, open_sizes=False),
        "sequences-128": dict(sequences=[33, 150, 128], size=128, heads=1),
        "sequences-256": dict(sequences=[140, 17], size=256, heads=1),
        "sequences-empty": dict(sequences=[0, 0]),
        # Constant masks, of which tiles are listed: those that are seen whole, those in part and
        # those not at all, which hold NaN where keys are `hidden`.
        "tiles-strided": dict(mask=(1, 1, 300, 450), queries=300, keys=450, open_sizes=False,
                              pattern=lambda i, j, b, h: (abs(i + 150 - j) < 70) | (j // 32 % 9 == 0)),
        "tiles-hidden": dict(mask=(1, 1, 130, 512), queries=130, keys=512, open_sizes=False, hidden=(64, 384),
                             pattern=lambda i, j, b, h: ((j < 64) | (j >= 384)) & ((i < 128) | (j > 500))),
        "tiles-last": dict(mask=(1, 1, 150, 200), queries=150, keys=200, open_sizes=False, hidden=(0, 192),
                           pattern=lambda i, j, b, h: (j >= 192) & (i >= 0)),
        "tiles-blocks": dict(mask=(1, 1, 4, 8), queries=256, keys=512, size=64, open_sizes=False,
                             attributes="mask_block 64", hidden=(192, 256),
                             pattern=lambda i, j, b, h: ((i + j) % 3 == 0) & (j != 3) | (i == j) & (i != 3) | (j == 7)),
        "tiles-blocks-over": dict(mask=(1, 1, 5, 11), queries=90, keys=213, open_sizes=False,
                                  attributes="mask_block 20", pattern=lambda i, j, b, h: (i * 7 + j) % 5 < 2),
        "tiles-heads": dict(mask=(2, 3, 140, 300), heads=3, key_heads=1, queries=140, keys=300, open_sizes=False,
                            pattern=lambda i, j, b, h: (j // 64 + h + 2 * b + i // 64) % 3 == 0),
        "tiles-batches": dict(mask=(3, 1, 1, 300), batch=3, queries=140, keys=300, open_sizes=False,
                              pattern=lambda i, j, b, h: (j // 64) % 3 == b),
        "tiles-rows": dict(mask=(1, 2, 300, 1), queries=300, keys=130, open_sizes=False, attributes="zero_masked_rows",
                           pattern=lambda i, j, b, h: i // 128 % 2 == h),
        "tiles-causal": dict(mask=(1, 1, 200, 330), queries=200, keys=330, open_sizes=False, attributes="causal",
                             pattern=lambda i, j, b, h: (j // 64 % 2 == 0) | (i + 130 == j)),
        "tiles-window": dict(mask=(1, 1, 300, 300), queries=300, keys=300, open_sizes=False,
                             attributes="left_window 90 right_window 9 global 3",
                             pattern=lambda i, j, b, h: (j // 8 % 2 == 0) | (i == j)),
        "tiles-offset": dict(mask=(1, 1, 100, 300), queries=100, keys=300, open_sizes=False, offset=120,
                             attributes="causal", pattern=lambda i, j, b, h: (j // 64 != 1) & (i >= 0)),
        "tiles-lengths": dict(mask=(1, 1, 90, 300), queries=90, keys=300, open_sizes=False, lengths=[40, 290],
                              pattern=lambda i, j, b, h: (j // 64 != 2) & (i >= 0)),
        "tiles-bias": dict(mask=(1, 1, 90, 300), bias=(1, 2, 90, 300), queries=90, keys=300, open_sizes=False,
                           hidden=(64, 192), pattern=lambda i, j, b, h: ((j < 64) | (j >= 192)) & (i >= 0)),
        "tiles-open-keys": dict(mask=(1, 1, 60, 200), queries=60, keys=200, open_queries=False,
                                pattern=lambda i, j, b, h: (j // 64 != 1) & (i >= 0)),
        "key-blocks": dict(key_blocks=[[0, 4, 1], [3, 1, 0], [0, 4, 3], [1, 3, 4]], queries=256, keys=320,
                           open_sizes=False, attributes="block_size 64", hidden=(128, 192)),
        "key-blocks-twice": dict(key_blocks=[[0, 1, 1], [3, 1, 0]], queries=32, keys=64, open_sizes=False,
                                 attributes="block_size 16"),
        "one-query": dict(queries=1, keys=129),
        "one-key": dict(queries=65, keys=1),
        "known-sizes": dict(queries=64, keys=64, size=64, open_sizes=False),
    }.items():
        CASES[f"{type_}-{name}"] = Case(type=type_, **options)
    # Few queries, whose number is known: keys are dealt to all multiprocessors. With few of
    # those, ranges have parts of several heads; with many, heads are parts of several ranges.
    for name, options in {
        "one-key": dict(keys=1),
        "tile": dict(keys=64, batch=1),
        "long": dict(batch=1, heads=2, keys=5000, size=64),
        "few-ranges": dict(batch=3, heads=3, keys=700, multiprocessors=2),
        "some-ranges": dict(batch=2, heads=4, key_heads=2, queries=3, keys=1300, size=32, multiprocessors=7),
        "one-head": dict(batch=1, heads=1, keys=3000, size=128),
        # Five parts, where four are merged at a time.
        "a-part-over": dict(batch=1, heads=1, keys=320),
        "group-4": dict(heads=8, key_heads=2, keys=300, size=64, multiprocessors=5),
        "group-8": dict(batch=1, heads=8, key_heads=1, queries=3, keys=900, size=80),
        "queries-8": dict(batch=6, heads=2, queries=8, keys=200, size=24, multiprocessors=11),
        "queries-8-group": dict(batch=1, heads=8, key_heads=2, queries=8, keys=333, multiprocessors=4),
        "size-256": dict(heads=3, key_heads=1, queries=2, keys=150, size=256),
        "values-larger": dict(size=8, value_size=256, keys=150),
        "keys-larger": dict(size=256, value_size=8, keys=150),
        "lengths": dict(batch=6, lengths=[0, 1, 500, 64, 65, 333], attributes="zero_masked_rows", keys=500,
                        heads=4, key_heads=2, multiprocessors=5),
        "lengths-long": dict(batch=3, lengths=[2000, 3, 0], attributes="zero_masked_rows", keys=2000, queries=3),
        "causal": dict(attributes="causal", queries=8, keys=600, multiprocessors=6),
        "causal-offset": dict(attributes="causal", queries=3, keys=600, offset=100, multiprocessors=3),
        "window": dict(attributes="causal left_window 150", queries=5, keys=900, multiprocessors=2),
        "global": dict(attributes="left_window 4 right_window 4 global 3", queries=6, keys=290),
        "bias": dict(bias=(1, 4, 3, 290), heads=4, key_heads=2, queries=3, keys=290, multiprocessors=4),
        "mask": dict(mask=(2, 4, 2, 290), heads=4, key_heads=2, queries=2, keys=290, multiprocessors=4),
        "mask-number": dict(mask=(2, 1, 3, 290), queries=3, keys=290, attributes="masked_score -65504.0"),
        "softcap": dict(attributes="softcap 2.0", keys=290),
        "known-sizes": dict(keys=400, open_sizes=False),
    }.items():
        CASES[f"{type_}-decode-{name}"] = Case(
            type=type_, **{"queries": 1, "open_queries": False, **options})
for name in ("64", "causal", "window", "bias", "mask-number", "lengths", "shared-keys"):
    CASES[f"by-halves-{name}"] = Case(**{**vars(CASES[f"f32-{name}"]), "matmul": "f16"})


def text_of(case, lengths):
    """The function, and the types of its inputs."""
    t = case.type
    open_, b = case.open_sizes, case.batch

    def tensor(heads, rows, size, is_open=open_):
        rows = "?" if is_open else rows
        return f"tensor<{'?' if open_ else b}x{heads}x{rows}x{size}x{t}>"

    q = tensor(case.heads, case.queries, case.size, case.open_queries)
    k = tensor(case.key_heads, case.keys, case.size)
    v = tensor(case.key_heads, case.keys, case.value_size)
    o = tensor(case.heads, case.queries, case.value_size, case.open_queries)
    arguments, operands = [f"%q: {q}", f"%k: {k}", f"%v: {v}"], ""
    if case.bias:
        shape = "x".join(map(str, case.bias))
        arguments.append(f"%bias: tensor<{shape}x{t}>")
        operands += f" bias(%bias : tensor<{shape}x{t}>)"
    head = ""
    if case.mask:
        shape = "x".join(map(str, case.mask))
        if case.pattern:
            values = str(truths(case).tolist()).lower()
            head = f"  %mask = arith.constant dense<{values}> : tensor<{shape}xi1>\n"
        else:
            arguments.append(f"%mask: tensor<{shape}xi1>")
        operands += f" mask(%mask : tensor<{shape}xi1>)"
    if case.lengths:
        arguments.append(f"%lengths: tensor<{'?' if open_ else b}xi64>")
        operands += f" key_lengths(%lengths : tensor<{'?' if open_ else b}xi64>)"
    if case.sequences:
        arguments.append("%sequences: tensor<?xi64>")
        operands += " sequences(%sequences : tensor<?xi64>)"
    if case.key_blocks:
        shape = f"{len(case.key_blocks)}x{len(case.key_blocks[0])}"
        head = f"  %blocks = arith.constant dense<{case.key_blocks}> : tensor<{shape}xi64>\n"
        operands += f" key_blocks(%blocks : tensor<{shape}xi64>)"
    if case.offset is not None:
        head += f"  %offset = arith.constant {case.offset} : index\n"
        operands += " query_offset(%offset)"
    dims = ""
    if open_:
        head += (f"  %c0 = arith.constant 0 : index\n  %c2 = arith.constant 2 : index\n"
                 f"  %b = tensor.dim %q, %c0 : {q}\n  %s = tensor.dim %q, %c2 : {q}\n")
        dims = "%b, %s" if case.open_queries else "%b"
    return f"""func.func @main({', '.join(arguments)}) -> {o} {{
{head}  %init = tensor.empty({dims}) : {o}
  %y = attn.attention scale {case.scale} {case.attributes} ins(%q, %k, %v : {q}, {k}, {v}){operands} outs(%init : {o}) -> {o}
  return %y : {o}
}}
"""


def truths(case):
    """The constant mask of a case."""
    b, h, i, j = np.indices(case.mask, sparse=True)
    return np.broadcast_to(case.pattern(i, j, b, h), case.mask)


def to_bf16(x):
    bits = x.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16).view("V2")


def from_bf16(x):
    return (x.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


def reference(case, q, k, v, bias, mask, lengths):
    group = case.heads // case.key_heads
    k, v = np.repeat(k, group, 1), np.repeat(v, group, 1)
    scores = case.scale * np.einsum("bhsd,bhtd->bhst", q, k)
    if cap := case.number("softcap"):
        scores = cap * np.tanh(scores / cap)
    if bias is not None:
        scores = scores + bias
    offset = case.keys - case.queries if case.offset is None else case.offset
    p, j = np.arange(case.queries)[:, None] + offset, np.arange(case.keys)[None]
    seen = np.ones((case.batch, 1, case.queries, case.keys), bool)
    window = np.ones((case.queries, case.keys), bool)
    if (left := case.number("left_window")) is not None:
        window &= j >= p - left
    if (right := case.number("right_window")) is not None:
        window &= j <= p + right
    if (globals_ := case.number("global")) is not None:
        window |= (j < globals_) | (p < globals_)
    seen &= window
    if "causal" in case.attributes.split():
        seen &= j <= p
    if lengths is not None:
        seen &= j < np.array(lengths)[:, None, None, None]
    if mask is not None:
        if (block := case.number("mask_block")) is not None:
            mask = mask.repeat(int(block), 2).repeat(int(block), 3)[:, :, :case.queries, :case.keys]
        seen = seen & mask
    if case.key_blocks:
        # A block that is listed twice counts twice.
        size = int(case.number("block_size"))
        times = np.zeros((case.queries // size, case.keys // size))
        for row, blocks in zip(times, case.key_blocks):
            np.add.at(row, blocks, 1)
        times = times.repeat(size, 0).repeat(size, 1)
        with np.errstate(divide="ignore"):
            scores = scores + np.log(times)
        seen = seen & (times > 0)
    if case.sequences:
        number = np.repeat(np.arange(len(case.sequences)), case.sequences)
        seen = seen & (number[:, None] == number)
    hidden = case.number("masked_score")
    scores = np.where(seen, scores, -np.inf if hidden is None else hidden)
    with np.errstate(invalid="ignore"):
        weights = np.exp(scores - scores.max(-1, keepdims=True, initial=-np.inf))
        weights /= weights.sum(-1, keepdims=True)
    if "zero_masked_rows" in case.attributes:
        weights = np.where(seen.any(-1, keepdims=True), weights, 0)
    # Values that nobody sees may be NaN.
    v = np.where(seen.any((0, 1, 2))[:, None], v, 0) if case.pattern or case.key_blocks else v
    return np.einsum("bhst,bhtd->bhsd", weights, v)


def prepare(name, case, work):
    """Writes WORK.mlir and WORK.in.npz; returns what must come out."""
    rows = np.random.default_rng(len(name))
    arrays, numbers = {}, {}

    def random(shape):
        x = rows.standard_normal(shape).astype(np.float32)
        if case.type == "bf16":
            return to_bf16(x), from_bf16(to_bf16(x)).astype(np.float64)
        x = x.astype(np.float16 if case.type == "f16" else np.float32)
        return x, x.astype(np.float64)

    shapes = {"q": (case.batch, case.heads, case.queries, case.size),
              "k": (case.batch, case.key_heads, case.keys, case.size),
              "v": (case.batch, case.key_heads, case.keys, case.value_size)}
    if case.bias:
        shapes["bias"] = case.bias
    for key, shape in shapes.items():
        arrays[key], numbers[key] = random(shape)
    mask = None
    if case.pattern:
        mask = truths(case)
    elif case.mask:
        mask = rows.random(case.mask) < 0.6
        mask[0, :, 0] = False if "zero_masked" in case.attributes or "masked_score" in case.attributes else True
        arrays["mask"] = mask
    if case.lengths:
        arrays["lengths"] = np.array(case.lengths, np.int64)
    if case.sequences:
        arrays["sequences"] = np.cumsum([0, *case.sequences]).astype(np.int64)
    if case.hidden:
        arrays["v"][:, :, slice(*case.hidden)] = b"\xff\xff" if case.type == "bf16" else np.nan
    expected = reference(case, numbers["q"], numbers["k"], numbers["v"], numbers.get("bias"), mask, case.lengths)
    with open(work + ".mlir", "w", encoding="utf-8") as file:
        file.write(text_of(case, case.lengths))
    np.savez(work + ".in.npz", **{f"input{i}": value for i, value in enumerate(arrays.values())})
    return expected


def check(name, case, work):
    expected = prepare(name, case, work)
    subprocess.run(["tfc", work + ".mlir", "--target=cuda", f"--matmul={case.matmul}", "-o", work + ".so"], check=True)
    for mode in MODES:
        found = run(work + ".so", work + ".in.npz", work + ".out.npz", mode, case.multiprocessors)
        if isinstance(found, str):
            return f"{' '.join(mode)}: {found}"
        found = next(iter(found.values()))
        found = from_bf16(found) if case.type == "bf16" else found
        gap = np.abs(found.astype(np.float64) - expected)
        if not gap.max(initial=0) <= TOLERANCES["f16" if case.matmul == "f16" else case.type]:
            return f"{' '.join(mode)}: differs by {gap.max():.3g}"
    return ""


def main(work, *names):
    return report(((name, check(name, CASES[name], f"{work}.{name}")) for name in names or CASES), "cases")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
