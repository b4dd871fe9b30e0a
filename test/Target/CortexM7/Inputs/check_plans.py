"""Compares plans of the arena with the best of all orders of placing.

usage: check_plans.py

Small sets of buffers with random lives and sizes are planned by tfc-opt, by the
exact search nearly alone. Placing each buffer as low as it goes finds the least
size for some order, so trying all orders says what the least is; some sets need
more than is alive at any step.
"""

import random
import re
import subprocess
import sys


# 32 bytes are alive at each of these steps, and 40 are needed.
AWKWARD = [(16, 0, 0), (16, 0, 2), (8, 2, 3), (8, 2, 6), (8, 3, 6), (16, 6, 7), (16, 7, 7)]


def alive(buffers):
    return max(sum(size for size, f, l in buffers if f <= t <= l) for _, t, _ in buffers)


def least(buffers):
    bound = alive(buffers)
    best = sum(size for size, _, _ in buffers)

    def place(left, placed):
        nonlocal best
        if not left:
            best = max(end for _, end, _, _ in placed)
        for number, (size, first, last) in enumerate(left):
            at = 0
            for begin, end in sorted((b, e) for b, e, f, l in placed if f <= last and first <= l):
                if begin - at >= size:
                    break
                at = max(at, end)
            if at + size < best and best > bound:
                place(left[:number] + left[number + 1:], [*placed, (at, at + size, first, last)])

    place(buffers, [])
    return best


def module(buffers, steps):
    """A function whose step t reads the buffers that are alive at t."""
    lines = ["func.func @tfc_compute(%y: memref<1xi8>) -> i32 {", "%ok = arith.constant 0 : i32",
             "%zero = arith.constant 0 : i8"]
    for number, (size, _, _) in enumerate(buffers):
        lines.append(f"%b{number} = memref.alloc() : memref<{size}xi8>")
    for step in range(steps):
        lines.append("scf.execute_region {")
        for number, (size, first, last) in enumerate(buffers):
            if first <= step <= last:
                lines.append(f"linalg.fill ins(%zero : i8) outs(%b{number} : memref<{size}xi8>)")
        lines += ["linalg.fill ins(%zero : i8) outs(%y : memref<1xi8>)", "scf.yield", "}"]
    return "\n".join([*lines, "return %ok : i32", "}"])


def main():
    draw = random.Random(7)
    cases = []
    for number in range(60):
        buffers = [(size * (1 + number % 3), first, last) for size, first, last in AWKWARD]
        for _ in range(number % 4):
            first = draw.randrange(8)
            buffers.append((8 * draw.randint(1, 3), first, min(7, first + draw.randint(0, 3))))
        draw.shuffle(buffers)
        cases.append((buffers, 8))
    for _ in range(60):
        steps = draw.randint(4, 7)
        buffers = []
        for _ in range(10):
            first = draw.randrange(steps)
            buffers.append((8 * draw.randint(1, 4), first, min(steps - 1, first + draw.randint(0, 4))))
        cases.append((buffers, steps))
    text = "\n// -----\n".join(module(*case) for case in cases)
    done = subprocess.run(
        ["tfc-opt", "-", "--split-input-file", "--m7-plan-arena=orders=1", "--attn-verify-memory-plan"],
        input=text, capture_output=True, text=True)
    sys.stderr.write(done.stderr)
    plans = re.findall(r"\], bytes = (\d+) : i64.*?live_bytes = (\d+).*?lower_bound = (\d+).*?proven = (\w+)", done.stdout)
    faults, above = int(len(plans) != len(cases)), 0
    for (buffers, _), (found, live, bound, proven) in zip(cases, plans):
        wanted = least(buffers)
        above += wanted > int(live)
        if (int(found), int(bound), proven) != (wanted, wanted, "true"):
            faults += 1
            print(f"{buffers}: expected {wanted}, found {found}, bound {bound}, proven {proven}")
    print(f"{len(plans)} plans, {above} above what lives at once, {faults} faults")
    return 1 if faults or not above else 0


if __name__ == "__main__":
    sys.exit(main())
