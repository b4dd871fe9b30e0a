"""Compares the integer reference with real arithmetic, in steps of the output.

usage: check_bounds.py ROOT
"""

import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(sys.argv[1], "bench", "m7"))
import reference

random = np.random.default_rng(3)
SLACK = 1e-3  # what bounds leave out as products of two small errors
failures = 0


def bytes_(*shape):
    return random.integers(-128, 128, shape, dtype=np.int8)


def check(what, found, exact, bound):
    global failures
    error = np.abs(found - np.clip(exact, -128, 127))
    worst = float((error - bound).max())
    failures += worst > SLACK
    print(f"{what}: at most {error.max():.4f} steps, {-worst:.4f} or more below the bound")


for k in (64, 192, 768):
    x, weights = bytes_(40, k), bytes_(30, k)
    bias, scales = random.integers(-30000, 30000, 30), random.uniform(1e-5, 1e-3, 30)
    sums = x.astype(np.int64) @ weights.astype(np.int64).T + bias
    check(f"product {k}", reference.product(x, weights, bias, reference.multiplier(scales), 3),
          sums * scales + 3, 0.5 + np.abs(sums) * 2.0**-33)
for n, scale in ((32, 0.1), (225, 0.05), (225, 0.001), (1000, 0.02), (7, 1.0)):
    scores, bits = bytes_(200, n), min(23, 31 - int(np.ceil(np.log2(n))))
    exact = np.exp(scale * (scores.astype(float) - scores.max(axis=1, keepdims=True)))
    exact = 256 * exact / exact.sum(axis=1, keepdims=True) - 128
    bound = 0.5 + 256 * (n * 2.0 ** -(bits + 1) + 2.0 ** -(bits - 8)) + 2.0 ** (31 - bits - 24) + 2.0 ** (bits - 33)
    found = reference.softmax(scores, reference.softmax_table(scale, n), reference.softmax_numerator(1 / 256), -128)
    check(f"softmax {n}", found, exact, bound)
a, b = np.meshgrid(np.arange(-128, 128), np.arange(-128, 128))
for scales in ((0.05, 3, 0.03, -128, 0.06, 127), (0.02, 10, 0.017, -3, 0.03, 0)):
    found = reference.add(a, b, *reference.add_parameters(*scales))
    exact = ((a - scales[1]) * scales[0] + (b - scales[3]) * scales[2]) / scales[4] + scales[5]
    check("add", found, exact, 0.5 + 2.0**-12)
x = bytes_(225, 192)
check("mean", reference.mean(x, -5 * 225, int(reference.multiplier(0.4 / 225)), 7),
      (x.astype(float).sum(axis=0) - 5 * 225) * 0.4 / 225 + 7, 0.5 + 256 * 256 * 2.0**-33)
for k, x_scale, y_scale, spread in ((192, 0.03, 0.03, 40), (768, 0.01, 0.05, 10), (64, 0.1, 0.02, 1), (3070, 0.02, 0.04, 30)):
    x = np.clip(random.normal(5, spread, (60, k)), -128, 127).astype(np.int8)
    gamma, beta = random.normal(1, 0.3, k), random.normal(0, 1, k)
    epsilon = reference.norm_epsilon(1e-5, k, x_scale)
    for zero in (None, -20):
        real = x.astype(float) - (x.mean(axis=1, keepdims=True) if zero is None else zero)
        v = k**2 * ((real**2).mean(axis=1, keepdims=True) + 1e-5 / x_scale**2)
        z, factor = k * real / np.sqrt(v), np.abs(gamma) / y_scale
        relative = 2.0**-15 + 2.0**-16 + 1 / (256 * np.sqrt(v)) + 0.5 / v
        bound = 0.5 + np.abs(z) * factor * relative + (factor + np.abs(z)) * 2.0**-17
        found = reference.norm(x, reference.norm_parameters(gamma, beta, y_scale, 4), epsilon, zero)
        check(f"norm {k}", found, z * gamma / y_scale + beta / y_scale + 4, bound)
sys.exit(failures > 0)
