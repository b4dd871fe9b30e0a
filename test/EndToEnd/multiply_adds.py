"""usage: multiply_adds.py MODEL.onnx

Prints the multiply-adds of MatMul, Gemm and Conv of an ONNX file, by the shapes that
onnx.shape_inference finds: an error where one of these has an open size.
"""

import math
import sys

import onnx


def main():
    model = onnx.shape_inference.infer_shapes(onnx.load(sys.argv[1]), data_prop=True)
    graph = model.graph
    shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        shapes[value.name] = [d.dim_value if d.HasField("dim_value") else None for d in value.type.tensor_type.shape.dim]
    for node in graph.node:
        if node.op_type == "Constant":
            shapes[node.output[0]] = list(node.attribute[0].t.dims)
    total = 0
    for node in graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "MatMul":
            depth = shapes[node.input[0]][-1]
        elif node.op_type == "Gemm":
            depth = shapes[node.input[0]][0 if attributes.get("transA", 0) else 1]
        elif node.op_type == "Conv":
            depth = math.prod(shapes[node.input[1]][1:])
        else:
            continue
        total += math.prod(shapes[node.output[0]]) * depth
    print(total)


if __name__ == "__main__":
    main()
