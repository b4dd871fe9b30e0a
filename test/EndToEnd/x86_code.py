"""Code for the x86-64 CPUs that a test's machine can stand for."""

import subprocess

import numpy as np

# Names for -mcpu, and what of this machine's features says that it runs them.
CPUS = {"x86-64-v2": "sse4_2", "x86-64-v3": "avx2", "x86-64-v4": "avx512f"}
WITH_VNNI = {"icelake-server": "avx512_vnni"}


def here(cpus=None):
    """Those of `cpus` that this machine is like."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = next(line for line in file if line.startswith("flags")).split()
    return [cpu for cpu, feature in (cpus or CPUS).items() if feature in flags]


def outputs(source, work, cpu):
    """What the file `source`, compiled for `cpu`, makes of the inputs in `work`.in.npz: the
    outputs by name; None where one thread and three do not give the same bits."""
    subprocess.run(["tfc", source, f"-mcpu={cpu}", "-o", work + ".so"], check=True)
    results = []
    for threads in ("1", "3"):
        subprocess.run(["tfc-run", work + ".so", "--threads", threads, "--inputs", work + ".in.npz",
                        "--outputs", work + ".out.npz"], check=True)
        results.append(dict(np.load(work + ".out.npz")))
    one, three = results
    return one if all(value.tobytes() == three[name].tobytes() for name, value in one.items()) else None
