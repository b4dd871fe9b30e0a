"""Times compiled models beside onnxruntime and OpenVINO, interleaved in one run.

usage: compare.py [--quick] [--models NAME:BxS,...] [--threads N,N] [--rounds N] [--json FILE]

For each model and number of threads, in each round: some calls of tfc-run, then about as
many of each peer, each the best of its round's calls. Prints a Markdown table of medians
over the rounds; the ratio is the best peer's time over tfc's: above 1, tfc is faster.
`peak` is the share of the multiply-adds, of those that the result needs, that the machine
can do, as measured in the same run (peak.c). Outputs are compared first.

BxS is a batch and a length; see ../models.py for the names. A length of -n for `attention`
is one query and n keys. `+padding-free` behind a name compiles with --padding-free.
A peer that is not installed has no column:

  python3 -m venv build/bench/peers
  build/bench/peers/bin/pip install -r bench/x86/requirements.txt
  build/bench/peers/bin/python bench/x86/compare.py
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import models  # noqa: E402

QUICK = "minilm:1x32,bert-base:1x128,deit-tiny:1x1,attention:1x1024,gpt2-decode:1x511"
ALL = ("bert-base:1x128,bert-base:1x512,bert-base:8x128,vit-b16:1x1,deit-tiny:1x1,minilm:1x32,"
       "gpt2-decode:1x511,attention:1x-32768,attention:1x1024,attention:1x4096,"
       "attention-causal-1024:1x1024,attention-causal-4096:1x4096,attention-window-2048:1x2048,"
       "attention-window-8192:1x8192,linear-attention:1x2048,linear-attention:1x8192,"
       "bert-base+padding-free:16x128")


class Onnxruntime:
    name = "onnxruntime"

    def __init__(self, path, threads):
        module = importlib.import_module("onnxruntime")
        options = module.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = module.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.names = [output.name for output in self.session.get_outputs()]

    def __call__(self, inputs):
        return dict(zip(self.names, self.session.run(None, inputs)))


class OpenVino:
    name = "openvino"

    def __init__(self, path, threads):
        module = importlib.import_module("openvino")
        self.model = module.Core().compile_model(path, "CPU", {
            "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"})
        self.request = self.model.create_infer_request()

    def __call__(self, inputs):
        result = self.request.infer(inputs, share_inputs=True, share_outputs=True)
        return {key.get_any_name(): value for key, value in result.items()}


PEERS = [Onnxruntime, OpenVino]


def peers():
    found = []
    for peer in PEERS:
        try:
            importlib.import_module(peer.name)
            found.append(peer)
        except ImportError as error:
            print(f"{peer.name} is not compared with: {error}", file=sys.stderr)
    return found


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
    plain, *flags = name.split("+")
    path = os.path.join(options.work, plain + ".onnx")
    library = os.path.join(options.work, name + ".so")
    if not os.path.exists(path):
        models.MODELS[plain](path)
    start = time.perf_counter()
    subprocess.run([os.path.join(options.tfc, "tfc"), path, "-o", library, *("--" + flag for flag in flags)], check=True)
    return path, library, time.perf_counter() - start


def peaks(options):
    """GFLOP/s and GB/s by number of threads."""
    program = os.path.join(options.work, "peak")
    os.makedirs(options.work, exist_ok=True)
    subprocess.run([options.clang, "-O2", "-march=native", "-ffp-contract=fast", os.path.join(HERE, "peak.c"), "-o",
                    program, "-lpthread"], check=True)
    found = {}
    for threads in options.threads:
        out = subprocess.run([program, str(threads)], check=True, capture_output=True, text=True).stdout
        found[threads] = tuple(map(float, out.split()))
    return found


def inputs_of(name, batch, sequence):
    if not name.endswith("+padding-free"):
        return models.inputs_of(name, batch, sequence)
    inputs = models.inputs_of(name.split("+")[0], batch, sequence)
    lengths = np.random.default_rng(0).integers(16, sequence + 1, batch)
    inputs["attention_mask"] = (np.arange(sequence)[None] < lengths[:, None]).astype(np.int64)
    return inputs


def work_of(name, batch, sequence, inputs):
    """Multiply-adds: of the tokens that there are, where padding is not computed."""
    plain = name.split("+")[0]
    if name == plain:
        return models.multiply_adds(name, batch, sequence)
    return sum(models.multiply_adds(plain, 1, int(length)) for length in inputs["attention_mask"].sum(1))


def difference(found, expected, inputs):
    worst = 0.0
    for name, value in expected.items():
        gap = np.abs(found[name] - value)
        # What padding gives is nobody's.
        mask = inputs.get("attention_mask")
        if mask is not None and gap.shape[:2] == mask.shape:
            gap = gap[mask != 0]
        worst = max(worst, float(gap.max()))
    return worst


def compare(name, batch, sequence, threads, options, made, found_peers):
    path, library, _ = made
    inputs = inputs_of(name, batch, sequence)
    given = os.path.join(options.work, "inputs.npz")
    outputs = os.path.join(options.work, "outputs.npz")
    np.savez(given, **inputs)
    command = [os.path.join(options.tfc, "tfc-run"), library, "--inputs", given, "--threads", str(threads)]
    subprocess.run(command + ["--outputs", outputs], check=True)
    sessions = [peer(path, threads) for peer in found_peers]
    gap = difference(np.load(outputs), sessions[0](inputs), inputs) if sessions else float("nan")
    repeat = [max(3, int(800 / max(best_of(lambda: call(inputs), 2), 0.2))) for call in sessions]
    times = [[] for _ in range(1 + len(sessions))]
    for _ in range(options.rounds):
        # Threads of the peers spin for a while after a call.
        time.sleep(0.2)
        out = subprocess.run(command + ["--repeat", str(max(repeat, default=20)), "--warmup", "2", "--json"],
                             check=True, stdout=subprocess.PIPE, text=True).stdout
        times[0].append(json.loads(out)["min_ms"])
        for call, count, row in zip(sessions, repeat, times[1:]):
            time.sleep(0.2)
            call(inputs)
            row.append(best_of(lambda: call(inputs), count))
    median = [float(np.median(row)) for row in times]
    gflops = 2 * work_of(name, batch, sequence, inputs) / median[0] / 1e6
    result = {"model": name, "batch": batch, "sequence": sequence, "threads": threads, "tfc_ms": median[0],
              "tfc_least_ms": min(times[0]), "difference": gap, "gflops": gflops,
              "share_of_peak": gflops / options.peaks[threads][0]}
    for peer, ms in zip(found_peers, median[1:]):
        result[peer.name + "_ms"] = ms
    if sessions:
        result["ratio"] = min(median[1:]) / median[0]
    print("| " + " | ".join([f"{name} {batch}x{sequence}", str(threads), *(f"{ms:.2f}" for ms in median),
                             f"{result['ratio']:.2f}" if sessions else "", f"{gflops:.0f}",
                             f"{result['share_of_peak']:.0%}", f"{gap:.0e}"]) + " |", flush=True)
    return result


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        lines = dict(line.split(":", 1) for line in file if ":" in line)
    cpu = {key.strip(): value.strip() for key, value in lines.items()}
    widest = next((flag for flag in ("avx512f", "avx2", "sse2") if flag in cpu["flags"].split()), "")
    return f"{cpu['model name']} family {cpu['cpu family']} model {cpu['model']}, {widest}, {os.cpu_count()} CPUs"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few models and rounds: under two minutes")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--models")
    parser.add_argument("--tfc", default=os.path.join(HERE, "../../build/bin"), metavar="DIR")
    parser.add_argument("--clang", default="clang-22")
    parser.add_argument("--work", default=os.path.join(HERE, "../../build/bench"), metavar="DIR",
                        help="where models are kept (default: build/bench)")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    options.threads = list(map(int, options.threads.split(",")))
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.peaks = peaks(options)
    found_peers, results, made = peers(), [], {}
    versions = {peer.name: importlib.import_module(peer.name).__version__ for peer in found_peers}
    print(machine())
    for threads, (gflops, bandwidth) in options.peaks.items():
        print(f"{threads} thread(s): {gflops:.0f} GFLOP/s of multiply-adds, reads {bandwidth:.1f} GB/s of memory")
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    columns = ["model", "threads", "tfc ms", *(f"{peer.name} ms" for peer in found_peers), "ratio", "GFLOP/s", "peak",
               "difference"]
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    for model in (options.models or (QUICK if options.quick else ALL)).split(","):
        name, sizes = model.split(":")
        batch, sequence = map(int, sizes.split("x"))
        if name not in made:
            made[name] = prepare(name, options)
        for threads in options.threads:
            results.append(compare(name, batch, sequence, threads, options, made[name], found_peers))
    if options.json:
        facts = {"machine": machine(), "versions": versions, "peaks": options.peaks, "results": results,
                 "compile_seconds": {name: seconds for name, (_, _, seconds) in made.items()}}
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(facts, file, indent=1)


if __name__ == "__main__":
    main()
