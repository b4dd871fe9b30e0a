"""Writes small models. usage: make_models.py NAME FILE.onnx"""

import sys

import onnx
from onnx import TensorProto, helper

INT64, FLOAT = TensorProto.INT64, TensorProto.FLOAT


def save(nodes, inputs, outputs, path, opset=21):
    values = [
        [helper.make_tensor_value_info(name, kind, dims) for name, kind, dims in side]
        for side in (inputs, outputs)
    ]
    graph = helper.make_graph(nodes, "g", *values)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10), path)


def nonzero(path):
    """How many columns the output has depends on data."""
    save(
        [helper.make_node("NonZero", ["x"], ["y"])],
        [("x", FLOAT, ["n", 3])], [("y", INT64, [2, None])], path)


def top(path):
    """A slice whose bound is an input; no output says its size."""
    save(
        [
            helper.make_node("Slice", ["x", "from", "to"], ["part"]),
            helper.make_node("Add", ["part", "part"], ["y"]),
        ],
        [("x", FLOAT, ["n", 2]), ("from", INT64, [1]), ("to", INT64, [1])],
        [("y", FLOAT, [None, 2])], path)


def int4(path):
    """Weights of four bits, in blocks of two along the rows."""
    weights = helper.make_tensor("w", TensorProto.INT4, [4, 2], [-8, 7, 1, -1, 0, 2, 3, -4])
    scales = helper.make_tensor("s", FLOAT, [2, 2], [0.5, 1.0, 2.0, 0.25])
    graph = helper.make_graph(
        [
            helper.make_node("DequantizeLinear", ["w", "s"], ["d"], axis=0, block_size=2),
            helper.make_node("MatMul", ["x", "d"], ["y"]),
        ],
        "g", [helper.make_tensor_value_info("x", FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("y", FLOAT, ["n", 2])], [weights, scales])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), path)


globals()[sys.argv[1]](sys.argv[2])
