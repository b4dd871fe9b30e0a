"""Makes the example's vision transformer smaller, without training it again.

usage: compress.py [--tfc DIR] [--budget LIMITS] [--candidates N] [--passes PASSES]
                   [--save-recipe FILE] [--resume FILE] [--no-peers]

Calibrates with the images that the model was trained on, lets tfc search a
compression within the budget (default: a third of the numbers), measured on the
same images moved by up to a pixel each way, and reads the held-out images of
test.npz, which the search never saw. With --passes it runs
these, without a search.

Beside it, with as many numbers: low rank by plain singular value decomposition
(as Greenformers does) and pruning by magnitude, one share for all layers. For
each it prints numbers, held-out accuracy and cross entropy, how long an image takes,
and, where valgrind is installed, how many instructions it takes on a CPU with AVX2.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = os.path.join(HERE, "vit.onnx")


def images_of(name):
    data = np.load(os.path.join(HERE, name))
    return data["images"][:, None].astype(np.float32) / 16, data["labels"].astype(np.int64)


def moved(images, generator):
    """Each image moved by up to a pixel each way."""
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    moves = generator.integers(0, 3, (len(images), 2))
    return np.stack([padded[i, :, y : y + 8, x : x + 8] for i, (y, x) in enumerate(moves)])


class Measurement:
    def __init__(self, tools, work):
        self.tools, self.work = tools, work
        self.images, self.labels = images_of("test.npz")
        np.savez(self.path("test.npz"), images=self.images)
        np.savez(self.path("one.npz"), images=self.images[:1])

    def path(self, name):
        return os.path.join(self.work, name)

    def tool(self, name, *arguments):
        command = [os.path.join(self.tools, name), *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"error: {name} ended with code {done.returncode}")
        return done.stdout

    def compile(self, *options):
        """The report's part on compression; the library is model.so."""
        report = self.path("report.json")
        if "--compress" in options:
            options += (f"--save-recipe={self.path('recipe.yaml')}",)
        self.tool("tfc", MODEL, "-o", self.path("model.so"), f"--report={report}", *options)
        with open(report) as file:
            return json.load(file)

    def instructions(self, *options):
        """Of one image: what a call more adds."""
        library = self.path("counted.so")
        self.tool("tfc", MODEL, "-o", library, "-mcpu=x86-64-v3", *options)
        counts = []
        for calls in (10, 60):
            done = subprocess.run(
                ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", os.path.join(self.tools, "tfc-run"),
                 library, "--inputs", self.path("one.npz"), "--threads", "1", "--warmup", "0", "--repeat", str(calls)],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
            counts.append(int(re.search(r"Collected : (\d+)", done.stderr)[1]))
        return (counts[1] - counts[0]) / 50

    def measure(self, name, *options):
        """Prints a line; returns parameters, accuracy and cross entropy."""
        report = self.compile(*options)
        compression = report.get("compression")
        parameters = compression["parameters_after"] if compression else None
        library = self.path("model.so")
        self.tool("tfc-run", library, "--inputs", self.path("test.npz"), "--outputs", self.path("scores.npz"))
        scores = np.load(self.path("scores.npz"))["scores"].astype(np.float64)
        shifted = scores - scores.max(1, keepdims=True)
        logarithms = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        loss = -logarithms[np.arange(len(scores)), self.labels].mean()
        right = int((scores.argmax(1) == self.labels).sum())
        timing = json.loads(
            self.tool("tfc-run", library, "--inputs", self.path("one.npz"), "--warmup", "100", "--repeat", "500", "--json")
        )
        numbers = f"{parameters:8d}" if parameters else "       -"
        print(
            f"{name:34s}{numbers} numbers  {right} of {len(scores)}  cross entropy {loss:.4f}  "
            f"{1e3 * timing['median_ms']:.1f} us",
            end="",
            flush=True,
        )
        # A search need not be done twice.
        repeated = [f"--recipe={self.path('recipe.yaml')}", *(o for o in options if o.startswith("--calibration="))]
        counted = shutil.which("valgrind")
        print(f"  {self.instructions(*(repeated if '--compress' in options else options)):.0f} instructions" if counted else "",
              flush=True)
        return parameters, right, loss


def peers(measurement, parameters):
    """What others do with as many numbers: the least share that is small enough."""
    for name, form in (
        ("plain low rank (SVD)", "low-rank{{budget={0:.3f} method=svd}}"),
        ("magnitude", "prune{{share={0:.3f} importance=magnitude}}"),
    ):
        # A budget is what stays, a share is what goes.
        steps = np.arange(0.96, 0.04, -0.04)
        for step in steps if "budget" in form else 1 - steps:
            passes = form.format(step)
            if measurement.compile("--no-fit", f"--compress={passes}")["compression"]["parameters_after"] <= parameters:
                measurement.measure(name, "--no-fit", f"--compress={passes}")
                break
        else:
            print(f"{name:34s} does not get there")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tfc", default=os.path.join(HERE, "../../build/bin"), metavar="DIR")
    parser.add_argument("--budget", default="params=33.3%", metavar="LIMITS")
    parser.add_argument("--candidates", default="400", metavar="N")
    parser.add_argument("--passes", metavar="PASSES")
    parser.add_argument("--save-recipe", metavar="FILE", help="of the search")
    parser.add_argument("--resume", metavar="FILE")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as work:
        measurement = Measurement(options.tfc, work)
        images, labels = images_of("train.npz")
        generator = np.random.default_rng(0)
        calibration, evaluation = measurement.path("calibration.npz"), measurement.path("evaluation.npz")
        np.savez(calibration, images=images)
        np.savez(evaluation, images=moved(images, generator)[:700], labels=labels[:700])
        measurement.measure("the model")
        if options.passes:
            how = [f"--compress={options.passes}"]
        else:
            how = ["--compress", f"--budget={options.budget}", f"--evaluate={evaluation}",
                   f"--search-candidates={options.candidates}"]
            how += [f"--resume={options.resume}"] if options.resume else []
        parameters, _, _ = measurement.measure("tfc", f"--calibration={calibration}", *how)
        if options.save_recipe:
            shutil.copy(measurement.path("recipe.yaml"), options.save_recipe)
        if not options.no_peers:
            peers(measurement, parameters)


if __name__ == "__main__":
    main()
