"""usage: search.py ROOT FOLDER

Searches compressions of examples/digits in a few candidates, and checks what a
search promises: the same again from what it kept, the same from its recipe, and a
message for what cannot be.
"""

import json
import os
import subprocess
import sys

import numpy as np

ROOT, FOLDER = sys.argv[1:3]
MODEL = os.path.join(ROOT, "examples/digits/vit.onnx")


def path(name):
    return os.path.join(FOLDER, name)


def tfc(*arguments, model=MODEL):
    return subprocess.run(["tfc", model, *arguments], stderr=subprocess.PIPE, text=True)


def must(condition, message):
    if not condition:
        sys.exit("error: " + message)


def succeeds(*arguments):
    done = tfc(*arguments)
    must(done.returncode == 0, f"{arguments}: {done.stderr}")


def refuses(text, *arguments, model=MODEL):
    done = tfc(*arguments, "-o", path("none.so"), model=model)
    must(done.returncode in (1, 2), f"{arguments} ended with {done.returncode}")
    must(text in done.stderr, f"expected '{text}' in: {done.stderr}")
    must(not os.path.exists(path("none.so")), "a file was left behind")


def contents(name):
    with open(path(name), "rb") as file:
        return file.read()


def main():
    os.makedirs(FOLDER, exist_ok=True)
    for name in os.listdir(FOLDER):
        os.remove(path(name))
    data = np.load(os.path.join(ROOT, "examples/digits/train.npz"))
    images = data["images"][:, None].astype(np.float32) / 16
    labels = data["labels"].astype(np.int64)
    np.savez(path("calibration.npz"), images=images[:64])
    np.savez(path("evaluation.npz"), images=images[64:128], labels=labels[64:128])
    np.savez(path("unlabelled.npz"), images=images[64:128])
    np.savez(path("few.npz"), images=images[64:128], labels=labels[64:70])
    np.savez(path("wrong.npz"), images=images[64:128], labels=labels[64:128] + 5)
    calibration = f"--calibration={path('calibration.npz')}"
    evaluation = f"--evaluate={path('evaluation.npz')}"
    search = ["--compress", calibration, evaluation, "--search-candidates=4", "--no-fit"]

    # Some blocks of the four layers are worth little: without any of three, it reads nearly as well.
    drop = [*search, "--budget=accuracy-drop=30%"]
    succeeds(*drop, f"--resume={path('cache.jsonl')}", f"--save-recipe={path('recipe.yaml')}",
             f"--report={path('report.json')}", "-o", path("first.so"))
    with open(path("report.json")) as file:
        report = json.load(file)
    found = report["search"]
    must(found["metric"] == "top1" and len(found["candidates"]) == 4, f"unexpected {found}")
    must(found["chosen"]["parameters"] < found["original"]["parameters"], "nothing became smaller")
    must(found["chosen"]["metric"] >= found["original"]["metric"] - 0.3, "too much was lost")

    # What was measured is taken from the file, of which the last line may be half.
    with open(path("cache.jsonl")) as file:
        lines = file.readlines()
    must(len(lines) == 4, "not every candidate was kept")
    with open(path("cache.jsonl"), "a") as file:
        file.write(lines[0][:30])
    succeeds(*drop, f"--resume={path('cache.jsonl')}", "-o", path("second.so"))
    must(contents("first.so") == contents("second.so"), "a resumed search found something else")

    recipe = f"--recipe={path('recipe.yaml')}"
    succeeds(recipe, calibration, "-o", path("third.so"))
    must(contents("first.so") == contents("third.so"), "the recipe made something else")

    # To what the original gives, no labels are needed.
    succeeds("--compress", calibration, f"--evaluate={path('unlabelled.npz')}", "--metric=cosine", "--no-fit",
             "--search-candidates=2", "--budget=accuracy-drop=50%", "-o", path("cosine.so"))

    # What candidates take of a device is measured without leaving files behind.
    before = set(os.listdir())
    succeeds(*search, "--target=cortex-m7", "--shape=images=1x1x8x8", "--budget=flash=1M",
             "--search-candidates=1", "-o", path("device.o"))
    must(set(os.listdir()) == before, f"left behind: {set(os.listdir()) - before}")

    # Without the last layer, the one before it is computed for one token only, for which the original has more.
    succeeds("--compress=prune{drop-layers=4 channel-share=0.2}", calibration, "-o", path("shorter.so"))

    refuses("was not met by 3 candidates; the nearest has", "--compress", calibration, evaluation, "--no-fit",
            "--search-candidates=3", "--budget=params=1")
    refuses("has no array 'labels'", "--compress", calibration, f"--evaluate={path('unlabelled.npz')}",
            "--budget=params=50%")
    refuses("there are fewer labels than rows", "--compress", calibration, f"--evaluate={path('few.npz')}",
            "--budget=params=50%")
    refuses("of 10 classes", "--compress", calibration, f"--evaluate={path('wrong.npz')}", "--budget=params=50%")
    refuses("it needs --budget, --calibration and --evaluate", "--compress", "--budget=params=50%")
    refuses("there is no 'memory'", *search, "--budget=memory=1K")
    refuses("'5' is nothing that 'accuracy-drop' can be", *search, "--budget=accuracy-drop=5")
    refuses("flash and sram are of --target=cortex-m7", *search, "--budget=flash=64K")
    refuses("--metric takes", *search, "--budget=params=50%", "--metric=f1")
    refuses("it needs --calibration", recipe)
    refuses("is for other calibration data", recipe, f"--calibration={path('evaluation.npz')}")
    refuses("is for another model", recipe, calibration, model=os.path.join(ROOT, "test/EndToEnd/zoo/vit/model.onnx"))
    with open(path("no.yaml"), "w") as file:
        file.write("passes: 3\n")
    refuses("is no recipe", f"--recipe={path('no.yaml')}", calibration)


if __name__ == "__main__":
    main()
