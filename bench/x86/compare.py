"""Times compiled models beside onnxruntime, interleaved in one run.

usage: compare.py [--rounds N] [--threads N,N] [--models NAME:BxS,...] [--json FILE]

For each model and number of threads, in each round: some calls of tfc-run, then
as many of onnxruntime, each the best of its round's calls. Prints both medians
over the rounds, and onnxruntime's time over tfc's: above 1, tfc is faster. The
outputs are compared first.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import numpy as np
import onnxruntime

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import models  # noqa: E402


def peer_session(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def best_of(call, repeat):
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def prepare(name, options):
    """The model file and the library, made where they are missing or old."""
    os.makedirs(options.work, exist_ok=True)
    path = os.path.join(options.work, name + ".onnx")
    library = os.path.join(options.work, name + ".so")
    if not os.path.exists(path):
        models.MODELS[name](path)
    subprocess.run([os.path.join(options.tfc, "tfc"), path, "-o", library], check=True)
    return path, library


def compare(name, batch, sequence, threads, options, path, library):
    inputs = models.inputs_of(name, batch, sequence)
    given = os.path.join(options.work, "inputs.npz")
    found = os.path.join(options.work, "outputs.npz")
    np.savez(given, **inputs)
    command = [os.path.join(options.tfc, "tfc-run"), library, "--inputs", given]
    command += ["--threads", str(threads)]
    subprocess.run(command + ["--outputs", found], check=True)
    session = peer_session(path, threads)
    expected = session.run(None, inputs)
    ours = np.load(found)
    difference = max(
        float(np.abs(ours[output.name] - value).max())
        for output, value in zip(session.get_outputs(), expected)
    )
    call = lambda: session.run(None, inputs)
    repeat = max(3, int(1000 / max(best_of(call, 2), 0.2)))
    tfc_times, peer_times = [], []
    for _ in range(options.rounds):
        # onnxruntime's threads spin for a while after a call.
        time.sleep(0.1)
        out = subprocess.run(
            command + ["--repeat", str(repeat), "--warmup", "2", "--json"],
            check=True, stdout=subprocess.PIPE, text=True,
        ).stdout
        tfc_times.append(json.loads(out)["min_ms"])
        call()
        peer_times.append(best_of(call, repeat))
    ours_ms, peer_ms = float(np.median(tfc_times)), float(np.median(peer_times))
    print(f"{name:10} {batch}x{sequence:<5} {threads} thread{'s' if threads > 1 else ' '}  "
          f"tfc {ours_ms:9.3f} ms  onnxruntime {peer_ms:9.3f} ms  ratio {peer_ms / ours_ms:5.2f}  "
          f"difference {difference:.1e}", flush=True)
    return {"model": name, "batch": batch, "sequence": sequence, "threads": threads,
            "tfc_ms": ours_ms, "onnxruntime_ms": peer_ms, "ratio": peer_ms / ours_ms,
            "difference": difference}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--models", default="minilm:1x32,bert-base:1x128,vit-b16:1x1")
    parser.add_argument("--tfc", default=os.path.join(HERE, "../../build/bin"), metavar="DIR")
    parser.add_argument("--work", default=os.path.join(HERE, "../../build/bench"), metavar="DIR",
                        help="where models are kept (default: build/bench)")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    results, made = [], {}
    for model in options.models.split(","):
        name, sizes = model.split(":")
        batch, sequence = map(int, sizes.split("x"))
        if name not in made:
            made[name] = prepare(name, options)
        for threads in map(int, options.threads.split(",")):
            results.append(compare(name, batch, sequence, threads, options, *made[name]))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
