"""Kernels with a fault in them are caught in the emulator.

usage: cuda_mutants.py WORK [NAME...]

Models are compiled, and the LLVM IR of their kernels is changed in one place: a barrier
left out, a wait for copies that leaves one more group in the air, a loop with a step more
or a step fewer. Some mode of the emulator must catch each: by a message, by other results
than those of the kernels as they are (which other tests compare with numpy), or by a loop
that does not end. Those that nothing can catch are listed with the reason, and that must
be true of them too.
"""

import os
import re
import subprocess
import sys

import numpy as np
import onnx
import onnx.parser
from cuda_attention import Case as Attention
from cuda_attention import prepare as prepare_attention
from cuda_scan import Case as Scan
from cuda_scan import prepare as prepare_scan
from emulated import MODES
from report import report

# Far longer than any of these kernels runs.
TIMEOUT = 20
# So few that a block of decoding has a whole head and a part of the next.
MULTIPROCESSORS = "2"


def attention(**options):
    options = {"heads": 1, **options}
    return lambda work: prepare_attention("mutant", Attention(batch=1, open_sizes=False, **options), work)


def scan(**options):
    return lambda work: prepare_scan(Scan(heads=1, batch=1, open_sizes=False, **options), work)


def from_onnx(text, **shapes):
    def prepare(work):
        onnx.save(onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": 17]>\n{text}'), work + ".onnx")
        rows = np.random.default_rng(1)
        np.savez(work + ".in.npz", **{k: rows.standard_normal(s).astype(np.float32) for k, s in shapes.items()})
    return prepare


MODELS = {
    "attention-f16": attention(type="f16", queries=70, keys=200, size=64),
    "attention-f32": attention(queries=70, keys=255, size=32),
    "attention-tiles": attention(type="f16", queries=130, keys=256, size=32, mask=(1, 1, 130, 256),
                                 pattern=lambda i, j, b, h: (j // 64 != 1) & (i + 90 > j)),
    "attention-sequences": attention(type="f16", sequences=[70, 140, 3], size=32),
    "attention-decode": attention(type="f16", heads=6, queries=2, keys=250, size=64),
    "scan": scan(tokens=300, depth=8, columns=40, decay="rows"),
    "sort": from_onnx("""g (float[1, 4500] x) => (float[1, 700] y, int64[1, 700] i) {
  k = Constant<value = int64[1] {700}>()
  y, i = TopK<axis = 1>(x, k)
}""", x=(1, 4500)),
    "parts": from_onnx("g (float[12, 1024] x, float[1024, 64] w) => (float[12, 64] y) { y = MatMul(x, w) }",
                       x=(12, 1024), w=(1024, 64)),
    "transpose": from_onnx("g (float[50, 70] x) => (float[70, 50] y) { y = Transpose<perm = [1, 0]>(x) }", x=(50, 70)),
}

HIDDEN = "a tile of keys more has none that is seen"
LAST_WAIT = "what is on its way when the loop has ended is read by nobody"
OWN_ROWS = "a warp stores its rows where only it has read queries"
BLOCKS_IN_TURN = "the block counts when it has written; others run before or after it here"
SURVIVORS = {
    "attention-f16: kernel_0 wait 4": LAST_WAIT,
    "attention-f16: kernel_0 barrier 4": OWN_ROWS,
    "attention-f32: kernel_0 wait 3": LAST_WAIT,
    "attention-f32: kernel_0 barrier 3": OWN_ROWS,
    "attention-tiles: kernel_0 wait 4": LAST_WAIT,
    "attention-tiles: kernel_0 barrier 4": OWN_ROWS,
    "attention-sequences: kernel_0 loop 2 more": HIDDEN,
    "attention-sequences: kernel_0 wait 4": LAST_WAIT,
    "attention-sequences: kernel_0 barrier 4": OWN_ROWS,
    "attention-decode: kernel_1 barrier 6": BLOCKS_IN_TURN,
    "parts: kernel_1 wait 2": LAST_WAIT,
    "parts: kernel_1 barrier 2": BLOCKS_IN_TURN,
    "sort: kernel_0 loop 1 more": "it exchanges entries 2^31 apart, which in 32 bits are none",
    "sort: kernel_0 barrier 3": "it is for a block's next row, and there are as many blocks as rows",
}

STEP = r"(%[\w.]+) = add (?:\w+ )*(i\d+) %[\w.]+, (-?\d+)$"
EXIT = r"(%[\w.]+) = icmp (eq|ne) (i\d+) (%[\w.]+), (%[\w.]+|-?\d+)$"


def mutants(text):
    """Names of changes, and the changed texts."""
    lines = text.split("\n")
    steps = {m[1]: int(m[3]) for line in lines if (m := re.match(STEP, line.strip()))}
    kernel, counts = "", {}

    def changed(i, *instead):
        return "\n".join([*lines[:i], *instead, *lines[i + 1:]])

    def number(kind):
        counts[kernel, kind] = counts.get((kernel, kind), 0) + 1
        return f"{kernel} {kind} {counts[kernel, kind]}"

    for i, line in enumerate(lines):
        if match := re.match(r"define .*@(\w+)\(", line):
            kernel = match[1]
        if "call" in line and ("barrier.cta.sync" in line or "bar.warp.sync" in line):
            yield number("barrier" if "cta" in line else "warp barrier"), changed(i)
        elif match := re.search(r"call.*cp\.async\.wait\.group\(i32 (\d+)\)", line):
            yield number("wait"), changed(i, line.replace(f"(i32 {match[1]})", f"(i32 {int(match[1]) + 1})"))
        elif (match := re.match(EXIT, line.strip())) and "exitcond" in match[1] and match[4] in steps:
            result, how, type_, value, end = match.groups()
            name, step = number("loop"), steps[value]
            for what, by in (("fewer", -step), ("more", step)):
                new = f"  %mutated = add {type_} {end}, {by}\n  {result} = icmp {how} {type_} {value}, %mutated"
                yield f"{name} {what}", changed(i, new)


def run(work, kernels, mode):
    """The bytes of all results; or what went wrong, a string."""
    environment = dict(os.environ, TFC_EMULATE=mode[0], TFC_EMULATE_ORDER=mode[1], TFC_EMULATE_KERNELS=kernels,
                       TFC_EMULATE_SMS=MULTIPROCESSORS)
    try:
        done = subprocess.run(["tfc-run", work + ".so", "--inputs", work + ".in.npz", "--outputs", work + ".out.npz",
                               "--emulate"], env=environment, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return "it does not end"
    if done.returncode:
        return done.stderr.strip()
    return b"".join(value.tobytes() for value in np.load(work + ".out.npz").values())


def check(name, work):
    """What is not as it must be, of the model `name`: one line for each mutant."""
    MODELS[name](work)
    model = next(path for path in (work + ".mlir", work + ".onnx") if os.path.exists(path))
    for options in (["-o", work + ".so"], ["--emit=llvm", "-o", work + ".ll"]):
        subprocess.run(["tfc", model, "--target=cuda", *options], check=True)
    with open(work + ".ll", encoding="utf-8") as file:
        text = file.read()
    right = run(work, work + ".ll", MODES[0])
    if isinstance(right, str):
        yield name, right
        return
    for change, changed in mutants(text):
        with open(work + ".mutant.ll", "w", encoding="utf-8") as file:
            file.write(changed)
        caught = next((str(mode) for mode in MODES if run(work, work + ".mutant.ll", mode) != right), "")
        expected = SURVIVORS.get(f"{name}: {change}")
        fault = "" if bool(caught) != bool(expected) else f"is caught, though '{expected}'" if caught else "is not caught"
        yield f"{name}: {change}", fault


def main(work, *names):
    return report((result for name in names or MODELS for result in check(name, f"{work}.{name}")), "mutants")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
