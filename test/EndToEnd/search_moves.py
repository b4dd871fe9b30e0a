"""usage: search_moves.py FOLDER

Searches by budgets of operations, which means of keys, hard attention and fewer tokens
meet, and by a budget of numbers, which they do not. Where tokens repeat each other the
result must be that of the model.
"""

import json
import os
import subprocess
import sys

import numpy as np

from approximate_attention import WIDTH, Graph

FOLDER = sys.argv[1]
TOKENS = 32
OPERATIONS = ("linformer{", "sparse-attention{", "prune-tokens{")
# Outputs are about 1: what f32 rounds in three layers, squared, with room.
EQUAL = 1e-10


def path(name):
    return os.path.join(FOLDER, name)


def must(condition, message):
    if not condition:
        sys.exit("error: " + message)


def make_model(name, distinct, hidden=WIDTH):
    """Three attentions, two of them with a feed-forward block, that the first token is read of. Its TOKENS tokens
    are `distinct` ones, each as many times."""
    graph = Graph(np.random.default_rng(7))
    index = np.arange(TOKENS) % distinct
    x = graph.add("Gather", ["x", graph.constant("index", index)], "tokens", axis=1)
    for layer in ("first", "second"):
        x = graph.attention(x, layer)
        up, down = graph.random.standard_normal((2, WIDTH, hidden)).astype(np.float32) / WIDTH
        y = graph.add("MatMul", [x, graph.constant(layer + "up.w", up)], layer + "up")
        y = graph.add("Relu", [y], layer + "relu")
        y = graph.add("MatMul", [y, graph.constant(layer + "down.w", down.T)], layer + "down")
        x = graph.add("Add", [x, y], layer + "sum")
    x = graph.attention(x, "third")
    x = graph.add("Gather", [x, graph.constant("at", 0)], "picked", axis=1)
    x = graph.add("MatMul", [x, graph.weights("read")], "scores")
    graph.save(path(name), distinct, x)
    random = np.random.default_rng(1)
    for part in ("calibration", "evaluation"):
        np.savez(path(f"{part}.npz"), x=random.standard_normal((16, distinct, WIDTH)).astype(np.float32))


def search(name, *arguments):
    done = subprocess.run(
        ["tfc", path(name), "--compress", f"--calibration={path('calibration.npz')}", "--no-fit", "--metric=mse",
         f"--evaluate={path('evaluation.npz')}", f"--report={path('report.json')}", "-o", path("found.so"),
         *arguments], stderr=subprocess.PIPE, text=True)
    must(done.returncode == 0, f"{arguments}: {done.stderr}")
    with open(path("report.json")) as file:
        return json.load(file)["search"]


def contents(name):
    with open(path(name), "rb") as file:
        return file.read()


def check_means():
    make_model("four.onnx", distinct=4)
    found = search("four.onnx", "--budget=flops=95%", "--search-candidates=24", f"--resume={path('means.jsonl')}",
                   f"--save-recipe={path('means.yaml')}")
    chosen = found["chosen"]
    must("linformer{lengths=" in chosen["passes"], f"found something else: {chosen}")
    must(chosen["metric"] <= EQUAL, f"means of equal keys are not the keys: {chosen}")
    hard = [one for one in found["candidates"] if one["passes"].startswith("sparse-attention{tops=")]
    must(hard, "hard attention was not looked at")
    # The class token's attention sums up no values; queries of the others are gone there.
    must(all(one["multiply_adds"] < found["original"]["multiply_adds"] for one in hard), f"nothing is saved: {hard}")
    # The same again from what was kept, and from the recipe.
    first = contents("found.so")
    kept = contents("means.jsonl")
    search("four.onnx", "--budget=flops=95%", "--search-candidates=24", f"--resume={path('means.jsonl')}")
    must(contents("found.so") == first, "a resumed search found something else")
    # The original is measured each time.
    must(set(contents("means.jsonl").splitlines()) == set(kept.splitlines()), "a resumed search measured something anew")
    with open(path("means.yaml")) as file:
        must("linformer{lengths=" in file.read(), "the recipe lacks what was found")
    subprocess.run(["tfc", path("four.onnx"), f"--recipe={path('means.yaml')}", "-o", path("again.so"),
                    f"--calibration={path('calibration.npz')}"], check=True)
    must(contents("again.so") == first, "the recipe made something else")


def check_tokens():
    # Equal tokens: one of them is as good as all.
    make_model("one.onnx", distinct=1, hidden=8 * WIDTH)
    found = search("one.onnx", "--budget=flops=40%", "--search-candidates=40")
    chosen = found["chosen"]
    must("prune-tokens{tokens=" in chosen["passes"], f"found something else: {chosen}")
    must(chosen["metric"] <= EQUAL, f"one of equal tokens is not as good as all: {chosen}")
    must(chosen["multiply_adds"] <= 0.4 * found["original"]["multiply_adds"], f"the budget is not met: {chosen}")


def check_numbers():
    make_model("four.onnx", distinct=4)
    found = search("four.onnx", "--budget=params=85%", "--search-candidates=30")
    others = [one["passes"] for one in found["candidates"] if any(name in one["passes"] for name in OPERATIONS)]
    must(not others, f"candidates that save no numbers: {others}")
    texts = [one["passes"] for one in found["candidates"]]
    must(len(set(texts)) == len(texts), "a candidate was counted twice")


def main():
    for check in (check_means, check_tokens, check_numbers):
        check()


if __name__ == "__main__":
    main()
