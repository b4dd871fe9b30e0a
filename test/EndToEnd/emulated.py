"""Runs artefacts for GPUs: in the emulator, or on a GPU where TFC_TEST_GPU is set."""

import os
import subprocess

import numpy as np

# Copies in the background that land at once or as late as they may, threads forward or
# backward.
MODES = [(copies, order) for copies in ("eager", "lazy") for order in ("forward", "backward")]


def run(model, inputs, outputs, mode=MODES[0], multiprocessors=108):
    """The arrays of `outputs`, an .npz file that is written; or what went wrong, a string."""
    environment = dict(os.environ, TFC_EMULATE=mode[0], TFC_EMULATE_ORDER=mode[1],
                       TFC_EMULATE_SMS=str(multiprocessors))
    emulate = [] if os.environ.get("TFC_TEST_GPU") else ["--emulate"]
    done = subprocess.run(["tfc-run", model, "--inputs", inputs, "--outputs", outputs, *emulate],
                          env=environment, stderr=subprocess.PIPE, text=True)
    return done.stderr.strip() if done.returncode else dict(np.load(outputs))
