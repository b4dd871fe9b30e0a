"""Builds a firmware that reads digits and runs it on an emulated Cortex-M7.

usage: device.py [--tfc DIR] [--images N] [--compiler clang|gcc] [--int8] [--work DIR]
                 [--budget LIMITS] [--candidates N] [--resume FILE]

Compiles vit.onnx with tfc for the Cortex-M7 (with --int8 after onnxruntime has
quantised it; with --budget, as in sram=24K,flash=64K, in int8 after a search of the
compression that fits, whose smallest models it prints), compiles cortex-m7/main.c around it with clang and lld or with
arm-none-eabi-gcc, and runs the program in qemu, which prints a line an image.
Where Python has onnxruntime, its predictions must be the same, but for --budget,
which makes another model. DIR holds tfc
(default: build/bin of the checkout).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np

from compress import images_of, moved

HERE = os.path.dirname(os.path.abspath(__file__))
BOOT = os.path.join(HERE, "../../bench/m7")
CORE = ["-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"]
CLANG = shutil.which("clang-22") or "clang"
COMPILERS = {
    "clang": [CLANG, "--target=thumbv7em-none-eabihf", "-fuse-ld=lld", "-ffreestanding"],
    "gcc": ["arm-none-eabi-gcc", "-ffreestanding", "-Wl,-z,noexecstack"],
}


def quantise(model, inputs, target):
    """The model in int8, by images that are not shown."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Images(CalibrationDataReader):
        left = iter([{"images": image[None]} for image in inputs])

        def get_next(self):
            return next(self.left, None)

    quantize_static(model, target, Images(), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QInt8, weight_type=QuantType.QInt8)


def write_images(images, path):
    rows = ",\n".join("{" + ", ".join(map(str, image.ravel())) + "}" for image in images)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"#include <stdint.h>\n#define IMAGES {len(images)}u\n"
                   f"static const uint8_t images[IMAGES][{images[0].size}] = {{\n{rows}}};\n")


def search_options(budget, candidates, resume, work):
    """Of tfc: a search on the images of train.npz, moved by up to a pixel."""
    images, labels = images_of("train.npz")
    generator = np.random.default_rng(0)
    calibration, evaluation = os.path.join(work, "calibration.npz"), os.path.join(work, "evaluation.npz")
    np.savez(calibration, images=moved(images, generator))
    np.savez(evaluation, images=moved(images, generator)[:700], labels=labels[:700])
    return ["--compress", f"--budget={budget}", f"--search-candidates={candidates}", "--quantize",
            f"--calibration={calibration}", f"--evaluate={evaluation}", f"--report={os.path.join(work, 'vit.json')}",
            *([f"--resume={resume}"] if resume else [])]


def print_frontier(work):
    """The candidates that no smaller one is as good as, and what was chosen."""
    with open(os.path.join(work, "vit.json"), encoding="utf-8") as file:
        report = json.load(file)
    measured = [each for each in report["search"]["candidates"] if "flash" in each]
    best = float("inf")
    for each in sorted(measured, key=lambda candidate: (candidate["flash"], candidate["loss"])):
        if each["loss"] < best:
            best = each["loss"]
            print(f"{each['flash']:7d} bytes of flash, {each['sram']:6d} of SRAM, {each['parameters']:6d} numbers, "
                  f"{100 * each['metric']:.2f}% of the search's images in f32")


def build(tfc, model, compiler, work, options):
    vit = os.path.join(work, "vit.o")
    subprocess.run([tfc, model, "--target=cortex-m7", "--shape", "images=1x1x8x8", "--prefix=vit", "-o", vit, *options],
                   check=True)
    program = os.path.join(work, "digits.elf")
    sources = [os.path.join(HERE, "cortex-m7/main.c"), os.path.join(BOOT, "boot.c"), os.path.join(BOOT, "memory.c")]
    subprocess.run(
        [*COMPILERS[compiler], *CORE, "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-nostdlib", "-I", work, "-I", BOOT,
         "-T", os.path.join(BOOT, "stm32f746.ld"), *sources, vit, "-o", program], check=True)
    return program


def emulate(program):
    done = subprocess.run(
        ["qemu-system-arm", "-M", "mps2-an500", "-cpu", "cortex-m7", "-semihosting-config", "enable=on,target=native",
         "-display", "none", "-monitor", "none", "-serial", "none", "-kernel", program], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: the program ended with code {done.returncode}\n{done.stdout}{done.stderr}")
    # Semihosting prints to either, by the version of qemu.
    return done.stdout + done.stderr


def expected(model, inputs):
    """onnxruntime's scores of what the file says; None without it."""
    try:
        import onnxruntime
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"images": inputs})[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tfc", default=os.path.join(HERE, "../../build/bin"), metavar="DIR")
    parser.add_argument("--images", type=int, default=10, metavar="N")
    parser.add_argument("--compiler", choices=COMPILERS, default="clang")
    parser.add_argument("--int8", action="store_true")
    parser.add_argument("--budget", metavar="LIMITS", help="what flash and SRAM there are")
    parser.add_argument("--candidates", type=int, default=100, metavar="N", help="how many models the search measures")
    parser.add_argument("--resume", metavar="FILE", help="where the search keeps what it measured")
    parser.add_argument("--work", metavar="DIR", help="where the files stay (default: nowhere)")
    options = parser.parse_args()

    data = np.load(os.path.join(HERE, "test.npz"))
    inputs = data["images"][:, None].astype(np.float32) / 16
    model = os.path.join(HERE, "vit.onnx")
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or temporary
        os.makedirs(work, exist_ok=True)
        how = ["--sram=316K", "--flash=1000K"]
        if options.budget:
            how = search_options(options.budget, options.candidates, options.resume, work)
        elif options.int8:
            float_model, model = model, os.path.join(work, "vit_int8.onnx")
            quantise(float_model, inputs[-100:], model)
        write_images(data["images"][: options.images], os.path.join(work, "images.h"))
        program = build(os.path.join(options.tfc, "tfc"), model, options.compiler, work, how)
        if options.budget:
            print_frontier(work)
        text = emulate(program)
        scores = None if options.budget else expected(model, inputs[: options.images])
    print(text, end="")
    found = [int(line.split(": ")[1]) for line in text.splitlines() if line.startswith("image ")]
    right = int(np.sum(np.array(found) == data["labels"][: len(found)]))
    print(f"{right} of {options.images} are read as their labels say")
    if len(found) != options.images:
        sys.exit("error: the program did not read all images")
    if options.budget:
        return
    if scores is None:
        print("(onnxruntime is not installed)")
    elif found != list(scores.argmax(1)):
        sys.exit(f"error: onnxruntime reads {list(map(int, scores.argmax(1)))}")
    else:
        print("onnxruntime reads the same")


if __name__ == "__main__":
    main()
