"""Mixtures of experts in the forms that exporters write, against ONNX's reference.

usage: experts.py FOLDER

Each case is a model, the sizes it is run with and what the report must say of
it. FOLDER is for the files written here.
"""

import json
import os
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

EXPERTS, WIDTH, HIDDEN, CHOICES = 4, 6, 10, 2
rng = np.random.default_rng(5)


class Model:
    """Nodes and constants by name."""

    def __init__(self, dtype=np.float32):
        self.dtype = dtype
        self.nodes, self.constants = [], []

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weight(self, *shape):
        return self.constant((rng.standard_normal(shape) * 0.4).astype(self.dtype))

    def number(self, value):
        return self.constant(np.array(value, self.dtype))

    def add(self, operator, *inputs, outputs=1, **attributes):
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def save(self, path, result, shape):
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype))
        self.nodes.append(helper.make_node("Identity", [result], ["y"]))
        graph = helper.make_graph(
            self.nodes, "g", [helper.make_tensor_value_info("x", kind, shape)],
            [helper.make_tensor_value_info("y", kind, None)], self.constants)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)

    # What the forms share.

    def top(self, x, count=CHOICES):
        """Gates that add to one, choices, and what they were chosen from."""
        p = self.add("Softmax", self.add("MatMul", x, self.weight(WIDTH, EXPERTS)), axis=-1)
        gates, choices = self.add("TopK", p, self.constant(np.int64([count])), outputs=2, axis=-1)
        total = self.add("ReduceSum", gates, self.constant(np.int64([-1])), keepdims=1)
        return self.add("Div", gates, total), choices, p

    def swiglu(self, x, hidden=HIDDEN):
        gate = self.add("MatMul", x, self.weight(WIDTH, hidden))
        silu = self.add("Mul", gate, self.add("Sigmoid", gate))
        up = self.add("MatMul", x, self.weight(WIDTH, hidden))
        return self.add("MatMul", self.add("Mul", silu, up), self.weight(hidden, WIDTH))

    def mlp(self, x, activation="Relu"):
        """As a linear layer with bias is exported: the weights transposed."""
        hidden = self.add("Gemm", x, self.weight(HIDDEN, WIDTH), self.weight(HIDDEN), transB=1)
        return self.add("Gemm", self.add(activation, hidden), self.weight(WIDTH, HIDDEN), self.weight(WIDTH), transB=1)

    def sum(self, terms):
        result = terms[0]
        for term in terms[1:]:
            result = self.add("Add", result, term)
        return result

    def axes(self, *numbers):
        return self.constant(np.int64(numbers))


def columns(m):
    """Mixtral: the gates of all experts, zero for those not chosen; then a residual."""
    gates, choices, p = m.top("x")
    zeros = m.add("ConstantOfShape", m.add("Shape", p), value=numpy_helper.from_array(np.zeros(1, m.dtype)))
    dense = m.add("ScatterElements", zeros, choices, gates, axis=-1)
    terms = []
    for e in range(EXPERTS):
        column = m.add("Gather", dense, m.constant(np.int64(e)), axis=-1)
        terms.append(m.add("Mul", m.swiglu("x"), m.add("Unsqueeze", column, m.axes(-1))))
    return m.add("Add", "x", m.sum(terms))


def square(m):
    """As wide inside as outside."""
    gates, choices, _ = m.top("x")
    terms = []
    for e in range(EXPERTS):
        gate = m.add("ReduceSum", m.add("Where", m.add("Equal", choices, m.constant(np.int64(e))), gates, m.number(0)),
                     m.axes(-1), keepdims=1)
        terms.append(m.add("Mul", m.swiglu("x", WIDTH), gate))
    return m.sum(terms)


def slices(m):
    """The gates of all experts, each cut out."""
    gates, choices, p = m.top("x")
    zeros = m.add("ConstantOfShape", m.add("Shape", p), value=numpy_helper.from_array(np.zeros(1, m.dtype)))
    dense = m.add("ScatterElements", zeros, choices, gates, axis=-1)
    terms = []
    for e in range(EXPERTS):
        column = m.add("Slice", dense, m.axes(e), m.axes(e + 1), m.axes(-1))
        terms.append(m.add("Mul", column, m.swiglu("x")))
    return m.sum(terms)


def compared(m):
    """Each expert asks which of the choices are it."""
    gates, choices, _ = m.top("x")
    terms = []
    for e in range(EXPERTS):
        own = m.add("Cast", m.add("Equal", choices, m.constant(np.int64(e))), to=TensorProto.FLOAT)
        gate = m.add("ReduceSum", m.add("Mul", gates, own), m.axes(-1), keepdims=1)
        terms.append(m.add("Mul", m.mlp("x"), gate))
    return m.sum(terms)


def switch(m):
    """Switch: one choice, of tokens in sequences."""
    p = m.add("Softmax", m.add("MatMul", "x", m.weight(WIDTH, EXPERTS)), axis=-1)
    gate = m.add("ReduceMax", p, m.axes(-1), keepdims=1)
    choice = m.add("ArgMax", p, axis=-1, keepdims=1)
    terms = []
    for e in range(EXPERTS):
        own = m.add("Where", m.add("Equal", choice, m.constant(np.int64(e))), gate, m.number(0))
        hidden = m.add("Gelu", m.add("MatMul", "x", m.weight(WIDTH, HIDDEN)), approximate="tanh")
        terms.append(m.add("Mul", m.add("MatMul", hidden, m.weight(HIDDEN, WIDTH)), own))
    return m.sum(terms)


def gathered(m):
    """Matrices by choice, two choices a token."""
    gates, choices, _ = m.top("x")
    rows = m.add("Unsqueeze", "x", m.axes(1, 2))
    w1 = m.add("Gather", m.weight(EXPERTS, WIDTH, HIDDEN), choices, axis=0)
    w2 = m.add("Gather", m.weight(EXPERTS, HIDDEN, WIDTH), choices, axis=0)
    y = m.add("MatMul", m.add("Relu", m.add("MatMul", rows, w1)), w2)
    weighted = m.add("Mul", m.add("Squeeze", y, m.axes(2)), m.add("Unsqueeze", gates, m.axes(-1)))
    return m.add("ReduceSum", weighted, m.axes(1), keepdims=0)


def counted_back(m):
    """Choices that count from the end, which gathering allows."""
    _, choices, _ = m.top("x", 1)
    back = m.add("Sub", m.add("Squeeze", choices, m.axes(1)), m.constant(np.int64(EXPERTS)))
    rows = m.add("Unsqueeze", "x", m.axes(1))
    w1 = m.add("Gather", m.weight(EXPERTS, WIDTH, HIDDEN), back, axis=0)
    w2 = m.add("Gather", m.weight(EXPERTS, HIDDEN, WIDTH), back, axis=0)
    return m.add("Squeeze", m.add("MatMul", m.add("Relu", m.add("MatMul", rows, w1)), w2), m.axes(1))


def scattered(m, experts=EXPERTS):
    """Each expert runs on the tokens that chose it."""
    p = m.add("Softmax", m.add("MatMul", "x", m.weight(WIDTH, EXPERTS)), axis=-1)
    choice = m.add("ArgMax", p, axis=-1, keepdims=0)
    y = m.add("ConstantOfShape", m.add("Shape", "x"), value=numpy_helper.from_array(np.zeros(1, m.dtype)))
    for e in range(experts):
        places = m.add("Transpose", m.add("NonZero", m.add("Equal", choice, m.constant(np.int64(e)))), perm=[1, 0])
        own = m.add("Gather", "x", m.add("Squeeze", places, m.axes(1)), axis=0)
        y = m.add("ScatterND", y, places, m.mlp(own))
    return m.add("Mul", y, m.add("ReduceMax", p, m.axes(-1), keepdims=1))


def fewer(m):
    """Who chose the last expert gets nothing."""
    return scattered(m, EXPERTS - 1)


def stacked(m, repeat="broadcast", activation="Relu", bias=True):
    """All experts at once, by stacks of matrices."""
    gates, choices, p = m.top("x")
    zeros = m.add("Expand", m.number(0), m.add("Shape", p))
    dense = m.add("ScatterElements", zeros, choices, gates, axis=1)
    if repeat == "tile":
        tiled = m.add("Tile", "x", m.constant(np.int64([EXPERTS, 1])))
        x = m.add("Reshape", tiled, m.constant(np.int64([EXPERTS, -1, WIDTH])))
    else:
        x = m.add("Unsqueeze", "x", m.axes(0)) if repeat == "broadcast" else "x"
    hidden = m.add("MatMul", x, m.weight(EXPERTS, WIDTH, HIDDEN))
    if bias:
        hidden = m.add("Add", hidden, m.weight(EXPERTS, 1, HIDDEN))
    y = m.add("MatMul", m.add(activation, hidden), m.weight(EXPERTS, HIDDEN, WIDTH))
    if bias:
        y = m.add("Add", y, m.weight(EXPERTS, 1, WIDTH))
    if repeat == "tile":
        columns = m.add("Unsqueeze", m.add("Transpose", dense, perm=[1, 0]), m.axes(2))
    else:
        columns = m.add("Transpose", m.add("Unsqueeze", dense, m.axes(2)), perm=[1, 0, 2])
    return m.add("ReduceSum", m.add("Mul", y, columns), m.axes(0), keepdims=0)


def tiled(m):
    return stacked(m, "tile", "Gelu")


def unrepeated(m):
    return stacked(m, "no", bias=False)


def soft(m):
    """Every expert has a gate: nothing is chosen, and nothing to recognise."""
    p = m.add("Softmax", m.add("MatMul", "x", m.weight(WIDTH, EXPERTS)), axis=-1)
    return m.sum([
        m.add("Mul", m.swiglu("x"), m.add("Slice", p, m.axes(e), m.axes(e + 1), m.axes(-1)))
        for e in range(EXPERTS)])


def ranked(m):
    """Numbers of tokens, not of experts: several of a row may be the same."""
    p = m.add("Softmax", m.add("MatMul", "x", m.weight(WIDTH, EXPERTS)), axis=-1)
    gates, numbers = m.add("TopK", p, m.constant(np.int64([EXPERTS])), outputs=2, axis=0)
    dense = m.add("ScatterElements", m.constant(np.zeros((EXPERTS, EXPERTS), m.dtype)), numbers, gates, axis=-1)
    return m.sum([
        m.add("Mul", m.swiglu("x"), m.add("Slice", dense, m.axes(e), m.axes(e + 1), m.axes(-1)))
        for e in range(EXPERTS)])


def crossed(m):
    """The first matrix by one token's choice, the second by another's."""
    choice = m.add("ArgMax", m.add("MatMul", "x", m.weight(WIDTH, EXPERTS)), axis=-1, keepdims=0)
    w1 = m.add("Gather", m.weight(EXPERTS, WIDTH, HIDDEN), m.add("Unsqueeze", choice, m.axes(1)), axis=0)
    w2 = m.add("Gather", m.weight(EXPERTS, HIDDEN, WIDTH), m.add("Unsqueeze", choice, m.axes(0)), axis=0)
    hidden = m.add("Relu", m.add("MatMul", m.add("Unsqueeze", "x", m.axes(1, 2)), w1))
    return m.add("ReduceSum", m.add("MatMul", hidden, w2), m.axes(1, 2), keepdims=0)


def crossed_alone(m):
    """The same for one token that makes three choices."""
    scores = m.add("Reshape", m.add("MatMul", "x", m.weight(WIDTH, 3 * EXPERTS)), m.constant(np.int64([3, EXPERTS])))
    choice = m.add("ArgMax", scores, axis=-1, keepdims=0)
    w1 = m.add("Gather", m.weight(EXPERTS, WIDTH, HIDDEN), m.add("Unsqueeze", choice, m.axes(1)), axis=0)
    w2 = m.add("Gather", m.weight(EXPERTS, HIDDEN, WIDTH), m.add("Unsqueeze", choice, m.axes(0)), axis=0)
    hidden = m.add("Relu", m.add("MatMul", m.add("Unsqueeze", "x", m.axes(0, 1)), w1))
    return m.add("ReduceSum", m.add("MatMul", hidden, w2), m.axes(0, 1), keepdims=0)


def mixed(m):
    """One expert is not like the others."""
    gates, choices, _ = m.top("x")
    terms = []
    for e in range(EXPERTS):
        own = m.add("Cast", m.add("Equal", choices, m.constant(np.int64(e))), to=TensorProto.FLOAT)
        gate = m.add("ReduceSum", m.add("Mul", gates, own), m.axes(-1), keepdims=1)
        terms.append(m.add("Mul", m.mlp("x", "Relu" if e else "Tanh"), gate))
    return m.sum(terms)


ROUTE = "attn.route"
CASES = [
    (columns, ["n", WIDTH], [ROUTE]),
    (square, ["n", WIDTH], [ROUTE]),
    (square, [WIDTH, WIDTH], [ROUTE]),
    (slices, [2, "n", WIDTH], [ROUTE]),
    (compared, ["n", WIDTH], [ROUTE]),
    (switch, ["b", "n", WIDTH], [ROUTE]),
    (gathered, ["n", WIDTH], [ROUTE]),
    (counted_back, ["n", WIDTH], [ROUTE]),
    (scattered, ["n", WIDTH], [ROUTE]),
    (fewer, ["n", WIDTH], [ROUTE]),
    (stacked, ["n", WIDTH], [ROUTE]),
    (tiled, ["n", WIDTH], [ROUTE]),
    (tiled, [EXPERTS, WIDTH], [ROUTE]),
    (unrepeated, ["n", WIDTH], [ROUTE]),
    (soft, ["n", WIDTH], []),
    (ranked, [EXPERTS, WIDTH], []),
    (crossed, ["n", WIDTH], ["graph"]),
    (crossed, [1, WIDTH], [ROUTE]),
    (crossed_alone, [1, WIDTH], ["graph"]),
    (mixed, ["n", WIDTH], ["graph"]),
]


def run(library, folder, x):
    np.savez(f"{folder}/in.npz", x=x)
    results = []
    for threads in "1", "3":
        subprocess.run(["tfc-run", library, "--inputs", f"{folder}/in.npz", "--outputs", f"{folder}/out.npz",
                        "--threads", threads], check=True, stdout=subprocess.DEVNULL)
        results.append(np.load(f"{folder}/out.npz")["y"])
    assert results[0].tobytes() == results[1].tobytes(), "threads differ"
    return results[0]


def compile_model(model, path, result, shape):
    model.save(f"{path}.onnx", result, shape)
    subprocess.run(["tfc", f"{path}.onnx", "-o", f"{path}.so", f"--report={path}.json"], check=True)
    with open(f"{path}.json", encoding="utf-8") as file:
        return [route["form"] for route in json.load(file)["routes"]]


def check(build, shape, forms, folder, dtype=np.float32, tolerance=1e-5):
    path = f"{folder}/{build.__name__}_{np.dtype(dtype).name}"
    model = Model(dtype)
    found = compile_model(model, path, build(model), shape)
    assert found == forms, f"{build.__name__}: {found}"
    for count in 7, 1, 33, 0:
        sizes = [count if size == "n" else 3 if size == "b" else size for size in shape]
        x = rng.standard_normal(sizes).astype(dtype)
        y = run(f"{path}.so", folder, x)
        assert y.dtype == dtype and y.shape == x.shape, (build.__name__, y.dtype, y.shape)
        if count:
            expected = ReferenceEvaluator(f"{path}.onnx").run(None, {"x": x})[0]
            gap = np.abs(y.astype(np.float64) - expected).max() / max(1, np.abs(expected).max())
            assert gap < tolerance, f"{build.__name__}, {count} tokens: {gap}"
    print(f"{build.__name__} {np.dtype(dtype).name}: right")


def hidden_overflow(folder):
    """What an expert makes of tokens that did not choose it does not matter."""
    m = Model()
    choice = m.add("ArgMax", "x", axis=-1, keepdims=1)
    most = m.add("ReduceMax", "x", m.axes(-1), keepdims=1)
    terms = []
    for factor in 1.0, 3e38:
        gate = m.add("Where", m.add("Equal", choice, m.constant(np.int64(len(terms)))), most, m.number(0))
        first, second = (m.constant(np.eye(2, dtype=np.float32) * np.float32(f)) for f in (factor, 1))
        expert = m.add("MatMul", m.add("Relu", m.add("MatMul", "x", first)), second)
        terms.append(m.add("Mul", expert, gate))
    path = f"{folder}/overflow"
    assert compile_model(m, path, m.sum(terms), ["n", 2]) == [ROUTE]
    y = run(f"{path}.so", folder, np.float32([[4, 1], [2, 0.5]]))
    assert y.tolist() == [[16, 4], [4, 1]], y
    print("overflow elsewhere: right")


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for build, shape, forms in CASES:
        check(build, shape, forms, folder)
    check(columns, ["n", WIDTH], [ROUTE], folder, np.float16, 4e-3)
    check(scattered, ["n", WIDTH], [ROUTE], folder, np.float16, 4e-3)
    hidden_overflow(folder)


main()
