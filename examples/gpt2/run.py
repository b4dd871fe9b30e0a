"""Generates token by token with GPT-2, keys and values in buffers that calls write in place.

usage: run.py [--tfc DIR] [--runtime FILE] [--work DIR] [--tokens N] [--prompt N] [--threads N,N] [--small]

Writes a model of GPT-2's shapes (124 million weights of a fixed seed: no package carries the
trained ones), compiles it with --cache-capacity, and calls it through libtfcRuntime: the
prompt at once, then a token a call. onnxruntime does the same with IO binding, so that its
keys and values are not copied by Python. The tokens must be the same; the speed of both is
printed. --small is a model of two narrow layers, for a test.
"""

import argparse
import ctypes
import os
import subprocess
import sys
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "bench"))

FLOAT, INT64 = 1, 7
SIZES = {"layers": 12, "width": 768, "heads": 12, "vocabulary": 50257}
SMALL = {"layers": 2, "width": 48, "heads": 3, "vocabulary": 100}
POSITIONS = 1024


class Tensor(ctypes.Structure):
    """tfc_tensor of tfc/Runtime/model.h."""

    _fields_ = [("data", ctypes.c_void_p), ("dims", ctypes.POINTER(ctypes.c_int64)), ("rank", ctypes.c_int32),
                ("type", ctypes.c_int32)]


def tensor(array, dims=None):
    """`array` as the model sees it; of a cache `dims` are those in use."""
    dims = array.shape if dims is None else dims
    kind = INT64 if array.dtype == np.int64 else FLOAT
    return Tensor(array.ctypes.data, (ctypes.c_int64 * len(dims))(*dims), len(dims), kind)


class Compiled:
    """The model by tfc: its caches are one array each, of POSITIONS tokens."""

    def __init__(self, runtime, library, threads, sizes):
        self.api = ctypes.CDLL(runtime)
        for name in ("tfc_library_open", "tfc_pool_create", "tfc_session_create"):
            getattr(self.api, name).restype = ctypes.c_void_p
        self.message = ctypes.create_string_buffer(512)
        opened = self.api.tfc_library_open(library.encode(), self.message, ctypes.c_size_t(512))
        if not opened:
            sys.exit(self.message.value.decode())
        pool = self.api.tfc_pool_create(ctypes.c_int64(threads))
        self.session = ctypes.c_void_p(self.api.tfc_session_create(ctypes.c_void_p(opened), ctypes.c_void_p(pool)))
        heads, depth = sizes["heads"], sizes["width"] // sizes["heads"]
        self.heads, self.depth, self.vocabulary = heads, depth, sizes["vocabulary"]
        self.caches = [np.zeros((1, heads, POSITIONS, depth), np.float32) for _ in range(2 * sizes["layers"])]
        self.past = 0

    def check(self, status):
        if status:
            sys.exit(self.message.value.decode())

    def step(self, tokens):
        """The logits of the last of `tokens`, which come behind those of earlier calls."""
        ids = np.array([tokens], np.int64)
        used = (1, self.heads, self.past, self.depth)
        all_used = (1, self.heads, self.past + len(tokens), self.depth)
        logits = np.empty((1, len(tokens), self.vocabulary), np.float32)
        inputs = [tensor(ids)] + [tensor(cache, used) for cache in self.caches]
        outputs = [tensor(logits)] + [tensor(cache, all_used) for cache in self.caches]
        inputs, outputs = ((Tensor * len(side))(*side) for side in (inputs, outputs))
        size = ctypes.c_size_t(512)
        self.check(self.api.tfc_session_prepare(self.session, inputs, self.message, size))
        self.check(self.api.tfc_session_run(self.session, inputs, outputs, self.message, size))
        self.past += len(tokens)
        return logits[0, -1]


class Onnxruntime:
    def __init__(self, path, threads, sizes):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        empty = np.zeros((1, sizes["heads"], 0, sizes["width"] // sizes["heads"]), np.float32)
        self.values = {i.name: onnxruntime.OrtValue.ortvalue_from_numpy(empty) for i in self.session.get_inputs()[1:]}
        self.outputs = [output.name for output in self.session.get_outputs()]

    def step(self, tokens):
        binding = self.session.io_binding()
        binding.bind_cpu_input("input_ids", np.array([tokens], np.int64))
        for name, value in self.values.items():
            binding.bind_ortvalue_input(name, value)
        for name in self.outputs:
            binding.bind_output(name, "cpu")
        self.session.run_with_iobinding(binding)
        results = dict(zip(self.outputs, binding.get_outputs()))
        for name in self.values:
            self.values[name] = results[name.replace("past", "present")]
        return results[self.outputs[0]].numpy()[0, -1]


def generate(model, prompt, count):
    """`count` tokens after `prompt`, each the likeliest; seconds of the prompt and of the rest."""
    begin = time.perf_counter()
    tokens = [int(model.step(prompt).argmax())]
    middle = time.perf_counter()
    while len(tokens) < count:
        tokens.append(int(model.step([tokens[-1]]).argmax()))
    return tokens, middle - begin, time.perf_counter() - middle


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tfc", default=os.path.join(ROOT, "build", "bin"))
    parser.add_argument("--runtime", default=os.path.join(ROOT, "build", "lib", "libtfcRuntime.so"))
    parser.add_argument("--work", default=os.path.join(ROOT, "build", "examples", "gpt2"))
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--prompt", type=int, default=128)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--small", action="store_true")
    return parser.parse_args()


def main():
    options = parse()
    os.makedirs(options.work, exist_ok=True)
    sizes = SMALL if options.small else SIZES
    path = os.path.join(options.work, "small.onnx" if options.small else "gpt2.onnx")
    library = os.path.splitext(path)[0] + ".so"
    import models

    models.gpt2(path, decode=True, positions=POSITIONS, **sizes)
    subprocess.run([os.path.join(options.tfc, "tfc"), path, f"--cache-capacity={POSITIONS}", "-o", library], check=True)
    prompt = np.random.default_rng(0).integers(0, sizes["vocabulary"], options.prompt).tolist()
    failed = False
    for threads in map(int, options.threads.split(",")):
        found = {}
        for name, model in (("tfc", Compiled(options.runtime, library, threads, sizes)),
                            ("onnxruntime", Onnxruntime(path, threads, sizes))):
            tokens, first, rest = generate(model, prompt, options.tokens)
            found[name] = tokens
            print(f"{name}, {threads} thread(s): prompt of {len(prompt)} in {first * 1e3:.0f} ms, "
                  f"then {(len(tokens) - 1) / rest:.1f} tokens a second")
        if found["tfc"] != found["onnxruntime"]:
            print(f"different tokens: {found['tfc']}, not {found['onnxruntime']}")
            failed = True
    print("tokens:", *found["tfc"][:16], "...")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
