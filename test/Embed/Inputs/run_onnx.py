"""run_onnx.py MODEL INPUTS EXPECTED: what onnxruntime makes of a model that was written back."""

import sys

import numpy as np
import onnx
import onnxruntime

onnx.checker.check_model(sys.argv[1])
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
found = session.run(None, dict(np.load(sys.argv[2])))
for value, output in zip(found, session.get_outputs()):
    np.testing.assert_allclose(value, np.load(sys.argv[3])[output.name], rtol=2e-5, atol=2e-5)
