"""Checks the generated reference pages, and parses the examples of operations.

usage: check_examples.py PAGES

Every operation and pass must have a summary and a description. Every block of
MLIR on the page of a dialect must be a module that tfc-opt reads and verifies;
every operation of a dialect must occur in one.
"""

import glob
import os
import re
import subprocess
import sys

BLOCK = re.compile(r"```mlir\n(.*?)```", re.S)


def sections(page):
    """(name, text) of each operation or pass of a page."""
    parts = re.split(r"^### `(?:-)?([\w.-]+)`.*$", page, flags=re.M)
    return list(zip(parts[1::2], parts[2::2]))


def parse(text):
    """What tfc-opt says against the text, if anything."""
    run = subprocess.run(
        ["tfc-opt", "-"], input=text, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    return run.stderr if run.returncode else ""


def check_dialect(name, page):
    for operation, text in sections(page):
        blocks = BLOCK.findall(text)
        if not any(operation in block for block in blocks):
            yield f"{name}: {operation} has no example"
        for block in blocks:
            message = parse(block)
            if message:
                yield f"{name}: the example of {operation} is wrong: {message}"


def check_passes(name, page):
    for passname, text in sections(page):
        prose = re.sub(r"#### Options.*", "", text, flags=re.S)
        if len(prose.split()) < 15:
            yield f"{name}: pass {passname} has no description"


def main(folder):
    messages, count = [], 0
    for path in sorted(glob.glob(os.path.join(folder, "*.md"))):
        name = os.path.basename(path)
        with open(path, encoding="utf-8") as file:
            page = file.read()
        count += len(sections(page))
        if not sections(page):
            messages.append(f"{name}: no operation or pass")
        messages += (check_passes if name.endswith("-passes.md") else check_dialect)(name, page)
    for message in messages:
        print(message)
    print(f"{count} operations and passes, {len(messages)} faults")
    return 1 if messages or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
