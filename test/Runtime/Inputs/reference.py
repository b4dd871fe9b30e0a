"""Writes models in ONNX's text form, with inputs and what onnxruntime gives."""

import os

import numpy as np
import onnx
import onnxruntime


def write(name, text, inputs, folder):
    """NAME.onnx, and NAME.0.npz, NAME.0.want.npz, ... in `folder`."""
    model = onnx.parser.parse_model(text)
    onnx.save(model, os.path.join(folder, name + ".onnx"))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in model.graph.output]
    for i, feed in enumerate(inputs):
        feed = {key: np.asarray(value) for key, value in feed.items()}
        np.savez(os.path.join(folder, f"{name}.{i}.npz"), **feed)
        want = dict(zip(names, session.run(None, feed)))
        np.savez(os.path.join(folder, f"{name}.{i}.want.npz"), **want)
