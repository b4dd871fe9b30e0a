"""ONNX graphs of vision transformers, written as PyTorch's exporters write them.

A product of low rank is two: the first has the rank as its outputs and no bias.
The queries, keys and values of a layer share their first one.
"""

import numpy as np
from onnx import TensorProto, helper, numpy_helper


class Shape:
    """Sizes and ranks of a model; a rank of 0 leaves a product whole."""

    def __init__(self, options):
        self.image, self.patch = options.image, options.patch
        self.width, self.layers, self.heads = options.width, options.layers, options.heads
        self.hidden, self.classes = options.hidden or 4 * options.width, options.classes
        self.ranks = {
            "patches": options.rank_patches,
            "attention": options.rank_attention,
            "output": options.rank_output,
            "feed-forward": options.rank_feed_forward,
        }
        self.tokens = (self.image // self.patch) ** 2
        self.pixels = 3 * self.patch**2

    def products(self):
        """Depth and outputs of each product of tokens, by name, for one image."""

        def product(name, kind, depth, outputs):
            rank = self.ranks[kind]
            if not rank:
                return [(name, depth, outputs)]
            return [(name + " first", depth, rank)] + [(name, rank, outputs)]

        rows = product("patches", "patches", self.pixels, self.width)
        for layer in range(self.layers):
            qkv = product("qkv", "attention", self.width, 3 * self.width)
            out = product("output", "output", self.width, self.width)
            up = product("up", "feed-forward", self.width, self.hidden)
            down = product("down", "feed-forward", self.hidden, self.width)
            rows += [(f"{layer} {name}", depth, outputs) for name, depth, outputs in qkv + out + up + down]
        return rows


class Graph:
    """Nodes and weights under names as torch.nn.Module gives them."""

    def __init__(self, shape, opset, seed):
        self.shape, self.opset = shape, opset
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights = [], []

    def node(self, kind, *inputs, **attributes):
        output = f"/{kind}_{len(self.nodes)}_output_0"
        self.nodes.append(helper.make_node(kind, inputs, [output], f"/{kind}_{len(self.nodes)}", **attributes))
        return output

    def weight(self, name, values, kind=np.float32):
        self.weights.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def spectrum(self, depth, outputs, gain):
        """A matrix whose singular values fall as those of trained weights do,
        and that keeps the variance of what it is applied to, times gain."""
        rank = min(depth, outputs)
        left = np.linalg.qr(self.random.normal(size=(depth, rank)))[0]
        right = np.linalg.qr(self.random.normal(size=(outputs, rank)))[0]
        values = np.arange(1, rank + 1) ** -0.6
        values *= gain * np.sqrt(outputs / np.sum(values**2))
        return left, values, right

    def factors(self, depth, outputs, rank, gain):
        """One matrix, or the two that have it as their product."""
        left, values, right = self.spectrum(depth, outputs, gain)
        if not rank:
            return [(left * values) @ right.T]
        left, values, right = left[:, :rank], values[:rank], right[:, :rank]
        values *= gain * np.sqrt(outputs) / np.linalg.norm(values)
        # Trained factors are no singular vectors: mixed, and alike in size.
        mix = np.linalg.qr(self.random.normal(size=(rank, rank)))[0]
        root = np.sqrt(values)
        return [(left * root) @ mix, mix.T @ (right * root).T]

    def bias(self, name, outputs, size=0.1):
        return self.weight(name, self.random.normal(0, size, outputs))

    def product(self, x, name, matrix, biased=True):
        y = self.node("MatMul", x, self.weight(f"{name}.weight", matrix))
        return self.node("Add", self.bias(f"{name}.bias", matrix.shape[1]), y) if biased else y

    def linear(self, x, name, kind, depth, outputs, gain=1.0):
        *first, last = self.factors(depth, outputs, self.shape.ranks[kind], gain)
        for matrix in first:
            x = self.product(x, f"{name}.first", matrix, biased=False)
        return self.product(x, name, last)

    def reshape(self, x, *sizes):
        return self.node("Reshape", x, self.weight(f"/sizes_{len(self.nodes)}", sizes, np.int64))

    def norm(self, x, name):
        gains = np.exp(self.random.normal(0, 0.25, self.shape.width))
        scale, bias = self.weight(f"{name}.weight", gains), self.bias(f"{name}.bias", self.shape.width)
        return self.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-6)

    def gelu(self, x):
        if self.opset >= 20:
            return self.node("Gelu", x)
        scaled = self.node("Div", x, self.weight(f"/root_{len(self.nodes)}", np.sqrt(2.0)))
        one, half = (self.weight(f"/{n}_{len(self.nodes)}", v) for n, v in (("one", 1.0), ("half", 0.5)))
        sum_ = self.node("Add", self.node("Erf", scaled), one)
        return self.node("Mul", self.node("Mul", x, sum_), half)

    def embedding(self, image):
        """Patches to tokens, with their places."""
        s, side = self.shape, self.shape.image // self.shape.patch
        *first, last = self.factors(s.pixels, s.width, s.ranks["patches"], 1.0)
        head = first[0] if first else last
        kernels = self.weight("patches.weight", head.T.reshape(-1, 3, s.patch, s.patch))
        biases = [] if first else [self.bias("patches.bias", s.width)]
        x = self.node("Conv", image, kernels, *biases, kernel_shape=[s.patch] * 2, strides=[s.patch] * 2,
                      pads=[0] * 4, dilations=[1, 1], group=1)
        x = self.node("Transpose", self.reshape(x, 1, head.shape[1], side * side), perm=[0, 2, 1])
        if first:
            x = self.product(x, "patches.second", last)
        places = self.random.normal(0, 0.4, (1, s.tokens, s.width))
        return self.node("Add", x, self.weight("position", places))

    def split_heads(self, x, perm):
        s = self.shape
        return self.node("Transpose", self.reshape(x, 1, s.tokens, s.heads, s.width // s.heads), perm=perm)

    def attention(self, x, name):
        s = self.shape
        # Queries and keys are larger than the rest: trained scores are not flat.
        *first, last = self.factors(s.width, 3 * s.width, s.ranks["attention"], 1.2)
        for matrix in first:
            x = self.product(x, f"{name}.qkv", matrix, biased=False)
        q, k, v = (self.product(x, f"{name}.{part}", matrix) for part, matrix in zip("qkv", np.split(last, 3, axis=1)))
        q, k, v = self.split_heads(q, [0, 2, 1, 3]), self.split_heads(k, [0, 2, 3, 1]), self.split_heads(v, [0, 2, 1, 3])
        scores = self.node("MatMul", q, k)
        scores = self.node("Div", scores, self.weight(f"/scale_{len(self.nodes)}", np.sqrt(s.width / s.heads)))
        y = self.node("MatMul", self.node("Softmax", scores, axis=-1), v)
        y = self.reshape(self.node("Transpose", y, perm=[0, 2, 1, 3]), 1, s.tokens, s.width)
        return self.linear(y, f"{name}.output", "output", s.width, s.width, 0.4)

    def feed_forward(self, x, name):
        s = self.shape
        hidden = self.gelu(self.linear(x, f"{name}.up", "feed-forward", s.width, s.hidden))
        return self.linear(hidden, f"{name}.down", "feed-forward", s.hidden, s.width, 0.4)

    def mean(self, x):
        if self.opset >= 18:
            return self.node("ReduceMean", x, self.weight("/axes", [1], np.int64), keepdims=0)
        return self.node("ReduceMean", x, axes=[1], keepdims=0)

    def build(self):
        s = self.shape
        x = self.embedding("image")
        for layer in range(s.layers):
            x = self.node("Add", x, self.attention(self.norm(x, f"{layer}.norm1"), f"{layer}.attention"))
            x = self.node("Add", x, self.feed_forward(self.norm(x, f"{layer}.norm2"), f"{layer}.mlp"))
        pooled = self.mean(self.norm(x, "norm"))
        head = self.factors(s.width, s.classes, 0, 3.0)[0]
        scores = self.node("Gemm", pooled, self.weight("head.weight", head.T), self.bias("head.bias", s.classes), transB=1)
        self.nodes[-1].output[0] = scores = "scores"
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes, "mcuformer",
            [value("image", TensorProto.FLOAT, [1, 3, s.image, s.image])],
            [value(scores, TensorProto.FLOAT, [1, s.classes])], self.weights)
        opsets = [helper.make_opsetid("", self.opset)]
        return helper.make_model(graph, ir_version=10 if self.opset >= 20 else 8, opset_imports=opsets, producer_name="tfc examples")
