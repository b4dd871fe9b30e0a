"""Times compiled models beside onnxruntime, OpenVINO and IREE, interleaved in one run.

usage: compare.py [--quick] [--models NAME:BxS,...] [--threads N,N] [--rounds N] [--json FILE]

For each model and number of threads, in each round: some calls of tfc-run, then about as
many of each peer, each the best of its round's calls. Prints a Markdown table of medians
over the rounds (--json has the least times too); the ratio is the best peer's time over
tfc's: above 1, tfc is faster. Outputs are compared first, tfc's and each peer's with those
of the first peer: where they differ by more than f32 explains, the exit code is 1.

`peak` is the share of the multiply-adds, of those that the result needs, that the machine
can do, as measured in the same run (peak.c), and `memory` that of its reads, for models
whose time reading decides. int8 has no share: the peak is that of f32.

BxS is a batch and a length; see ../models.py for the names. A length of -n for `attention`
is one query and n keys. `+padding-free` behind a name compiles with --padding-free, and so
on for other options; a peer with copies of keys and values stands beside `+cache-capacity=N`.
A peer that is not installed, or does not take a model, has a dash, and a line says why:

  python3 -m venv build/bench/peers
  build/bench/peers/bin/pip install -r bench/x86/requirements.txt
  build/bench/peers/bin/python bench/x86/compare.py

A second table is of compiling: seconds, the most memory of tfc's own (../memory.py), and
the bytes of the library beside the weights in it.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
import memory  # noqa: E402
import models  # noqa: E402
import peers  # noqa: E402

QUICK = "minilm:1x32,bert-base:1x128,deit-tiny:1x1,attention:1x1024,gpt2-decode:1x511"
ALL = ("bert-base:1x128,bert-base:1x512,bert-base:8x128,vit-b16:1x1,deit-tiny:1x1,minilm:1x32,"
       "gpt2-decode:1x511,gpt2-decode+cache-capacity=1024:1x511,attention:1x-32768,attention:1x1024,attention:1x4096,"
       "attention-causal-1024:1x1024,attention-causal-4096:1x4096,attention-window:1x2048,"
       "attention-window:1x8192,linear-attention:1x2048,linear-attention:1x8192,"
       "bert-base+padding-free:16x128,bert-base-int8:1x128,poolformer-s12:1x1,gpt2:1x128,"
       "attention-causal:1x1024,attention-operator:1x1024,attention-operator-causal:1x1024")
# Of the greatest element: f32 through many layers, and int8 steps that fall the other way.
TOLERANCE, INT8_TOLERANCE = 1e-4, 0.1


def best_of(call, repeat):
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def prepare(name, options):
    """The model file, made where it is missing, and the library, with what compiling took."""
    plain, *flags = name.split("+")
    path = os.path.join(options.work, plain + ".onnx")
    library = os.path.join(options.work, name + ".so")
    if not os.path.exists(path):
        models.MODELS[plain](path)
    command = [os.path.join(options.tfc, "tfc"), path, "-o", library, *("--" + flag for flag in flags)]
    code, seconds, peak = memory.measure(command)
    if code:
        raise subprocess.CalledProcessError(code, command)
    out = subprocess.run([os.path.join(options.tfc, "tfc-run"), library, "--describe", "--json"], check=True,
                         capture_output=True, text=True).stdout
    weights = json.loads(out)["weights_bytes"]
    return path, library, {"seconds": seconds, "memory_bytes": peak, "weights_bytes": weights,
                           "bytes_beside_weights": os.path.getsize(library) - weights}


def peaks(options):
    """GFLOP/s and GB/s by number of threads."""
    program = os.path.join(options.work, "peak")
    subprocess.run([options.clang, "-O2", "-march=native", "-ffp-contract=fast", os.path.join(HERE, "peak.c"), "-o",
                    program, "-lpthread"], check=True)
    found = {}
    for threads in options.threads:
        out = subprocess.run([program, str(threads)], check=True, capture_output=True, text=True).stdout
        found[threads] = tuple(map(float, out.split()))
    return found


def inputs_of(name, batch, sequence):
    inputs = models.inputs_of(name.split("+")[0], batch, sequence)
    if not name.endswith("+padding-free"):
        return inputs
    lengths = np.random.default_rng(0).integers(16, sequence + 1, batch)
    inputs["attention_mask"] = (np.arange(sequence)[None] < lengths[:, None]).astype(np.int64)
    return inputs


def work_of(name, batch, sequence, inputs):
    """Multiply-adds: of the tokens that there are, where padding is not computed."""
    plain = name.split("+")[0]
    if not name.endswith("+padding-free"):
        return models.multiply_adds(plain, batch, sequence)
    return sum(models.multiply_adds(plain, 1, int(length)) for length in inputs["attention_mask"].sum(1))


def difference(found, expected, inputs):
    """The greatest difference, as a share of the greatest element of an output."""
    worst = 0.0
    for name, value in expected.items():
        gap = np.abs(found[name] - value)
        # What padding gives is nobody's.
        mask = inputs.get("attention_mask")
        if mask is not None and gap.shape[:2] == mask.shape:
            gap = gap[mask != 0]
        worst = max(worst, float(gap.max() / np.abs(value).max()))
    return worst


def open_sessions(path, threads, inputs):
    """Of peers that are installed and take the model, in their order."""
    sessions = {}
    for peer in peers.PEERS:
        if not peers.version(peer):
            continue
        try:
            session = peer(path, threads, inputs)
            session(inputs)
            sessions[peer.name] = session
        except Exception as error:  # Each peer has its own; none may end the run.
            reason = (str(error).splitlines() or [""])[0]
            print(f"{peer.name} does not run {os.path.basename(path)}: {type(error).__name__}: {reason}",
                  file=sys.stderr)
    return sessions


def differences(ours, sessions, inputs):
    """Of tfc and the other peers, to the first one."""
    names = list(sessions)
    if not names:
        return {}
    expected = {name: value.copy() for name, value in sessions[names[0]](inputs).items()}
    found = {"tfc": ours, **{name: sessions[name](inputs) for name in names[1:]}}
    return {name: difference(outputs, expected, inputs) for name, outputs in found.items()}


def time_rounds(command, sessions, inputs, rounds):
    """The best milliseconds of each round, by name."""
    def tfc(count):
        out = subprocess.run(command + ["--repeat", str(count), "--warmup", "2", "--json"], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
        return json.loads(out)["min_ms"]

    def calls(ms):
        return min(max(3, int(800 / ms)), 4000)

    repeat = {name: calls(best_of(lambda: call(inputs), 2)) for name, call in sessions.items()}
    repeat["tfc"] = calls(tfc(1))
    times = {name: [] for name in ("tfc", *sessions)}
    for _ in range(rounds):
        # Threads of the peers spin for a while after a call.
        time.sleep(0.2)
        times["tfc"].append(tfc(repeat["tfc"]))
        for name, call in sessions.items():
            time.sleep(0.2)
            call(inputs)
            times[name].append(best_of(lambda: call(inputs), repeat[name]))
    return times


def compare(name, batch, sequence, threads, options, made):
    path, library, _ = made
    inputs = inputs_of(name, batch, sequence)
    given = os.path.join(options.work, "inputs.npz")
    outputs = os.path.join(options.work, "outputs.npz")
    np.savez(given, **inputs)
    command = [os.path.join(options.tfc, "tfc-run"), library, "--inputs", given, "--threads", str(threads)]
    subprocess.run(command + ["--outputs", outputs], check=True)
    sessions = open_sessions(path, threads, inputs)
    result = {"model": name, "batch": batch, "sequence": sequence, "threads": threads,
              "differences": differences(np.load(outputs), sessions, inputs)}
    times = time_rounds(command, sessions, inputs, options.rounds)
    for which, row in times.items():
        result[which + "_ms"], result[which + "_least_ms"] = float(np.median(row)), min(row)
    ours = result["tfc_ms"]
    if sessions:
        result["ratio"] = min(result[which + "_ms"] for which in sessions) / ours
    result["gflops"] = 2 * work_of(name, batch, sequence, inputs) / ours / 1e6
    peak, bandwidth = options.peaks[threads]
    if "int8" not in name:
        result["share_of_peak"] = result["gflops"] / peak
    read = models.read_bytes(name.split("+")[0], batch, sequence)
    if read:
        result["gbytes_per_second"] = read / ours / 1e6
        result["share_of_bandwidth"] = result["gbytes_per_second"] / bandwidth
    return result


COLUMNS = [("tfc ms", "tfc_ms", ".2f"), *((f"{peer.name} ms", f"{peer.name}_ms", ".2f") for peer in peers.PEERS),
           ("ratio", "ratio", ".2f"), ("GFLOP/s", "gflops", ".0f"), ("peak", "share_of_peak", ".0%"),
           ("GB/s", "gbytes_per_second", ".1f"), ("memory", "share_of_bandwidth", ".0%")]


def print_row(cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def print_result(result):
    cells = [f"{result['model']} {result['batch']}x{result['sequence']}", str(result["threads"])]
    cells += [format(result[key], form) if key in result else "-" for _, key, form in COLUMNS]
    gap = result["differences"].get("tfc")
    print_row(cells + [f"{gap:.0e}" if gap is not None else "-"])


def too_different(result):
    """Prints whose outputs are not those of the first peer."""
    tolerance = INT8_TOLERANCE if "int8" in result["model"] else TOLERANCE
    # Not `>`, which is false of NaN.
    names = [name for name, gap in result["differences"].items() if not gap <= tolerance]
    for name in names:
        print(f"{name} differs by {result['differences'][name]:.0e} on {result['model']}, more than {tolerance:.0e}",
              file=sys.stderr)
    return bool(names)


def print_compilations(made):
    print("\n| model | compile s | memory MB | library beside weights, KB |\n" + "|---" * 4 + "|")
    for name, (_, _, cost) in made.items():
        print_row([name, f"{cost['seconds']:.1f}", f"{cost['memory_bytes'] / 1e6:.0f}",
                   f"{cost['bytes_beside_weights'] / 1e3:.0f}"])


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        lines = dict(line.split(":", 1) for line in file if ":" in line)
    cpu = {key.strip(): value.strip() for key, value in lines.items()}
    widest = next((flag for flag in ("avx512f", "avx2", "sse2") if flag in cpu["flags"].split()), "")
    return f"{cpu['model name']} family {cpu['cpu family']} model {cpu['model']}, {widest}, {os.cpu_count()} CPUs"


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few models and rounds: under two minutes")
    parser.add_argument("--rounds", type=int, help="default: 5, or 2 with --quick")
    parser.add_argument("--threads", default="1,2", help="default: 1,2")
    parser.add_argument("--models", metavar="NAME:BxS,...", help=f"default: {ALL}; with --quick: {QUICK}")
    parser.add_argument("--tfc", default=os.path.join(HERE, "../../build/bin"), metavar="DIR",
                        help="where tfc and tfc-run are (default: build/bin)")
    parser.add_argument("--clang", default="clang-22", help="compiles peak.c (default: clang-22)")
    parser.add_argument("--work", default=os.path.join(HERE, "../../build/bench"), metavar="DIR",
                        help="where models, libraries and what IREE compiled are kept (default: build/bench)")
    parser.add_argument("--json", metavar="FILE", help="write all that was measured")
    options = parser.parse_args()
    options.threads = list(map(int, options.threads.split(",")))
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.models = options.models or (QUICK if options.quick else ALL)
    return options


def main():
    options = parse_options()
    os.makedirs(options.work, exist_ok=True)
    options.peaks = peaks(options)
    versions = {peer.name: peers.version(peer) for peer in peers.PEERS}
    print(machine())
    for threads, (gflops, bandwidth) in options.peaks.items():
        print(f"{threads} thread(s): {gflops:.0f} GFLOP/s of multiply-adds, reads {bandwidth:.1f} GB/s of memory")
    print(", ".join(f"{name} {version or 'is not installed'}" for name, version in versions.items()) + "\n")
    columns = ["model", "threads", *(title for title, _, _ in COLUMNS), "difference"]
    print_row(columns)
    print("|" + "---|" * len(columns))
    results, made = [], {}
    for model in options.models.split(","):
        name, sizes = model.split(":")
        batch, sequence = map(int, sizes.split("x"))
        if name not in made:
            made[name] = prepare(name, options)
        for threads in options.threads:
            results.append(compare(name, batch, sequence, threads, options, made[name]))
            print_result(results[-1])
    print_compilations(made)
    if options.json:
        facts = {"machine": machine(), "versions": versions, "peaks": options.peaks, "results": results,
                 "compilations": {name: cost for name, (_, _, cost) in made.items()}}
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(facts, file, indent=1)
    return int(any([too_different(result) for result in results]))


if __name__ == "__main__":
    sys.exit(main())
