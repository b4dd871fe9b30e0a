"""Runs a tiled product, and products with a fault in them, in all modes.

usage: check_matmul.py KERNEL WORK_FOLDER

Prints for each mutant what each mode makes of it: right, wrong numbers, or the
message of the fault.
"""

import itertools
import os
import subprocess
import sys

import numpy as np

M, N, K = 64, 32, 128
WAIT = "  call void @llvm.nvvm.cp.async.wait.group(i32 1)\n"
BARRIER = "  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n"
# Name, what is replaced in the kernel and by what.
MUTANTS = [
    ("unchanged", "", ""),
    ("no barrier", BARRIER, ""),
    ("barrier before the wait", WAIT + BARRIER, BARRIER + WAIT),
    ("a weaker wait", "wait.group(i32 1)", "wait.group(i32 2)"),
    ("no wait", WAIT, ""),
    ("no swizzle of reads", "%105 = xor i64 %103, %104", "%105 = xor i64 %103, 0"),
    ("one tile too few", "%71 = icmp slt i64 %64, 4", "%71 = icmp slt i64 %64, 3"),
    ("one tile too many", "%74 = icmp ult i64 %73, 4", "%74 = icmp ult i64 %73, 5"),
    ("two stages for three", "%70 = phi i64 [ %273, %101 ], [ 2, %3 ]", "%70 = phi i64 [ %273, %101 ], [ 1, %3 ]"),
]


def run(kernel, folder, mode, order, product):
    environment = dict(os.environ, TFC_EMULATE=mode, TFC_EMULATE_ORDER=order)
    out = os.path.join(folder, "c.bin")
    done = subprocess.run(
        [
            *["tfc-launch-kernel", kernel, "--kernel=matmul"],
            *[f"--grid={N // 32},{M // 32}", "--block=64", f"--dump=2={out}"],
            *[f"--arg=f16:{M * K}=@{folder}/a.bin", f"--arg=f16:{K * N}=@{folder}/b.bin"],
            f"--arg=f32:{M * N}=none",
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return done.stderr.strip().split("thread ")[-1]
    # Exact: multiples of 1/64 below 2, whose sums f32 holds.
    found = np.fromfile(out, np.float32).reshape(M, N)
    return "right" if (found == product).all() else "wrong numbers"


def main(kernel, folder):
    os.makedirs(folder, exist_ok=True)
    random = np.random.default_rng(0)
    a, b = (random.integers(-127, 128, s) / 64 for s in ((M, K), (K, N)))
    a.astype(np.float16).tofile(os.path.join(folder, "a.bin"))
    b.astype(np.float16).tofile(os.path.join(folder, "b.bin"))
    with open(kernel, encoding="utf-8") as file:
        text = file.read()
    path = os.path.join(folder, "mutant.ll")
    for name, old, new in MUTANTS:
        assert old in text, name
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new, 1) if old else text)
        for mode, order in itertools.product(("eager", "lazy"), ("forward", "backward")):
            print(f"{name}, {mode} {order}: {run(path, folder, mode, order, a @ b)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
