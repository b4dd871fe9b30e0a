"""Writes one faulty model.

usage: make_bad.py CASE FILE.onnx      CASE: a function below
"""

import sys

import onnx
from onnx import TensorProto, helper


def value(name, shape=("n", 4), kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs=None, outputs=None, opset=18, initializers=(), **more):
    graph = helper.make_graph(
        nodes, "g", inputs or [value("x")], outputs or [value("y")], list(initializers)
    )
    opsets = [helper.make_opsetid("", opset)] + [
        helper.make_opsetid(domain, 1) for domain in more.pop("domains", [])
    ]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10, **more)


def good():
    return model([helper.make_node("Relu", ["x"], ["y"], "r")])


def not_protobuf():
    return b"this is a text file, not a model\n" * 4


def empty():
    return b""


def truncated():
    weights = helper.make_tensor("w", TensorProto.FLOAT, [64, 4], bytes(1024), raw=True)
    whole = model([helper.make_node("Relu", ["x"], ["y"])], initializers=[weights])
    return whole.SerializeToString()[:700]


def no_graph():
    return onnx.ModelProto(ir_version=10, opset_import=[helper.make_opsetid("", 18)])


def opset_too_new():
    return model([helper.make_node("Relu", ["x"], ["y"], "r")], opset=99)


def opset_missing():
    bad = good()
    del bad.opset_import[:]
    return bad


def unknown_operators():
    return model(
        [
            helper.make_node("Frobnicate", ["x"], ["a"], "first"),
            helper.make_node("Relu", ["a"], ["b"], "fine"),
            helper.make_node("Twist", ["b"], ["c"], "second", domain="org.example"),
            helper.make_node("Frobnicate", ["c"], ["y"], "third"),
        ],
        domains=["org.example"],
    )


def domain_not_imported():
    return model([helper.make_node("Twist", ["x"], ["y"], "t", domain="org.example")])


def unsupported_operators():
    """In ONNX's schemas, but with no rule and no body."""
    return model(
        [
            helper.make_node("NonMaxSuppression", ["x", "x"], ["a"], "where"),
            helper.make_node("Cast", ["a"], ["b"], "cast", to=TensorProto.FLOAT),
            helper.make_node("Det", ["b"], ["y"], "determinant"),
        ]
    )


def newer_than_opset():
    """Gelu came with opset 20."""
    return model([helper.make_node("Gelu", ["x"], ["y"], "g")], opset=19)


def cycle():
    return model(
        [
            helper.make_node("Add", ["x", "b"], ["a"], "first"),
            helper.make_node("Relu", ["a"], ["b"], "second"),
            helper.make_node("Relu", ["b"], ["y"], "third"),
        ]
    )


def undefined_input():
    return model([helper.make_node("Add", ["x", "nowhere"], ["y"], "sum")])


def duplicate_output():
    return model(
        [helper.make_node("Relu", ["x"], ["y"], "a"), helper.make_node("Neg", ["x"], ["y"], "b")]
    )


def missing_output():
    return model([helper.make_node("Relu", ["x"], ["a"], "r")])


def forbidden_type():
    return model(
        [helper.make_node("Softmax", ["x"], ["y"], "s")],
        inputs=[value("x", kind=TensorProto.INT64)],
        outputs=[value("y", kind=TensorProto.INT64)],
    )


def strings():
    return model(
        [helper.make_node("Identity", ["x"], ["y"], "same")],
        inputs=[value("x", kind=TensorProto.STRING)],
        outputs=[value("y", kind=TensorProto.STRING)],
    )


def too_many_inputs():
    return model([helper.make_node("Relu", ["x", "x"], ["y"], "r")])


def bad_attribute():
    return model([helper.make_node("Softmax", ["x"], ["y"], "s", axes=1)])


def attribute_type():
    return model([helper.make_node("Softmax", ["x"], ["y"], "s", axis="last")])


def external(location):
    tensor = onnx.TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4])
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in (("location", location), ("offset", "0"), ("length", "16")):
        tensor.external_data.add(key=key, value=text)
    return model([helper.make_node("Add", ["x", "w"], ["y"], "sum")], initializers=[tensor])


def external_missing():
    return external("nowhere.bin")


def external_outside():
    return external("../outside.bin")


def external_absolute():
    return external("/etc/passwd")


def wrong_length():
    weights = helper.make_tensor("w", TensorProto.FLOAT, [4], bytes(16), raw=True)
    weights.raw_data = bytes(12)
    return model([helper.make_node("Add", ["x", "w"], ["y"], "sum")], initializers=[weights])


def shapes_clash():
    weights = helper.make_tensor("w", TensorProto.FLOAT, [5, 3], bytes(60), raw=True)
    return model([helper.make_node("MatMul", ["x", "w"], ["y"], "product")], initializers=[weights])


def declared_shape():
    """The graph says that y has five columns; it has four."""
    return model([helper.make_node("Relu", ["x"], ["y"], "r")], outputs=[value("y", ("n", 5))])


def two_inputs():
    """Right: for what a caller gets wrong."""
    return model(
        [helper.make_node("Add", ["x", "z"], ["y"], "sum")],
        inputs=[value("x"), value("z")],
    )


def double_exponential():
    """Right: calls the C library."""
    return model(
        [helper.make_node("Exp", ["x"], ["y"], "e")],
        inputs=[value("x", kind=TensorProto.DOUBLE)],
        outputs=[value("y", kind=TensorProto.DOUBLE)],
    )


def main(case, path):
    made = globals()[case]()
    data = made if isinstance(made, bytes) else made.SerializeToString()
    with open(path, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
