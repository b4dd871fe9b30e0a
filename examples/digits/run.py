"""Compiles the example's vision transformer and lets it read handwritten digits.

usage: run.py [--tfc DIR] [--show N]

Compiles vit.onnx with tfc, runs all images of test.npz through tfc-run, shows N
of them with their labels and predictions, and prints the accuracy, how long the
compiler took and how long an image takes, beside onnxruntime where Python has
it. DIR holds tfc and tfc-run (default: build/bin of the checkout).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
SHADES = " .:-=+*#%@"


def show(images, labels, predictions, per_row=6):
    """Prints images side by side as blocks of text."""
    for first in range(0, len(images), per_row):
        row = range(first, min(first + per_row, len(images)))
        for y in range(8):
            line = ""
            for i in row:
                for value in images[i][y]:
                    line += SHADES[int(value) * (len(SHADES) - 1) // 16] * 2
                line += "  "
            print(line.rstrip())
        line = ""
        for i in row:
            mark = "" if labels[i] == predictions[i] else " !"
            line += f"label {labels[i]} -> {predictions[i]}{mark}".ljust(18)
        print(line.rstrip() + "\n")


def run_json(command):
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(out)


def peer_milliseconds(inputs, expected):
    """onnxruntime's median time for the image, and whether it agrees; None without it."""
    try:
        import onnxruntime
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        os.path.join(HERE, "vit.onnx"), options, providers=["CPUExecutionProvider"]
    )
    scores = session.run(None, {"images": inputs})[0]
    one = {"images": inputs[:1]}
    times = []
    for _ in range(300):
        start = time.perf_counter()
        session.run(None, one)
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times[100:])), float(np.abs(scores - expected).max())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tfc", default=os.path.join(HERE, "../../build/bin"), metavar="DIR")
    parser.add_argument("--show", type=int, default=12, metavar="N")
    options = parser.parse_args()
    tfc, tfc_run = (os.path.join(options.tfc, name) for name in ("tfc", "tfc-run"))

    data = np.load(os.path.join(HERE, "test.npz"))
    images, labels = data["images"], data["labels"]
    inputs = images[:, None].astype(np.float32) / 16
    with tempfile.TemporaryDirectory() as work:
        model = os.path.join(work, "vit.so")
        start = time.perf_counter()
        subprocess.run([tfc, os.path.join(HERE, "vit.onnx"), "-o", model], check=True)
        compile_seconds = time.perf_counter() - start
        np.savez(os.path.join(work, "all.npz"), images=inputs)
        np.savez(os.path.join(work, "one.npz"), images=inputs[:1])
        outputs = os.path.join(work, "scores.npz")
        subprocess.run(
            [tfc_run, model, "--inputs", os.path.join(work, "all.npz"), "--outputs", outputs],
            check=True,
        )
        scores = np.load(outputs)["scores"]
        timing = run_json(
            [tfc_run, model, "--inputs", os.path.join(work, "one.npz")]
            + ["--warmup", "100", "--repeat", "200", "--json"]
        )
        size = os.path.getsize(model)
    predictions = scores.argmax(1)
    right = int((predictions == labels).sum())
    # The wrong ones are the interesting ones: show some of both.
    wrong = np.flatnonzero(predictions != labels)[: options.show // 4]
    good = np.flatnonzero(predictions == labels)[: options.show - len(wrong)]
    chosen = np.concatenate([good, wrong])
    show(images[chosen], labels[chosen], predictions[chosen])
    print(f"accuracy      {right} of {len(labels)} held-out images, {100 * right / len(labels):.2f}%")
    print(f"compile time  {compile_seconds:.2f} s, to a library of {size / 1024:.0f} KiB")
    print(f"an image      tfc {1e3 * timing['median_ms']:.1f} us, one thread")
    peer = peer_milliseconds(inputs, scores)
    if peer:
        print(f"              onnxruntime {1e3 * peer[0]:.1f} us (with Python's call), one thread;")
        print(f"              largest difference of a score {peer[1]:.1e}")
    else:
        print("              (onnxruntime is not installed)")
    if right < 0.97 * len(labels):
        sys.exit("error: the accuracy is below 97%: this is a defect of tfc")
    if peer and peer[1] > 1e-4:
        sys.exit("error: the scores are not onnxruntime's: this is a defect of tfc")


if __name__ == "__main__":
    main()
