"""Builds kernels of the Cortex-M7 and calls them in QEMU."""

import os
import shutil
import subprocess
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
LLVM = "/usr/lib/llvm-22/bin"
CLANG = shutil.which("clang-22") or os.path.join(LLVM, "clang")
TRANSLATE = shutil.which("mlir-translate-22") or os.path.join(LLVM, "mlir-translate")
GCC = "arm-none-eabi-gcc"
QEMU = "qemu-system-arm"
CORE = ["-mcpu=cortex-m7", "-mfloat-abi=hard", "-mthumb"]
TARGET = ["--target=thumbv7em-none-eabihf", "-mcpu=cortex-m7", "-mfpu=fpv5-sp-d16"]
LOWER = ["--convert-scf-to-cf", "--convert-cf-to-llvm", "--convert-arith-to-llvm", "--convert-func-to-llvm"]
GUARD = 64  # bytes around each buffer that is written


def sh(*command, cwd=None, text=None):
    done = subprocess.run(command, cwd=cwd, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}{done.stdout}")
    return done.stdout


def kernel_ir(options, tool="tfc-opt"):
    dialect = sh(tool, f"--m7-emit-kernel={options}", *LOWER, text="module {}")
    return sh(TRANSLATE, "--mlir-to-llvmir", text=dialect)


def compile_kernel(options, path):
    sh(CLANG, *TARGET, "-O2", "-ffunction-sections", "-Wno-override-module", "-x", "ir", "-c", "-", "-o", path, text=kernel_ir(options))
    missing = sh("arm-none-eabi-nm", "-u", path)
    if missing:
        raise SystemExit(f"{options}: the kernel calls what it does not bring:\n{missing}")
    return path


class Call:
    """One call of a C function: arrays read, buffers written, words."""

    def __init__(self, name):
        self.name, self.arguments, self.inputs, self.outputs, self.types = name, [], [], [], []
        self.copies = []

    def array(self, data):
        data = np.ascontiguousarray(data)
        self.arguments.append(f"in{len(self.inputs)}")
        self.types.append("const void *")
        self.inputs.append(data.tobytes())
        return self

    def buffer(self, bytes_, keep=True):
        self.arguments.append(f"out{len(self.outputs)} + {GUARD}")
        self.types.append("void *")
        self.outputs.append((bytes_, keep))
        return self

    def changed(self, data):
        """A buffer that holds `data` before the call."""
        self.copies.append((len(self.outputs), len(self.inputs)))
        self.inputs.append(np.ascontiguousarray(data).tobytes())
        return self.buffer(data.nbytes)

    def again(self, number):
        """The argument `number` once more."""
        self.arguments.append(self.arguments[number])
        self.types.append(self.types[number])
        return self

    def words(self, *values):
        for value in values:
            self.arguments.append(f"{int(np.int64(value).astype(np.int32))}")
            self.types.append("int32_t")
        return self

    def wide(self, value):
        self.arguments.append(f"{int(value)}LL")
        self.types.append("int64_t")
        return self

    def program(self):
        lines = ['#include "boot.h"']
        for i, data in enumerate(self.inputs):
            lines.append(f"extern const char in{i}[{max(len(data), 1)}];")
        for i, (size, _) in enumerate(self.outputs):
            lines.append(f"static char out{i}[{size + 2 * GUARD}] __attribute__((aligned(8)));")
        lines.append(f"void {self.name}({', '.join(self.types)});")
        lines.append("void measure(void) {")
        for i, (size, _) in enumerate(self.outputs):
            lines.append(f"  for (int i = 0; i < {size + 2 * GUARD}; ++i) out{i}[i] = 0x5a;")
        for to, source in self.copies:
            size = len(self.inputs[source])
            lines.append(f"  for (int i = 0; i < {size}; ++i) out{to}[{GUARD} + i] = in{source}[i];")
        lines += ["  count_from_here();", "  uint32_t before = ticks();"]
        lines += [f"  {self.name}({', '.join(self.arguments)});"]
        lines += ["  uint32_t count = ticks() - before;", '  dump("ticks", &count, 4);']
        for i in range(len(self.outputs)):
            lines.append(f'  dump("out{i}", out{i}, sizeof out{i});')
        return "\n".join(lines + ["}", ""])

    def run(self, objects, extra=()):
        """The kept buffers' bytes, and the instructions of the call."""
        with tempfile.TemporaryDirectory() as folder:
            for i, data in enumerate(self.inputs):
                with open(os.path.join(folder, f"in{i}.bin"), "wb") as file:
                    file.write(data)
            blobs = [".section .rodata"]
            for i in range(len(self.inputs)):
                blobs += [".balign 8", f".global in{i}", f"in{i}: .incbin \"in{i}.bin\""]
            for name, text in (("main.c", self.program()), ("data.s", "\n".join(blobs) + "\n")):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(text)
            boot = os.path.join(HERE, "boot.c")
            script = os.path.join(HERE, "stm32f746.ld")
            sh(GCC, *CORE, "-mfpu=fpv5-sp-d16", "-O2", "-I", HERE, "-nostartfiles", "-T", script, "-Wl,--gc-sections",
               "main.c", "data.s", boot, *extra, *objects, "-o", "t.elf", cwd=folder)
            sh(QEMU, "-M", "mps2-an500", "-cpu", "cortex-m7", "-icount", "shift=3", "-semihosting-config",
               "enable=on,target=native", "-display", "none", "-monitor", "none", "-serial", "none", "-kernel", "t.elf",
               cwd=folder)

            def read(name):
                with open(os.path.join(folder, name), "rb") as file:
                    return file.read()

            results = []
            for i, (size, keep) in enumerate(self.outputs):
                data = read(f"out{i}")
                guard = b"\x5a" * GUARD
                if data[:GUARD] != guard or data[GUARD + size :] != guard:
                    raise SystemExit(f"{self.name} writes outside buffer {i}")
                if keep:
                    results.append(np.frombuffer(data[GUARD : GUARD + size], np.int8))
            return results, 5 * int(np.frombuffer(read("ticks"), np.uint32)[0])
