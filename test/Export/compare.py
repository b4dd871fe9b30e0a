"""Compares a model with what tfc wrote of it, field by field.

usage: compare.py ORIGINAL WRITTEN

ORIGINAL is that of Import/Inputs/make_model.py. Functions are inlined, so the
nodes of its one function stand in place of the call; the type of its output
without one is inferred; all else is equal.
"""

import sys

import numpy as np
import onnx
from onnx import numpy_helper

original, written = (onnx.load(path) for path in sys.argv[1:])


def tensors(graph):
    return {t.name: (t.data_type, numpy_helper.to_array(t).tobytes(), list(t.dims)) for t in graph.initializer}


def nodes(graph):
    def plain(a):
        value = onnx.helper.get_attribute_value(a)
        if isinstance(value, onnx.GraphProto):
            value = nodes(value), tensors(value), [o.name for o in value.output]
        if isinstance(value, onnx.TensorProto):
            value = value.data_type, numpy_helper.to_array(value).tolist()
        return a.name, value

    return [
        (n.op_type, n.domain, n.name, list(n.input), list(n.output), sorted((plain(a) for a in n.attribute), key=lambda p: p[0]))
        for n in graph.node
    ]


def same(what, a, b):
    assert a == b, f"{what}:\n{a}\n{b}"


same("initialisers", tensors(original.graph), tensors(written.graph))
same("inputs", list(original.graph.input), list(written.graph.input))
same("first output", original.graph.output[0], written.graph.output[0])
same("second output", [original.graph.output[1].name, 1], [written.graph.output[1].name, written.graph.output[1].type.tensor_type.elem_type])
same("name", original.graph.name, written.graph.name)
same("opsets", {(o.domain, o.version) for o in original.opset_import}, {(o.domain, o.version) for o in written.opset_import})
same("metadata", {(p.key, p.value) for p in original.metadata_props}, {(p.key, p.value) for p in written.metadata_props})
for field in ("ir_version", "producer_name", "producer_version"):
    same(field, getattr(original, field), getattr(written, field))
same("nodes", [("Add", "", "", ["x", "x"], ["c"], []), ("LeakyRelu", "", "", ["c"], ["b"], [("alpha", 0.25)])], nodes(written.graph)[:2])
rest = nodes(original.graph)[1:]
rest[0][3][0] = "b"
same("other nodes", rest, nodes(written.graph)[2:])
