"""Quantises models as onnxruntime does, in several styles, and runs them on the Cortex-M7 in qemu.

usage: check_quantized.py ZOO WORK [NAME...]

A name is a model of ZOO or a graph below, in all styles; with `/style` behind it, in one. Without
names, graphs have the styles in turn, and some are of operators of integers. Integers have to do: nothing is computed in f32. Outputs are
compared with onnxruntime's run of the same model, operator by operator: within 2 steps for 99.9%
of them. What is in REFUSED has to be refused with the reason given there.
"""

import logging
import os
import subprocess
import sys
import warnings

import numpy as np
import onnx
import onnx.parser
import onnxruntime
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

STYLES = {
    "int8": dict(activation_type=QuantType.QInt8, weight_type=QuantType.QInt8, per_channel=True),
    "uint8": dict(activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=False),
    "symmetric": dict(activation_type=QuantType.QInt8, weight_type=QuantType.QInt8, per_channel=False,
                      extra_options={"ActivationSymmetric": True}),
    "unsigned": dict(activation_type=QuantType.QUInt8, weight_type=QuantType.QUInt8, per_channel=True,
                     extra_options={"WeightSymmetric": True}),
    "asymmetric": dict(activation_type=QuantType.QUInt8, weight_type=QuantType.QUInt8, per_channel=False,
                       extra_options={"WeightSymmetric": False}),
}
# Operators of integers, not of f32 between roundings; weights of 7 bits, as onnxruntime's sums of
# two products saturate at 16 bits on some machines.
OPERATORS = dict(activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=True,
                 reduce_range=True, quant_format=QuantFormat.QOperator)
# Probabilities of 127 steps, as symmetric types have them, turn one step of theirs into several of
# what is mixed with them, in onnxruntime too: whole models have the other two types.
ZOO = [f"{name}/{style}" for name in ("vit", "cct", "mcuformer", "low_rank_transformer", "poolformer")
       for style in ("int8", "uint8")]
ZOO += [f"{name}/operators" for name in (
    "conv_strided", "conv_depthwise", "max_pool", "leaky", "gates", "constants", "softmax_long", "gemm", "gemm_odd", "scores",
    "vit", "cct", "poolformer")]

REFUSED = {
    "log_softmax": "LogSoftmax, opset 18): computes 'math.log' in f32",
}

# Graphs of a few operators; initialisers that are named but not given are drawn at random.
GRAPHS = {
    "conv_same": "(float[1,3,9,9] x) => (float[1,6,9,9] y) <float[6,3,3,3] w, float[6] b>"
                 "{ y = Conv <kernel_shape = [3,3], pads = [1,1,1,1]> (x, w, b) }",
    "conv_strided": "(float[1,4,11,7] x) => (float[1,5,5,3] y) <float[5,4,3,3] w, float[5] b>"
                    "{ t = Conv <kernel_shape = [3,3], strides = [2,2]> (x, w, b) y = Relu (t) }",
    "conv_pointwise": "(float[1,8,5,5] x) => (float[1,12,5,5] y) <float[12,8,1,1] w>"
                      "{ y = Conv <kernel_shape = [1,1]> (x, w) }",
    "conv_depthwise": "(float[1,8,9,9] x) => (float[1,8,9,9] y) <float[8,1,3,3] w, float[8] b>"
                      "{ t = Conv <kernel_shape = [3,3], pads = [1,1,1,1], group = 8> (x, w, b) y = Relu (t) }",
    "conv_groups": "(float[1,8,9,9] x) => (float[1,12,9,9] y) <float[12,4,3,3] w, float[12] b>"
                   "{ y = Conv <kernel_shape = [3,3], pads = [1,1,1,1], group = 2> (x, w, b) }",
    "max_pool": "(float[1,8,9,9] x) => (float[1,8,5,5] y) <float[8,8,1,1] w>"
                "{ t = Conv <kernel_shape = [1,1]> (x, w) y = MaxPool <kernel_shape = [3,3], pads = [1,1,1,1], strides = [2,2]> (t) }",
    "average_pool": "(float[1,8,9,9] x) => (float[1,8,9,9] y)"
                    "{ t = Tanh (x) y = AveragePool <kernel_shape = [3,3], pads = [1,1,1,1], count_include_pad = 0> (t) }",
    "average_pool_all": "(float[1,8,9,9] x) => (float[1,8,5,5] y)"
                        "{ t = Tanh (x) y = AveragePool <kernel_shape = [3,3], pads = [1,1,1,1], strides = [2,2], count_include_pad = 1> (t) }",
    "global_pool": "(float[1,8,9,9] x) => (float[1,8,1,1] y) { y = GlobalAveragePool (x) }",
    "global_max": "(float[1,8,9,9] x) => (float[1,8,1,1] y) { y = GlobalMaxPool (x) }",
    "mean_long": "(float[1,300,8] x) => (float[1,8] y) <int64[1] axes = {1}>"
                 "{ y = ReduceMean <keepdims = 0> (x, axes) }",
    "mean_last": "(float[3,5,16] x) => (float[3,5,1] y) <int64[1] axes = {-1}>"
                 "{ y = ReduceMean <keepdims = 1> (x, axes) }",
    "sum": "(float[3,5,16] x) => (float[3,16] y) <int64[1] axes = {1}> { y = ReduceSum <keepdims = 0> (x, axes) }",
    "reduce_max": "(float[3,5,16] x) => (float[3,5,1] y) <int64[1] axes = {-1}> { y = ReduceMax (x, axes) }",
    "clip": "(float[9,8] x) => (float[9,12] y) <float[8,12] w, float lo = {-0.5}, float hi = {1.5}>"
            "{ t = MatMul (x, w) y = Clip (t, lo, hi) }",
    "leaky": "(float[9,8] x) => (float[9,12] y) <float[8,12] w> { t = MatMul (x, w) y = LeakyRelu <alpha = 0.1> (t) }",
    "gates": "(float[9,16] x) => (float[9,8] y) <int64[2] sizes = {8, 8}>"
             "{ a, b = Split <axis = 1> (x, sizes) s = Sigmoid (b) y = Mul (a, s) }",
    "silu": "(float[9,16] x) => (float[9,16] y) { s = Sigmoid (x) y = Mul (x, s) }",
    "concat": "(float[9,16] x) => (float[9,24] y) <float[16,4] w, float[16,4] v>"
              "{ a = MatMul (x, w) b = Tanh (x) c = MatMul (b, v) y = Concat <axis = 1> (a, b, c) }",
    "concat_product": "(float[9,16] x) => (float[9,4] y) <float[16,4] w, float[20,4] v>"
                      "{ a = MatMul (x, w) b = Tanh (x) c = Concat <axis = 1> (a, b) y = MatMul (c, v) }",
    "constants": "(float[2,9,16] x) => (float[2,9,16] y) <float[9,16] p, float[16] g>"
                 "{ a = Add (x, p) y = Mul (a, g) }",
    "difference": "(float[2,9,16] x) => (float[2,9,16] y) <float[16] g>"
                  "{ a = Sub (g, x) b = Exp (x) y = Sub (a, b) }",
    "padded": "(float[2,3,5] x) => (float[2,5,8] y) <int64[6] pads = {0,1,1,0,1,2}, float fill = {0.25}>"
              "{ y = Pad (x, pads, fill) }",
    "gather": "(float[5,16] x) => (float[3,16] y) <int64[3] at = {4, 0, -2}> { t = Tanh (x) y = Gather <axis = 0> (t, at) }",
    "embedding": "(int64[7] ids) => (float[7,16] y) <float[5,16] table, float[16,16] w>"
                 "{ t = Gather (table, ids) y = MatMul (t, w) }",
    "slices": "(float[6,16] x) => (float[3,16] y) <int64[1] s = {5}, int64[1] e = {-7}, int64[1] a = {0}, int64[1] d = {-2}>"
              "{ t = Tanh (x) y = Slice (t, s, e, a, d) }",
    "softmax_first": "(float[9,16] x) => (float[9,16] y) { y = Softmax <axis = 0> (x) }",
    "softmax_long": "(float[4,300] x) => (float[4,300] y) { y = Softmax <axis = -1> (x) }",
    "log_softmax": "(float[9,16] x) => (float[9,16] y) { y = LogSoftmax <axis = -1> (x) }",
    "norm": "(float[9,16] x) => (float[9,16] y) <float[16] s, float[16] b> { y = LayerNormalization <axis = -1> (x, s, b) }",
    "norm_odd": "(float[9,15] x) => (float[9,15] y) <float[15] s, float[15] b> { y = LayerNormalization <axis = -1> (x, s, b) }",
    "instance_norm": "(float[1,4,5,4] x) => (float[1,4,5,4] y) <float[4] s, float[4] b> { y = InstanceNormalization (x, s, b) }",
    "group_norm": "(float[2,8,5,4] x) => (float[2,8,5,4] y) <float[2] one = {1, 1}, float[2] none = {0, 0}, float[8,1,1] s, float[8,1,1] b,"
                  " int64[3] split = {0, 2, -1}, int64[4] whole = {2, 8, 5, 4}>"
                  "{ r = Reshape (x, split) n = InstanceNormalization (r, one, none) m = Reshape (n, whole) t = Mul (m, s) y = Add (t, b) }",
    "group_norm_one": "(float[1,8,5,4] x) => (float[1,8,5,4] y) <float[1] one = {1}, float[1] none = {0}, float[8,1,1] s, float[8,1,1] b,"
                      " int64[3] split = {0, 1, -1}, int64[4] whole = {1, 8, 5, 4}>"
                      "{ r = Reshape (x, split) n = InstanceNormalization (r, one, none) m = Reshape (n, whole) t = Mul (m, s) y = Add (t, b) }",
    "batch_norm": "(float[1,4,5,5] x) => (float[1,4,5,5] y) <float[4,4,1,1] w, float[4] s, float[4] b, float[4] m, float[4] v = {1, 2, 0.5, 1}>"
                  "{ t = Conv (x, w) y = BatchNormalization (t, s, b, m, v) }",
    "gemm": "(float[1,16] x) => (float[1,10] y) <float[10,16] w, float[10] b> { y = Gemm <transB = 1> (x, w, b) }",
    "gemm_odd": "(float[2,7] x) => (float[2,3] y) <float[7,3] w, float[3] b> { y = Gemm <alpha = 0.5> (x, w, b) }",
    "scores": "(float[2,5,8] x, float[2,7,8] z) => (float[2,5,7] y) { t = Transpose <perm = [0,2,1]> (z) y = MatMul (x, t) }",
    "chosen": "(float[9,16] x, float[16,4] w) => (float[9,4] y)"
              "{ a = Tanh (x) i = ArgMax <axis = 1, keepdims = 1> (a) r = Constant <value = int64[1,16] {0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15}> ()"
              " e = Equal (i, r) f = Cast <to = 1> (e) y = MatMul (f, w) }",
    "dense_unsigned": "(float[9,16] x) => (float[9,4] y) <float[16,4] w, float[4] b> { t = MatMul (x, w) y = Add (t, b) }",
    "argmax": "(float[9,16] x) => (int64[9] y) { t = Tanh (x) y = ArgMax <axis = 1, keepdims = 0> (t) }",
    "resize": "(float[1,2,4,4] x) => (float[1,2,8,8] y) <float[4] s = {1, 1, 2, 2}>"
              "{ t = Tanh (x) y = Resize <mode = \"nearest\"> (t, , s) }",
    "resize_odd": "(float[1,2,5,4] x) => (float[1,2,8,3] y) <int64[4] s = {1, 2, 8, 3}>"
                  "{ t = Tanh (x) y = Resize <mode = \"nearest\", nearest_mode = \"floor\", coordinate_transformation_mode = \"asymmetric\"> (t, , , s) }",
    "resize_linear": "(float[1,2,4,4] x) => (float[1,2,8,8] y) <float[4] s = {1, 1, 2, 2}>"
                     "{ t = Tanh (x) y = Resize <mode = \"linear\"> (t, , s) }",
    "where": "(float[6,16] x) => (float[6,16] y) <bool[6,16] c, float[1] n = {-1.5}> { t = Tanh (x) u = Where (c, t, n) y = Exp (u) }",
    "minimum": "(float[6,16] x, float[6,16] z) => (float[6,16] y) { a = Max (x, z) y = Min (a, x) }",
    "divide": "(float[6,16] x) => (float[6,16] y) { a = Exp (x) b = Sigmoid (x) y = Div (b, a) }",
    "quotient": "(float[6,16] x, float[6,16] z) => (float[6,16] y) { b = Sigmoid (x) c = Exp (z) y = Div (b, c) }",
    "normaliser": "(float[6,16] x) => (float[6,16] y) <int64[1] axes = {1}>"
                  "{ a = Exp (x) s = ReduceSum (a, axes) y = Div (a, s) }",
}


class Data(CalibrationDataReader):
    def __init__(self, sets):
        self.sets = iter(sets)

    def get_next(self):
        return next(self.sets, None)


def graph_of(name):
    text = GRAPHS[name]
    model = onnx.parser.parse_model('<ir_version: 10, opset_import: ["" : 18]> agraph ' + text)
    random = np.random.default_rng(len(name))
    given = {t.name for t in model.graph.initializer}
    for value in list(model.graph.value_info):
        if value.name in given:
            continue
        shape = [d.dim_value for d in value.type.tensor_type.shape.dim]
        array = random.normal(size=shape).astype(np.float32)
        if value.type.tensor_type.elem_type == onnx.TensorProto.BOOL:
            array = array > 0
        model.graph.initializer.append(numpy_helper.from_array(array, value.name))
    del model.graph.value_info[:]
    sets = []
    for _ in range(4):
        one = {}
        for value in model.graph.input:
            shape = [d.dim_value for d in value.type.tensor_type.shape.dim]
            one[value.name] = (random.normal(size=shape).astype(np.float32)
                               if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
                               else random.integers(0, 5, size=shape))
        sets.append(one)
    return model, sets


def model_of(folder):
    model = onnx.load(os.path.join(folder, "model.onnx"))
    one = dict(np.load(os.path.join(folder, "inputs_0.npz")))
    for value in model.graph.input:
        for dim, size in zip(value.type.tensor_type.shape.dim, one[value.name].shape):
            dim.dim_value = size
    random = np.random.default_rng(1)
    sets = [one]
    for _ in range(3):
        sets.append({k: v + 0.3 * random.normal(size=v.shape).astype(v.dtype) if v.dtype == np.float32 else v
                     for k, v in one.items()})
    return model, sets


def quantise(model, sets, style, work):
    onnx.save(model, work + ".f32.onnx")
    quant_pre_process(work + ".f32.onnx", work + ".pre.onnx", skip_symbolic_shape=True)
    kinds = {n.op_type for n in onnx.load(work + ".pre.onnx").graph.node} - {"Shape", "Constant", "Cast"}
    options = {"quant_format": QuantFormat.QDQ, **(OPERATORS if style == "operators" else STYLES[style])}
    quantize_static(work + ".pre.onnx", work + ".onnx", Data(sets), op_types_to_quantize=sorted(kinds), **options)
    return work + ".onnx"


def scale_of(model, name):
    """Of an output, or none where it is no quantised tensor."""
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    for node in model.graph.node:
        if name in node.output and node.op_type == "DequantizeLinear":
            return float(constants[node.input[1]])
    return None


def check(name, style, zoo, work):
    model, sets = graph_of(name) if name in GRAPHS else model_of(os.path.join(zoo, name))
    path = quantise(model, sets, style, work)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    expected = session.run(names, sets[0])
    np.savez(work + ".in.npz", **sets[0])
    done = subprocess.run(["tfc", path, "--target=cortex-m7", "-o", work + ".o"], capture_output=True, text=True)
    if name in REFUSED and done.returncode and REFUSED[name] in done.stderr:
        return "right, refused"
    if done.returncode or name in REFUSED:
        return "does not compile: " + done.stderr.strip() if done.returncode else "is not refused"
    done = subprocess.run(["tfc-run", work + ".o", "--target=cortex-m7", "--ram=4M", "--inputs", work + ".in.npz",
                           "--outputs", work + ".out.npz"], capture_output=True, text=True)
    if done.returncode:
        return "does not run: " + done.stderr.strip()
    found = dict(np.load(work + ".out.npz"))
    quantised = onnx.load(path)
    said = []
    for output, want in zip(names, expected):
        have, scale = found[output], scale_of(quantised, output)
        if scale is None and want.dtype == np.float32:
            return f"{output} is not quantised"
        if have.shape != want.shape or have.dtype != want.dtype:
            return f"{output}: {have.dtype}{have.shape} for {want.dtype}{want.shape}"
        steps = np.abs(have.astype(np.float64) - want) / (scale or 1)
        near = np.mean(steps < (2.01 if scale else 0.5))
        if near < 0.999:
            return f"{output}: {near:.2%} within 2 steps, {steps.max():.0f} at most"
        said.append(f"{steps.max():.0f} steps, {np.mean(steps < 0.5):.1%} equal")
    return "right, " + "; ".join(said)


def main(zoo, work, *names):
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    os.makedirs(work, exist_ok=True)
    faults = 0
    styles = list(STYLES)
    in_turn = [f"{name}/{styles[i % len(styles)]}" for i, name in enumerate(GRAPHS)]
    for name in names or [*in_turn, *ZOO]:
        name, _, style = name.partition("/")
        for style in [style] if style else STYLES:
            try:
                said = check(name, style, zoo, os.path.join(work, f"{name}_{style}"))
            except Exception as e:
                said = f"onnxruntime: {type(e).__name__}: {str(e)[:200]}"
            faults += not said.startswith("right")
            print(f"{name}/{style}: {said}", flush=True)
    print(f"{faults} models are not right" if faults else "all models are right")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
