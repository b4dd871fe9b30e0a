"""Compares PTX's arithmetic in the emulator with numpy.

usage: check_math.py WORK_FOLDER

Each intrinsic is called with the elements of its operands, one thread an element.
"""

import os
import subprocess
import sys

import numpy as np

LLVM = {
    np.float32: "float",
    np.float64: "double",
    np.float16: "half",
    np.int32: "i32",
    np.uint32: "i32",
    np.uint16: "i16",
    np.int64: "i64",
}
TINY = np.float32(1e-40)  # denormal in f32
INF, NAN = np.float32(np.inf), np.float32(np.nan)


def f32(*values):
    return np.array(values, np.float32)


def as_bf16(values):
    """Bits of bf16: the upper half, rounded to nearest even."""
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def as_tf32(values):
    """Bits of tf32, halves rounded away from zero."""
    bits = values.view(np.uint32).astype(np.uint64)
    return ((bits + 0x1000) & ~np.uint64(0x1FFF)).astype(np.uint32)


X = f32(0.5, 1, 2, 3.7, 10, -1.25, -8, 0.1)
POSITIVE = f32(0.5, 1, 2, 3.7, 1e-30, 1e30, 5, 0.1)
double = lambda x: x.astype(np.float64)
A = f32(1, -2, 0.0, NAN, 3, TINY, -INF, NAN)
B = f32(2, -3, -0.0, 5, NAN, -1, INF, NAN)
# Between two bf16, exactly and just beside the middle.
EDGES = np.array(
    [0x3F808000, 0x3F818000, 0x3F808001, 0xBF807FFF, 0x7F7FFFFF, 0x00008000, 0x00000001, 0x7F800000],
    np.uint32,
).view(np.float32)
TF32_EDGES = np.array(
    [0x3F801000, 0x3F803000, 0x3F800FFF, 0xBF801000, 0x3F801001, 0x40000000, 0, 0x7F800000], np.uint32
).view(np.float32)
BYTES = np.array([0x01020304, 0xFF7F80AA, 0x80808080, -1 & 0xFFFFFFFF], np.uint32)
OTHERS = np.array([0x05060708, 0x01FE7F03, 0x7F7F7F7F, 0x01010101], np.uint32)


def dot(a_type, b_type):
    return (
        BYTES.view(a_type).reshape(-1, 4).astype(np.int32)
        * OTHERS.view(b_type).reshape(-1, 4).astype(np.int32)
    ).sum(1, dtype=np.int32)


def half_pair(first, second):
    """Bits of two f16: the first operand is the upper half."""
    bits = [x.astype(np.float16).view(np.uint16).astype(np.uint32) for x in (first, second)]
    return bits[0] << 16 | bits[1]


# Tolerances, relative: 0 is the same bits; one rounding of f32 is 6e-8 and the
# host's functions have at most two.
CASES = [
    ("ex2.approx.f32", [X], np.exp2(double(X)), 1.2e-7),
    ("ex2.approx.ftz.f32", [f32(-130, 1, TINY)], f32(0, 2, 1), 0),
    ("lg2.approx.f", [POSITIVE], np.log2(double(POSITIVE)), 1.2e-7),
    ("lg2.approx.ftz.f", [f32(TINY, 4)], f32(-INF, 2), 0),
    ("sin.approx.f", [X], np.sin(double(X)), 1.2e-7),
    ("cos.approx.f", [X], np.cos(double(X)), 1.2e-7),
    ("rcp.approx.ftz.f", [X], 1 / double(X), 1.2e-7),
    ("rcp.rn.f", [X], (1 / double(X)).astype(np.float32), 0),
    ("rsqrt.approx.f", [POSITIVE], 1 / np.sqrt(double(POSITIVE)), 1.2e-7),
    ("sqrt.rn.f", [POSITIVE], np.sqrt(POSITIVE), 0),
    ("sqrt.approx.f", [POSITIVE], np.sqrt(double(POSITIVE)), 1.2e-7),
    ("sqrt.approx.ftz.f", [f32(TINY, 9)], f32(0, 3), 0),
    ("div.rn.f", [X, POSITIVE], X / POSITIVE, 0),
    ("div.full", [X, POSITIVE], double(X) / double(POSITIVE), 1.2e-7),
    ("add.rn.f", [X, POSITIVE], X + POSITIVE, 0),
    ("add.rn.ftz.f", [f32(TINY, 1), f32(TINY, TINY)], f32(0, 1), 0),
    ("add.rn.sat.f", [f32(0.75, -3, NAN), f32(0.5, 1, 1)], f32(1, 0, 0), 0),
    ("mul.rn.f", [X, POSITIVE], X * POSITIVE, 0),
    # 1 - 2^-24 squared, less the same: only one rounding keeps the last bit.
    (
        "fma.rn.f",
        [f32(1 - 2.0**-24), f32(1 - 2.0**-24), f32(-1 + 2.0**-23)],
        f32(2.0**-48),
        0,
    ),
    ("fmax.f", [A, B], f32(2, -2, 0.0, 5, 3, TINY, INF, NAN), 0),
    ("fmin.f", [A, B], f32(1, -3, -0.0, 5, 3, -1, -INF, NAN), 0),
    ("fmax.nan.f", [A, B], f32(2, -2, 0.0, NAN, NAN, TINY, INF, NAN), 0),
    ("fmin.nan.f", [A, B], f32(1, -3, -0.0, NAN, NAN, -1, -INF, NAN), 0),
    ("fmax.ftz.f", [A, B], f32(2, -2, 0.0, 5, 3, 0.0, INF, NAN), 0),
    ("fmin.xorsign.abs.f", [f32(-2, 3), f32(5, -7)], f32(-2, -3), 0),
    ("saturate.f", [f32(-1, 0.25, 7, NAN)], f32(0, 0.25, 1, 0), 0),
    ("ceil.f", [X], np.ceil(X), 0),
    ("round.f", [f32(0.5, 1.5, -2.5, 3.7)], f32(0, 2, -2, 4), 0),
    ("f2i.rn", [f32(2.5, -3.5, 3e9, NAN)], np.array([2, -4, 2**31 - 1, 0], np.int32), 0),
    ("f2i.rz", [f32(2.9, -2.9)], np.array([2, -2], np.int32), 0),
    ("f2i.rm", [f32(2.9, -2.1)], np.array([2, -3], np.int32), 0),
    ("f2ui.rp", [f32(2.1, -1)], np.array([3, 0], np.uint32), 0),
    ("i2f.rn", [np.array([2**24 + 1, -5], np.int32)], f32(2.0**24, -5), 0),
    ("f2bf16.rn", [EDGES], as_bf16(EDGES), 0),
    ("f2bf16.rz", [EDGES], (EDGES.view(np.uint32) >> 16).astype(np.uint16), 0),
    ("f2bf16.rn.relu", [f32(-2, 3)], as_bf16(f32(0, 3)), 0),
    (
        "ff2bf16x2.rn",
        [EDGES, X],
        as_bf16(EDGES).astype(np.uint32) << 16 | as_bf16(X),
        0,
    ),
    ("ff2f16x2.rn", [X, POSITIVE[::-1].clip(1e-3, 1e3)], half_pair(X, POSITIVE[::-1].clip(1e-3, 1e3)), 0),
    ("f2tf32.rna", [TF32_EDGES], as_tf32(TF32_EDGES), 0),
    ("idp4a.s.s", [BYTES, OTHERS, np.zeros(4, np.int32)], dot(np.int8, np.int8), 0),
    ("idp4a.u.s", [BYTES, OTHERS, np.zeros(4, np.int32)], dot(np.uint8, np.int8), 0),
    (
        "prmt",
        [BYTES, OTHERS, np.array([0x7531, 0x3210, 0x4444, 0x000B], np.uint32)],
        np.array([0x05070103, 0xFF7F80AA, 0x7F7F7F7F, 0xFFFFFFFF], np.uint32),
        0,
    ),
    (
        "mulhi.i",
        [np.array([2**30, -(2**30)], np.int32), np.array([8, 8], np.int32)],
        np.array([2, -2], np.int32),
        0,
    ),
]
# Directions: a sum and a product that end between two f32.
UP, DOWN = f32(1 + 2.0**-23), f32(1 - 2.0**-24)
SMALL = f32(2.0**-30)
CASES += [
    ("add.rz.f", [f32(1, -1), f32(2.0**-30, -(2.0**-30))], f32(1, -1), 0),
    ("add.rp.f", [f32(1, -1), f32(2.0**-30, -(2.0**-30))], np.append(UP, f32(-1)), 0),
    ("add.rm.f", [f32(1), -SMALL], DOWN, 0),
    ("fma.rm.f", [f32(1), f32(1), -SMALL], DOWN, 0),
    ("fma.rz.f", [f32(1), f32(1), -SMALL], DOWN, 0),
    # Nearest to 1/3 is above it (0x3eaaaaab), and rounded up the same.
    ("div.rm.f", [f32(1), f32(3)], np.nextafter(f32(1 / 3), -INF), 0),
    ("div.rp.f", [f32(1), f32(3)], f32(1 / 3), 0),
    ("sqrt.rm.f", [f32(4)], f32(2), 0),
    ("mul.rz.d", [np.array([1 + 2.0**-52]), np.array([1 + 2.0**-52])], np.array([1 + 2.0**-51]), 0),
    ("d2i.lo", [np.array([1 + 2.0**-52])], np.array([1], np.int32), 0),
    ("d2i.hi", [np.array([1.0])], np.array([0x3FF00000], np.int32), 0),
]
RETURNS = {"f2bf16": "bfloat", "ff2bf16x2": "<2 x bfloat>", "ff2f16x2": "<2 x half>"}


def kernel(name, inputs, output):
    lines = [
        "%t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()",
    ]
    arguments = []
    for i, x in enumerate(inputs):
        kind = LLVM[x.dtype.type]
        lines += [
            f"%p{i} = getelementptr {kind}, ptr addrspace(1) %x{i}, i32 %t",
            f"%v{i} = load {kind}, ptr addrspace(1) %p{i}",
        ]
        arguments.append(f"{kind} %v{i}")
    # idp4a's unsigned operand is told apart by its name.
    kind = RETURNS.get(name.split(".")[0], LLVM[output])
    lines += [
        f"%r = call {kind} @llvm.nvvm.{name}({', '.join(arguments)})",
        f"%q = getelementptr {kind}, ptr addrspace(1) %y, i32 %t",
        f"store {kind} %r, ptr addrspace(1) %q",
    ]
    parameters = [f"ptr addrspace(1) %x{i}" for i in range(len(inputs))]
    return (
        'target triple = "nvptx64-nvidia-cuda"\n'
        f"define ptx_kernel void @k({', '.join(parameters)}, ptr addrspace(1) %y) {{\n  "
        + "\n  ".join(lines)
        + "\n  ret void\n}\n"
    )


def same(found, expected, tolerance):
    if tolerance:
        return np.abs(found - expected) <= tolerance * np.abs(expected)
    equal = found.view(np.uint8).reshape(len(found), -1) == expected.view(np.uint8).reshape(
        len(found), -1
    )
    nans = np.isnan(found) & np.isnan(expected) if found.dtype.kind == "f" else False
    return equal.all(1) | nans


def check(name, inputs, expected, tolerance, folder):
    output = expected.dtype.type
    if tolerance:
        output = np.float32
    path = os.path.join(folder, "kernel.ll")
    with open(path, "w", encoding="utf-8") as file:
        file.write(kernel(name, inputs, output))
    command = ["tfc-launch-kernel", path, "--kernel=k", f"--block={len(inputs[0])}"]
    for i, x in enumerate(inputs):
        data = os.path.join(folder, f"{i}.bin")
        np.ascontiguousarray(x).tofile(data)
        command.append(f"--arg=i8:{x.nbytes}=@{data}")
    result = os.path.join(folder, "y.bin")
    size = len(inputs[0]) * output().nbytes
    subprocess.run(
        command + [f"--arg=i8:{size}=none", f"--dump={len(inputs)}={result}"], check=True
    )
    found = np.fromfile(result, output)
    right = same(found, expected, tolerance)
    print(name, "right" if right.all() else f"wrong: {found} for {expected}")


def main(folder):
    os.makedirs(folder, exist_ok=True)
    for name, inputs, expected, tolerance in CASES:
        check(name, inputs, expected, tolerance, folder)
    print("end")


if __name__ == "__main__":
    main(sys.argv[1])
