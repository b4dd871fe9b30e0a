"""Prunes a model and compares it with the original whose weights are zeroed.

usage: check_pruned.py FOLDER WORK

Takes heads and channels out of FOLDER/model.onnx by `drop`, at every site that
--compress can prune, and runs the result. The reference is ONNX Runtime on the
same file in which the rows of the weights that read these heads and channels are
zeros. That file, compiled at -O2 as it is, must lose the same and give the same;
at -O1 it must lose nothing.
"""

import json
import os
import subprocess
import sys

import numpy as np
import onnx
import onnx.numpy_helper
import onnxruntime


def compile_model(model, work, *options):
    """The entry on compression of the report."""
    command = ["tfc", model, "-o", work + ".so", f"--report={work}.json", *options]
    subprocess.run(command, check=True)
    with open(work + ".json", encoding="utf-8") as file:
        return json.load(file).get("compression")


def run(work, inputs):
    subprocess.run(
        ["tfc-run", work + ".so", "--inputs", inputs, "--outputs", work + ".npz"], check=True
    )
    return dict(np.load(work + ".npz"))


def units_of(site):
    """What is left and how much there was, of an entry of the report."""
    return site.get("heads", site.get("channels")), site["of"]


class Weights:
    """The weights of products, by the names of their nodes."""

    def __init__(self, model):
        self.nodes = list(model.graph.node)
        self.tensors = {tensor.name: tensor for tensor in model.graph.initializer}
        self.producers = {output: node for node in self.nodes for output in node.output}

    def tensor_of(self, name):
        """The initialiser behind a name; nothing where it is computed."""
        while name in self.producers and self.producers[name].op_type == "Identity":
            (name,) = self.producers[name].input
        return self.tensors.get(name)

    def product_of(self, site):
        """The MatMul or Gemm of a site, which may be named by what follows it."""
        found = [node for node in self.nodes if node.name == site.split("#")[0]]
        while found:
            node = found.pop()
            if node.op_type in ("MatMul", "Gemm"):
                if self.tensor_of(node.input[1]) is not None:
                    return node
                continue
            found += [self.producers[name] for name in node.input if name in self.producers]
        raise ValueError(f"no product for {site}")

    def zero(self, site, units, count):
        """Makes the rows of `units`, of `count`, zeros."""
        node = self.product_of(site)
        tensor = self.tensor_of(node.input[1])
        numbers = onnx.numpy_helper.to_array(tensor).copy()
        transposed = any(a.name == "transB" and a.i for a in node.attribute)
        if transposed:
            numbers.reshape(numbers.shape[0], count, -1)[:, units] = 0
        else:
            numbers.reshape(count, -1, numbers.shape[1])[units] = 0
        tensor.CopyFrom(onnx.numpy_helper.from_array(numbers, tensor.name))


def differences(label, found, expected):
    for name, reference in expected.items():
        if reference.dtype.kind != "f":
            if not np.array_equal(found[name], reference):
                yield f"{label}: {name} differs"
            continue
        scale = max(1.0, float(np.abs(reference).max()))
        worst = float(np.abs(found[name] - reference).max()) / scale
        if not worst <= 1e-5:
            yield f"{label}: {name} differs by {worst:.3g}"


def main(folder, work):
    path = os.path.join(folder, "model.onnx")
    inputs = os.path.join(folder, "inputs_0.npz")
    options = "prune{head-share=0.5 channel-share=0.5 importance=magnitude}"
    sites = compile_model(path, work, "-O0", "--compress=" + options)["sites"]

    model = onnx.load(path)
    weights = Weights(model)
    drop = []
    for site in sites:
        _, count = units_of(site)
        units = [1] if count < 4 else [0, count - 2]
        for name in [site["site"], *site.get("with", [])]:
            weights.zero(name, units, count)
        drop.append(f"{site['site']}={':'.join(map(str, units))}")
    zeroed = work + ".zeroed.onnx"
    onnx.save(model, zeroed)
    session = onnxruntime.InferenceSession(zeroed, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    expected = dict(zip(names, session.run(names, dict(np.load(inputs)))))

    options = "prune{drop=" + ",".join(drop) + " refit=false}"
    # At -O2 both lose rows of tables that nothing can read.
    pruned = compile_model(path, work + ".pruned", "-O2", "--compress=" + options)
    faults = list(differences("pruned", run(work + ".pruned", inputs), expected))
    shrunk = compile_model(zeroed, work + ".shrunk", "-O2")
    faults += differences("zeros at -O2", run(work + ".shrunk", inputs), expected)
    if shrunk is None or shrunk["parameters_after"] != pruned["parameters_after"]:
        faults.append(f"zeros at -O2: {shrunk} instead of {pruned}")
    if compile_model(zeroed, work + ".whole", "-O1", "--emit=llvm") is not None:
        faults.append("zeros at -O1: something was taken out")
    for fault in faults:
        print(fault)
    before, after = pruned["parameters_before"], pruned["parameters_after"]
    print(f"{len(sites)} sites, {before} to {after} parameters, {len(faults)} faults")
    return 1 if faults or not sites or after >= before else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
