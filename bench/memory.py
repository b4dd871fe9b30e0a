"""Measures the memory that compiling takes.

usage: memory.py MODEL.onnx [TFC OPTION...]

Prints the highest amount of memory of tfc's own (anonymous and shared, not the
pages of mapped files, which the system may drop at any time), beside the bytes
of the model's file and of the data beside it. tfc is taken from PATH.
"""

import os
import subprocess
import sys
import tempfile
import time


def own_bytes(pid):
    """RssAnon and RssShmem of a process, in bytes; 0 once it has ended."""
    try:
        with open(f"/proc/{pid}/status") as status:
            fields = dict(line.split(":", 1) for line in status)
    except OSError:
        return 0
    return sum(int(fields[name].split()[0]) * 1024
               for name in ("RssAnon", "RssShmem") if name in fields)


def measure(command):
    """Exit code of a command, its seconds, and the most memory of its own, in bytes."""
    start = time.time()
    process = subprocess.Popen(command)
    peak = 0
    while process.poll() is None:
        peak = max(peak, own_bytes(process.pid))
        time.sleep(0.005)
    return process.returncode, time.time() - start, peak


def main(model, options):
    beside = model + ".data"
    weights = sum(os.path.getsize(path) for path in (model, beside) if os.path.exists(path))
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(model))) as folder:
        code, seconds, peak = measure(["tfc", model, "-o", os.path.join(folder, "model.so"), *options])
        files = {name: os.path.getsize(os.path.join(folder, name))
                 for name in sorted(os.listdir(folder))}
    if code:
        return code
    print(f"model {weights / 1e6:.0f} MB, peak {peak / 1e6:.0f} MB, "
          f"{peak / weights:.3f} of the model, {seconds:.1f} s")
    for name, size in files.items():
        print(f"  {name} {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
