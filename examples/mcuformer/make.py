"""Makes a vision transformer for a microcontroller, in f32 and in int8.

usage: make.py [FOLDER] [--image N] [--width N] [--layers N] [--rank-... N]

Writes model.onnx, model_int8.onnx (quantised by onnxruntime: one scale an
activation, with a zero point, one a channel of the weights), images.npz for
calibration, inputs.npz, and what onnxruntime computes of them without
optimisations, outputs.npz and outputs_int8.npz.

The model is of the kind of MCUFormer: 240x240 pixels, patches of 16, width 192,
12 layers, 3 heads, products as two of low rank, the mean of the 225 tokens in
place of a class token. Its weights are random, with spectra and residuals like
trained ones: it shows what a model of this form needs and computes, and
classifies nothing. One seed gives one model.
"""

import argparse
import os

import numpy as np
import onnx
import onnxruntime
from graph import Graph, Shape
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process


def picture(random, size):
    """A gradient, blobs of a colour each, and noise, as 3 planes of about -2 to 2."""
    y, x = np.mgrid[0:size, 0:size] / size
    angle = random.uniform(0, 2 * np.pi)
    plane = random.normal(0, 1, (3, 1, 1)) * (np.cos(angle) * x + np.sin(angle) * y)
    for _ in range(random.integers(2, 7)):
        where, spread = random.uniform(0, 1, 2), random.uniform(0.03, 0.25)
        blob = np.exp(-((x - where[0]) ** 2 + (y - where[1]) ** 2) / spread**2)
        plane = plane + random.normal(0, 1.5, (3, 1, 1)) * blob
    plane = plane + random.normal(0, 0.1, (3, size, size))
    return np.clip(plane, -2.1, 2.6).astype(np.float32)[None]


def run(path, image):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return [session.run(None, {"image": i})[0] for i in image]


class Images(CalibrationDataReader):
    def __init__(self, images):
        self.left = iter([{"image": i} for i in images])

    def get_next(self):
        return next(self.left, None)


def quantise(source, target, images):
    # onnxruntime's own first step: a product and its bias become one node.
    prepared = target + ".prepared"
    quant_pre_process(source, prepared, skip_symbolic_shape=True)
    quantize_static(
        prepared, target, Images(images), quant_format=QuantFormat.QDQ, per_channel=True,
        activation_type=QuantType.QInt8, weight_type=QuantType.QInt8,
        extra_options={"ActivationSymmetric": False, "WeightSymmetric": True})
    os.remove(prepared)


def table(shape):
    """What weights need in int8, in bytes: a weight, a bias and a multiplier of
    32 bits an output, 16 bytes a channel of a norm, 1 KB for a softmax."""
    sums = {}
    for name, depth, outputs in shape.products():
        kind = name.split(" ", 1)[1] if name[0].isdigit() else name
        count, bytes_, macs = sums.get(kind, (0, 0, 0))
        sums[kind] = (count + 1, bytes_ + depth * outputs + 8 * outputs, macs + shape.tokens * depth * outputs)
    sums["scores, values"] = (shape.layers, 0, 2 * shape.layers * shape.tokens**2 * shape.width)
    sums["positions"] = (1, shape.tokens * shape.width, 0)
    sums["norms"] = (2 * shape.layers + 1, 16 * shape.width * (2 * shape.layers + 1), 0)
    sums["softmax, GELU"] = (2 * shape.layers, shape.layers * (1024 + 256), 0)
    sums["head"] = (1, shape.classes * (shape.width + 8), shape.classes * shape.width)
    print(f"{'':16} {'count':>5} {'bytes':>9} {'million MAC':>12}")
    for kind, (count, bytes_, macs) in sums.items():
        print(f"{kind:16} {count:5} {bytes_:9} {macs / 1e6:12.1f}")
    bytes_, macs = (sum(row[i] for row in sums.values()) for i in (1, 2))
    print(f"{'all':16} {'':5} {bytes_:9} {macs / 1e6:12.1f}   code comes on top, some 60 KB")
    return bytes_


def check(scores, quantised):
    """Whether the model says different things of different images."""
    scores, quantised = np.concatenate(scores), np.concatenate(quantised)
    spread = scores.std(axis=0).mean()
    error = np.abs(scores - quantised).mean()
    agree = np.mean(scores.argmax(1) == quantised.argmax(1))
    print(f"scores over images: deviation {spread:.3f}, int8 is {error:.3f} off, the best class agrees for {agree:.0%}")
    if not np.isfinite(scores).all() or spread < 0.05 or error > spread:
        raise SystemExit("the model's scores do not depend on its input as they should")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", default=".")
    sizes = {"image": 240, "patch": 16, "width": 192, "layers": 12, "heads": 3, "hidden": 0, "classes": 10,
             "rank-patches": 40, "rank-attention": 20, "rank-output": 16, "rank-feed-forward": 16,
             "opset": 17, "seed": 1, "images": 8}
    for name, value in sizes.items():
        parser.add_argument("--" + name, type=int, default=value, metavar="N", help=f"default: {value}")
    parser.add_argument("--full-rank", action="store_true", help="every product whole")
    options = parser.parse_args()
    if options.full_rank:
        for name in ("patches", "attention", "output", "feed_forward"):
            setattr(options, "rank_" + name, 0)
    if options.image % options.patch or options.width % options.heads:
        parser.error("patches must fill the image, and heads the width")
    return options


def main():
    options = arguments()
    os.makedirs(options.folder, exist_ok=True)
    path = lambda name: os.path.join(options.folder, name)
    shape = Shape(options)
    table(shape)
    model = onnx.shape_inference.infer_shapes(Graph(shape, options.opset, options.seed).build())
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path("model.onnx"))
    random = np.random.default_rng(options.seed + 1)
    images = [picture(random, shape.image) for _ in range(options.images)]
    np.savez(path("images.npz"), image=np.concatenate(images))
    quantise(path("model.onnx"), path("model_int8.onnx"), images)
    held = [picture(random, shape.image) for _ in range(4)]
    scores, quantised = run(path("model.onnx"), held), run(path("model_int8.onnx"), held)
    np.savez(path("inputs.npz"), image=held[0])
    np.savez(path("outputs.npz"), scores=scores[0])
    np.savez(path("outputs_int8.npz"), scores=quantised[0])
    check(scores, quantised)


if __name__ == "__main__":
    main()
