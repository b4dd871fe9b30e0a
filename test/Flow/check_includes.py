"""Checks that headers are included in one direction only.

usage: check_includes.py ROOT

tfc's folders are rooms in a row, from the file's dialect to the tools. A room
may include the headers of those that it is allowed below, all of which come
before it; nothing may be reached by a path that leaves its folder. Prints every
line that breaks this and exits with 1.
"""

import os
import re
import sys

# In the order of the flow: name, folders, rooms whose headers it may include.
ROOMS = [
    ("Support", ["include/tfc/Support", "lib/Support"], []),
    ("Runtime", ["include/tfc/Runtime", "lib/Runtime"], ["Support"]),
    ("Emulator", ["include/tfc/Emulator", "lib/Emulator"], ["Support"]),
    ("Onnx", ["include/tfc/Dialect/Onnx", "dialects/Onnx"], ["Support"]),
    ("Attn", ["include/tfc/Dialect/Attn", "dialects/Attn"], ["Support"]),
    ("Import", ["include/tfc/Import", "lib/Import"], ["Support", "Onnx"]),
    ("Export", ["include/tfc/Export", "lib/Export"], ["Support", "Onnx", "Import"]),
    ("Raise", ["include/tfc/Passes/Raise", "passes/Raise"], ["Support", "Onnx", "Attn", "Import"]),
    (
        "Compress",
        ["include/tfc/Passes/Compress", "passes/Compress"],
        # Matrices in files of numpy.
        ["Support", "Runtime", "Attn"],
    ),
    ("Contract", ["include/tfc/Passes/Contract", "passes/Contract"], []),
    ("Decompose", ["include/tfc/Passes/Decompose", "passes/Decompose"], ["Support", "Attn"]),
    ("Lower", ["include/tfc/Passes/Lower", "passes/Lower"], ["Support", "Attn"]),
    ("Memory", ["include/tfc/Passes/Memory", "passes/Memory"], ["Support", "Attn"]),
    ("Optimize", ["include/tfc/Passes/Optimize", "passes/Optimize"], ["Support", "Attn"]),
    ("Codegen", ["include/tfc/Target/Codegen", "targets/Codegen"], ["Support"]),
    (
        "OnnxTarget",
        ["include/tfc/Target/Onnx", "targets/Onnx"],
        ["Support", "Onnx", "Attn", "Import"],
    ),
    (
        "X86",
        ["include/tfc/Target/X86", "targets/X86"],
        ["Support", "Attn", "Decompose", "Lower", "Memory", "Runtime", "Codegen"],
    ),
    (
        "CUDA",
        ["include/tfc/Target/CUDA", "targets/CUDA"],
        ["Support", "Attn", "Decompose", "Lower", "Codegen", "X86"],
    ),
    (
        "CortexM7",
        ["include/tfc/Target/CortexM7", "targets/CortexM7"],
        ["Support", "Attn", "Decompose", "Lower", "Memory", "Codegen"],
    ),
    (
        "Driver",
        ["include/tfc/Driver", "lib/Driver"],
        [
            *["Support", "Onnx", "Attn", "Import", "Export", "Raise", "Compress"],
            *["Contract", "Decompose", "Lower", "Memory", "Optimize", "Runtime"],
            *["OnnxTarget", "X86", "CUDA", "CortexM7"],
        ],
    ),
    ("Plugin", ["lib/Plugin"], ["Driver"]),
    ("CAPI", ["include/tfc-c", "lib/CAPI"], ["Import", "Driver"]),
    (
        "Tools",
        ["tools"],
        [
            *["Support", "Onnx", "Attn", "Import", "Export", "Raise", "Compress"],
            *["Contract", "Decompose", "Lower", "Memory", "Optimize", "Runtime"],
            *["OnnxTarget", "X86", "CUDA", "CortexM7", "Driver", "Emulator"],
        ],
    ),
]
TOP_FOLDERS = ["include", "dialects", "lib", "passes", "targets", "tools"]
SOURCES = (".h", ".hpp", ".c", ".cpp", ".td", ".inc")
INCLUDE = re.compile(r'^\s*#?\s*include\s+[<"]([^>"]+)[>"]')


def room_of(path):
    """The room that a path, relative to the root, lies in; None outside all."""
    for name, folders, _ in ROOMS:
        if any(path == folder or path.startswith(folder + "/") for folder in folders):
            return name
    return None


def check_table():
    """Yields what is wrong with ROOMS itself."""
    seen = set()
    for name, _, allowed in ROOMS:
        for other in allowed:
            if other not in seen:
                yield f"ROOMS: {name} is allowed {other}, which does not come before it"
        seen.add(name)


def check_file(root, path):
    """Yields one message for each include of `path` that breaks the order."""
    room = room_of(path)
    if room is None:
        yield f"{path}: lies in no room of {os.path.basename(__file__)}"
        return
    allowed = {room, *next(a for n, _, a in ROOMS if n == room)}
    with open(os.path.join(root, path), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            name = match.group(1)
            if name.startswith(("tfc/", "tfc-c/")):
                target = room_of("include/" + name)
            elif ".." in name.split("/"):
                inside = os.path.normpath(os.path.join(os.path.dirname(path), name))
                target = room_of(inside)
            else:
                continue
            if target is None:
                yield f"{path}:{number}: '{name}' lies in no room"
            elif target not in allowed:
                yield f"{path}:{number}: {room} may not include '{name}' of {target}"


def sources(root):
    for top in TOP_FOLDERS:
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if name.endswith(SOURCES):
                    yield os.path.relpath(os.path.join(folder, name), root)


def main(root):
    messages = list(check_table())
    count = 0
    for path in sources(root):
        count += 1
        messages += check_file(root, path)
    for message in messages:
        print(message)
    print(f"{count} files, {len(messages)} faults")
    return 1 if messages or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
