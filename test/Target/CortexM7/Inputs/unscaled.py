"""Writes a quantised model two of whose tensors have no scale: unscaled.py OUT.onnx."""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(1)
constants = {
    "x_scale": np.float32(0.05),
    "w_scale": np.float32(0.02),
    "y_scale": np.float32(1 / 256),
    "zero": np.int8(0),
    "low": np.int8(-128),
    "w": random.integers(-127, 128, (8, 8)).astype(np.int8),
}
nodes = [
    helper.make_node("QuantizeLinear", ["x", "x_scale", "zero"], ["xq"], name="/in"),
    helper.make_node("DequantizeLinear", ["xq", "x_scale", "zero"], ["xf"], name="/in_f"),
    helper.make_node("DequantizeLinear", ["w", "w_scale", "zero"], ["wf"], name="/w"),
    helper.make_node("MatMul", ["xf", "wf"], ["p"], name="/project"),
    helper.make_node("Softmax", ["p"], ["s"], name="/weigh"),
    helper.make_node("Sigmoid", ["s"], ["g"], name="/gate"),
    helper.make_node("Mul", ["s", "g"], ["m"], name="/mix"),
    helper.make_node("QuantizeLinear", ["m", "y_scale", "low"], ["mq"], name="/out"),
    helper.make_node("DequantizeLinear", ["mq", "y_scale", "low"], ["y"], name="/out_f"),
]
graph = helper.make_graph(
    nodes,
    "unscaled",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 8])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, 8])],
    [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), sys.argv[1])
