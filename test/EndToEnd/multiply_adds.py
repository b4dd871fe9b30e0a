"""usage: multiply_adds.py ZOO MODEL[=COUNT]...

Compares the multiply-adds that tfc reports of models with those of MatMul, Gemm and
Conv in their files, by the shapes that onnx.shape_inference finds, or with COUNT where
other operators have some.
"""

import json
import math
import os
import subprocess
import sys

import onnx


def shapes_of(graph):
    shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        dims = value.type.tensor_type.shape.dim
        shapes[value.name] = [dim.dim_value if dim.HasField("dim_value") else None for dim in dims]
    for node in graph.node:
        if node.op_type == "Constant":
            shapes[node.output[0]] = list(node.attribute[0].t.dims)
    return shapes


def count_by_shapes(path):
    graph = onnx.shape_inference.infer_shapes(onnx.load(path), data_prop=True).graph
    shapes = shapes_of(graph)
    total = 0
    for node in graph.node:
        if node.op_type == "MatMul":
            depth = shapes[node.input[0]][-1]
        elif node.op_type == "Gemm":
            is_transposed = any(a.name == "transA" and a.i for a in node.attribute)
            depth = shapes[node.input[0]][0 if is_transposed else 1]
        elif node.op_type == "Conv":
            depth = math.prod(shapes[node.input[1]][1:])
        else:
            continue
        total += math.prod(shapes[node.output[0]]) * depth
    return total


def count_by_tfc(path):
    # Without optimising, all that the file computes is.
    done = subprocess.run(["tfc", path, "-O0", "--stop-after=raise", "-o", os.devnull, "--report=-"],
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)["multiply_adds"]


def main():
    wrong = 0
    for argument in sys.argv[2:]:
        name, _, known = argument.partition("=")
        path = os.path.join(sys.argv[1], name, "model.onnx")
        expected = int(known) if known else count_by_shapes(path)
        found = count_by_tfc(path)
        if found != expected:
            print(f"error: {name} has {found} multiply-adds, expected {expected}")
            wrong += 1
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
