"""Goes on with fewer tokens by tfc and compares with onnxruntime.

usage: prune_tokens.py ROOT ZOO WORK

The reference is the same graph with the probabilities of attention summed, TopK and
GatherElements behind the attentions, of masks too. Models of the zoo that read a class token, or a mean
or a softmax over tokens, must compile and run; of the digits of examples/digits the share
that is read right is printed, and some images run on the Cortex-M7.
"""

import os
import subprocess
import sys

import numpy as np
from onnx import helper

from approximate_attention import TOKENS, WIDTH, Graph, compiled, difference, expected_of, run


def keep_tokens(graph, x, attention, count, of_class):
    """Rows of x, `count` of them, that the probabilities of `attention` choose."""
    name = attention + ".kept"
    p = attention + ".p"
    if of_class:
        p = graph.add("Slice", [p, graph.constant("zero", [0]), graph.constant("one", [1]),
                                graph.constant("two", [2])], name + ".class")
    received = graph.add("ReduceSum", [p, graph.constant("rows", [1, 2])], name + ".sum", keepdims=0)
    others = graph.add("Slice", [received, graph.constant("one", [1]),
                                 graph.constant("end", [1000]), graph.constant("one", [1])],
                       name + ".others")
    graph.nodes.append(helper.make_node("TopK", [others, graph.constant(name + ".k", [count - 1])],
                                        [name + ".best", name + ".at"]))
    at = graph.add("Add", [name + ".at", graph.constant("one", [1])], name + ".numbers")
    at = graph.add("Pad", [at, graph.constant("pads", [0, 1, 0, 0])], name + ".first")
    at = graph.add("Unsqueeze", [at, graph.constant("last", [-1])], name + ".column")
    shape = graph.constant("wide", [1, 1, WIDTH])
    at = graph.add("Expand", [at, shape], name + ".index")
    return graph.add("GatherElements", [x, at], name, axis=1)


def keep_shown(graph, hidden, attention):
    """The same of what is hidden, [n, tokens]."""
    return graph.add("GatherElements", [hidden, attention + ".kept.first"], attention + ".hidden", axis=1)


def make_model(path, end, counts=(None, None), of_class=False, hides=False):
    graph = Graph(np.random.default_rng(7))
    x, hidden = "x", "hidden" if hides else None

    def mask(name):
        return hidden and graph.add("Unsqueeze", [hidden, graph.constant("inner", [1, 2])], name + ".mask")

    for name, count in zip(["first", "second"], counts):
        x = graph.attention(x, name, hidden=mask(name))
        if count:
            x = keep_tokens(graph, x, name, count, of_class)
            hidden = hidden and keep_shown(graph, hidden, name)
        y = graph.add("MatMul", [x, graph.weights(name + "f")], name + "f")
        x = graph.add("Add", [x, graph.add("Relu", [y], name + "r")], name + "s")
    x = graph.attention(x, "third", hidden=mask("third"))
    if end == "class":
        x = graph.add("Gather", [x, graph.constant("at", 0)], "picked", axis=1)
    elif end == "third token":
        x = graph.add("Gather", [x, graph.constant("at", 2)], "picked", axis=1)
    elif end == "mean":
        x = graph.add("ReduceMean", [x, graph.constant("axis", [1])], "picked", keepdims=0)
    elif end == "most":
        x = graph.add("ReduceMax", [x, graph.constant("axis", [1])], "picked", keepdims=0)
    elif end == "places":
        places = np.random.default_rng(1).standard_normal((TOKENS, 1)).astype(np.float32)
        x = graph.add("Mul", [x, graph.constant("places", places)], "placed")
        x = graph.add("ReduceMean", [x, graph.constant("axis", [1])], "picked", keepdims=0)
    if end != "all":
        x = graph.add("MatMul", [x, graph.weights("read")], "scores")
    graph.save(path, TOKENS, x, hides)


def check_rewritten(work):
    random = np.random.default_rng(3)
    model, reference, data = work + ".onnx", work + ".reference.onnx", work + ".npz"
    np.savez(data, x=random.standard_normal((6, TOKENS, WIDTH)).astype(np.float32))
    # 12 tokens behind the first: 7 are half of them and one, then 3 of 6.
    for end in ["class", "mean", "most"]:
        for of_class in [False, True]:
            make_model(model, end)
            make_model(reference, end, counts=(7, 4), of_class=of_class)
            options = "keep=0.5 after=first.out,second.out" + " importance=class" * of_class
            sites, found = compiled(model, "prune-tokens{" + options + "}", data, work)
            if [(s["tokens"], s["tokens_before"]) for s in sites] != [(7, 13), (4, 7)]:
                yield f"{end}: {sites}"
            yield from difference(f"{end}{', by the class token' * of_class}", found,
                                  expected_of(reference, data))


def check_hidden(work):
    random = np.random.default_rng(3)
    model, reference, data = work + ".onnx", work + ".reference.onnx", work + ".npz"
    # 8 to 13 tokens; what attention gives to the others is nothing.
    hidden = np.arange(TOKENS) >= random.integers(8, TOKENS + 1, (6, 1))
    np.savez(data, x=random.standard_normal((6, TOKENS, WIDTH)).astype(np.float32), hidden=hidden)
    for of_class in [False, True]:
        make_model(model, "class", hides=True)
        make_model(reference, "class", counts=(7, 4), of_class=of_class, hides=True)
        options = "tokens=first.out=7,second.out=4" + " importance=class" * of_class
        _, found = compiled(model, "prune-tokens{" + options + "}", data, work)
        yield from difference(f"hidden tokens{', by the class token' * of_class}", found,
                              expected_of(reference, data))


def check_refused(work):
    model = work + ".onnx"
    for end, text in {"all": "result 0 of the model has something for each token",
                      "third token": "it takes tokens by their places",
                      "places": "it reads a constant that has something of its own"}.items():
        make_model(model, end)
        done = subprocess.run(
            ["tfc", model, "--compress=prune-tokens{after=first.out}", "-o", work + ".none.so"],
            stderr=subprocess.PIPE, text=True)
        if done.returncode != 1 or text not in done.stderr or os.path.exists(work + ".none.so"):
            yield f"expected a refusal with '{text}': {done.stderr}"


def check_zoo(zoo, work):
    for name, site in {"vit": "/b.0/m/o/Add", "cct": "node_linear_3", "mcuformer": "node_linear_6",
                       "time_series": "/b.0/m/o/Add"}.items():
        folder = os.path.join(zoo, name)
        _, found = compiled(os.path.join(folder, "model.onnx"), "prune-tokens{after=" + site + "}",
                            os.path.join(folder, "inputs_0.npz"), work)
        (expected,) = np.load(os.path.join(folder, "outputs_0.npz")).values()
        off = np.abs(found - expected).max() / np.abs(expected).max()
        print(f"{name}: {off:.3f} of the greatest output")
        # Random weights attend to all tokens alike: half of them stand for all.
        if not 0 < off < 0.3:
            yield f"{name}: off by {off:.3f}"


def check_digits(root, work):
    folder = os.path.join(root, "examples", "digits")
    data = np.load(os.path.join(folder, "test.npz"))
    images = data["images"][:, None].astype(np.float32) / 16
    np.savez(work + ".all.npz", images=images)
    np.savez(work + ".two.npz", images=images[:2])
    model, passes = os.path.join(folder, "vit.onnx"), "prune-tokens{keep=0.6 after=node_linear_9}"
    _, scores = compiled(model, passes, work + ".all.npz", work)
    right = np.mean(scores.argmax(1) == data["labels"])
    print(f"digits: {right:.2%} right")
    if right < 0.9:
        yield f"digits: only {right:.2%} are right"
    run("tfc", model, "--compress=" + passes, "--target=cortex-m7", "--shape", "images=2x1x8x8",
        "-o", work + ".o")
    run("tfc-run", work + ".o", "--target=cortex-m7", "--inputs", work + ".two.npz", "--outputs",
        work + ".m7.npz")
    found = np.load(work + ".m7.npz")["scores"]
    # Sums in another order, and other ways to write exp and erf.
    if not np.abs(found - scores[:2]).max() <= 1e-5 * np.abs(found).max():
        yield "digits: the Cortex-M7 gives something else"


def main():
    root, zoo, folder = sys.argv[1:4]
    work = os.path.join(folder, "model")
    faults = [*check_rewritten(work), *check_refused(work), *check_zoo(zoo, work),
              *check_digits(root, work)]
    for fault in faults:
        print("error: " + fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
