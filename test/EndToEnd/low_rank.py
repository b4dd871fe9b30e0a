"""Compresses models by tfc's low-rank pass and compares with numpy doing the same.

usage: low_rank.py ROOT WORK

A model of four linear layers, of both forms of weights, wider than tall and taller
than wide, with inputs that lie in fewer dimensions than they have, is printed after
compression; its factors are read from that text. The product must be numpy's nearest
matrix of that rank (svd), or lose no more of the layer's results than the best does
(whitened), with the same mean; a weight of low rank must come back (exact). The
compiled model must give what numpy gives with the factors. Of the digits of
examples/digits the share that is read right is printed, for ranks by the weights alone
and by 60 images, compiled for x86-64 and, for some images, for the Cortex-M7; the
cross entropy on the other images must be lower by what goes into the layers than
without.
"""

import json
import os
import re
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

EPSILON = np.finfo(np.float32).eps
# name, K, N, whether Gemm transposes it
LAYERS = [("tall", 24, 16, False), ("wide", 16, 40, True), ("deep", 40, 20, False),
          ("flat", 20, 30, False)]


def run(*command):
    subprocess.run(command, check=True)


def make_model(path, random):
    nodes, weights, last = [], {}, "x"
    for i, (name, rows, columns, transposed) in enumerate(LAYERS):
        weight = random.standard_normal((rows, columns)) * 2.0 ** -np.arange(columns)[None] ** 0.5
        if name == "flat":
            weight = random.standard_normal((rows, 5)) @ random.standard_normal((5, columns))
        weight = weight.astype(np.float32)
        bias = random.standard_normal(columns).astype(np.float32)
        weights[name] = weight, bias
        last_name, last = last, f"y{i}"
        nodes.append(helper.make_node("Gemm", [last_name, name + ".w", name + ".b"],
                                      [last], name, transB=int(transposed)))
        if i + 1 < len(LAYERS):
            nodes.append(helper.make_node("Tanh", [last], [f"t{i}"], f"tanh{i}"))
            last = f"t{i}"
    tensors = []
    for name, rows, columns, transposed in LAYERS:
        weight, bias = weights[name]
        weight = np.ascontiguousarray(weight.T) if transposed else weight
        tensors += [numpy_helper.from_array(weight, name + ".w"),
                    numpy_helper.from_array(bias, name + ".b")]
    graph = helper.make_graph(
        nodes, "layers",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", LAYERS[0][1]])],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, ["n", LAYERS[-1][2]])], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return weights


def inputs_of_layers(weights, x):
    """What goes into each layer, in f64."""
    found, x = {}, x.astype(np.float64)
    for name, *_ in LAYERS:
        found[name] = x
        weight, bias = weights[name]
        x = np.tanh(x @ weight.astype(np.float64) + bias)
    return found


def compressed(model, options, work, *more):
    """(report of each site, arrays of f32 by their names in the printed module)."""
    run("tfc", model, "--compress=low-rank{" + options + "}", "--emit=attn", "-o", work + ".mlir",
        "--report=" + work + ".json", *more)
    with open(work + ".json", encoding="utf-8") as file:
        report = json.load(file)["compression"]
    with open(work + ".mlir", encoding="utf-8") as file:
        text = file.read()
    arrays = {}
    types = re.findall(r"dense_resource<(low_rank\.\w+)> : tensor<([\dx]+)xf32>", text)
    blobs = dict(re.findall(r'(low_rank\.\w+): "0x([0-9A-F]+)"', text))
    for name, sizes in types:
        numbers = np.frombuffer(bytes.fromhex(blobs[name])[4:], "<f4")
        arrays[name] = numbers.reshape([int(size) for size in sizes.split("x")])
    return report, arrays


def factors_by_site(report, arrays):
    """(a, b, bias or None) by site; names are numbered where they repeat."""
    count, found = 0, {}
    for entry in report["sites"]:
        if "rank" not in entry:
            continue
        suffix = f"_{count}" if count else ""
        found[entry["site"]] = tuple(
            arrays[f"low_rank.{part}{suffix}"].astype(np.float64) if part != "bias"
            else arrays.get(f"low_rank.bias{suffix}") for part in ("a", "b", "bias"))
        count += 1
    return found


def check_svd(model, weights, work):
    report, arrays = compressed(model, "rank=6 method=svd", work)
    found = factors_by_site(report, arrays)
    if set(found) != {name for name, *_ in LAYERS}:
        yield f"svd: changed {sorted(found)}"
    for name, (a, b, _) in found.items():
        weight = weights[name][0].astype(np.float64)
        u, s, v = np.linalg.svd(weight)
        best = u[:, :6] * s[:6] @ v[:6]
        # Both factors are rounded once, and six products added exactly.
        bound = EPSILON * (np.abs(a) @ np.abs(b)) + 1e-12
        if not np.all(np.abs(a @ b - best) <= bound):
            yield f"svd: {name} is off by {np.abs(a @ b - best).max()}"
    before = sum(rows * columns + columns for _, rows, columns, _ in LAYERS)
    after = sum(6 * (rows + columns) + columns for _, rows, columns, _ in LAYERS)
    if (report["parameters_before"], report["parameters_after"]) != (before, after):
        yield f"svd: parameters are {report}"


def check_exact(model, weights, work):
    report, arrays = compressed(model, "method=exact", work)
    found = factors_by_site(report, arrays)
    if set(found) != {"flat"} or found["flat"][0].shape[1] != 5:
        yield f"exact: changed {report}"
        return
    a, b, _ = found["flat"]
    weight = weights["flat"][0]
    # The weight itself was rounded when it was made.
    bound = EPSILON * (np.abs(a) @ np.abs(b) + np.abs(weight).max())
    if not np.all(np.abs(a @ b - weight) <= bound):
        yield f"exact: off by {np.abs(a @ b - weight).max()}"


def check_whitened(model, weights, x, work):
    np.savez(work + ".npz", x=x)
    report, arrays = compressed(model, "rank=6", work, "--calibration=" + work + ".npz")
    found = factors_by_site(report, arrays)
    if len(found) != len(LAYERS):
        yield f"whitened: changed {sorted(found)}"
    reads = inputs_of_layers(weights, x)
    for name, (a, b, bias) in found.items():
        weight, old = (each.astype(np.float64) for each in weights[name])
        y = reads[name] @ weight + old
        centred = y - y.mean(0)
        energies = np.linalg.eigvalsh(centred.T @ centred / len(y))[::-1]
        z = reads[name] @ a @ b + bias
        error = y - z
        lost, best = (error**2).sum() / len(y), energies[6:].sum()
        svd = reads[name] @ (weight - np.linalg.multi_dot(truncated(weight)))
        print(f"{name}: lost {lost / energies.sum():.3e} of the energy, the best "
              f"{best / energies.sum():.3e}, by svd {(svd**2).sum() / len(y) / energies.sum():.3e}")
        # The covariance is rounded to f32 once a sample, so that the best for it is
        # not quite the best; half of the places are the least that is kept of it.
        if lost > best * (1 + 1e-3) + 1e-6 * energies.sum() or lost < best * (1 - 1e-3):
            yield f"whitened: {name} loses {lost}, the best is {best}"
        if np.abs(error.mean(0)).max() > 8 * EPSILON * np.abs(y).max():
            yield f"whitened: the mean of {name} moves by {np.abs(error.mean(0)).max()}"
    yield from check_compiled(model, weights, found, x, work)


def truncated(weight):
    u, s, v = np.linalg.svd(weight)
    return u[:, :6], np.diag(s[:6]), v[:6]


def check_compiled(model, weights, factors, x, work):
    run("tfc", model, "--compress=low-rank{rank=6}", "--calibration=" + work + ".npz",
        "-o", work + ".so")
    run("tfc-run", work + ".so", "--inputs", work + ".npz", "--outputs", work + ".out.npz")
    exact, rounded = x.astype(np.float64), x
    for i, (name, *_) in enumerate(LAYERS):
        a, b, bias = factors[name]
        exact = exact @ a @ b + bias
        rounded = rounded @ a.astype(np.float32) @ b.astype(np.float32) + bias
        if i + 1 < len(LAYERS):
            exact, rounded = np.tanh(exact), np.tanh(rounded)
    found = next(iter(np.load(work + ".out.npz").values()))
    # Another order of sums in f32 is off by as much, give or take.
    off, usual = np.abs(found - exact).max(), np.abs(rounded - exact).max()
    print(f"compiled: off by {off:.2e}, numpy in f32 by {usual:.2e}")
    if not off <= 4 * usual:
        yield "compiled: the model does not give what its factors do"


def check_snmf(model, weights, work):
    report, arrays = compressed(model, "ranks=tall=6,wide=6 method=snmf", work)
    again = compressed(model, "ranks=tall=6,wide=6 method=snmf", work)[1]
    found = factors_by_site(report, arrays)
    if set(found) != {"tall", "wide"}:
        yield f"snmf: changed {sorted(found)}"
    for name, (a, b, _) in found.items():
        weight = weights[name][0].astype(np.float64)
        lost = ((a @ b - weight) ** 2).sum() / (weight**2).sum()
        singular = np.linalg.svd(weight, compute_uv=False)
        best = (singular[6:] ** 2).sum() / (singular**2).sum()
        print(f"{name}: semi-nonnegative loses {lost:.3f}, the best {best:.3f}")
        if b.min() < 0 or not best * (1 - 1e-6) <= lost < 1:
            yield f"snmf: {name} has {b.min()} and loses {lost}"
    if any(not np.array_equal(arrays[key], again[key]) for key in arrays):
        yield "snmf: two runs differ"


def cross_entropy(scores, labels):
    scores = scores.astype(np.float64) - scores.max(1, keepdims=True)
    return np.mean(np.log(np.exp(scores).sum(1)) - scores[np.arange(len(labels)), labels])


def check_digits(root, work):
    folder = os.path.join(root, "examples", "digits")
    data = np.load(os.path.join(folder, "test.npz"))
    images = data["images"][:, None].astype(np.float32) / 16
    labels = data["labels"][60:]
    np.savez(work + ".some.npz", images=images[:60])
    np.savez(work + ".rest.npz", images=images[60:])
    model = os.path.join(folder, "vit.onnx")
    losses, scores_of = {}, {}
    data_option = "--calibration=" + work + ".some.npz"
    low = "--compress=low-rank{rank=16}"
    for name, options in {
        "f32": [],
        "svd": [low],
        "whitened": [low, data_option],
        "whitened int8": [low, data_option, "--quantize"],
    }.items():
        run("tfc", model, "-o", work + ".so", *options)
        run("tfc-run", work + ".so", "--inputs", work + ".rest.npz",
            "--outputs", work + ".out.npz")
        scores = scores_of[name] = np.load(work + ".out.npz")["scores"]
        losses[name] = cross_entropy(scores, labels)
        right = np.mean(scores.argmax(1) == labels)
        print(f"digits, {name}: {right:.2%} right, cross entropy {losses[name]:.4f}")
    if not losses["whitened"] < losses["svd"]:
        yield "digits: to know the inputs does not help"
    # The Cortex-M7 computes the same layers in f32.
    run("tfc", model, "--target=cortex-m7", low, data_option, "--shape", "images=4x1x8x8",
        "-o", work + ".o")
    np.savez(work + ".four.npz", images=images[60:64])
    run("tfc-run", work + ".o", "--target=cortex-m7", "--inputs", work + ".four.npz",
        "--outputs", work + ".m7.npz")
    found = np.load(work + ".m7.npz")["scores"]
    # By samples of four: which are held back in the fit depends on what a sample is.
    run("tfc", model, low, data_option, "--shape", "images=4x1x8x8", "-o", work + ".so")
    run("tfc-run", work + ".so", "--inputs", work + ".four.npz", "--outputs", work + ".x86.npz")
    distance = np.abs(found - np.load(work + ".x86.npz")["scores"]).max()
    print(f"digits, Cortex-M7: {distance:.1e} from x86-64")
    if not distance <= 1e-4 * np.abs(found).max():
        yield "digits: the Cortex-M7 gives something else"


def main():
    root, work = sys.argv[1], os.path.join(sys.argv[2], "model")
    random = np.random.default_rng(7)
    model = work + ".onnx"
    weights = make_model(model, random)
    # In 12 of 24 dimensions, with a mean.
    x = random.standard_normal((200, 12)) @ random.standard_normal((12, 24)) + 2
    x = x.astype(np.float32)
    faults = list(check_svd(model, weights, work))
    faults += check_exact(model, weights, work)
    faults += check_whitened(model, weights, x, work)
    faults += check_snmf(model, weights, work)
    faults += check_digits(root, work)
    for fault in faults:
        print("error: " + fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
