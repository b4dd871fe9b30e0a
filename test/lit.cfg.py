"""lit configuration of tfc's tests.

Set TFC_VERIFY_ROUNDTRIP=1 to let every tfc-opt also print, parse and compare
what it reads (--verify-roundtrip).
"""

import glob
import os
import shutil

import lit.formats

config.name = "tfc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".ll", ".mlir", ".test"]
config.excludes = ["Inputs", "zoo"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.tfc_binary_dir, "test")

# tfc, tfc-opt and tfc-run first, then FileCheck, not, count, split-file.
config.environment["PATH"] = os.pathsep.join(
    [
        os.path.join(config.tfc_binary_dir, "bin"),
        config.llvm_tools_dir,
        config.environment.get("PATH", os.defpath),
    ]
)
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"

config.substitutions.append(("%python", config.python))
config.substitutions.append(("%clang", config.clang))
config.substitutions.append(("%zoo", os.path.join(config.test_source_root, "EndToEnd", "zoo")))
config.substitutions.append(
    ("%check_model", os.path.join(config.test_source_root, "EndToEnd", "check_model.py"))
)
config.substitutions.append(("%tfc_root", config.tfc_source_dir))
config.substitutions.append(("%tfc_build", config.tfc_binary_dir))
config.substitutions.append(("%cmake", config.cmake))
# With the compilers that tfc was built with, and the linker that it uses itself.
config.substitutions.append(
    (
        "%configure",
        f"{config.cmake} -G Ninja -DCMAKE_MAKE_PROGRAM={config.ninja}"
        f" -DCMAKE_C_COMPILER={config.clang} -DCMAKE_CXX_COMPILER={config.clangxx}"
        " -DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld -DCMAKE_MODULE_LINKER_FLAGS=-fuse-ld=lld",
    )
)
config.substitutions.append(("%llvm_lib", config.llvm_library_dir))

if os.environ.get("TFC_VERIFY_ROUNDTRIP"):
    # As a word of a command, not inside a path or a longer name.
    config.substitutions.append((r"(?<![\w./-])tfc-opt(?![\w-])", "tfc-opt --verify-roundtrip"))

# A test that hangs fails instead of holding up the rest. Seconds.
config.maxIndividualTestTime = 600

# Tests that compare with ONNX Runtime ask for it.
try:
    import importlib.util

    for module in ("onnxruntime", "ml_dtypes"):
        if importlib.util.find_spec(module):
            config.available_features.add(module)
except ImportError:
    pass



def find_ptxas():
    """NVIDIA's assembler: what TFC_PTXAS names, or bin/ptxas of CUDA_HOME, or the one on
    the path, of /usr/local/cuda, or of a wheel that brings it (triton, nvidia-cuda-nvcc);
    None where there is none."""
    candidates = [os.environ.get("TFC_PTXAS")]
    if os.environ.get("CUDA_HOME"):
        candidates.append(os.path.join(os.environ["CUDA_HOME"], "bin", "ptxas"))
    candidates += [shutil.which("ptxas"), "/usr/local/cuda/bin/ptxas"]
    packages = os.path.join(os.path.dirname(os.path.dirname(config.python)), "lib", "python3*", "site-packages")
    for place in ("triton/backends/nvidia/bin", "nvidia/cuda_nvcc/bin", "nvidia/cu1*/bin"):
        candidates += sorted(glob.glob(os.path.join(packages, place, "ptxas")))
    return next((path for path in candidates if path and os.access(path, os.X_OK)), None)


# Code for GPUs is assembled where NVIDIA's assembler is: %ptxas.
ptxas = find_ptxas()
if ptxas:
    config.available_features.add("ptxas")
    config.substitutions.append(("%ptxas", ptxas))

# Those of the Cortex-M7 need an emulator and a linker for it.
if shutil.which("qemu-system-arm"):
    config.available_features.add("qemu-arm")

if shutil.which("arm-none-eabi-gcc"):
    config.available_features.add("arm-gcc")

# Tests that run compiled models need a machine that runs them.
try:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = set(next(line for line in file if line.startswith("flags")).split())
    config.available_features |= {f for f in ("avx2", "fma", "avx512f") if f in flags}
except (OSError, StopIteration):
    pass

# Code for the Cortex-M7 runs where its emulator is.
if shutil.which("qemu-system-arm"):
    config.available_features.add("qemu-arm")

# The CUDA toolkit has a driver that does nothing but say so.
for folder in (os.environ.get("CUDA_HOME", "/usr/local/cuda"), "/usr/local/cuda"):
    stub = os.path.join(folder, "lib64", "stubs", "libcuda.so")
    if os.path.exists(stub):
        config.available_features.add("cuda-stub")
        config.substitutions.append(("%cuda_stub", stub))
        break
