"""Gives the only dialect of a bytecode file that has a version another.

usage: set_version.py FILE VERSION OUTPUT

The version is a section of its own (MLIR's bytecode format, dialect section):
its number 7, its length 1 and the version, the last two as one-byte varints,
2n + 1. It must be 1 in FILE.
"""

import sys


def varint(number):
    return bytes([2 * number + 1])


def main(path, version, output):
    with open(path, "rb") as file:
        data = file.read()
    section = b"\x07" + varint(1)
    header = data[: data.index(b"builtin\0")]
    if header.count(section + varint(1)) != 1:
        sys.exit(f"{path}: found {header.count(section + varint(1))} versions of 1, expected one")
    data = data.replace(section + varint(1), section + varint(int(version)), 1)
    with open(output, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
