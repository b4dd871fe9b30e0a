"""The integer kernels of the Cortex-M7 in numpy, element by element as compiled.

docs/cortex-m7-integer.md says why they are so. Functions named after a kernel
compute what its code must equal bit for bit; the others compute, from scales and
zero points, the constants that the code is given.
"""

import numpy as np


def saturate(x):
    return np.clip(x, -128, 127).astype(np.int8)


def multiply_high(a, multiplier, add=0):
    """add + a * multiplier / 2^32 to nearest, halves upwards (smmlar)."""
    product = np.asarray(a, np.int64) * np.asarray(multiplier, np.int64)
    return add + ((product + (1 << 31)) >> 32)


def multiplier(scale):
    """A scale below 1/2 as a multiple of 2^-32."""
    fixed = np.round(np.asarray(scale, np.float64) * 2.0**32).astype(np.int64)
    if np.any(fixed < 0) or np.any(fixed >= 1 << 31):
        raise ValueError("expected scales from 0 to below 1/2")
    return fixed


def product(x, weights, bias, multipliers, zero):
    sums = x.astype(np.int64) @ weights.astype(np.int64).T + bias
    return saturate(multiply_high(sums, multipliers, zero))


def fold_zero_point(bias, weights, zero):
    return bias - zero * weights.astype(np.int64).sum(axis=1)


def pair_weights(weights, bias):
    """What pairWeights of targets/CortexM7/Kernels gives; None where it gives none."""
    outputs, depth = weights.shape
    if outputs % 2 or depth % 4:
        return None
    a, b = weights[0::2].astype(np.int64), weights[1::2].astype(np.int64)
    paired = 256 * a + b
    reach = np.abs(bias[0::2]) + 128 * np.abs(a).sum(axis=1)
    if paired.min() < -(1 << 15) or reach.max() >= 1 << 23:
        return None
    return paired.reshape(outputs // 2, depth // 4, 4)[:, :, [0, 2, 1, 3]].astype(np.int16)


def pair_parameters(bias, multipliers):
    a, b = bias[0::2], bias[1::2]
    columns = [256 * a + b, b, multipliers[0::2], multipliers[1::2]]
    return np.stack(columns, axis=1).astype(np.int32)


def plain_parameters(bias, multipliers):
    return np.stack([bias, multipliers], axis=1).astype(np.int32)


def activation_product(x, y, x_zero, y_zero, factor, zero):
    sums = (x.astype(np.int64) - x_zero) @ (y.astype(np.int64) - y_zero).T
    return saturate(multiply_high(sums, factor, zero))


def softmax_table(scale, columns):
    """exp(-scale d) for d = 0 to 255, of as many bits as sums of `columns` leave."""
    bits = min(23, 31 - int(np.ceil(np.log2(max(columns, 1)))))
    exact = np.exp(-np.float64(scale) * np.arange(256))
    return np.round(exact * 2.0**bits).astype(np.int32)


def softmax_numerator(out_scale):
    numerator = round(2.0**23 / out_scale)
    if numerator > 0xFFFFFFFF - (1 << 22):
        raise ValueError("expected a scale of probabilities of at least 1/511")
    return numerator


def softmax(scores, table, numerator, zero):
    scores = scores.astype(np.int64)
    entries = table.astype(np.int64)[scores.max(axis=-1, keepdims=True) - scores]
    divisor = (entries.sum(axis=-1, keepdims=True) + 256) >> 9
    return saturate(multiply_high(entries, (numerator + (divisor >> 1)) // divisor, zero))


def table(function, x_scale, x_zero, y_scale, y_zero):
    """y's byte for each of x's, by x's byte without sign."""
    x = np.arange(256).astype(np.uint8).view(np.int8).astype(np.float64)
    y = function((x - x_zero) * x_scale)
    return saturate(np.rint(y / y_scale) + y_zero)


def add_parameters(a_scale, a_zero, b_scale, b_zero, y_scale, y_zero):
    a, b = (round(s / y_scale * 2**20) for s in (a_scale, b_scale))
    constant = (y_zero << 20) + (1 << 19) - a * a_zero - b * b_zero
    if abs(a) + abs(b) >= 1 << 23 or abs(constant) >= 1 << 30:
        raise ValueError("expected scales of the inputs below 4 steps of the output's")
    return a, b, constant


def add(a, b, a_factor, b_factor, constant):
    return saturate((a.astype(np.int64) * a_factor + b.astype(np.int64) * b_factor + constant) >> 20)


def multiply(a, b, a_zero, b_zero, factor, zero):
    return saturate(multiply_high((a.astype(np.int64) - a_zero) * (b.astype(np.int64) - b_zero), factor, zero))


def mean(x, added, factor, zero):
    return saturate(multiply_high(x.astype(np.int64).sum(axis=0) + added, factor, zero))


def norm_parameters(gamma, beta, y_scale, y_zero):
    scale = np.round(np.asarray(gamma, np.float64) / y_scale * 2.0**16).astype(np.int64)
    bias = np.round((np.asarray(beta, np.float64) / y_scale + y_zero) * 2.0**32) + 2.0**31
    packed = np.zeros(len(scale), dtype=[("scale", "<i4"), ("none", "<i4"), ("bias", "<i8")])
    packed["scale"], packed["bias"] = scale, bias.astype(np.int64)
    return packed


def norm_epsilon(epsilon, depth, x_scale):
    return int(min(max(round(epsilon * depth**2 / x_scale**2), 1), (1 << 29)))


def norm(x, parameters, epsilon, zero=None):
    """LayerNorm, or RMSNorm where x's zero point is given."""
    x = x.astype(np.int64)
    depth = x.shape[1]
    centre = x.sum(axis=1) if zero is None else np.full(len(x), depth * zero)
    if zero is None:
        radicand = depth * (x * x).sum(axis=1) - centre * centre
    else:
        radicand = depth * ((x - zero) ** 2).sum(axis=1)
    y = np.empty(x.shape, np.int8)
    for i, v in enumerate(radicand):
        root = int_root((int(v) + epsilon) << 16)
        zeros = 32 - root.bit_length()
        divisor = (((root << zeros) >> 1) + (1 << 14)) >> 15
        z = (((depth * x[i] - centre[i]) * (0x7FFFFFFF // divisor) << zeros) + (1 << 22)) >> 23
        y[i] = saturate((z * parameters["scale"] + parameters["bias"]) >> 32)
    return y


def int_root(value):
    root = int(np.sqrt(float(value)))
    while root * root > value:
        root -= 1
    while (root + 1) * (root + 1) <= value:
        root += 1
    return root


def attention(q, keys, values, p, table):
    """p: zero points and multipliers in the order of the kernel's parameters."""
    scores = activation_product(q, keys, p[0], p[1], p[2], p[3])
    probabilities = softmax(scores, table, p[4], p[5])
    return activation_product(probabilities, values.T, p[6], p[7], p[8], p[9])
