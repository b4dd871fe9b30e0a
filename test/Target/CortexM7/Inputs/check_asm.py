"""Compares the object of a model with its printed assembly, assembled by clang.

usage: check_asm.py CLANG MODEL [OPTION...]
"""

import os
import subprocess
import sys
import tempfile

clang, model, *options = sys.argv[1:]


def code_of(path):
    text = subprocess.run(["llvm-objdump", "-d", "-r", "-s", path], check=True, capture_output=True, text=True).stdout
    return text[text.index("Contents of section") :]


def sections_of(path):
    lines = subprocess.run(["llvm-readelf", "-S", "-W", path], check=True, capture_output=True, text=True).stdout
    names = (line.split("]", 1)[1].split()[0] for line in lines.splitlines() if "PROGBITS" in line)
    return sorted(names)


with tempfile.TemporaryDirectory() as folder:
    printed, assembled, compiled = (os.path.join(folder, name) for name in ("m.s", "s.o", "m.o"))
    common = ["tfc", model, "--target=cortex-m7", "--prefix=net", *options]
    subprocess.run([*common, "--emit=asm", "-o", printed], check=True)
    subprocess.run([*common, "-o", compiled], check=True)
    subprocess.run([clang, "--target=thumbv7em-none-eabihf", "-c", printed, "-o", assembled], check=True)
    assert "@ node" in open(printed, encoding="utf-8").read()
    assert sections_of(assembled) == sections_of(compiled)
    assert code_of(assembled) == code_of(compiled)
