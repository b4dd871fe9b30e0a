"""Runs every pass of tfc that is no target's on functions with operations of others.

usage: check_foreign.py FOREIGN.mlir

The list is what tfc-opt has and mlir-opt has not, so that a new pass is in it. A pass
must succeed, and leave as many operations of the dialect `foreign`, with the attributes
and types that they had. Those that need to be told what to do are told something here;
passes that a target's code is made by have contracts of their own.
"""

import re
import subprocess
import sys

# What a pass is told where it does nothing without.
OPTIONS = {
    "attn-extract": ["heads=0.5"],
    "attn-linformer": ["length=4"],
    "attn-low-rank": ["rank=4"],
    "attn-prune": ["share=0.5"],
    "attn-prune-residual": ["share=0.5"],
    "attn-quantize-weights": ["bits=8"],
    "attn-shrink-heads": ["query-key=4"],
    "attn-sparse-attention": ["top=2"],
    "memory-place-caches": ["capacity=8"],
}
# Refusals of what this module does not have, or is not: no pass may fail otherwise.
REFUSALS = {
    "attn-extract": "heads is given; the model has no|no hidden layers",
    "attn-observe-fit": "expected two functions",
    "attn-pack-tokens": "no attention has a mask",
    "attn-prune": "there are no heads or channels that can go",
    "attn-prune-residual": "the stream of .* cannot lose features",
    "attn-prune-tokens": "expected after, the sites of attentions",
    "attn-quantize": "expected 10 numbers in ranges",
    "attn-verify-contract": "'foreign.noise' op is of a dialect that no target lowers",
    "lower-loops": "expected operands in buffers",
    "memory-place-caches": "no input and output have the names of a cache",
}
ANOTHERS = re.compile(r"(x86|cuda|m7|cortex-m7)(-|$)|convert-attn-to-onnx$")


def passes_of(tool):
    text = subprocess.run([tool, "--help"], capture_output=True, text=True, check=True).stdout
    text = text[text.index("Compiler passes to run"):]
    return set(re.findall(r"^ {6}--([a-z0-9-]+) +-", text, re.M))


def foreign(text):
    # Operands may be other values; attributes, types and number may not.
    return sorted(re.sub(r"%[\w#:]+", "%", line.strip()) for line in text.split("\n") if '"foreign.' in line)


def run(path, name, options):
    pipeline = name + ("{" + " ".join(options) + "}" if options else "")
    for anchor in ("builtin.module({})", "builtin.module(func.func({}))"):
        done = subprocess.run(["tfc-opt", path, "--allow-unregistered-dialect",
                               "--pass-pipeline=" + anchor.format(pipeline)], capture_output=True, text=True)
        if "restricted to" not in done.stderr and "can't run" not in done.stderr:
            break
    return done


def main(path):
    plain = subprocess.run(["tfc-opt", path, "--allow-unregistered-dialect"], capture_output=True, text=True, check=True)
    expected = foreign(plain.stdout)
    names = [name for name in sorted(passes_of("tfc-opt") - passes_of("mlir-opt")) if not ANOTHERS.match(name)]
    faults = 0
    for name in names:
        done = run(path, name, OPTIONS.get(name))
        if done.returncode:
            refused = re.search(REFUSALS.get(name, "$^"), done.stderr) and done.returncode == 1
            if not refused:
                print(f"{name}: {done.stderr.strip()[:300]}")
                faults += 1
        elif foreign(done.stdout) != expected:
            print(f"{name}: changes operations that are not tfc's")
            faults += 1
    print(f"{len(names)} passes, {faults} faults: {' '.join(names)}")
    return 1 if faults or len(names) < 30 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
