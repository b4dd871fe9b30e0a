"""Compares integer operations in QEMU with their meaning, bit for bit.

usage: check_integers.py WORK shapes
       check_integers.py WORK model FOLDER

The first compiles graphs of m7 operations of awkward shapes; the second a whole
quantised model, FOLDER/model.onnx, of the sizes of inputs_0.npz. Each is compiled
once for the Cortex-M7, and once, after m7-expand-integers, for this machine, and gets
random integers.
"""

import os
import re
import subprocess
import sys

import numpy as np

random = np.random.default_rng(11)
EXPAND = "builtin.module(func.func(m7-expand-integers))"
SELECT = "builtin.module(func.func(m7-select-integers,m7-expand-integers))"


def sh(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def tensors(header, side):
    """(name, dtype, shape, scale, zero point) of each tensor of the header's struct."""
    with open(header, encoding="utf-8") as file:
        text = re.search(rf"struct \w+_{side} {{(.*?)}};", file.read(), re.S)[1]
    for name, dtype, shape, scale, zero in re.findall(
            r'/\* "(.*)": (\w+) \[(.*?)\](?: scale (\S+) zero (\S+))? \*/', text):
        yield name, np.dtype(dtype), tuple(map(int, shape.split(", "))), float(scale or 0), int(zero or 0)


def integers(found, dtype, scale, zero):
    """What tfc-run made f32 of, as it was."""
    if not scale:
        return found
    return (np.rint(found.astype(np.float64) / scale) + zero).astype(dtype)


def compare(work, device, host):
    """`device` and `host`: commands that compile to WORK.o and WORK.so."""
    sh(*device, "--target=cortex-m7", "-o", f"{work}.o")
    sh(*host, "-o", f"{work}.so")
    inputs = {}
    for name, dtype, shape, _, _ in tensors(f"{work}.h", "inputs"):
        limits = np.iinfo(dtype)
        if dtype.itemsize == 1:
            inputs[name] = random.integers(limits.min, limits.max + 1, shape, dtype=dtype)
        else:
            inputs[name] = random.integers(0, 2, shape, dtype=dtype)
    np.savez(f"{work}-in.npz", **inputs)
    sh("tfc-run", f"{work}.o", "--target=cortex-m7", "--ram=4M", "--flash=3M", "--inputs", f"{work}-in.npz",
       "--outputs", f"{work}-device.npz")
    sh("tfc-run", f"{work}.so", "--inputs", f"{work}-in.npz", "--outputs", f"{work}-host.npz")
    found, expected = np.load(f"{work}-device.npz"), np.load(f"{work}-host.npz")
    faults = 0
    for name, dtype, _, scale, zero in tensors(f"{work}.h", "outputs"):
        wrong = int((integers(found[name], dtype, scale, zero) != expected[name]).sum())
        faults += wrong > 0
        print(f"{os.path.basename(work)} {name}: {wrong} of {expected[name].size} differ", flush=True)
    return faults


def type_of(shape, element="i8"):
    return f"tensor<{'x'.join(map(str, shape))}x{element}>"


def dense(values, element):
    values = np.asarray(values)
    return f"dense<{values.tolist()}> : {type_of(values.shape, element)}"


class Graph:
    """A module of one function: each operation is an output of its own."""

    def __init__(self):
        self.arguments, self.lines, self.results = [], [], []

    def input(self, *shape):
        name = f"x{len(self.arguments)}"
        self.arguments.append(f'%{name}: {type_of(shape)} {{tfc.name = "{name}"}}')
        return f"%{name}", shape

    def part(self, x, start, columns):
        """Some columns of a matrix, where they lie."""
        name, (rows, whole) = x
        part = f"%p{len(self.lines)}"
        self.lines.append(f"{part} = tensor.extract_slice {name}[0, {start}] [{rows}, {columns}] [1, 1] : "
                          f"{type_of(x[1])} to {type_of((rows, columns))}")
        return part, (rows, columns)

    def add(self, mnemonic, inputs, text, shape):
        number = len(self.lines)
        names, types = ", ".join(x[0] for x in inputs), ", ".join(type_of(x[1]) for x in inputs)
        self.lines.append(f"%e{number} = tensor.empty() : {type_of(shape)}")
        rms = "rms " if mnemonic == "rms_norm" else ""
        self.lines.append(f"%y{number} = m7.{mnemonic.removeprefix('rms_')} {rms}ins({names} : {types}) {text} "
                          f"outs(%e{number} : {type_of(shape)}) -> {type_of(shape)}")
        y = f"%y{number}", shape
        self.results.append((y, f"{mnemonic}_{'x'.join(map(str, shape))}_{number}"))
        return y

    def product(self, x, outputs, zero=3, widest=127):
        depth = x[1][-1]
        weights = np.clip(random.normal(0, 40, (outputs, depth)), -widest - 1, widest).astype(int)
        if widest == 127:
            weights[0, 0], weights[-1, 0] = -128, -1
        factors = random.integers(1 << 20, 1 << 23, outputs)
        return self.add("product", [x], f"weights {dense(weights, 'i8')} "
                        f"bias {dense(random.integers(-30000, 30000, outputs), 'i32')} "
                        f"multipliers {dense(factors, 'i32')} zero {zero}", (*x[1][:-1], outputs))

    def activations(self, x, y):
        return self.add("activation_product", [x, y], "zeros 3, -128 multiplier 4000000 zero -5", (x[1][0], y[1][0]))

    def attention(self, q, keys, values):
        table = np.rint(2.0**22 * np.exp(-0.05 * np.arange(256))).astype(int)
        return self.add("attention", [q, keys, values], "zeros 1, -2, 127 scores 3000000 zero 5 "
                        f"table {dense(table, 'i32')} numerator 2147483647 probabilities -128 "
                        "multiplier 20000000 zero 4", q[1])

    def beside(self, parts):
        """Matrices beside one another."""
        rows, columns = parts[0][1]
        shape = rows, columns * len(parts)
        whole = f"%w{len(self.lines)}"
        self.lines.append(f"{whole} = tensor.empty() : {type_of(shape)}")
        for i, part in enumerate(parts):
            next_ = f"%w{len(self.lines)}"
            self.lines.append(f"{next_} = tensor.insert_slice {part[0]} into {whole}[0, {i * columns}] "
                              f"[{rows}, {columns}] [1, 1] : {type_of(part[1])} into {type_of(shape)}")
            whole = next_
        return whole, shape

    def softmax(self, x):
        table = np.rint(2.0**20 * np.exp(-0.03 * np.arange(256))).astype(int)
        return self.add("softmax", [x], f"table {dense(table, 'i32')} numerator 2139095040 zero -128", x[1])

    def table(self, x):
        return self.add("table", [x], f"table {dense(random.integers(-128, 128, 256), 'i8')}", x[1])

    def sum(self, a, b):
        return self.add("add", [a, b], "factors 700000, -480000 offset 5524288", a[1])

    def multiply(self, a, b):
        return self.add("multiply", [a, b], "zeros 3, -128 multiplier 16000000 zero 4", a[1])

    def mean(self, x):
        rows = x[1][0]
        return self.add("mean", [x], f"offset {-5 * rows} multiplier {int(0.4 * 2**32 / rows)} zero 7", x[1][1:])

    def norm(self, x, kind="norm", group=1):
        channels = x[1][-1]
        gains = random.integers(500000, 4000000, channels // group) * random.choice([-1, 1], channels // group)
        offsets = random.integers(-40, 40, channels // group) * 2**32 + 2**31
        return self.add(kind, [x], f"gains {dense(gains, 'i32')} offsets {dense(offsets, 'i64')} "
                        f"epsilon {1 + channels} x_zero -20", x[1])

    def text(self):
        types = ", ".join(f'{type_of(y[1])} {{tfc.name = "{name}"}}' for y, name in self.results)
        values, plain = ", ".join(y[0] for y, _ in self.results), ", ".join(type_of(y[1]) for y, _ in self.results)
        body = "\n  ".join(self.lines)
        return (f"func.func @main_graph({', '.join(self.arguments)}) -> ({types}) {{\n  {body}\n"
                f"  return {values} : {plain}\n}}\n")


def products():
    g = Graph()
    for rows in (1, 2, 3, 4, 7):
        g.product(g.input(rows, 20), 6)
    g.product(g.input(5, 12), 5)  # does not pair
    g.product(g.input(4, 12), 1)
    g.activations(g.input(4, 8), g.input(1, 8))
    g.product(g.input(2, 3, 2, 8), 4)
    g.product(g.input(5, 64), 8, widest=30)
    wide = g.input(7, 40)
    g.product(g.part(wide, 3, 24), 4)
    for rows in (1, 2, 5):
        g.activations(g.input(rows, 16), g.input(7, 16))
    g.activations(g.part(wide, 1, 16), g.part(g.input(6, 21), 5, 16))
    return g


def heads():
    g = Graph()
    for rows, keys, depth in ((9, 6, 8), (1, 5, 4), (4, 1, 8), (2, 17, 12), (4, 300, 16)):
        g.attention(g.input(rows, depth), g.input(keys, depth), g.input(keys, depth))
    together = g.input(11, 3 * 24)
    for head in range(2):
        g.attention(*(g.part(together, 24 * i + 8 * head, 8) for i in range(3)))
    return g


def attentions():
    """Heads of one attention: made of products or not, whose results may take
    the place of their queries."""
    g = Graph()
    for rows, depth, channels, kinds in ((11, 8, 4, "qkv"), (11, 8, 64, "qkv"), (9, 4, 8, "kv"), (4, 12, 4, "fused"),
                                         (10, 8, 4, "grouped"), (2, 8, 4, "qkv"), (7, 8, 24, "")):
        before = len(g.results)
        x, width = g.input(rows, channels), 3 * depth
        if kinds == "fused":
            together = g.product(x, 3 * width)
            parts = [[g.part(together, i * width + head * depth, depth) for head in range(3)] for i in range(3)]
        else:
            whole = [g.product(x, width) if kind in kinds or kinds == "grouped" else g.norm(g.input(rows, width))
                     for kind in "qkv"]
            parts = [[g.part(y, head * depth if kinds != "grouped" or y is whole[0] else head // 2 * depth, depth)
                      for head in range(3)] for y in whole]
        y = g.beside([g.attention(*head) for head in zip(*parts)])
        del g.results[before:]
        g.product(y, 6)
    return g


def rows():
    g = Graph()
    for shape in ((3, 7), (2, 2, 33), (1, 1)):
        g.softmax(g.input(*shape))
    for channels in (1, 3, 8, 10, 193, 1020, 1021, 3071, 4096):
        x = g.input(3, channels)
        g.norm(x)
        g.norm(x, "rms_norm")
    for channels, group in ((12, 4), (9, 3), (8, 8), (4608, 144), (8192, 1), (16384, 64), (32768, 2048)):
        x = g.input(2, channels)
        g.norm(x, group=group)
        g.norm(x, "rms_norm", group)
    for shape in ((1, 8), (9, 10), (256, 5), (257, 4), (1000, 7), (513, 3)):
        g.mean(g.input(*shape))
    return g


def elements():
    g = Graph()
    x, other = g.input(3, 5, 7), g.input(3, 5, 7)
    g.table(x)
    g.sum(x, other)
    g.sum(x, x)
    g.sum(x, g.input(7))
    g.multiply(x, other)
    # One after another, in one buffer.
    g.table(g.multiply(g.table(x), other))
    g.softmax(g.table(g.input(4, 9)))
    return g


def main(work, what, folder=None):
    os.makedirs(work, exist_ok=True)
    if what == "model":
        work = os.path.join(work, os.path.basename(folder))
        model = [os.path.join(folder, "model.onnx")]
        for name, value in np.load(os.path.join(folder, "inputs_0.npz")).items():
            model += ["--shape", f"{name}={'x'.join(map(str, value.shape))}"]
        sh("tfc", *model, "--emit=attn", "-o", f"{work}-attn.mlir")
        sh("tfc-opt", f"{work}-attn.mlir", f"--pass-pipeline={SELECT}", "-o", f"{work}-meaning.mlir")
        return compare(work, ["tfc", *model], ["tfc", f"{work}-meaning.mlir"])
    faults = 0
    for make in (products, heads, attentions, rows, elements):
        path = os.path.join(work, make.__name__)
        with open(f"{path}.mlir", "w", encoding="utf-8") as file:
            file.write(make().text())
        sh("tfc-opt", f"{path}.mlir", f"--pass-pipeline={EXPAND}", "-o", f"{path}-meaning.mlir")
        faults += compare(path, ["tfc", f"{path}.mlir"], ["tfc", f"{path}-meaning.mlir"])
    return faults


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) > 0)
