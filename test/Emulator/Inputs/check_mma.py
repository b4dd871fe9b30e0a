"""Compares mma.sync in the emulator with numpy.

usage: check_mma.py WORK_FOLDER

For each form, makes a kernel that loads a lane's registers, multiplies and stores
what came out. Which elements a register holds is written down here as PTX ISA
8.4, section 9.7.13.4, lists it for each shape.
"""

import os
import subprocess
import sys

import numpy as np

# Element i of a lane's A, B and C: (row, column), of group (lane / 4) and thread
# in the group (lane % 4).
A_OF = {
    ("16", 8): lambda g, t, i: (g + (8 if i >= 2 else 0), 2 * t + (i & 1)),
    ("16", 16): lambda g, t, i: (
        g if i in (0, 1, 4, 5) else g + 8,
        2 * t + (i & 1) + (8 if i >= 4 else 0),
    ),
    ("tf32", 4): lambda g, t, i: (g + 8 * i, t),
    ("tf32", 8): lambda g, t, i: (g if i in (0, 2) else g + 8, t + (4 if i >= 2 else 0)),
    ("8", 16): lambda g, t, i: (g if i < 4 else g + 8, 4 * t + (i & 3)),
    ("8", 32): lambda g, t, i: (
        g if i < 4 or 8 <= i < 12 else g + 8,
        4 * t + (i & 3) + (16 if i >= 8 else 0),
    ),
}
B_OF = {
    ("16", 8): lambda g, t, i: (2 * t + i, g),
    ("16", 16): lambda g, t, i: (2 * t + (i & 1) + (8 if i >= 2 else 0), g),
    ("tf32", 4): lambda g, t, i: (t, g),
    ("tf32", 8): lambda g, t, i: (t + 4 * i, g),
    ("8", 16): lambda g, t, i: (4 * t + i, g),
    ("8", 32): lambda g, t, i: (4 * t + (i & 3) + (16 if i >= 4 else 0), g),
}
C_OF = lambda g, t, i: (g if i < 2 else g + 8, 2 * t + (i & 1))

FORMS = [
    # name, width of an operand's element, k, type of A and B in the IR, of C, of D
    ("m16n8k16.row.col.f32.f32", "16", 16, "<2 x half>", "f32", "f32"),
    ("m16n8k16.row.col.f16.f16", "16", 16, "<2 x half>", "f16", "f16"),
    ("m16n8k8.row.col.f16.f16", "16", 8, "<2 x half>", "f16", "f16"),
    ("m16n8k8.row.col.f32.f32", "16", 8, "<2 x half>", "f32", "f32"),
    ("m16n8k16.row.col.bf16", "16", 16, "i32", "f32", "f32"),
    ("m16n8k8.row.col.bf16", "16", 8, "i32", "f32", "f32"),
    ("m16n8k8.row.col.tf32", "tf32", 8, "i32", "f32", "f32"),
    ("m16n8k4.row.col.tf32", "tf32", 4, "i32", "f32", "f32"),
    ("m16n8k32.row.col.s8", "8", 32, "i32", "s32", "s32"),
    ("m16n8k32.row.col.u8.s8", "8", 32, "i32", "s32", "s32"),
    ("m16n8k16.row.col.s8", "8", 16, "i32", "s32", "s32"),
    ("m16n8k32.row.col.satfinite.s8", "8", 32, "i32", "s32", "s32"),
]


def gather(matrix, place, count):
    """[32, count]: the elements of each lane."""
    return np.array(
        [[matrix[place(lane // 4, lane % 4, i)] for i in range(count)] for lane in range(32)],
        matrix.dtype,
    )


def bf16(values):
    """The upper halves of f32 numbers that have nothing in the lower ones."""
    return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


def operands(name, width, k, random):
    """A and B as numbers, and what their lanes' registers hold."""
    if width == "8":
        types = name.split(".")[-2:] if "u8.s8" in name else ["s8", "s8"]
        make = lambda kind, shape: random.integers(
            *((0, 256) if kind == "u8" else (-128, 128)), shape
        ).astype(np.uint8 if kind == "u8" else np.int8)
        a, b = make(types[0], (16, k)), make(types[1], (k, 8))
        stored = a, b
    else:
        # Multiples of 1/64 below 2: all formats hold them, sums are exact in f32.
        a, b = (random.integers(-127, 128, s) / 64 for s in ((16, k), (k, 8)))
        if width == "tf32":
            # What lies below a tf32 is not read: all ones here.
            stored = tuple((x.astype(np.float32).view(np.uint32) | 0x1FFF) for x in (a, b))
        elif "bf16" in name:
            stored = bf16(a), bf16(b)
        else:
            stored = a.astype(np.float16), b.astype(np.float16)
    counts = 16 * k // 32, 8 * k // 32
    return (a, b), (
        gather(stored[0], A_OF[width, k], counts[0]),
        gather(stored[1], B_OF[width, k], counts[1]),
    )


def kernel(name, a_words, b_words, ab, c, d):
    c_type = {"f32": "float", "s32": "i32", "f16": "<2 x half>"}[c]
    d_type = {"f32": "float", "s32": "i32", "f16": "<2 x half>"}[d]
    c_words, d_words = (2 if x == "f16" else 4 for x in (c, d))
    lines = ["%lane = call i32 @llvm.nvvm.read.ptx.sreg.laneid()"]
    loaded = []
    for of, words, type in (("a", a_words, ab), ("b", b_words, ab), ("c", c_words, c_type)):
        lines.append(f"%{of}0 = mul i32 %lane, {words}")
        for r in range(words):
            lines += [
                f"%{of}i{r} = add i32 %{of}0, {r}",
                f"%{of}p{r} = getelementptr i32, ptr addrspace(1) %{of}, i32 %{of}i{r}",
                f"%{of}v{r} = load {type}, ptr addrspace(1) %{of}p{r}",
            ]
            loaded.append(f"{type} %{of}v{r}")
    result = "{ " + ", ".join([d_type] * d_words) + " }"
    lines.append(f"%r = call {result} @llvm.nvvm.mma.{name}({', '.join(loaded)})")
    lines.append(f"%d0 = mul i32 %lane, {d_words}")
    for r in range(d_words):
        lines += [
            f"%di{r} = add i32 %d0, {r}",
            f"%dp{r} = getelementptr i32, ptr addrspace(1) %d, i32 %di{r}",
            f"%dv{r} = extractvalue {result} %r, {r}",
            f"store {d_type} %dv{r}, ptr addrspace(1) %dp{r}",
        ]
    parameters = ", ".join(f"ptr addrspace(1) %{x}" for x in "abcd")
    return (
        'target triple = "nvptx64-nvidia-cuda"\n'
        f"define ptx_kernel void @k({parameters}) {{\n  " + "\n  ".join(lines) + "\n  ret void\n}\n"
    )


def check(form, folder, random):
    name, width, k, ab, c_kind, d_kind = form
    (a, b), (a_lanes, b_lanes) = operands(name, width, k, random)
    kinds = {"f32": np.float32, "s32": np.int32, "f16": np.float16}
    c = random.integers(-64, 64, (16, 8)).astype(kinds[c_kind])
    if "satfinite" in name:
        c[:] = 2**31 - 1
    arrays = [a_lanes, b_lanes, gather(c, C_OF, 4)]
    path = os.path.join(folder, "kernel.ll")
    with open(path, "w", encoding="utf-8") as file:
        file.write(kernel(name, *(x.nbytes // 128 for x in arrays[:2]), ab, c_kind, d_kind))
    command = ["tfc-launch-kernel", path, "--kernel=k"]
    for i, array in enumerate(arrays):
        data = os.path.join(folder, f"{i}.bin")
        np.ascontiguousarray(array).tofile(data)
        command.append(f"--arg=i8:{array.nbytes}=@{data}")
    out = os.path.join(folder, "d.bin")
    size = 16 * 8 * kinds[d_kind]().nbytes
    subprocess.run(command + [f"--arg=i8:{size}=none", f"--dump=3={out}"], check=True)
    found = np.fromfile(out, kinds[d_kind]).reshape(32, 4)
    expected = a.astype(np.float64) @ b.astype(np.float64) + c.astype(np.float64)
    if "satfinite" in name:
        expected = np.clip(expected, -(2.0**31), 2.0**31 - 1)
    expected = gather(expected.astype(kinds[d_kind]), C_OF, 4)
    # Exact: products and sums fit f32, and f16 is rounded once in both.
    wrong = int((found != expected).sum())
    print(name, "right" if not wrong else f"{wrong} wrong of {found.size}")


def main(folder):
    os.makedirs(folder, exist_ok=True)
    random = np.random.default_rng(0)
    for form in FORMS:
        check(form, folder, random)


if __name__ == "__main__":
    main(sys.argv[1])
