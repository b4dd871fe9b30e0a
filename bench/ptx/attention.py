#!/usr/bin/env python3
"""Machine code of attention, beside Triton's for the same tiles.

    venv/bin/python bench/ptx/attention.py [--tfc build/bin/tfc] [--arch sm_80]

(with the environment of products.py) compiles softmax(Q K^T) V of f16, with open batch
and lengths in ours and without a mask of the last keys in Triton's, and prints
registers, spills and the instructions of the loop over tiles of keys: in ours that
over tiles which all queries see whole. Counts of instructions, not time. It fails
where the loop has more than the target says, or registers are spilled; where tiles
of a causal attention that are seen whole cost more than those of a plain one, too.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter

from products import begin, instructions, opcode, triton

# Name, queries and keys of a tile, head size, warps, causal, most instructions.
FORMS = [
    ("64x64, head 64", 64, 64, 64, 4, False, 350),
    ("128x64, head 64", 128, 64, 64, 4, False, 600),
    ("128x64, head 64, causal", 128, 64, 64, 4, True, 600),
    ("128x64, head 128", 128, 64, 128, 8, False, 480),
]
MODEL = """
func.func @main(%q: tensor<?x8x{s}x{d}xf16>, %k: tensor<?x8x?x{d}xf16>, %v: tensor<?x8x?x{d}xf16>)
    -> tensor<?x8x{s}x{d}xf16> {{
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %q, %c0 : tensor<?x8x{s}x{d}xf16>
  %s = tensor.dim %q, %c2 : tensor<?x8x{s}x{d}xf16>
  %init = tensor.empty({sizes}) : tensor<?x8x{s}x{d}xf16>
  %y = attn.attention scale 0.125 {causal}
      ins(%q, %k, %v : tensor<?x8x{s}x{d}xf16>, tensor<?x8x?x{d}xf16>, tensor<?x8x?x{d}xf16>)
      outs(%init : tensor<?x8x{s}x{d}xf16>) -> tensor<?x8x{s}x{d}xf16>
  return %y : tensor<?x8x{s}x{d}xf16>
}}
"""

if triton:
    import triton.language as tl
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    @triton.jit
    def triton_attention(Q, K, V, OUT, factor, length, ROWS: tl.constexpr, KEYS: tl.constexpr, HEAD: tl.constexpr,
                         CAUSAL: tl.constexpr):
        plane = tl.program_id(1) * length * HEAD
        first = tl.program_id(0) * ROWS
        rows, keys, features = first + tl.arange(0, ROWS), tl.arange(0, KEYS), tl.arange(0, HEAD)
        at = plane + rows[:, None] * HEAD + features[None, :]
        q = tl.load(Q + at)
        greatest = tl.full((ROWS,), float("-inf"), tl.float32)
        total = tl.zeros((ROWS,), tl.float32)
        out = tl.zeros((ROWS, HEAD), tl.float32)
        k_at = K + plane + keys[None, :] * HEAD + features[:, None]
        v_at = V + plane + keys[:, None] * HEAD + features[None, :]
        end = first + ROWS if CAUSAL else length
        for begin in range(0, end, KEYS):
            scores = tl.dot(q, tl.load(k_at))
            if CAUSAL:
                scores = tl.where(rows[:, None] >= begin + keys[None, :], scores, float("-inf"))
            most = tl.maximum(greatest, tl.max(scores, 1) * factor)
            weights = tl.exp2(scores * factor - most[:, None])
            scale = tl.exp2(greatest - most)
            total = total * scale + tl.sum(weights, 1)
            out = tl.dot(weights.to(tl.float16), tl.load(v_at), out * scale[:, None])
            greatest = most
            k_at += KEYS * HEAD
            v_at += KEYS * HEAD
        tl.store(OUT + at, (out / total[:, None]).to(tl.float16))


def loops(cubin):
    """The instructions of each loop with HMMA, by kind."""
    code, labels = instructions(cubin)
    for end, instruction in enumerate(code):
        jump = re.search(r"BRA.*?(\.L_x_\d+)", instruction)
        begin = labels.get(jump.group(1)) if jump else None
        if begin is not None and begin <= end:
            kinds = Counter(map(opcode, code[begin : end + 1]))
            if kinds["HMMA"]:
                yield kinds


def assemble(ptxas, arch, ptx):
    cubin = ptx[:-3] + "cubin"
    said = subprocess.run([ptxas, "-v", f"-arch={arch}", ptx, "-o", cubin], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=True).stdout
    figures = {"registers": int(re.search(r"Used (\d+) registers", said).group(1)),
               "spills": sum(map(int, re.findall(r"(\d+) bytes spill", said)))}
    if triton:
        figures["loop"] = min(loops(cubin), key=lambda kinds: kinds.total())
    return figures


def ours(tfc, ptxas, arch, form, folder):
    _, rows, _, head, _, causal, _ = form
    short = rows == 64
    model, ptx = os.path.join(folder, "ours.mlir"), os.path.join(folder, "ours.ptx")
    with open(model, "w", encoding="utf-8") as file:
        file.write(MODEL.format(s=rows if short else "?", d=head, sizes="%b" if short else "%b, %s",
                                causal="causal" if causal else ""))
    subprocess.run([tfc, model, "--target=cuda", f"-mcpu={arch}", "--emit=ptx", "-o", ptx], check=True)
    return assemble(ptxas, arch, ptx)


def theirs(ptxas, arch, form, folder):
    _, rows, keys, head, warps, causal, _ = form
    names = {"Q": "*fp16", "K": "*fp16", "V": "*fp16", "OUT": "*fp16", "factor": "fp32", "length": "i32"}
    sizes = {"ROWS": rows, "KEYS": keys, "HEAD": head, "CAUSAL": causal}
    source = ASTSource(fn=triton_attention, signature=names | dict.fromkeys(sizes, "constexpr"), constexprs=sizes,
                       attrs={(i,): [["tt.divisibility", 16]] for i in (0, 1, 2, 3, 5)})
    compiled = triton.compile(source, target=GPUTarget("cuda", int(arch[3:]), 32),
                              options={"num_warps": warps, "num_stages": 3})
    ptx = os.path.join(folder, "theirs.ptx")
    with open(ptx, "w", encoding="utf-8") as file:
        file.write(compiled.asm["ptx"])
    return assemble(ptxas, arch, ptx)


def row(name, who, figures, most=""):
    loop = figures.get("loop")
    cells = [name, who, figures["registers"], figures["spills"], loop.total() if loop else "", most]
    cells += [loop[kind] if loop else "" for kind in ("HMMA", "LDSM", "MUFU", "SHFL")]
    return "| " + " | ".join(map(str, cells)) + " |"


def main():
    arguments, ptxas = begin(__doc__)
    print("| tile | | registers | bytes spilled | instructions of the loop | at most | HMMA | LDSM | MUFU | SHFL |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    failed, totals = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMS:
            name, most = form[0], form[-1]
            mine = ours(arguments.tfc, ptxas, arguments.arch, form, folder)
            print(row(name, "tfc", mine, most))
            if triton:
                print(row("", "Triton", theirs(ptxas, arguments.arch, form, folder)))
                totals[name] = mine["loop"].total()
                if totals[name] > most:
                    failed.append(f"{name}: instructions")
            if mine["spills"]:
                failed.append(f"{name}: spills")
    if triton and totals[FORMS[2][0]] > totals[FORMS[1][0]]:
        failed.append("causal tiles that are seen whole cost more")
    print()
    print("All targets hold." if not failed else "Targets that do not hold: " + "; ".join(failed))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
