"""Writes a model that uses every kind of field, and its external data.

usage: make_model.py FOLDER
"""

import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper

folder = sys.argv[1]


def typed(name, kind, values, dims):
    return helper.make_tensor(name, kind, dims, values)


def raw(name, kind, data, dims):
    return helper.make_tensor(name, kind, dims, data, raw=True)


def external(name, offset, count):
    tensor = onnx.TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[count])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "weights.bin"), ("offset", offset), ("length", 4 * count)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor


with open(os.path.join(folder, "weights.bin"), "wb") as file:
    file.write(np.arange(516, dtype=np.float32).tobytes())

initializers = [
    typed("floats", TensorProto.FLOAT, [1.5, -2.0], [2]),
    typed("halves", TensorProto.FLOAT16, [1.5, -2.0], [2]),
    typed("brain", TensorProto.BFLOAT16, [1.5, -2.0], [2]),
    typed("doubles", TensorProto.DOUBLE, [1.5], [1]),
    typed("bytes", TensorProto.INT8, [-3, 4], [2]),
    typed("unsigned", TensorProto.UINT16, [65535], [1]),
    typed("longs", TensorProto.INT64, [-(2**62)], []),
    typed("bits", TensorProto.BOOL, [1, 0], [2]),
    raw("raw_floats", TensorProto.FLOAT, np.float32([1.5, -2.0]).tobytes(), [2]),
    raw("raw_bits", TensorProto.BOOL, b"\x01\x00", [2]),
    raw("nibbles", TensorProto.INT4, b"\x21\x0f", [3]),
    raw("unsigned_nibbles", TensorProto.UINT4, b"\xf1", [2]),
    raw("tiny", TensorProto.FLOAT8E4M3FN, b"\x38\xb8", [2]),
    raw("empty", TensorProto.FLOAT, b"", [0, 4]),
    external("small_external", 8, 2),
    external("large_external", 0, 512),
]

then_branch = helper.make_graph(
    [helper.make_node("Neg", ["x"], ["t"], "inner")],
    "then", [], [helper.make_tensor_value_info("t", TensorProto.FLOAT, None)],
)
else_branch = helper.make_graph(
    [helper.make_node("Identity", ["local"], ["e"])], "else", [],
    [helper.make_tensor_value_info("e", TensorProto.FLOAT, None)],
    [typed("local", TensorProto.FLOAT, [3.0], [1])],
)
function = helper.make_function(
    "org.example", "Twice", ["a"], ["b"],
    [helper.make_node("Add", ["a", "a"], ["c"]),
     helper.make_node("LeakyRelu", ["c"], ["b"])],
    [helper.make_opsetid("", 18)], ["alpha"],
)
reference = function.node[1].attribute.add()
reference.name, reference.ref_attr_name, reference.type = "alpha", "alpha", onnx.AttributeProto.FLOAT

nodes = [
    helper.make_node("Twice", ["x"], ["twice"], "call", domain="org.example", alpha=0.25),
    helper.make_node("Clip", ["twice", "", "high"], ["clipped"], "clip"),
    helper.make_node("If", ["flag"], ["chosen"], "choose", then_branch=then_branch, else_branch=else_branch),
    helper.make_node("LayerNormalization", ["x", "scale"], ["norm", "", "deviation"], "norm", axis=-1),
    helper.make_node("Attention", ["x"], ["fused"], "vendor", domain="com.microsoft", num_heads=2,
                     name_text="text", scales=[0.5, 0.25], sizes=[1, 2]),
    helper.make_node("Constant", [], ["constant"], value=typed("", TensorProto.INT32, [7], [1])),
]
inputs = [
    helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", None, 4]),
    helper.make_tensor_value_info("flag", TensorProto.BOOL, []),
    helper.make_tensor_value_info("high", TensorProto.FLOAT, []),
    helper.make_tensor_value_info("scale", TensorProto.FLOAT, [4]),
]
outputs = [
    helper.make_tensor_value_info("clipped", TensorProto.FLOAT, ["batch", None, 4]),
    helper.make_tensor_value_info("chosen", TensorProto.FLOAT, None),
]
graph = helper.make_graph(nodes, "everything", inputs, outputs, initializers, doc_string="a test")
model = helper.make_model(
    graph, functions=[function], ir_version=10, producer_name="make_model", producer_version="1",
    opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1),
                   helper.make_opsetid("org.example", 1)],
)
helper.set_model_props(model, {"author": "nobody", "license": "none"})
with open(os.path.join(folder, "model.onnx"), "wb") as file:
    file.write(model.SerializeToString())
