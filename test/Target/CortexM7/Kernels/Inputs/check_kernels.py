"""Calls kernels of the Cortex-M7 in QEMU and compares with the reference.

usage: check_kernels.py ROOT product|softmax|elementwise|norm|attention
"""

import os
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.join(sys.argv[1], "bench", "m7"))
import emulate
import reference

random = np.random.default_rng(7)
folder = tempfile.TemporaryDirectory()
failures = 0


def bytes_(*shape):
    return random.integers(-128, 128, shape, dtype=np.int8)


def build(options):
    path = os.path.join(folder.name, options.replace(" ", "_") + ".o")
    return path if os.path.exists(path) else emulate.compile_kernel(options, path)


def compare(what, call, options, expected):
    global failures
    (found,), _ = call.run([build(options)])
    wrong = int((found.reshape(expected.shape) != expected).sum())
    failures += wrong > 0
    print(f"{what}: {wrong} of {expected.size} differ")


def check_product(paired, m, k, n, rows, zero=3, x=None, weights=None, bias=None, scales=None):
    x = bytes_(m, k) if x is None else x
    if weights is None:
        weights = np.clip(random.normal(0, 32, (n, k)), -127, 127).astype(np.int8)
    bias = random.integers(-30000, 30000, n) if bias is None else bias
    factors = reference.multiplier(random.uniform(5e-4, 3e-3, n) if scales is None else scales)
    name, kind = ("product", "product") if paired else ("plain_product", "plain-product")
    call = emulate.Call(f"tfc_m7_{name}_k{k}_r{rows}").array(x)
    if paired:
        call.array(reference.pair_weights(weights, bias)).array(reference.pair_parameters(bias, factors))
    else:
        call.array(weights).array(reference.plain_parameters(bias, factors))
    call.buffer(m * n).buffer(2 * rows * k, keep=False).words(m, n, n, zero)
    expected = reference.product(x, weights, bias, factors, zero)
    compare(f"{kind} {m}x{k}x{n} by {rows}", call, f"kind={kind} k={k} rows={rows}", expected)


def full(value, *shape):
    return np.full(shape, value, np.int8)


def product():
    for paired in (True, False):
        for m, k, n, rows in ((32, 192, 192, 3), (3, 4, 2, 3), (7, 20, 6, 3), (4, 8, 2, 3), (1, 64, 64, 1),
                              (5, 24, 10, 1), (2, 48, 8, 2), (5, 768, 6, 2), (25, 32, 64, 3)):
            check_product(paired, m, k, n, rows)
        # The ends: zero points, sums, scales.
        for value in (-128, 127):
            for weight in (-127, 127):
                for zero in (-128, 127):
                    check_product(paired, 3, 128, 2, 3, zero, full(value, 3, 128), full(weight, 2, 128), np.array([99, -99]))
        for scale in (0.0, 2.0**-32, 0.499999):
            check_product(paired, 4, 16, 4, 3, 0, scales=np.full(4, scale))
        # Halves go upwards.
        x = np.arange(-12, 12, dtype=np.int8).reshape(6, 4) * np.array([1, 0, 0, 0], np.int8)
        check_product(paired, 6, 4, 2, 3, 0, x, np.ones((2, 4), np.int8), np.zeros(2, int), np.full(2, 0.25))
    # What does not pair: -256 * 128 - 1, odd outputs, sums of 24 bits.
    check_product(False, 5, 20, 7, 3)
    check_product(False, 4, 768, 4, 3, weights=full(-128, 4, 768), x=full(-128, 4, 768), scales=np.full(4, 1e-5))
    assert reference.pair_weights(full(-128, 2, 4), np.zeros(2, int)) is None
    assert reference.pair_weights(full(127, 2, 768), np.zeros(2, int)) is None
    assert reference.pair_weights(full(1, 3, 4), np.zeros(3, int)) is None
    for k, rows in ((64, 3), (24, 1), (24, 2)):
        for x_zero, y_zero, zero in ((3, -5, 1), (-128, 127, 127), (127, -128, -128)):
            x, y, factor = bytes_(7, k), bytes_(9, k), int(reference.multiplier(1e-3))
            call = emulate.Call(f"tfc_m7_activation_product_k{k}_r{rows}").array(x).array(y)
            call.array(np.array([x_zero, y_zero, factor], np.int32)).buffer(7 * 9)
            call.buffer(2 * rows * k, keep=False).words(7, 9, 9, zero)
            expected = reference.activation_product(x, y, x_zero, y_zero, factor, zero)
            compare(f"activations k={k} by {rows}", call, f"kind=activation-product k={k} rows={rows}", expected)


def softmax():
    for m, n, scale, out, zero in ((4, 225, 0.05, 1 / 256, -128), (3, 1, 0.1, 1 / 256, -128), (5, 7, 2.0, 1 / 255, -128),
                                   (2, 1000, 0.001, 1 / 256, -128), (3, 32, 0.1, 1 / 127, 0)):
        for scores in (bytes_(m, n), full(-128, m, n), full(127, m, n)):
            table, numerator = reference.softmax_table(scale, n), reference.softmax_numerator(out)
            call = emulate.Call("tfc_m7_softmax").array(scores).buffer(m * n).array(table).words(m, n, numerator, zero)
            compare(f"softmax {m}x{n}", call, "kind=softmax", reference.softmax(scores, table, numerator, zero))


def elementwise():
    x, other = np.arange(-128, 129).astype(np.int8), bytes_(257)
    for function in (np.tanh, lambda v: v / (1 + np.exp(-v)), lambda v: 2 * v):
        table = reference.table(function, 0.05, 3, 1 / 64, -7)
        call = emulate.Call("tfc_m7_table").array(x).buffer(x.size).array(table).words(x.size)
        compare("table", call, "kind=table", table[x.view(np.uint8)])
    for scales in ((0.05, 3, 0.03, -128, 0.06, 127), (0.2, 127, 0.1, 127, 0.1, -128), (0.01, 0, 0.01, 0, 0.5, 0)):
        p = reference.add_parameters(*scales)
        call = emulate.Call("tfc_m7_add").array(x).array(other).buffer(x.size).words(x.size, *p)
        compare("add", call, "kind=add", reference.add(x, other, *p))
    x = np.arange(-128, 129).astype(np.int8)
    for p in ((3, -128, 16000000, 4), (-128, 127, 2147483647, 0), (127, 127, 1 << 24, -128)):
        call = emulate.Call("tfc_m7_multiply").array(x).array(other).buffer(x.size).words(x.size, *p)
        compare("multiply", call, "kind=multiply", reference.multiply(x, other, *p))
    for x in (bytes_(225, 192), full(-128, 256, 192), full(127, 256, 192), bytes_(1, 192), full(-128, 257, 9),
              full(127, 600, 5), bytes_(700, 3)):
        (m, k), factor = x.shape, int(reference.multiplier(0.4 / len(x)))
        call = emulate.Call(f"tfc_m7_mean_k{k}").array(x).buffer(k).words(m, -5 * m, factor, 7)
        compare(f"mean {m}x{k}", call, f"kind=mean k={k}", reference.mean(x, -5 * m, factor, 7))


def norm():
    for k, x_scale, y_scale in ((192, 0.03, 0.03), (8, 0.1, 0.01), (1020, 0.001, 0.05), (7, 0.1, 0.02),
                                (1021, 0.01, 0.03), (4096, 0.001, 0.05)):
        x = bytes_(12, k)
        x[1], x[2], x[3], x[4], x[4, : k // 2] = 5, -128, 127, -128, 127
        x[5], x[5, 0], x[6], x[6, 1] = 5, 6, -128, 127
        p = reference.norm_parameters(random.normal(1, 0.5, k), random.normal(0, 1, k), y_scale, 4)
        epsilon = reference.norm_epsilon(1e-5, k, x_scale)
        for kind, zero in (("layer", None), ("rms", -20), ("rms", -128), ("rms", 127)):
            call = emulate.Call(f"tfc_m7_{kind}_norm_k{k}").array(x).buffer(x.size).array(p)
            call.words(len(x), zero or 0).wide(epsilon)
            compare(f"{kind} norm {k}", call, f"kind={kind}-norm k={k}", reference.norm(x, p, epsilon, zero))


def attention():
    for m, n, k, rows in ((225, 225, 64, 3), (7, 30, 32, 3), (3, 2, 16, 3), (5, 300, 8, 3), (4, 9, 64, 3), (1, 9, 8, 1), (2, 7, 4, 2)):
        q, keys, values = (np.clip(random.normal(0, 40, (r, k)), -128, 127).astype(np.int8) for r in (m, n, n))
        p = [3, -5, int(reference.multiplier(2e-3)), 1, reference.softmax_numerator(1 / 256), -128]
        p += [-128, 7, int(reference.multiplier(1.5 / 256)), 2]
        table, padded = reference.softmax_table(0.06, n), -(-n // 8) * 8
        name = f"tfc_m7_attention_k{k}_n{n}" + ("" if rows == 3 else f"_r{rows}")
        expected = reference.attention(q, keys, values, p, table)
        # The second time the results take the place of q.
        for again in (False, True):
            call = emulate.Call(name)
            call = (call.changed(q) if again else call.array(q)).array(keys).array(values)
            call = call.again(0) if again else call.buffer(m * k)
            call.array(np.array(p, np.int64).astype(np.int32)).array(table)
            call.buffer(3 * rows * max(k, padded) + k * padded, keep=False).words(m, k)
            compare(f"attention {m}x{n}x{k}" + (" in place" if again else ""), call,
                    f"kind=attention k={k} tokens={n} rows={rows}", expected)


{"product": product, "softmax": softmax, "elementwise": elementwise, "norm": norm, "attention": attention}[sys.argv[2]]()
sys.exit(failures > 0)
