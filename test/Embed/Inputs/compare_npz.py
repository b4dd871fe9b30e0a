"""compare_npz.py FOUND EXPECTED: arrays of f32 that differ by sums in another order."""

import sys

import numpy as np

found, expected = (dict(np.load(path)) for path in sys.argv[1:])
for name, value in expected.items():
    np.testing.assert_allclose(found[name], value, rtol=2e-5, atol=2e-5)
