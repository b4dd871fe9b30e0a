"""conversions.py FOLDER: f32 and 64-bit integers, beside numpy's conversions."""
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper

work = sys.argv[1]
rows = np.random.default_rng(1)
# Around the places where f32 rounds: between two values, and at ties.
edges = [s * ((1 << p) + d) for p in range(63) for d in (-1, 0, 1, 1 << max(p - 24, 0), (1 << max(p - 24, 0)) + 1)
         for s in (-1, 1)]
longs = np.array(edges + [0, 2**63 - 1, -(2**63)] + list(rows.integers(-(2**63), 2**63 - 1, 500)), np.int64)
floats = np.concatenate([rows.standard_normal(300) * 10.0**rows.integers(-3, 18, 300),
                         [0.0, -0.0, 0.99, -0.99, 2.0**31, -(2.0**31), 2.0**62, -(2.0**63)]]).astype(np.float32)
nodes = [helper.make_node("Cast", ["i"], ["as_float"], to=TensorProto.FLOAT),
         helper.make_node("Cast", ["f"], ["as_long"], to=TensorProto.INT64)]
graph = helper.make_graph(
    nodes, "g",
    [helper.make_tensor_value_info("i", TensorProto.INT64, longs.shape),
     helper.make_tensor_value_info("f", TensorProto.FLOAT, floats.shape)],
    [helper.make_tensor_value_info("as_float", TensorProto.FLOAT, longs.shape),
     helper.make_tensor_value_info("as_long", TensorProto.INT64, floats.shape)])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), f"{work}/c.onnx")
np.savez(f"{work}/in.npz", i=longs, f=floats)
subprocess.run(["tfc", f"{work}/c.onnx", "--target=cortex-m7", "-o", f"{work}/c.o"], check=True)
subprocess.run(["tfc-run", f"{work}/c.o", "--target=cortex-m7", "--inputs", f"{work}/in.npz",
                "--outputs", f"{work}/out.npz"], check=True)
found = np.load(f"{work}/out.npz")
np.testing.assert_array_equal(found["as_float"], longs.astype(np.float32))
np.testing.assert_array_equal(found["as_long"], floats.astype(np.int64))
