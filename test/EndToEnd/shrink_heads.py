"""Shrinks the heads of attentions by tfc and compares with numpy and onnxruntime.

usage: shrink_heads.py ROOT WORK

An attention whose four query heads read two key heads, and one whose queries and keys
come from other inputs, have keys of 5 and values of 4 independent elements of 8: with as
many the model must give what onnxruntime gives without, with statistics and without.
With random weights, the share of the squares of scores that tfc says is kept must be that
of the singular values of L^T Wq Wk^T L, of the rows and columns of x, in numpy, L L^T
being the second moments of x. Of the digits of examples/digits the share that is read
right is printed, and some images run on the Cortex-M7.
"""

import json
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

EPSILON = np.finfo(np.float32).eps
WIDTH, SIZE = 24, 8


def run(*command):
    subprocess.run(command, check=True)


def weights_of(random, heads, rank):
    """[WIDTH, heads * SIZE], each head of this rank."""
    parts = [random.standard_normal((WIDTH, rank)) @ random.standard_normal((rank, SIZE)) / rank
             for _ in range(heads)]
    return np.concatenate(parts, 1) / 4


def make_model(path, random, kind, rank_of_keys, rank_of_values):
    """Attention by products and a softmax: of one input, or of two ("cross")."""
    source = {"q": "x", "k": "z" if kind == "cross" else "x", "v": "z" if kind == "cross" else "x"}
    groups = 2 if kind == "grouped" else 4
    ranks = {"q": SIZE, "k": rank_of_keys, "v": rank_of_values}
    tensors, nodes = {}, []
    for name in "qkv":
        heads = 4 if name == "q" else groups
        tensors[name + ".w"] = weights_of(random, heads, ranks[name])
        tensors[name + ".b"] = random.standard_normal(heads * SIZE)
        nodes += [helper.make_node("MatMul", [source[name], name + ".w"], [name + "p"], name),
                  helper.make_node("Add", [name + "p", name + ".b"], [name], name + "+")]
    nodes.append(helper.make_node("Attention", ["q", "k", "v"], ["y"], "attention",
                                  q_num_heads=4, kv_num_heads=groups))
    tensors["o.w"] = random.standard_normal((4 * SIZE, WIDTH)) / 4
    tensors["o.b"] = random.standard_normal(WIDTH)
    nodes += [helper.make_node("MatMul", ["y", "o.w"], ["op"], "project"),
              helper.make_node("Add", ["op", "o.b"], ["out"], "project+")]
    tensors = {name: value.astype(np.float32) for name, value in tensors.items()}
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 9, WIDTH])]
    if kind == "cross":
        inputs.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, ["n", 7, WIDTH]))
    graph = helper.make_graph(
        nodes, kind, inputs, [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in tensors.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)],
                                ir_version=10), path)
    return tensors


def make_inputs(path, random, kind):
    data = {"x": random.standard_normal((40, 9, WIDTH)) + 1}
    if kind == "cross":
        data["z"] = random.standard_normal((40, 7, WIDTH)) - 1
    data = {name: value.astype(np.float32) for name, value in data.items()}
    np.savez(path, **data)
    return data


def shrunk(model, options, data, work, *more):
    run("tfc", model, "--compress=shrink-heads{" + options + "}", "-o", work + ".so",
        "--report=" + work + ".json", *more)
    run("tfc-run", work + ".so", "--inputs", data, "--outputs", work + ".out.npz")
    with open(work + ".json", encoding="utf-8") as file:
        report = json.load(file)["compression"]
    return report, np.load(work + ".out.npz")["out"]


def check_exact(kind, work):
    random = np.random.default_rng(3)
    model, data = work + ".onnx", work + ".npz"
    make_model(model, random, kind, 5, 4)
    inputs = make_inputs(data, random, kind)
    expected = onnxruntime.InferenceSession(model).run(None, inputs)[0]
    for more in [], ["--calibration=" + data]:
        report, found = shrunk(model, "query-key=5 value=4", data, work, *more)
        entry = report["sites"][0]
        if entry["query_key"] != 5 or entry["value"] != 4:
            yield f"{kind}: {report}"
        off = np.abs(found - expected).max() / np.abs(expected).max()
        # A sum of 24 terms goes into one of 8, and that into a softmax and two more
        # sums: some 64 roundings, the new weights' among them. Squares that were summed
        # in f32 say of directions with less than a rounding of the energy nothing.
        bound = np.sqrt(EPSILON) if more else 64 * EPSILON
        print(f"{kind}: off by {off:.1e}, at most {bound:.1e} {more[:1]}")
        if not off <= bound:
            yield f"{kind}: not exact with the rank that there is"


def root(x, isCentred):
    """L of the second moments of [x, 1], or of x - E[x]."""
    x = x.reshape(-1, WIDTH).astype(np.float64)
    x = x - x.mean(0) if isCentred else np.concatenate([x, np.ones((len(x), 1))], 1)
    energies, directions = np.linalg.eigh(x.T @ x / len(x))
    return directions * np.sqrt(np.maximum(energies, 0))


def check_energy(work):
    random = np.random.default_rng(5)
    model, data = work + ".onnx", work + ".npz"
    tensors = make_model(model, random, "cross", SIZE, SIZE)
    inputs = make_inputs(data, random, "cross")
    report, _ = shrunk(model, "query-key=4", data, work, "--calibration=" + data)
    kept = all_of_it = 0
    for head in range(4):
        at = slice(head * SIZE, (head + 1) * SIZE)
        queries = np.concatenate([tensors["q.w"][:, at], tensors["q.b"][None, at]])
        product = (root(inputs["x"], False).T @ queries @ tensors["k.w"][:, at].T
                   @ root(inputs["z"], True))
        squares = np.linalg.svd(product, compute_uv=False) ** 2
        kept, all_of_it = kept + squares[:4].sum(), all_of_it + squares.sum()
    said = report["sites"][0]["query_key_energy_kept"]
    print(f"scores: {said:.6f} kept, {kept / all_of_it:.6f} in numpy")
    # The moments are sums in f32 of each sample.
    if not abs(said - kept / all_of_it) <= 1e-5:
        yield "scores: another share is kept than numpy finds"


def check_digits(root_folder, work):
    folder = os.path.join(root_folder, "examples", "digits")
    data = np.load(os.path.join(folder, "test.npz"))
    images = data["images"][:, None].astype(np.float32) / 16
    labels = data["labels"][60:]
    np.savez(work + ".some.npz", images=images[:60])
    np.savez(work + ".rest.npz", images=images[60:])
    model = os.path.join(folder, "vit.onnx")
    options = ["--compress=shrink-heads{query-key=4 value=6}",
               "--calibration=" + work + ".some.npz"]
    scores = {}
    for name, more in {"f32": [], "4 and 6 of 12": options}.items():
        run("tfc", model, "-o", work + ".so", *more)
        run("tfc-run", work + ".so", "--inputs", work + ".rest.npz", "--outputs", work + ".out.npz")
        scores[name] = np.load(work + ".out.npz")["scores"]
        print(f"digits, {name}: {np.mean(scores[name].argmax(1) == labels):.2%} right")
    right = [np.mean(each.argmax(1) == labels) for each in scores.values()]
    if right[1] < right[0] - 0.03:
        yield "digits: more than 3 points are lost"
    run("tfc", model, "--target=cortex-m7", *options, "--shape", "images=2x1x8x8", "-o", work + ".o")
    np.savez(work + ".two.npz", images=images[60:62])
    run("tfc-run", work + ".o", "--target=cortex-m7", "--inputs", work + ".two.npz",
        "--outputs", work + ".m7.npz")
    # By samples of two: which are held back in the fit depends on what a sample is.
    run("tfc", model, *options, "--shape", "images=2x1x8x8", "-o", work + ".so")
    run("tfc-run", work + ".so", "--inputs", work + ".two.npz", "--outputs", work + ".x86.npz")
    found, expected = (np.load(f"{work}.{name}.npz")["scores"] for name in ("m7", "x86"))
    if not np.abs(found - expected).max() <= 1e-4 * np.abs(found).max():
        yield "digits: the Cortex-M7 gives something else"


def main():
    work = os.path.join(sys.argv[2], "model")
    faults = []
    for kind in ["self", "grouped", "cross"]:
        faults += check_exact(kind, work)
    faults += check_energy(work)
    faults += check_digits(sys.argv[1], work)
    for fault in faults:
        print("error: " + fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
