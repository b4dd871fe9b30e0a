"""Compiles models to PTX and has ptxas accept it, without spills.

usage: check_ptx.py ZOO WORK PTXAS [NAME...] [OPTION...]

Each folder of ZOO holds model.onnx. One is compiled for sm_80, the next for sm_90, then
one for sm_120, and so on; those that are named, for all three, with the options of tfc.
"""

import os
import re
import subprocess
import sys

ARCHITECTURES = ("sm_80", "sm_90", "sm_120")


def check(model, work, ptxas, arch, options):
    ptx = work + ".ptx"
    done = subprocess.run(["tfc", model, "--target=cuda", f"-mcpu={arch}", "--emit=ptx", "-o", ptx, *options],
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        return done.stderr.strip()
    done = subprocess.run([ptxas, "-v", f"-arch={arch}", ptx, "-o", work + ".cubin"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        return done.stdout.strip()
    kernels = re.findall(r"Function properties for (\S+)\n.*?(\d+) bytes spill stores", done.stdout)
    spilling = [name for name, spilled in kernels if int(spilled)]
    return f"{', '.join(spilling)} of {len(kernels)} kernels spill" if spilling or not kernels else ""


def main(zoo, work, ptxas, *arguments):
    options = [a for a in arguments if a.startswith("--")]
    names = sorted(n for n in os.listdir(zoo) if os.path.exists(os.path.join(zoo, n, "model.onnx")))
    pairs = [(name, ARCHITECTURES[i % len(ARCHITECTURES)]) for i, name in enumerate(names)]
    if len(options) < len(arguments):
        names = [a for a in arguments if a not in options]
        pairs = [(name, arch) for name in names for arch in ARCHITECTURES]
    faults = 0
    for name, arch in pairs:
        message = check(os.path.join(zoo, name, "model.onnx"), work, ptxas, arch, options)
        if message:
            print(f"{name}, {arch}: {message}")
            faults += 1
    print(f"{len(names)} models, {faults} faults")
    return 1 if faults or not names else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
