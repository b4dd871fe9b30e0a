#!/usr/bin/env python3
"""Machine code of products, beside Triton's for the same tiles.

    python -m venv venv && venv/bin/pip install -r bench/ptx/requirements.txt
    venv/bin/python bench/ptx/products.py [--tfc build/bin/tfc] [--arch sm_80]

compiles C = A B of f16 with sums in f32, M = N = K = 4096, all sizes known, with four
tiles, by tfc and by Triton, and prints a table: registers, spills, and the
instructions of the main loop (one step over K), of what comes after it, and how many
of the loop are HMMA. Each figure is of the program as ptxas made it: counts of
instructions, not time. Without Triton, whose wheel also has nvdisasm, it prints
registers and spills only, and says so. It fails where a target does not hold: in each
tile at least Triton's share of HMMA, at most its registers and instructions after
the loop, and no spills.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter

SIZE = 4096
# Rows, columns, depth, rows and columns of a warp, stages.
TILES = [
    (64, 64, 32, 32, 32, 3),
    (128, 128, 32, 64, 64, 3),
    (128, 128, 64, 64, 32, 3),
    (128, 256, 32, 64, 64, 3),
]
MODEL = """
func.func @main(%a: tensor<{n}x{n}xf16>, %b: tensor<{n}x{n}xf16>) -> tensor<{n}x{n}xf32> {{
  %empty = tensor.empty() : tensor<{n}x{n}xf32>
  %zero = arith.constant 0.0 : f32
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<{n}x{n}xf32>) -> tensor<{n}x{n}xf32>
  %c = linalg.matmul {{cuda.tile = array<i64: {tile}>}}
      ins(%a, %b : tensor<{n}x{n}xf16>, tensor<{n}x{n}xf16>)
      outs(%start : tensor<{n}x{n}xf32>) -> tensor<{n}x{n}xf32>
  return %c : tensor<{n}x{n}xf32>
}}
"""

try:
    import triton
    import triton.language as tl
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    TOOLS = os.path.join(os.path.dirname(triton.__file__), "backends", "nvidia", "bin")

    @triton.jit
    def triton_product(A, B, C, SIZE: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
        rm = tl.program_id(1) * BM + tl.arange(0, BM)
        rn = tl.program_id(0) * BN + tl.arange(0, BN)
        rk = tl.arange(0, BK)
        a_at = A + rm[:, None] * SIZE + rk[None, :]
        b_at = B + rk[:, None] * SIZE + rn[None, :]
        sums = tl.zeros((BM, BN), dtype=tl.float32)
        for _ in range(0, SIZE, BK):
            sums = tl.dot(tl.load(a_at), tl.load(b_at), sums)
            a_at += BK
            b_at += BK * SIZE
        tl.store(C + rm[:, None] * SIZE + rn[None, :], sums)

except ImportError:
    triton = None


def find_ptxas():
    """As test/lit.cfg.py does."""
    candidates = [os.environ.get("TFC_PTXAS")]
    if os.environ.get("CUDA_HOME"):
        candidates.append(os.path.join(os.environ["CUDA_HOME"], "bin", "ptxas"))
    candidates += [shutil.which("ptxas"), "/usr/local/cuda/bin/ptxas"]
    if triton:
        candidates.append(os.path.join(TOOLS, "ptxas"))
    return next((path for path in candidates if path and os.access(path, os.X_OK)), None)


def version(tool):
    text = subprocess.run([tool, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = re.search(r"V(\d+\.\d+\.\d+)", text) or re.search(r"(\d+\.\d+\S*)", text)
    return found.group(1) if found else "?"


def instructions(cubin):
    """The instructions of a program with one kernel, and where labels are."""
    text = subprocess.run(
        [os.path.join(TOOLS, "nvdisasm"), "-c", cubin], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    code, labels = [], {}
    for line in text.splitlines():
        if label := re.match(r"\s*(\.L_x_\d+):", line):
            labels[label.group(1)] = len(code)
        elif instruction := re.match(r"\s+/\*[0-9a-f]+\*/\s+(.*?);", line):
            code.append(instruction.group(1))
    return code, labels


def opcode(instruction):
    return re.sub(r"^@!?U?P\w+\s+", "", instruction).split()[0].split(".")[0]


def count(cubin):
    """Of the largest loop with HMMA: its instructions, those that are HMMA, and the
    instructions after it up to the end of the kernel, without its padding."""
    code, labels = instructions(cubin)
    best = None
    for end, instruction in enumerate(code):
        jump = re.search(r"BRA.*?(\.L_x_\d+)", instruction)
        begin = labels.get(jump.group(1)) if jump else None
        if begin is None or begin > end:
            continue
        kinds = Counter(map(opcode, code[begin : end + 1]))
        if kinds["HMMA"] and (best is None or end - begin > best[1] - best[0]):
            best = begin, end, kinds
    begin, end, kinds = best
    # The last jump is to itself, and stands behind the kernel's end.
    tail = [c for c in map(opcode, code[end + 1 :]) if c != "NOP"]
    return {"loop": end + 1 - begin, "hmma": kinds["HMMA"], "after": len(tail) - 1}


def assemble(ptxas, arch, ptx):
    cubin = ptx[:-3] + "cubin"
    said = subprocess.run(
        [ptxas, "-v", f"-arch={arch}", ptx, "-o", cubin],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True,
    ).stdout
    spills = sum(map(int, re.findall(r"(\d+) bytes spill", said)))
    figures = {"registers": int(re.search(r"Used (\d+) registers", said).group(1)), "spills": spills}
    if triton:
        figures |= count(cubin)
    return figures


def ours(tfc, ptxas, arch, tile, folder):
    model, ptx = os.path.join(folder, "ours.mlir"), os.path.join(folder, "ours.ptx")
    with open(model, "w", encoding="utf-8") as file:
        file.write(MODEL.format(n=SIZE, tile=", ".join(map(str, tile))))
    subprocess.run([tfc, model, "--target=cuda", f"-mcpu={arch}", "--emit=ptx", "-o", ptx], check=True)
    return assemble(ptxas, arch, ptx)


def theirs(ptxas, arch, tile, folder):
    rows, columns, depth, warp_rows, warp_columns, stages = tile
    names = {"A": "*fp16", "B": "*fp16", "C": "*fp32"}
    sizes = {"SIZE": SIZE, "BM": rows, "BN": columns, "BK": depth}
    source = ASTSource(
        fn=triton_product,
        signature=names | dict.fromkeys(sizes, "constexpr"),
        constexprs=sizes,
        attrs={(i,): [["tt.divisibility", 16]] for i in range(3)},
    )
    warps = rows // warp_rows * (columns // warp_columns)
    compiled = triton.compile(
        source,
        target=GPUTarget("cuda", int(arch[3:]), 32),
        options={"num_warps": warps, "num_stages": stages},
    )
    ptx = os.path.join(folder, "theirs.ptx")
    with open(ptx, "w", encoding="utf-8") as file:
        file.write(compiled.asm["ptx"])
    return assemble(ptxas, arch, ptx)


def failures(mine, other):
    """The targets that do not hold."""
    failed = ["spills"] if mine["spills"] else []
    if other:
        if mine["hmma"] * other["loop"] < other["hmma"] * mine["loop"]:
            failed.append("share of HMMA")
        failed += [name for name in ("registers", "after") if mine[name] > other[name]]
    return failed


def row(name, who, figures):
    cells = [name, who, str(figures["registers"]), str(figures["spills"])]
    if "loop" in figures:
        share = figures["hmma"] / figures["loop"]
        cells += [f"{figures['hmma']} of {figures['loop']} ({share:.0%})", str(figures["after"])]
    else:
        cells += ["", ""]
    return "| " + " | ".join(cells) + " |"


def begin(doc):
    """Reads the command line, finds ptxas and prints what is compared: the arguments and
    ptxas."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser = argparse.ArgumentParser(description=doc.split("\n", maxsplit=1)[0])
    parser.add_argument("--tfc", default=os.path.join(root, "build", "bin", "tfc"))
    parser.add_argument("--arch", default="sm_80", choices=["sm_80", "sm_86", "sm_89"],
                        help="newer ones are multiplied by other instructions in Triton")
    arguments = parser.parse_args()
    ptxas = find_ptxas()
    if not ptxas:
        sys.exit("there is no ptxas: set TFC_PTXAS or CUDA_HOME, or install the requirements")
    print(f"{arguments.arch}, ptxas {version(ptxas)}, ", end="")
    if triton:
        print(f"nvdisasm {version(os.path.join(TOOLS, 'nvdisasm'))}, Triton {triton.__version__}\n")
    else:
        print("no Triton: only registers and spills, and nothing to compare with\n")
    return arguments, ptxas


def main():
    arguments, ptxas = begin(__doc__)
    print("| tile, warps | | registers | bytes spilled | HMMA of the loop | after the loop |")
    print("|---|---|---|---|---|---|")
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        for tile in TILES:
            rows, columns, depth, warp_rows, warp_columns, _ = tile
            name = f"{rows}x{columns}x{depth}, {rows // warp_rows * (columns // warp_columns)}"
            mine = ours(arguments.tfc, ptxas, arguments.arch, tile, folder)
            other = theirs(ptxas, arguments.arch, tile, folder) if triton else None
            print(row(name, "tfc", mine))
            if other:
                print(row("", "Triton", other))
            failed += [f"{name}: {what}" for what in failures(mine, other)]
    print()
    print("All targets hold." if not failed else "Targets that do not hold: " + "; ".join(failed))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
