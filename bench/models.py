"""Writes models of real sizes with random weights, for benchmarks.

usage: models.py NAME FILE.onnx      without arguments: prints the names

The weights of bert-3gb lie beside the model, in FILE.onnx.data.

The graphs are what PyTorch's exporters write for these architectures: products
with a bias each, heads by Reshape and Transpose, GELU by Erf. Batch and sequence
are open. The weights are normal numbers of a fixed seed, scaled so that
activations keep their size through the layers.
"""

import os
import sys
import tempfile

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

    def save(self, path, inputs, output, shape, more=(), opset=17):
        """`more`: outputs besides, with their shapes."""
        graph = helper.make_graph(
            self.nodes, "main_graph",
            [helper.make_tensor_value_info(name, kind, dims) for name, kind, dims in inputs],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in ((output, shape), *more)],
            self.weights)
        opsets = [helper.make_opsetid("", opset)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=helper.find_min_ir_version_for(opsets))
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


def poolformer(path, depths=(2, 2, 6, 2), widths=(64, 128, 320, 512), image=224):
    """PoolFormer (Yu et al., "MetaFormer Is Actually What You Need for Vision", 2022)."""
    g = Graph()

    def convolution(x, rows, columns, kernel, stride, name):
        weight = g.normal((columns, rows, kernel, kernel), (rows * kernel**2) ** -0.5, f"{name}.weight")
        bias = g.normal((columns,), 0.02, f"{name}.bias")
        pad = {1: 0, 3: 1, 7: 2}[kernel]
        return g.node("Conv", x, weight, bias, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4)

    def group_norm(x, width, name):
        rows = g.node("Reshape", x, g.constant(np.array([0, 1, -1])))
        rows = g.node("InstanceNormalization", rows, g.constant(np.ones(1, np.float32)),
                      g.constant(np.zeros(1, np.float32)), epsilon=1e-5)
        rows = g.node("Reshape", rows, g.node("Shape", x))
        scale = g.constant(1 + 0.1 * g.random.standard_normal((width, 1, 1), dtype=np.float32), f"{name}.scale")
        return g.node("Add", g.node("Mul", rows, scale), g.normal((width, 1, 1), 0.02, f"{name}.bias"))

    def residual(x, branch, width, name):
        return g.node("Add", x, g.node("Mul", g.normal((width, 1, 1), 0.3, name), branch))

    x, before = "images", 3
    for stage, (depth, width) in enumerate(zip(depths, widths)):
        x = convolution(x, before, width, *((3, 2) if stage else (7, 4)), f"embed.{stage}")
        for layer in range(depth):
            name = f"stage.{stage}.{layer}"
            rows = group_norm(x, width, f"{name}.norm1")
            pooled = g.node("AveragePool", rows, kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4,
                            count_include_pad=0)
            x = residual(x, g.node("Sub", pooled, rows), width, f"{name}.layer_scale1")
            inner = convolution(group_norm(x, width, f"{name}.norm2"), width, 4 * width, 1, 1, f"{name}.expand")
            inner = convolution(g.gelu(inner), 4 * width, width, 1, 1, f"{name}.contract")
            x = residual(x, inner, width, f"{name}.layer_scale2")
        before = width
    x = g.node("ReduceMean", group_norm(x, before, "norm"), axes=[-2, -1], keepdims=0)
    weight = g.normal((1000, before), before**-0.5, "classify.weight")
    x = g.node("Gemm", x, weight, g.normal((1000,), 0.02, "classify.bias"), transB=1)
    g.save(path, [("images", TensorProto.FLOAT, ["batch", 3, image, image])], x, ["batch", 1000])


def gpt2(path, decode, tokens=None, layers=12, width=768, heads=12, vocabulary=50257, positions=1024):
    """All logits; of what a query does not see, a corner of a constant triangle is false. With
    `decode` a step of a generation: `tokens` new ones, or an open number, and the keys and values
    of those before them."""
    g, depth = Graph(), width // heads
    zero, one, axes = g.constant(np.array(0)), g.constant(np.array(1)), g.constant(np.array([0]))
    begin, end = zero, one if tokens == 1 else g.node("Gather", g.node("Shape", "input_ids"), one, axis=0)
    if decode:
        begin = g.node("Gather", g.node("Shape", "past.0.key"), g.constant(np.array(2)), axis=0)
        end = g.node("Add", begin, end)
    if tokens != 1:
        seen = g.constant(np.tri(positions, dtype=bool)[None, None], "triangle")
        first, rows = (g.node("Unsqueeze", place, axes) for place in (begin, end))
        for axis, start in ((2, first), (3, axes)):
            seen = g.node("Slice", seen, start, rows, g.constant(np.array([axis])), g.constant(np.array([1])))
        least = g.constant(np.finfo(np.float32).min)
    words = g.normal((vocabulary, width), 0.5, "words")
    x = g.node("Gather", words, "input_ids", axis=0)
    places = g.node("Gather", g.normal((positions, width), 0.5, "positions"), g.node("Range", begin, end, one), axis=0)
    x = g.node("Add", x, places)
    split = g.constant(np.array([0, -1, heads, depth]))
    tokens = tokens or "sequence"
    inputs, outputs = [("input_ids", TensorProto.INT64, ["batch", tokens])], []
    for layer in range(layers):
        name = f"layer.{layer}"
        joined = g.linear(g.norm(x, width, 1e-5, f"{name}.norm1"), width, 3 * width, f"{name}.joined")
        parts = [f"{name}.{part}" for part in ("q", "k", "v")]
        g.nodes.append(helper.make_node("Split", [joined, g.constant(np.array([width] * 3))], parts, f"{name}.split",
                                        axis=-1))
        query, key, value = (g.node("Transpose", g.node("Reshape", part, split), perm=[0, 2, 1, 3]) for part in parts)
        if decode:
            for kind, new in (("key", key), ("value", value)):
                inputs.append((f"past.{layer}.{kind}", TensorProto.FLOAT, ["batch", heads, "past", depth]))
                g.nodes.append(helper.make_node("Concat", [f"past.{layer}.{kind}", new], [f"present.{layer}.{kind}"],
                                                f"{name}.{kind}s", axis=2))
                outputs.append((f"present.{layer}.{kind}", ["batch", heads, "all", depth]))
            key, value = f"present.{layer}.key", f"present.{layer}.value"
        scores = g.node("MatMul", query, g.node("Transpose", key, perm=[0, 1, 3, 2]))
        scores = g.node("Div", scores, g.constant(np.float32(depth**0.5)))
        if tokens != 1:
            scores = g.node("Where", seen, scores, least)
        mixed = g.node("MatMul", g.node("Softmax", scores, axis=-1), value)
        rows = g.node("Reshape", g.node("Transpose", mixed, perm=[0, 2, 1, 3]), g.constant(np.array([0, -1, width])))
        x = g.node("Add", g.linear(rows, width, width, f"{name}.output"), x)
        inner = g.gelu(g.linear(g.norm(x, width, 1e-5, f"{name}.norm2"), width, 4 * width, f"{name}.expand"))
        x = g.node("Add", g.linear(inner, 4 * width, width, f"{name}.contract"), x)
    head = g.normal((width, vocabulary), width**-0.5, "head")
    logits = g.node("MatMul", g.norm(x, width, 1e-5, "norm"), head)
    g.save(path, inputs, logits, ["batch", tokens, vocabulary], outputs)


HEADS, DEPTH = 12, 64


def attention(path, mask=None, distance=None):
    """Queries, keys and values of 12 heads of 64; `mask`: truths, the size of the scores.
    `distance`: a query sees so many keys up to its own, by arithmetic on positions."""
    g = Graph()
    scores = g.node("MatMul", "q", g.node("Transpose", "k", perm=[0, 1, 3, 2]))
    scores = g.node("Mul", scores, g.constant(np.float32(DEPTH**-0.5)))
    if mask is not None:
        scores = g.node("Where", g.constant(mask[None, None]), scores, g.constant(np.float32(-np.inf)))
    if distance is not None:
        length = g.node("Gather", g.node("Shape", "q"), g.constant(np.array(2)), axis=0)
        place = g.node("Range", g.constant(np.array(0)), length, g.constant(np.array(1)))
        behind = g.node("Sub", g.node("Unsqueeze", place, g.constant(np.array([1]))), place)
        near = g.node("Less", behind, g.constant(np.array(distance)))
        seen = g.node("And", near, g.node("GreaterOrEqual", behind, g.constant(np.array(0))))
        scores = g.node("Where", seen, scores, g.constant(np.float32(-np.inf)))
    mixed = g.node("MatMul", g.node("Softmax", scores, axis=-1), "v")
    rows = [len(mask), len(mask)] if mask is not None else ["tokens"] * 2 if distance else ["queries", "keys"]
    g.save(path, [("q", TensorProto.FLOAT, ["batch", HEADS, rows[0], DEPTH]),
                  ("k", TensorProto.FLOAT, ["batch", HEADS, rows[1], DEPTH]),
                  ("v", TensorProto.FLOAT, ["batch", HEADS, rows[1], DEPTH])], mixed,
           ["batch", HEADS, rows[0], DEPTH])


def attention_of_exporter(path, causal, operator):
    """scaled_dot_product_attention: as opset 23 has it, or as the exporter by tracing writes it,
    which scales queries and keys each and makes a triangle as large as the scores."""
    g = Graph()
    if operator:
        mixed = g.node("Attention", "q", "k", "v", is_causal=int(causal))
    else:
        scale = g.constant(np.float32(DEPTH**-0.25))
        key = g.node("Mul", g.node("Transpose", "k", perm=[0, 1, 3, 2]), scale)
        scores = g.node("MatMul", g.node("Mul", "q", scale), key)
        if causal:
            rows = [g.node("Gather", g.node("Shape", x), g.constant(np.array([2])), axis=0) for x in ("q", "k")]
            ones = g.node("Expand", g.constant(np.float32(1)), g.node("Concat", *rows, axis=0))
            hidden = g.node("Equal", g.node("Trilu", ones, upper=0), g.constant(np.float32(0)))
            mask = g.node("Where", hidden, g.constant(np.float32(-np.inf)), g.constant(np.float32(0)))
            scores = g.node("Add", scores, mask)
        mixed = g.node("MatMul", g.node("Softmax", scores, axis=-1), "v")
    shape = ["batch", HEADS, "tokens", DEPTH]
    g.save(path, [(x, TensorProto.FLOAT, shape) for x in ("q", "k", "v")], mixed, shape,
           opset=23 if operator else 17)


def linear_attention(path):
    """Katharopoulos et al. 2020, all keys: phi(q) (phi(k)T v) / (phi(q) sum phi(k))."""
    g = Graph()
    one = g.constant(np.float32(1))
    query, key = (g.node("Add", g.node("Elu", x), one) for x in ("q", "k"))
    state = g.node("MatMul", g.node("Transpose", key, perm=[0, 1, 3, 2]), "v")
    sums = g.node("ReduceSum", key, g.constant(np.array([2])), keepdims=1)
    weight = g.node("MatMul", query, g.node("Transpose", sums, perm=[0, 1, 3, 2]))
    shape = ["batch", HEADS, "tokens", DEPTH]
    g.save(path, [(x, TensorProto.FLOAT, shape) for x in ("q", "k", "v")],
           g.node("Div", g.node("MatMul", query, state), weight), shape)


def quantised(path, name, samples=4, sequence=128):
    """The model `name` in int8 as onnxruntime's static quantisation writes it: QDQ around
    each MatMul, weights with a scale a column, ranges from random inputs of fixed seeds."""
    from onnxruntime import quantization

    class Reader(quantization.CalibrationDataReader):
        def __init__(self):
            self.calls = iter([inputs_of(name, 1, sequence, seed) for seed in range(samples)])

        def get_next(self):
            return next(self.calls, None)

    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(path))) as folder:
        plain = os.path.join(folder, "f32.onnx")
        MODELS[name](plain)
        quantization.quantize_static(
            plain, path, Reader(), quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=["MatMul"], per_channel=True,
            activation_type=quantization.QuantType.QInt8, weight_type=quantization.QuantType.QInt8)


MODELS = {
    # For a test of the benchmark.
    "tiny": lambda path: bert(path, 2, 32, 4, 64, positions=64),
    "bert-base": lambda path: bert(path, 12, 768, 12, 3072),
    # As deep as BERT-large, as wide as BERT-base: what layers cost the compiler.
    "bert-base-24": lambda path: bert(path, 24, 768, 12, 3072),
    "bert-base-int8": lambda path: quantised(path, "bert-base"),
    "minilm": lambda path: bert(path, 6, 384, 12, 1536),
    "bert-3gb": lambda path: bert(path, 14, 2048, 16, 8192, beside=True),
    "vit-b16": lambda path: vit(path, 12, 768, 12, 3072),
    "deit-tiny": lambda path: vit(path, 12, 192, 3, 768),
    "poolformer-s12": poolformer,
    "gpt2": lambda path: gpt2(path, decode=False),
    "gpt2-decode": lambda path: gpt2(path, decode=True, tokens=1),
    # A prompt and what follows it, from one file.
    "gpt2-generate": lambda path: gpt2(path, decode=True),
    "attention": attention,
    "attention-causal-1024": lambda path: attention(path, np.tri(1024, dtype=bool)),
    "attention-causal-4096": lambda path: attention(path, np.tri(4096, dtype=bool)),
    "attention-window": lambda path: attention(path, distance=512),
    "attention-causal": lambda path: attention_of_exporter(path, causal=True, operator=False),
    "attention-operator": lambda path: attention_of_exporter(path, causal=False, operator=True),
    "attention-operator-causal": lambda path: attention_of_exporter(path, causal=True, operator=True),
    "linear-attention": linear_attention,
}


def inputs_of(name, batch, sequence, seed=1):
    """Random inputs of a model by name. For `attention`, -n stands for one query and n keys."""
    random = np.random.default_rng(seed)

    def normal(*shape):
        return random.standard_normal(shape, dtype=np.float32)

    if name.startswith(("vit", "deit", "poolformer")):
        return {"images": normal(batch, 3, 224, 224)}
    if name.startswith(("attention", "linear-attention")):
        queries, keys = (1, -sequence) if sequence < 0 else (sequence, sequence)
        return {"q": normal(batch, HEADS, queries, DEPTH), "k": normal(batch, HEADS, keys, DEPTH),
                "v": normal(batch, HEADS, keys, DEPTH)}
    if name == "gpt2-decode":
        past = {f"past.{layer}.{kind}": normal(batch, HEADS, sequence, DEPTH)
                for layer in range(12) for kind in ("key", "value")}
        return {"input_ids": random.integers(0, 50257, (batch, 1)), **past}
    if name == "gpt2":
        return {"input_ids": random.integers(0, 50257, (batch, sequence))}
    ids = random.integers(0, 30522, (batch, sequence))
    mask = np.ones((batch, sequence), np.int64)
    # Rows of a batch differ in length.
    for row in range(1, batch):
        mask[row, sequence - sequence * row // (2 * batch):] = 0
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


def poolformer_multiply_adds(depths=(2, 2, 6, 2), widths=(64, 128, 320, 512)):
    total, before = 1000 * widths[-1], 3
    for stage, (depth, width) in enumerate(zip(depths, widths)):
        pixels = (56 >> stage) ** 2
        total += pixels * (before * width * (9 if stage else 49) + depth * 8 * width**2)
        before = width
    return total


def multiply_adds(name, batch, sequence):
    """Of the products that the result needs; what a mask hides is not among them."""
    def layers(count, width, hidden, tokens):
        return count * tokens * (4 * width * width + 2 * width * hidden + 2 * tokens * width)

    if name in ("tiny", "bert-base", "bert-base-24", "bert-base-int8", "bert-3gb", "minilm", "vit-b16", "deit-tiny"):
        others = {"tiny": (2, 32, 64), "bert-base-24": (24, 768, 3072), "bert-3gb": (14, 2048, 8192),
                  "minilm": (6, 384, 1536), "deit-tiny": (12, 192, 768)}
        count, width, hidden = others.get(name, (12, 768, 3072))
        if name not in ("vit-b16", "deit-tiny"):
            return batch * layers(count, width, hidden, sequence)
        return batch * (layers(count, width, hidden, 197) + (196 * 768 + 1000) * width)
    if name == "poolformer-s12":
        return batch * poolformer_multiply_adds()
    if name == "gpt2":
        pairs = sequence * (sequence + 1) // 2
        return batch * (12 * (sequence * 12 * 768 * 768 + 2 * pairs * 768) + sequence * 768 * 50257)
    if name == "gpt2-decode":
        return batch * (12 * (12 * 768 * 768 + 2 * (sequence + 1) * 768) + 768 * 50257)
    if name == "linear-attention":
        return batch * HEADS * sequence * 2 * DEPTH * DEPTH
    pairs = -sequence if sequence < 0 else sequence * sequence
    if "causal" in name:
        pairs = sequence * (sequence + 1) // 2
    elif "window" in name:
        pairs = sum(min(place + 1, 512) for place in range(sequence))
    return batch * HEADS * pairs * 2 * DEPTH


def read_bytes(name, batch, sequence):
    """What a call must read from memory, where that and not arithmetic decides its time: keys
    and values of one query, and weights for one token. None for other models."""
    if name == "gpt2-decode":
        return 4 * (12 * (12 * 768 * 768 + batch * 2 * sequence * 768) + 768 * 50257)
    if name == "attention" and sequence < 0:
        return 4 * batch * HEADS * 2 * -sequence * DEPTH
    return None


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit("\n".join(MODELS))
    if len(sys.argv) != 3 or sys.argv[1] not in MODELS:
        sys.exit(__doc__)
    MODELS[sys.argv[1]](sys.argv[2])
