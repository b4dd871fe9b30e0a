"""Products of two activations, and convolutions, compiled for x86-64.

usage: x86_products.py WORK [NAME...]

Products are compared with numpy's in f64, convolutions with onnxruntime's, for each width
of vectors that this machine has, on one worker and on three, which must give the same bits.
"""

import sys
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from report import report
from x86_code import here, outputs


@dataclass
class Case:
    """An operator of the inputs of these shapes, whose sizes are open where `open`."""

    operator: str
    shapes: list
    open: bool = False
    attributes: dict = field(default_factory=dict)


def product(x, w, **options):
    return Case("MatMul", [x, w], **options)


def einsum(equation, *shapes, **options):
    return Case("Einsum", list(shapes), attributes={"equation": equation}, **options)


def convolution(image, filters, **attributes):
    return Case("Conv", [image, filters], attributes=attributes)


CASES = {
    "small": product((8, 4), (4, 4)),
    "one-panel": product((3, 16, 40), (3, 40, 48)),
    # Columns: one more than panels, one vector, a part of one.
    **{f"columns-{n}": product((2, 9, 33), (2, 33, n)) for n in (5, 15, 16, 17, 31, 33, 47, 49, 63, 65, 97)},
    # Rows: of all kernels of rows, and blocks of rows.
    **{f"rows-{m}": product((m, 20), (20, 50)) for m in (9, 15, 23, 31, 191, 192, 193, 400)},
    # Depths: blocks of it, and what is left.
    **{f"depth-{k}": product((10, k), (k, 37)) for k in (4, 383, 384, 385, 800)},
    # Where few rows are loops, and nothing at all.
    **{f"open-rows-{m}": product((2, m, 30), (2, 30, 40), open=True) for m in (0, 1, 7, 8, 50)},
    **{f"open-columns-{n}": product((2, 12, 30), (2, 30, n), open=True) for n in (0, 1, 16, 17, 100)},
    **{f"open-depth-{k}": product((2, 12, k), (2, k, 20), open=True) for k in (0, 1, 384, 500)},
    "one-for-all": product((3, 20, 30), (30, 40)),
    "many-batches": product((2, 3, 9, 10), (2, 3, 10, 20)),
    # Factors that are contiguous along another dimension.
    "turned-w": einsum("bmk,bnk->bmn", (2, 50, 70), (2, 90, 70)),
    "turned-w-rest": einsum("bmk,bnk->bmn", (2, 50, 7), (2, 19, 7)),
    "turned-x": einsum("bkm,bkn->bmn", (2, 70, 50), (2, 70, 90)),
    "turned-both": einsum("bkm,bnk->bmn", (2, 450, 50), (2, 35, 450)),
    "turned-result": einsum("bmk,bkn->bnm", (2, 50, 70), (2, 70, 90)),
    "heads": einsum("bthd,bshd->bhts", (2, 30, 4, 24), (2, 40, 4, 24)),
    "heads-back": einsum("bhts,bshd->bthd", (2, 4, 30, 40), (2, 40, 4, 24)),
    "head-last": einsum("mkh,knh->mnh", (10, 20, 3), (20, 30, 3)),
    "open-heads": einsum("bthd,bshd->bhts", (2, 30, 4, 24), (2, 40, 4, 24), open=True),
    "two-sums": einsum("abk,akn->bn", (3, 20, 30), (3, 30, 40)),
    "vector": einsum("bmk,bk->bm", (2, 30, 40), (2, 40)),
    "outer": einsum("bm,bn->bmn", (2, 30), (2, 50)),
    "image": convolution((2, 5, 12, 14), (9, 5, 3, 3)),
    "padded": convolution((2, 5, 12, 14), (16, 5, 3, 3), pads=[1, 2, 0, 1]),
    "strides": convolution((1, 3, 20, 30), (16, 3, 4, 5), strides=[3, 2], pads=[1, 1, 1, 1]),
    "dilations": convolution((1, 3, 20, 30), (16, 3, 3, 3), dilations=[2, 3]),
    "pointwise": convolution((2, 30, 7, 7), (40, 30, 1, 1)),
    "pointwise-strides": convolution((2, 30, 7, 8), (40, 30, 1, 1), strides=[2, 2]),
    "pointwise-one-channel": convolution((2, 1, 7, 8), (40, 1, 1, 1)),
    "one-pixel": convolution((3, 30, 1, 1), (40, 30, 1, 1)),
    "groups": convolution((2, 12, 9, 9), (24, 4, 3, 3), group=3),
    "depthwise": convolution((2, 12, 9, 9), (12, 1, 3, 3), group=12, pads=[1, 1, 1, 1]),
    "signal": convolution((2, 5, 40), (9, 5, 3), pads=[1, 1]),
    "volume": convolution((1, 3, 6, 7, 8), (9, 3, 2, 3, 3)),
}


def model_of(case):
    names = ["x", "w"]
    inputs = [helper.make_tensor_value_info(
                  name, TensorProto.FLOAT, [f"{name}{d}" for d in range(len(shape))] if case.open else shape)
              for name, shape in zip(names, case.shapes)]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    node = helper.make_node(case.operator, names, ["y"], name="node", **case.attributes)
    graph = helper.make_graph([node], "graph", inputs, [output])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


def reference(case, model, x, w):
    """The result, and the sum of the terms' magnitudes, of which rounding is a share."""
    if case.operator == "Conv":
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        return tuple(session.run(None, {"x": a, "w": c})[0] for a, c in ((x, w), (np.abs(x), np.abs(w))))
    equation = case.attributes.get("equation")
    x, w = x.astype(np.float64), w.astype(np.float64)
    if equation:
        return np.einsum(equation, x, w), np.einsum(equation, np.abs(x), np.abs(w))
    return x @ w, np.abs(x) @ np.abs(w)


def check(case, work, cpu):
    random = np.random.default_rng(0)
    x, w = (random.standard_normal(shape, dtype=np.float32) for shape in case.shapes)
    model = model_of(case)
    onnx.save(model, work + ".onnx")
    np.savez(work + ".in.npz", x=x, w=w)
    found = outputs(work + ".onnx", work, cpu)
    if not found:
        return f"{cpu}: differs between one thread and three"
    y = found["y"]
    expected, magnitude = reference(case, model, x, w)
    # Errors of as many roundings as there are terms add up like a random walk's steps, in
    # our sum and in the other; 8 of them in a row is more than a walk of 2880 strays.
    bound = 2 * 8 * 2.0**-24 * magnitude + 1e-30
    if y.shape != expected.shape:
        return f"{cpu}: gives {y.shape}, not {expected.shape}"
    gap = np.abs(y.astype(np.float64) - expected)
    if not (gap <= bound).all():
        return f"{cpu}: differs by {(gap / bound).max():.3g} times the bound"
    return ""


def main(work, *names):
    return report(((name, check(CASES[name], f"{work}.{name}", cpu))
                   for name in names or CASES for cpu in here()), "cases")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
