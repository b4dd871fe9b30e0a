"""Generation with caches that are input and output at once.

usage: cache_in_place.py FOLDER

A model of two layers, whose batch, past and new tokens are open, is compiled with
--cache-capacity and called through its C interface: a prompt, then tokens one by one, each
call writing behind what is in the caller's buffers. onnxruntime gets copies. Then what must
be refused: at compile time, in a call, and by tfc-run.
"""

import ctypes
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HEADS, SIZE, CAPACITY, BATCH, PROMPT, STEPS = 3, 8, 16, 2, 7, 6
WIDTH = HEADS * SIZE
# Sums of 24 terms in another order, in six products and a softmax.
TOLERANCE = 64 * np.finfo(np.float32).eps


class Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dims", ctypes.POINTER(ctypes.c_int64)), ("rank", ctypes.c_int32),
                ("type", ctypes.c_int32)]


class TensorInfo(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("type", ctypes.c_int32), ("rank", ctypes.c_int32),
                ("dims", ctypes.POINTER(ctypes.c_int64)), ("symbols", ctypes.POINTER(ctypes.c_char_p)),
                ("data_dependent", ctypes.c_int32), ("cache", ctypes.c_int32), ("cache_axis", ctypes.c_int32),
                ("cache_capacity", ctypes.c_int64)]


class ModelInfo(ctypes.Structure):
    _fields_ = [("abi_version", ctypes.c_uint32), ("reserved", ctypes.c_uint32), ("producer", ctypes.c_char_p),
                ("model_name", ctypes.c_char_p), ("cpu", ctypes.c_char_p), ("cpu_features", ctypes.c_char_p),
                ("weights_bytes", ctypes.c_uint64), ("num_inputs", ctypes.c_uint32), ("num_outputs", ctypes.c_uint32),
                ("inputs", ctypes.POINTER(TensorInfo)), ("outputs", ctypes.POINTER(TensorInfo))]


class Call(ctypes.Structure):
    _fields_ = [("inputs", ctypes.POINTER(Tensor)), ("outputs", ctypes.POINTER(Tensor)), ("arena", ctypes.c_void_p),
                ("arena_bytes", ctypes.c_size_t), ("parallel_for", ctypes.c_void_p), ("pool", ctypes.c_void_p),
                ("num_threads", ctypes.c_int64), ("message", ctypes.c_char_p), ("message_bytes", ctypes.c_size_t),
                ("output_dims", ctypes.c_void_p)]


def tensor(array, dims=None):
    dims = array.shape if dims is None else dims
    return Tensor(array.ctypes.data, (ctypes.c_int64 * len(dims))(*dims), len(dims), 1)


class Model:
    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.library.tfc_model_get_info.restype = ctypes.POINTER(ModelInfo)
        self.info = self.library.tfc_model_get_info().contents
        self.inputs = [self.info.inputs[i] for i in range(self.info.num_inputs)]
        self.outputs = [self.info.outputs[i] for i in range(self.info.num_outputs)]

    def __call__(self, inputs, caches):
        """`inputs`: tensors; `caches`: by the number of an output, its buffer. What the model
        says when it refuses, else its outputs that are no caches."""
        given = (Tensor * len(inputs))(*inputs)
        sizes = [(ctypes.c_int64 * output.rank)() for output in self.outputs]
        pointers = (ctypes.POINTER(ctypes.c_int64) * len(sizes))(*[ctypes.cast(s, ctypes.POINTER(ctypes.c_int64))
                                                                  for s in sizes])
        need, message = ctypes.c_size_t(), ctypes.create_string_buffer(512)
        if self.library.tfc_model_prepare(given, ctypes.c_int64(1), pointers, ctypes.byref(need), message,
                                          ctypes.c_size_t(512)):
            return message.value.decode()
        arena = np.zeros(need.value + 64, np.uint8)
        start = -arena.ctypes.data % 64
        results = {i: np.full(tuple(size), np.nan, np.float32) for i, size in enumerate(sizes) if i not in caches}
        outputs = (Tensor * len(sizes))(*[tensor(caches[i] if i in caches else results[i], tuple(size))
                                          for i, size in enumerate(sizes)])
        call = Call(given, outputs, arena.ctypes.data + start, need.value, None, None, 1,
                    ctypes.cast(message, ctypes.c_char_p), 512, None)
        if self.library.tfc_model_run(ctypes.byref(call)):
            return message.value.decode()
        return [results[i] for i in sorted(results)]


def make_model(path, names=("past.{}.{}", "present.{}.{}"), twice=False):
    """Two layers of attention of new tokens to all, x: [batch, new, WIDTH]."""
    random = np.random.default_rng(0)
    nodes, constants, inputs, outputs = [], [], [], []

    def add(kind, operands, name, **attributes):
        nodes.append(helper.make_node(kind, operands, [name], name, **attributes))
        return name

    def constant(name, value):
        constants.append(numpy_helper.from_array(value, name))
        return name

    heads, joined = (constant(n, np.array(v)) for n, v in (("heads", [0, 0, HEADS, SIZE]), ("joined", [0, 0, WIDTH])))
    x = "x"
    for layer in range(2):
        parts = {}
        for kind in ("query", "key", "value"):
            weight = constant(f"{kind}{layer}", random.standard_normal((WIDTH, WIDTH), dtype=np.float32) / 4)
            split = add("Reshape", [add("MatMul", [x, weight], f"{kind}{layer}.all"), heads], f"{kind}{layer}.heads")
            parts[kind] = add("Transpose", [split], f"{kind}{layer}.new", perm=[0, 2, 1, 3])
        for kind in ("key", "value"):
            past, present = (name.format(layer, kind) for name in names)
            parts[kind] = add("Concat", [past, parts[kind]], present, axis=2)
            inputs.append((past, ["batch", HEADS, "past", SIZE]))
            outputs.append(present)
            if twice:
                outputs.append(add("Neg", [past], past + ".again"))
        turned = add("Transpose", [parts["key"]], f"turned{layer}", perm=[0, 1, 3, 2])
        scores = add("MatMul", [parts["query"], turned], f"scores{layer}")
        scaled = add("Mul", [scores, constant(f"scale{layer}", np.float32(SIZE**-0.5))], f"scaled{layer}")
        mixed = add("MatMul", [add("Softmax", [scaled], f"weights{layer}", axis=-1), parts["value"]], f"mixed{layer}")
        back = add("Reshape", [add("Transpose", [mixed], f"back{layer}", perm=[0, 2, 1, 3]), joined], f"joined{layer}")
        x = add("Add", [x, back], f"out{layer}")
    graph = helper.make_graph(
        nodes, "graph",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
         for name, shape in [("x", ["batch", "new", WIDTH]), *inputs]],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in [x, *outputs]], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)


def compiled(model, library, *more):
    return subprocess.run(["tfc", model, f"--cache-capacity={CAPACITY}", "-o", library, *more],
                          stderr=subprocess.PIPE, text=True)


def check_generation(path, library):
    model, session = Model(library), onnxruntime.InferenceSession(path)
    places = {info.cache: i for i, info in enumerate(model.inputs) if info.cache >= 0}
    assert len(places) == 4 and all(model.outputs[o].cache == i for o, i in places.items())
    assert all(model.inputs[i].cache_capacity == CAPACITY for i in places.values())
    # What nobody has written must not matter.
    buffers = {o: np.full((BATCH, HEADS, CAPACITY, SIZE), np.nan, np.float32) for o in places}
    known = {model.inputs[i].name.decode(): np.zeros((BATCH, HEADS, 0, SIZE), np.float32) for i in places.values()}
    random = np.random.default_rng(1)
    past = 0
    for new in [PROMPT] + [1] * STEPS:
        x = random.standard_normal((BATCH, new, WIDTH), dtype=np.float32)
        shape = (BATCH, HEADS, past, SIZE)
        inputs = [tensor(x) if info.cache < 0 else tensor(buffers[info.cache], shape) for info in model.inputs]
        found = model(inputs, buffers)
        expected = session.run(None, {"x": x, **known})
        if isinstance(found, str):
            return found
        past += new
        results = {output.name: value for output, value in zip(session.get_outputs(), expected)}
        pairs = [(found[0], expected[0])]
        for o, buffer in buffers.items():
            present = results[model.outputs[o].name.decode()]
            known[model.inputs[places[o]].name.decode()] = present
            pairs.append((buffer[:, :, :past], present))
            if not np.isnan(buffer[:, :, past:]).all():
                return f"wrote behind token {past}"
        gap = max(np.abs(a - b).max() / np.abs(b).max() for a, b in pairs)
        if not gap <= TOLERANCE:
            return f"differs by {gap:.1e} after {past} tokens"
    # More than there is room for, and buffers of their own.
    x = random.standard_normal((BATCH, CAPACITY - past + 1, WIDTH), dtype=np.float32)
    inputs = [tensor(x) if info.cache < 0 else tensor(buffers[info.cache], (BATCH, HEADS, past, SIZE))
              for info in model.inputs]
    said = model(inputs, buffers)
    if not isinstance(said, str) or "it has room for 16 tokens, fewer than there are" not in said:
        return f"too many tokens: {said}"
    inputs[0] = tensor(x[:, :1].copy())
    said = model(inputs, {o: buffer.copy() for o, buffer in buffers.items()})
    if not isinstance(said, str) or "must be one buffer" not in said:
        return f"two buffers: {said}"
    return ""


def check_run(path, library, folder):
    """tfc-run gives the buffers itself."""
    random = np.random.default_rng(2)
    session = onnxruntime.InferenceSession(path)
    given = {i.name: random.standard_normal((BATCH, 2, WIDTH) if i.name == "x" else (BATCH, HEADS, 5, SIZE),
                                            dtype=np.float32) for i in session.get_inputs()}
    np.savez(folder + "/in.npz", **given)
    subprocess.run(["tfc-run", library, "--inputs", folder + "/in.npz", "--outputs", folder + "/out.npz", "--threads",
                    "3", "--repeat", "3"], check=True, stdout=subprocess.DEVNULL)
    found = np.load(folder + "/out.npz")
    for output, expected in zip(session.get_outputs(), session.run(None, given)):
        gap = np.abs(found[output.name] - expected).max() / np.abs(expected).max()
        if found[output.name].shape != expected.shape or not gap <= TOLERANCE:
            return f"tfc-run: {output.name} differs by {gap:.1e}"
    return ""


def check_refused(folder):
    path = folder + "/refused.onnx"
    for options, more, reason in [
            (dict(twice=True), [], "the input is read elsewhere too"),
            (dict(names=("k{}{}", "m{}{}")), [], "no input and output have the names of a cache"),
            (dict(), ["--cache=past.0.key=out1"], "the output is not the input with something behind it"),
            (dict(), ["--cache=nothing=out1"], "the model has no input 'nothing'"),
            (dict(), ["--target=cuda"], "is for code for x86-64")]:
        make_model(path, **options)
        done = compiled(path, folder + "/refused.so", *more)
        if done.returncode == 0 or reason not in done.stderr:
            return f"{options} {more}: {done.stderr}"
    make_model(path, names=("k{}{}", "m{}{}"))
    pairs = [f"--cache=k{layer}{kind}=m{layer}{kind}" for layer in range(2) for kind in ("key", "value")]
    done = compiled(path, folder + "/named.so", *pairs, "-v")
    if done.returncode or done.stderr.count("are one buffer") != 4:
        return "names that are given: " + done.stderr
    return ""


def main(folder):
    path, library = folder + "/model.onnx", folder + "/model.so"
    make_model(path)
    done = compiled(path, library)
    if done.returncode:
        sys.exit(done.stderr)
    for fault in (check_generation(path, library), check_run(path, library, folder), check_refused(folder)):
        if fault:
            sys.exit("error: " + fault)


if __name__ == "__main__":
    main(*sys.argv[1:])
