"""Writes models of real sizes with random weights, for benchmarks.

usage: models.py NAME FILE.onnx      NAME: bert-base, minilm, vit-b16, bert-3gb

The weights of bert-3gb lie beside the model, in FILE.onnx.data.

The graphs are what PyTorch's exporters write for these architectures: products
with a bias each, heads by Reshape and Transpose, GELU by Erf. Batch and sequence
are open. The weights are normal numbers of a fixed seed, scaled so that
activations keep their size through the layers.
"""

import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper


class Graph:
    """Collects nodes and weights; methods return the name of what they make."""

    def __init__(self, seed=0, external=None):
        """`external` is a path: there, not in the model, go large weights."""
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights, self.count = [], [], 0
        self.external = external and open(external, "wb")

    def node(self, operator, *inputs, **attributes):
        self.count += 1
        name = f"{operator}_{self.count}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def constant(self, value, name=None):
        self.count += 1
        name = name or f"constant_{self.count}"
        array = np.asarray(value)
        if self.external and array.nbytes >= 1024:
            self.weights.append(self.write_beside(name, array))
            return name
        self.weights.append(helper.make_tensor(
            name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape, array.tobytes(), raw=True))
        return name

    def write_beside(self, name, array):
        tensor = TensorProto(name=name, dims=array.shape, data_type=helper.np_dtype_to_tensor_dtype(array.dtype))
        tensor.data_location = TensorProto.EXTERNAL
        self.external.write(bytes(-self.external.tell() % 4096))
        entries = {"location": os.path.basename(self.external.name), "offset": self.external.tell(), "length": array.nbytes}
        for key, value in entries.items():
            tensor.external_data.add(key=key, value=str(value))
        self.external.write(array.tobytes())
        return tensor

    def normal(self, shape, deviation, name):
        values = self.random.standard_normal(shape, dtype=np.float32) * np.float32(deviation)
        return self.constant(values, name)

    def linear(self, x, rows, columns, name):
        weight = self.normal((rows, columns), rows**-0.5, f"{name}.weight")
        bias = self.normal((columns,), 0.02, f"{name}.bias")
        return self.node("Add", self.node("MatMul", x, weight), bias)

    def norm(self, x, width, epsilon, name):
        scale = self.constant(1 + 0.1 * self.random.standard_normal(width, dtype=np.float32), f"{name}.scale")
        bias = self.normal((width,), 0.02, f"{name}.bias")
        return self.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=epsilon)

    def gelu(self, x):
        scaled = self.node("Div", x, self.constant(np.float32(2**0.5)))
        one = self.node("Add", self.node("Erf", scaled), self.constant(np.float32(1)))
        return self.node("Mul", self.node("Mul", x, one), self.constant(np.float32(0.5)))

    def attention(self, x, width, heads, mask, name):
        depth = width // heads
        split = self.constant(np.array([0, -1, heads, depth]))

        def head(part, order):
            rows = self.node("Reshape", self.linear(x, width, width, f"{name}.{part}"), split)
            return self.node("Transpose", rows, perm=order)

        scores = self.node("MatMul", head("query", [0, 2, 1, 3]), head("key", [0, 2, 3, 1]))
        scores = self.node("Div", scores, self.constant(np.float32(depth**0.5)))
        if mask:
            scores = self.node("Add", scores, mask)
        mixed = self.node("MatMul", self.node("Softmax", scores, axis=-1), head("value", [0, 2, 1, 3]))
        rows = self.node("Transpose", mixed, perm=[0, 2, 1, 3])
        rows = self.node("Reshape", rows, self.constant(np.array([0, -1, width])))
        return self.linear(rows, width, width, f"{name}.output")

    def save(self, path, inputs, output, shape):
        graph = helper.make_graph(
            self.nodes, "main_graph",
            [helper.make_tensor_value_info(name, kind, dims) for name, kind, dims in inputs],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        with open(path, "wb") as file:
            file.write(model.SerializeToString())
        if self.external:
            self.external.close()


def bert(path, layers, width, heads, hidden, vocabulary=30522, positions=512, beside=False):
    g = Graph(external=path + ".data" if beside else None)
    words = g.node("Gather", g.normal((vocabulary, width), 1, "words"), "input_ids", axis=0)
    kinds = g.node("Gather", g.normal((2, width), 1, "kinds"), "token_type_ids", axis=0)
    length = g.node("Gather", g.node("Shape", "input_ids"), g.constant(np.array(1)), axis=0)
    range_ = g.node("Range", g.constant(np.array(0)), length, g.constant(np.array(1)))
    places = g.node("Gather", g.normal((positions, width), 1, "positions"), range_, axis=0)
    x = g.norm(g.node("Add", g.node("Add", words, kinds), places), width, 1e-12, "embeddings.norm")
    mask = g.node("Unsqueeze", "attention_mask", g.constant(np.array([1, 2])))
    mask = g.node("Sub", g.constant(np.float32(1)), g.node("Cast", mask, to=TensorProto.FLOAT))
    mask = g.node("Mul", mask, g.constant(np.float32(-10000)))
    for layer in range(layers):
        name = f"layer.{layer}"
        x = g.norm(g.node("Add", g.attention(x, width, heads, mask, name), x), width, 1e-12, f"{name}.norm1")
        inner = g.gelu(g.linear(x, width, hidden, f"{name}.expand"))
        inner = g.linear(inner, hidden, width, f"{name}.contract")
        x = g.norm(g.node("Add", inner, x), width, 1e-12, f"{name}.norm2")
    ids = [(name, TensorProto.INT64, ["batch", "sequence"])
           for name in ("input_ids", "attention_mask", "token_type_ids")]
    g.save(path, ids, x, ["batch", "sequence", width])


def vit(path, layers, width, heads, hidden, image=224, patch=16):
    g = Graph()
    weight = g.normal((width, 3, patch, patch), (3 * patch * patch) ** -0.5, "patches.weight")
    patches = g.node("Conv", "images", weight, g.normal((width,), 0.02, "patches.bias"),
                     kernel_shape=[patch, patch], strides=[patch, patch])
    tokens = g.node("Reshape", patches, g.constant(np.array([0, width, -1])))
    tokens = g.node("Transpose", tokens, perm=[0, 2, 1])
    batch = g.node("Slice", g.node("Shape", "images"), g.constant(np.array([0])), g.constant(np.array([1])))
    target = g.node("Concat", batch, g.constant(np.array([1, width])), axis=0)
    first = g.node("Expand", g.normal((1, 1, width), 0.02, "class"), target)
    x = g.node("Concat", first, tokens, axis=1)
    x = g.node("Add", x, g.normal((1, (image // patch) ** 2 + 1, width), 0.02, "positions"))
    for layer in range(layers):
        name = f"layer.{layer}"
        x = g.node("Add", g.attention(g.norm(x, width, 1e-6, f"{name}.norm1"), width, heads, None, name), x)
        inner = g.gelu(g.linear(g.norm(x, width, 1e-6, f"{name}.norm2"), width, hidden, f"{name}.expand"))
        x = g.node("Add", g.linear(inner, hidden, width, f"{name}.contract"), x)
    x = g.node("Gather", g.norm(x, width, 1e-6, "norm"), g.constant(np.array(0)), axis=1)
    g.save(path, [("images", TensorProto.FLOAT, ["batch", 3, image, image])],
           g.linear(x, width, 1000, "classify"), ["batch", 1000])


MODELS = {
    "bert-base": lambda path: bert(path, 12, 768, 12, 3072),
    "minilm": lambda path: bert(path, 6, 384, 12, 1536),
    "bert-3gb": lambda path: bert(path, 14, 2048, 16, 8192, beside=True),
    "vit-b16": lambda path: vit(path, 12, 768, 12, 3072),
}


def inputs_of(name, batch, sequence, seed=1):
    """Random inputs of a model by name."""
    random = np.random.default_rng(seed)
    if name.startswith("vit"):
        return {"images": random.standard_normal((batch, 3, 224, 224), dtype=np.float32)}
    ids = random.integers(0, 30522, (batch, sequence))
    mask = np.ones((batch, sequence), np.int64)
    # Rows of a batch differ in length.
    for row in range(1, batch):
        mask[row, sequence - sequence * row // (2 * batch):] = 0
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in MODELS:
        sys.exit(__doc__)
    MODELS[sys.argv[1]](sys.argv[2])
