"""What compare.py compares with: each a class whose objects call a model with inputs by name."""

import importlib.metadata
import os
import subprocess
import sys


class Onnxruntime:
    name, package = "onnxruntime", "onnxruntime"

    def __init__(self, path, threads, inputs):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.names = [output.name for output in self.session.get_outputs()]

    def __call__(self, inputs):
        return dict(zip(self.names, self.session.run(None, inputs)))


class OpenVino:
    name, package = "openvino", "openvino"

    def __init__(self, path, threads, inputs):
        import openvino
        self.model = openvino.Core().compile_model(path, "CPU", {
            "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"})
        self.request = self.model.create_infer_request()

    def __call__(self, inputs):
        result = self.request.infer(inputs, share_inputs=True, share_outputs=True)
        return {key.get_any_name(): value for key, value in result.items()}


class Iree:
    """The others get models with open sizes; this one is slow with them, so it gets those of the
    inputs. What it compiled is kept beside the model, as that can take minutes."""

    name, package = "iree", "iree-base-compiler"
    compile_seconds = 300

    def __init__(self, path, threads, inputs):
        from iree import runtime
        # get_driver() has one driver a process, with the threads of its first use.
        from iree.runtime._binding import create_hal_driver
        shapes = {name: list(value.shape) for name, value in inputs.items()}
        self.names, sizes = self.fix_sizes(path, shapes)
        stem = f"{os.path.splitext(path)[0]}.{'-'.join(map(str, sizes.values()))}.iree"
        if not os.path.exists(stem + ".vmfb"):
            self.compile_once(stem)
        # One worker without a scheduler, or as many as asked for.
        runtime.flags.parse_flags(f"--task_topology_group_count={threads}")
        driver = create_hal_driver("local-sync" if threads == 1 else "local-task")
        config = runtime.Config(device=driver.create_default_device())
        modules = [runtime.VmModule.mmap(config.vm_instance, stem + ".vmfb")]
        if os.path.exists(stem + ".irpa"):
            index = runtime.ParameterIndex()
            index.load(stem + ".irpa")
            provider = index.create_provider(scope="model")
            modules.insert(0, runtime.create_io_parameters_module(config.vm_instance, provider))
        context = runtime.SystemContext(vm_modules=modules, config=config)
        self.function = context.modules[modules[-1].name]["main_graph"]

    def fix_sizes(self, path, shapes):
        """Names of inputs and outputs, and sizes by their names. Writes the model with these."""
        import onnx
        model = onnx.load(path, load_external_data=False)
        sizes = {}
        for value in model.graph.input:
            for dimension, size in zip(value.type.tensor_type.shape.dim, shapes[value.name]):
                sizes[dimension.dim_param or str(size)] = size
        for value in (*model.graph.input, *model.graph.output):
            for dimension in value.type.tensor_type.shape.dim:
                if dimension.dim_param in sizes:
                    dimension.dim_value = sizes[dimension.dim_param]
        self.model = model
        return ([value.name for value in model.graph.input], [value.name for value in model.graph.output]), sizes

    def compile_once(self, stem):
        """What failed fails again at once; its file says what to remove to try again."""
        failure = stem + ".failed"
        if os.path.exists(failure):
            with open(failure, encoding="utf-8") as file:
                raise RuntimeError(file.read())
        try:
            self.compile(stem)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            with open(failure, "w", encoding="utf-8") as file:
                file.write(f"{error} (kept in {failure})")
            raise

    def compile(self, stem):
        """Import and compilation; RuntimeError says which failed, and how."""
        import onnx
        onnx.save(self.model, stem + ".onnx")
        tools = os.path.dirname(sys.executable)
        for command in (
            ["iree-import-onnx", stem + ".onnx", "--externalize-params", "--save-params-to", stem + ".irpa",
             "-o", stem + ".mlir"],
            ["iree-compile", stem + ".mlir", "--iree-hal-target-device=local",
             "--iree-hal-local-target-device-backends=llvm-cpu", "--iree-llvmcpu-target-cpu=host",
             "--iree-opt-level=O3", "-o", stem + ".vmfb"],
        ):
            command[0] = os.path.join(tools, command[0])
            done = subprocess.run(command, capture_output=True, text=True, timeout=self.compile_seconds)
            if done.returncode:
                raise RuntimeError(f"{os.path.basename(command[0])} failed: {first_error(done.stderr)}")
        os.remove(stem + ".onnx")

    def __call__(self, inputs):
        results = self.function(*(inputs[name] for name in self.names[0]))
        results = results if isinstance(results, (tuple, list)) else [results]
        return {name: value.to_host() for name, value in zip(self.names[1], results)}


def first_error(text):
    lines = [line for line in text.splitlines() if "rror" in line]
    return (lines or text.splitlines() or ["without a message"])[0][:200]


PEERS = [Onnxruntime, OpenVino, Iree]


def version(peer):
    """None where the peer is not installed."""
    try:
        return importlib.metadata.version(peer.package)
    except importlib.metadata.PackageNotFoundError:
        return None
