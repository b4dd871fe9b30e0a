"""A function that is called twice: its nodes are written twice, with names of
their own.

usage: functions.py FOLDER
"""

import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

folder = sys.argv[1]
body = [helper.make_node("Neg", ["a"], ["t"], "negate"), helper.make_node("Exp", ["t"], ["b"], "raise")]
function = helper.make_function("org.example", "Fall", ["a"], ["b"], body, [helper.make_opsetid("", 18)])
nodes = [
    helper.make_node("Fall", ["x"], ["t"], "first", domain="org.example"),
    helper.make_node("Fall", ["t"], ["y"], "second", domain="org.example"),
]
info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xyt"]
# The second output is what a node in the middle makes, the third an input.
graph = helper.make_graph(nodes + [helper.make_node("Identity", ["x"], ["same"])], "g", info[:1],
                          info[1:] + [helper.make_tensor_value_info("same", TensorProto.FLOAT, ["n"])])
model = helper.make_model(graph, functions=[function], ir_version=10,
                          opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("org.example", 1)])
original, written = (os.path.join(folder, name) for name in ("original.onnx", "written.onnx"))
onnx.save(model, original)
subprocess.run(["tfc", original, "--emit=onnx-model", "-o", written], check=True)
onnx.checker.check_model(written)
names = [node.name for node in onnx.load(written).graph.node if node.name]
assert len(names) == 4 and len(set(names)) == 4, names
x = {"x": np.float32([0.5, -1, 2])}
results = [onnxruntime.InferenceSession(path).run(None, x) for path in (original, written)]
for expected, found in zip(*results):
    assert expected.tobytes() == found.tobytes()
