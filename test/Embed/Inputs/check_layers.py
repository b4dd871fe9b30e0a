"""A program of one layer has nothing of others, and links one libMLIR.

usage: check_layers.py PROGRAM NAMESPACE...: what it may define of tfc
"""

import re
import subprocess
import sys


def main(program, *allowed):
    names = subprocess.run(["nm", "-C", "--defined-only", program], capture_output=True, text=True, check=True).stdout
    found = set(re.findall(r"[ (<,*&]tfc::([a-z0-9]+)::", names))
    foreign = sorted(found - set(allowed))
    needed = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout
    libraries = [line for line in needed.split("\n") if "NEEDED" in line and "MLIR" in line]
    if foreign:
        print(f"has something of {', '.join(foreign)}")
    if len(libraries) != 1:
        print(f"links {len(libraries)} of libMLIR")
    return 1 if foreign or len(libraries) != 1 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
