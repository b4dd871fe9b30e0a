"""Takes the nested models out of zoo/matformer and computes them with NumPy too.

usage: check_extracted.py FOLDER WORK

Each has the first channels of the hidden layers, as MatFormer is trained to have
them; one ends after the first layer. NumPy reads the weights from the ONNX file.
"""

import os
import subprocess
import sys

import numpy as np
import onnx
import onnx.numpy_helper

# Options, hidden channels of each layer.
MODELS = [
    ("ffn=1", [128, 128]),
    ("ffn=0.5", [64, 64]),
    ("ffn=0.25", [32, 32]),
    ("ffn=0.125", [16, 16]),
    ("ffn=0.125,1", [16, 128]),
    ("ffn=0.75,0.25", [96, 32]),
    ("layers=1", [128]),
    ("layers=1 ffn=0.5", [64]),
]


class Model:
    def __init__(self, path):
        model = onnx.load(path)
        weights = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
        self.weights = {name: w.astype(np.float64) for name, w in weights.items()}
        self.nodes = {output: node for node in model.graph.node for output in node.output}

    def linear(self, x, bias, first=None, rows=None):
        """x times the weight to whose product `bias` is added, of which only the
        `first` outputs are computed, or only the first `rows` are summed."""
        add = next(node for node in self.nodes.values() if bias in node.input)
        product = self.nodes[next(name for name in add.input if name != bias)]
        weight = self.weights[product.input[1]]
        return x @ weight[:rows, :first] + self.weights[bias][:first]

    def norm(self, x):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        return scaled * self.weights["b.0.n1.weight"] + self.weights["b.0.n1.bias"]

    def attention(self, x, block):
        def heads(name):
            return self.linear(x, f"{block}.m.{name}.bias").reshape(32, 4, 8).swapaxes(0, 1)

        scores = heads("q") @ heads("k").swapaxes(1, 2) / self.weights["val_30"]
        scores = scores + self.weights["triu"]
        powers = np.exp(scores - scores.max(-1, keepdims=True))
        shares = powers / powers.sum(-1, keepdims=True)
        summed = (shares @ heads("v")).swapaxes(0, 1).reshape(32, 32)
        return self.linear(summed, f"{block}.m.o.bias")

    def __call__(self, ids, widths):
        x = self.weights["e.weight"][ids[0]] + self.weights["p"][0]
        for i, width in enumerate(widths):
            x = x + self.attention(self.norm(x), f"b.{i}")
            hidden = np.maximum(self.linear(self.norm(x), f"b.{i}.f.a.bias", first=width), 0)
            x = x + self.linear(hidden, f"b.{i}.f.b.bias", rows=width)
        return self.norm(x)[None]


def main(folder, work):
    path, inputs = os.path.join(folder, "model.onnx"), os.path.join(folder, "inputs_0.npz")
    model = Model(path)
    (ids,) = np.load(inputs).values()
    faults = 0
    for options, widths in MODELS:
        subprocess.run(
            ["tfc", path, "-o", work + ".so", "-O1", "--compress=extract{" + options + "}"],
            check=True,
        )
        subprocess.run(
            ["tfc-run", work + ".so", "--inputs", inputs, "--outputs", work + ".npz"], check=True
        )
        (found,) = np.load(work + ".npz").values()
        expected = model(ids, widths)
        worst = np.abs(found - expected).max() / max(1.0, np.abs(expected).max())
        if not worst <= 1e-5:
            print(f"{options}: differs by {worst:.3g}")
            faults += 1
    print(f"{len(MODELS)} models, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
