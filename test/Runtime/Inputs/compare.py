"""Whether a compiled model gives what is expected, sizes included.
usage: compare.py NAME FOLDER [TOLERANCE]: runs NAME.so on NAME.0.npz, NAME.1.npz, ..."""

import os
import subprocess
import sys

import numpy as np

name, folder = sys.argv[1:3]
tolerance = float(sys.argv[3]) if len(sys.argv) > 3 else 0
count = 0
while os.path.exists(feed := os.path.join(folder, f"{name}.{count}.npz")):
    out = os.path.join(folder, "out.npz")
    subprocess.run(["tfc-run", os.path.join(folder, name + ".so"), "--inputs", feed, "--outputs", out],
                   check=True, stdout=subprocess.DEVNULL)
    found, want = np.load(out), np.load(os.path.join(folder, f"{name}.{count}.want.npz"))
    for key in want:
        assert found[key].dtype == want[key].dtype and found[key].shape == want[key].shape, (
            count, key, found[key].dtype, found[key].shape, want[key].dtype, want[key].shape)
        np.testing.assert_allclose(found[key], want[key], rtol=tolerance, atol=tolerance, err_msg=f"{count} {key}")
    count += 1
assert count > 0
