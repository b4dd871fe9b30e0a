#!/usr/bin/env python3
"""Compiles products for the CUDA target, runs them on the emulator and compares
them with numpy.

Each line of the file given is one product:

    TYPE EINSUM SIZES [dynamic] [tf32|half] [bias] [residual] [gelu] [start]
                       [narrow] [tile=...] [parts=N]

TYPE is f32, f16 or bf16; EINSUM as numpy.einsum has it, over any letters; SIZES as
b=2,m=65,k=17. `dynamic` leaves all sizes open. `bias` adds a number to each of the
last dimension, `residual` a tensor like the result, `gelu` is x * sigmoid(1.702 x),
and `start` is what the sum starts from. `narrow` rounds the result to TYPE. `tile=`
and six numbers with x between is the attribute `tile` of cuda.product, `parts=` its
attribute of that name: then all modes of the emulator must give the same bits.
"""

import os
import subprocess
import sys
import tempfile

import ml_dtypes
import numpy as np

MODES = [(copies, order) for copies in ("eager", "lazy") for order in ("forward", "backward")]


class Product:
    def __init__(self, line):
        words = line.split()
        self.type, self.einsum = words[0], words[1]
        self.sizes = {k: int(v) for k, v in (s.split("=") for s in words[2].split(","))}
        self.options = set(words[3:])
        self.inputs, self.result = self.einsum.split("->")
        self.inputs = self.inputs.split(",")
        self.loops = list(dict.fromkeys(self.result + "".join(self.inputs)))

    def shape(self, letters):
        return [self.sizes[letter] for letter in letters]

    def tensor(self, letters, element):
        dims = ["?" if "dynamic" in self.options else str(self.sizes[x]) for x in letters]
        return "tensor<" + "x".join(dims + [element]) + ">"

    def map(self, letters, loops=None):
        loops = loops or self.loops
        return f"affine_map<({', '.join('d_' + x for x in loops)}) -> ({', '.join('d_' + x for x in letters)})>"

    def mlir(self):
        """The model's text; its inputs are named input0, input1, ..."""
        out = []
        arguments = [(f"%a{i}", self.tensor(x, self.type)) for i, x in enumerate(self.inputs)]
        extra = {"bias": self.result[-1:], "residual": self.result, "start": self.result}
        self.extras = [name for name in ("bias", "residual", "start") if name in self.options]
        arguments += [(f"%{name}", self.tensor(extra[name], "f32")) for name in self.extras]
        sums, element = self.tensor(self.result, "f32"), "f32"
        if "narrow" in self.options:
            element = self.type
        result = self.tensor(self.result, element)
        out.append(f"func.func @main({', '.join(f'{n}: {t}' for n, t in arguments)}) -> {result} {{")
        out.append("  %zero = arith.constant 0.0 : f32")
        dims = []
        if "dynamic" in self.options:
            for letter in self.result:
                i = 0 if letter in self.inputs[0] else 1
                position = self.inputs[i].index(letter)
                out.append(f"  %p_{letter} = arith.constant {position} : index")
                out.append(f"  %s_{letter} = tensor.dim %a{i}, %p_{letter} : {arguments[i][1]}")
                dims.append(f"%s_{letter}")
        out.append(f"  %empty = tensor.empty({', '.join(dims)}) : {sums}")
        begin = "%start"
        if "start" not in self.options:
            out.append(f"  %filled = linalg.fill ins(%zero : f32) outs(%empty : {sums}) -> {sums}")
            begin = "%filled"
        iterators = ", ".join('"parallel"' if x in self.result else '"reduction"' for x in self.loops)
        tile = ""
        for option in self.options:
            if option.startswith("tile="):
                tile += f", cuda.tile = array<i64: {option[5:].replace('x', ', ')}>"
            if option.startswith("parts="):
                tile += f", cuda.parts = {option[6:]} : i64"
        maps = ", ".join(self.map(x) for x in [*self.inputs, self.result])
        out.append(f"  %sum = linalg.generic {{indexing_maps = [{maps}], iterator_types = [{iterators}]{tile}}}")
        out.append(f"      ins(%a0, %a1 : {arguments[0][1]}, {arguments[1][1]}) outs({begin} : {sums}) {{")
        out.append(f"  ^bb0(%x: {self.type}, %y: {self.type}, %s: f32):")
        x, y = "%x", "%y"
        if self.type != "f32":
            out += [f"    %{v}w = arith.extf %{v} : {self.type} to f32" for v in "xy"]
            x, y = "%xw", "%yw"
        out.append(f"    %t = arith.mulf {x}, {y} : f32\n    %n = arith.addf %s, %t : f32")
        out.append(f"    linalg.yield %n : f32\n  }} -> {sums}")
        value = "%sum"
        if self.options & {"bias", "residual", "gelu", "narrow"}:
            value = "%finished"
            self.add_elementwise(out, sums, result, element, dims)
        out.append(f"  return {value} : {result}\n}}")
        return "\n".join(out) + "\n"

    def add_elementwise(self, out, sums, result, element, dims):
        loops = list(self.result)
        others = [name for name in ("bias", "residual") if name in self.options]
        letters = {"bias": self.result[-1:], "residual": self.result}
        maps = [self.map(self.result, loops)] + [self.map(letters[x], loops) for x in others]
        maps.append(self.map(self.result, loops))
        operands = ", ".join(["%sum"] + ["%" + x for x in others])
        types = ", ".join([sums] + [self.tensor(letters[x], "f32") for x in others])
        parallel = ", ".join(['"parallel"'] * len(loops))
        out.append(f"  %into = tensor.empty({', '.join(dims)}) : {result}")
        out.append(f"  %finished = linalg.generic {{indexing_maps = [{', '.join(maps)}], iterator_types = [{parallel}]}}")
        out.append(f"      ins({operands} : {types}) outs(%into : {result}) {{")
        out.append("  ^bb0(%v: f32" + "".join(f", %{x}_e: f32" for x in others) + f", %o: {element}):")
        value = "%v"
        for x in others:
            out.append(f"    %{x}_v = arith.addf {value}, %{x}_e : f32")
            value = f"%{x}_v"
        if "gelu" in self.options:
            out.append("    %one = arith.constant 1.0 : f32\n    %c = arith.constant -1.702 : f32")
            out.append(f"    %g0 = arith.mulf {value}, %c : f32\n    %g1 = math.exp %g0 : f32")
            out.append(f"    %g2 = arith.addf %g1, %one : f32\n    %g3 = arith.divf {value}, %g2 : f32")
            value = "%g3"
        if element != "f32":
            out.append(f"    %narrow = arith.truncf {value} : f32 to {element}")
            value = "%narrow"
        out.append(f"    linalg.yield {value} : {element}\n  }} -> {result}")

    def data(self, rng):
        """Arrays for files, and their values in double."""
        files, values = [], []
        for letters in self.inputs:
            x = rng.standard_normal(self.shape(letters)).astype(np.float32)
            if self.type == "bf16":
                x = x.astype(ml_dtypes.bfloat16)
            else:
                x = x.astype(np.float16 if self.type == "f16" else np.float32)
            files.append(x)
            values.append(x.astype(np.float64))
        for name in self.extras:
            shape = self.shape(self.result[-1:] if name == "bias" else self.result)
            files.append(rng.standard_normal(shape).astype(np.float32))
            values.append(files[-1].astype(np.float64))
        return files, values

    def expected(self, values):
        """The result in double, and how far from it rounding may lead."""
        x, y = values[:2]
        extras = dict(zip(self.extras, values[2:]))
        total = np.einsum(self.einsum, x, y)
        size = np.einsum(self.einsum, abs(x), abs(y))
        count = np.prod([self.sizes[l] for l in self.loops if l not in self.result])
        # Each addition rounds a partial sum, which is no more than the sum of
        # magnitudes; tf32 rounds both factors to 11 bits first.
        bound = size * (count + 2) * 2.0**-24
        if "tf32" in self.options:
            bound += size * 2.0**-11
        if "half" in self.options:
            bound += size * 2.0**-10
        for name in ("start", "bias", "residual"):
            if name in extras:
                total = total + extras[name]
                bound = bound + abs(extras[name]) * 2.0**-22
        bound = bound + abs(total) * 2.0**-22
        if "gelu" in self.options:
            # Its slope is below 1.2; exp of the target is exact to a few ulp.
            with np.errstate(over="ignore"):
                total = total / (1 + np.exp(-1.702 * total))
            bound = 1.2 * bound + abs(total) * 2.0**-20
        if "narrow" in self.options:
            bound = bound + abs(total) * (2.0**-11 if self.type == "f16" else 2.0**-8) + 2.0**-24
        return total, bound

    def run(self, folder, rng):
        model = os.path.join(folder, "model.mlir")
        library = os.path.join(folder, "model.so")
        with open(model, "w", encoding="utf-8") as file:
            file.write(self.mlir())
        matmul = "tf32" if "tf32" in self.options else "f16" if "half" in self.options else "f32"
        command = ["tfc", model, "--target=cuda", "-o", library]
        if matmul != "f32":
            command.append("--matmul=" + matmul)
        subprocess.run(command, check=True)
        files, values = self.data(rng)
        command = ["tfc-run", library]
        for i, array in enumerate(files):
            path = os.path.join(folder, f"{i}.npy")
            np.save(path, array)
            command.append(f"--input=input{i}={path}")
        path = os.path.join(folder, "out.npy")
        modes = MODES if "parts=" in " ".join(self.options) else MODES[:1]
        for copies, order in modes:
            environment = dict(os.environ, TFC_EMULATE=copies, TFC_EMULATE_ORDER=order)
            subprocess.run([*command, f"--output=output0={path}"], check=True, env=environment)
            found = np.load(path)
            first = found if (copies, order) == modes[0] else first
            if found.tobytes() != first.tobytes():
                return f"differs when {copies} and {order}"
        if found.dtype.kind == "V":
            found = found.view(ml_dtypes.bfloat16)
        expected, bound = self.expected(values)
        error = abs(found.astype(np.float64) - expected)
        if found.shape != expected.shape:
            return f"expected shape {expected.shape}, found {found.shape}"
        if not np.all(error <= bound):
            worst = np.unravel_index(np.argmax(np.nan_to_num(error - bound, nan=np.inf)), error.shape)
            return f"at {tuple(map(int, worst))} found {found[worst]}, expected {expected[worst]} +- {bound[worst]:.2g}"
        return None


def main():
    rng = np.random.default_rng(0)
    failed = count = 0
    with open(sys.argv[1], encoding="utf-8") as file:
        lines = [line.split("//")[0].strip() for line in file]
    with tempfile.TemporaryDirectory() as folder:
        for line in filter(None, lines):
            count += 1
            try:
                problem = Product(line).run(folder, rng)
            except subprocess.CalledProcessError as error:
                problem = f"{error.cmd[0]} returned {error.returncode}"
            if problem:
                failed += 1
                print(f"{line}: {problem}")
    print(f"{count - failed} of {count} products are right")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
