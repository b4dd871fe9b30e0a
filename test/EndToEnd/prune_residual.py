"""Narrows residual streams by tfc and compares with onnxruntime.

usage: prune_residual.py ROOT ZOO WORK

What a stream of 24 features holds lies in 10 directions: with 10 the model must give what
it gave, with 8 something else. Pre-norm models of the zoo must compile and run; post-norm
ones are refused. Of the digits of examples/digits the share that is read right is printed.
"""

import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from approximate_attention import compiled, difference, expected_of

TOKENS, WIDTH, DIRECTIONS, HEADS, WORDS = 7, 24, 10, 3, 20


class Model:
    """A pre-norm transformer of which all that is written lies in DIRECTIONS directions."""

    def __init__(self, kind):
        self.random = np.random.default_rng(5)
        self.kind, self.nodes, self.tensors = kind, [], {}
        self.basis = np.linalg.qr(self.random.standard_normal((WIDTH, DIRECTIONS)))[0].T
        if kind == "LayerNormalization":
            # The mean is taken out of rows, and so of the directions: it is no direction more.
            self.basis[0] = 1 / np.sqrt(WIDTH)

    def add(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], output, **attributes))
        return output

    def constant(self, name, value):
        self.tensors[name] = np.asarray(value)
        return name

    def written(self, *shape):
        """Rows of the stream."""
        return (self.random.standard_normal((*shape, DIRECTIONS)) @ self.basis / np.sqrt(shape[-1])).astype(np.float32)

    def numbers(self, *shape):
        return self.random.standard_normal(shape).astype(np.float32) / np.float32(np.sqrt(shape[0]))

    def norm(self, x, name):
        inputs = [x, self.constant(name + ".g", 1 + self.numbers(WIDTH))]
        if self.kind == "LayerNormalization":
            inputs.append(self.constant(name + ".b", self.numbers(WIDTH)))
        return self.add(self.kind, inputs, name, axis=-1, epsilon=1e-3)

    def linear(self, x, name, weight, bias):
        y = self.add("MatMul", [x, self.constant(name + ".w", weight)], name + ".product")
        return self.add("Add", [y, self.constant(name + ".bias", bias)], name)

    def attention(self, x, name):
        n = self.norm(x, name + ".norm")
        heads = []
        for part in "qkv":
            y = self.linear(n, name + part, self.numbers(WIDTH, WIDTH), self.numbers(WIDTH))
            y = self.add("Reshape", [y, self.constant("split", [0, TOKENS, HEADS, WIDTH // HEADS])], name + part + ".s")
            heads.append(self.add("Transpose", [y], name + part + ".h", perm=[0, 2, 1, 3]))
        q, k, v = heads
        k = self.add("Transpose", [k], name + ".kt", perm=[0, 1, 3, 2])
        s = self.add("MatMul", [q, k], name + ".s")
        p = self.add("Softmax", [s], name + ".p", axis=-1)
        y = self.add("MatMul", [p, v], name + ".y")
        y = self.add("Transpose", [y], name + ".rows", perm=[0, 2, 1, 3])
        y = self.add("Reshape", [y, self.constant("join", [0, TOKENS, WIDTH])], name + ".joined")
        y = self.linear(y, name + ".out", self.written(WIDTH), self.written(1)[0])
        return self.add("Add", [x, y], name + ".sum")

    def feed_forward(self, x, name):
        y = self.linear(self.norm(x, name + ".norm"), name + ".up", self.numbers(WIDTH, 40), self.numbers(40))
        y = self.linear(self.add("Relu", [y], name + ".relu"), name + ".down", self.written(40), self.written(1)[0])
        return self.add("Add", [x, y], name + ".sum")

    def save(self, path, end):
        x = self.add("Gather", [self.constant("table", self.written(WORDS)), "ids"], "embedded")
        x = self.add("Add", [x, self.constant("positions", self.written(1, TOKENS))], "placed")
        for layer in ("first", "second"):
            x = self.feed_forward(self.attention(x, layer + ".a"), layer + ".f")
        x = self.norm(x, "last")
        if end == "mean":
            x = self.add("ReduceMean", [x, self.constant("axis", [1])], "picked", keepdims=0)
        elif end == "class":
            x = self.add("Gather", [x, self.constant("at", 0)], "picked", axis=1)
        y = self.linear(x, "head", self.numbers(WIDTH, 5), self.numbers(5))
        graph = helper.make_graph(
            self.nodes, "narrow", [helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", TOKENS])],
            [helper.make_tensor_value_info(y, TensorProto.FLOAT, None)],
            [numpy_helper.from_array(value, name) for name, value in self.tensors.items()])
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10), path)


def check_exact(work):
    model, data = work + ".onnx", work + ".npz"
    ids = np.random.default_rng(1).integers(0, WORDS, (8, TOKENS))
    np.savez(data, ids=ids)
    np.savez(work + ".cal.npz", ids=ids[:, None])
    for kind in ("LayerNormalization", "RMSNormalization"):
        for end in ("class", "mean", "all"):
            Model(kind).save(model, end)
            expected = expected_of(model, data)
            for more in ([], ["--calibration=" + work + ".cal.npz", "--no-fit"]):
                name = f"{kind}, {end}{', calibrated' * bool(more)}"
                sites, found = compiled(model, f"prune-residual{{keep={DIRECTIONS}}}", data, work, *more)
                if [(s["features"], s["features_before"]) for s in sites] != [(DIRECTIONS, WIDTH)]:
                    yield f"{name}: {sites}"
                # Sums of at most 40 terms, in some twenty layers.
                off = np.abs(found - expected).max() / np.abs(expected).max()
                if not off <= 1e-4:
                    yield f"{name}: off by {off:.2g}"
                _, found = compiled(model, f"prune-residual{{keep={DIRECTIONS - 2}}}", data, work, *more)
                if not np.abs(found - expected).max() > 1e-3 * np.abs(expected).max():
                    yield f"{name}: nothing is lost with fewer directions, so that this checks nothing"


def check_zoo(zoo, work):
    for name in ("vit", "gpt2_prefill"):
        folder = os.path.join(zoo, name)
        done = subprocess.run(["tfc", os.path.join(folder, "model.onnx"), "--compress=prune-residual{share=0.1}", "-o",
                               work + ".zoo.so"], stderr=subprocess.PIPE, text=True)
        print(name, done.returncode, done.stderr)
        if done.returncode == 0:
            subprocess.run(["tfc-run", work + ".zoo.so", "--inputs", os.path.join(folder, "inputs_0.npz"), "--outputs",
                            work + ".out.npz"], check=True)
        else:
            yield f"{name}: {done.stderr}"
    done = subprocess.run(["tfc", os.path.join(zoo, "bert", "model.onnx"), "--compress=prune-residual{share=0.1}", "-o",
                           work + ".none.so"], stderr=subprocess.PIPE, text=True)
    if done.returncode != 1 or "cannot lose features" not in done.stderr or os.path.exists(work + ".none.so"):
        yield f"expected a refusal of bert: {done.stderr}"


def check_digits(root, work):
    folder = os.path.join(root, "examples", "digits")
    data = np.load(os.path.join(folder, "test.npz"))
    images = data["images"][:, None].astype(np.float32) / 16
    np.savez(work + ".all.npz", images=images[60:])
    np.savez(work + ".cal.npz", images=images[:60])
    for share in (0.25, 0.5):
        _, scores = compiled(os.path.join(folder, "vit.onnx"), f"prune-residual{{share={share}}}", work + ".all.npz",
                             work, "--calibration=" + work + ".cal.npz")
        right = np.mean(scores.argmax(1) == data["labels"][60:])
        print(f"digits without {share:.0%}: {right:.2%} right")
        if right < 0.9 and share < 0.5:
            yield f"digits: only {right:.2%} are right"


def main():
    root, zoo, folder = sys.argv[1:4]
    work = os.path.join(folder, "model")
    faults = [*check_exact(work), *check_zoo(zoo, work), *check_digits(root, work)]
    for fault in faults:
        print("error: " + fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
