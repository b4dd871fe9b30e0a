"""Runs two libraries of the digits model, and compares with ONNX Runtime.

usage: check_embed.py MODEL DIGITS.npz EXACT.so TANH.so WORK

EXACT.so may differ by rounding, 1e-4 of scores around 10. TANH.so has GELU by
tanh, within 4e-4 of erf: it must differ by more than rounding, and by less than
0.05.
"""

import subprocess
import sys

import numpy as np
import onnxruntime


def main(model, digits, exact, tanh, work):
    images = np.load(digits)["images"].astype(np.float32)[:, None] / 16
    np.savez(work + ".in.npz", images=images)
    session = onnxruntime.InferenceSession(model)
    expected = session.run(None, {"images": images})[0]
    difference = []
    for library in (exact, tanh):
        outputs = work + ".out.npz"
        subprocess.run(
            ["tfc-run", library, "--inputs", work + ".in.npz", "--outputs", outputs], check=True
        )
        difference.append(np.abs(np.load(outputs)["scores"] - expected).max())
    print("differences:", *difference)
    if difference[0] > 1e-4 or not 2 * difference[0] < difference[1] < 0.05:
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
