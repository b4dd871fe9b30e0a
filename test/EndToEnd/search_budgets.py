"""usage: search_budgets.py FOLDER

Searches compressions of a small network by budgets of operations and of time, by a
metric of a script and within a time, and checks what reports say of them.
"""

import html.parser
import json
import os
import pty
import subprocess
import sys
import time

import numpy as np
import onnx
import onnxruntime
from onnx import helper

FOLDER = sys.argv[1]
ROWS, WIDTH, HIDDEN, RESULTS = 6, 16, [48, 1536, 32], 8
# Of a call with ROWS rows: each block goes from WIDTH to its hidden width and back.
MULTIPLY_ADDS = ROWS * WIDTH * (2 * sum(HIDDEN) + RESULTS)

# What the scripts of --metric-command do first.
SCORE = """import sys
import numpy as np
outputs = np.load(sys.argv[1])["y"]
expected = np.load(sys.argv[2])["y"]
assert outputs.shape == expected.shape, outputs.shape
"""


def path(name):
    return os.path.join(FOLDER, name)


def must(condition, message):
    if not condition:
        sys.exit("error: " + message)


def make_model():
    """Three residual blocks on an open number of rows; the second is the widest by far."""
    random = np.random.default_rng(0)
    nodes, weights, stream = [], [], "x"
    for i, width in enumerate(HIDDEN):
        for name, shape in (("up", (WIDTH, width)), ("down", (width, WIDTH))):
            numbers = random.normal(size=shape) / np.sqrt(shape[0])
            weights.append(onnx.numpy_helper.from_array(numbers.astype(np.float32), f"{name}{i}"))
        nodes += [helper.make_node("MatMul", [stream, f"up{i}"], [f"h{i}"], f"up{i}"),
                  helper.make_node("Relu", [f"h{i}"], [f"r{i}"]),
                  helper.make_node("MatMul", [f"r{i}", f"down{i}"], [f"d{i}"], f"down{i}"),
                  helper.make_node("Add", [stream, f"d{i}"], [f"s{i}"])]
        stream = f"s{i}"
    numbers = random.normal(size=(WIDTH, RESULTS)).astype(np.float32)
    weights.append(onnx.numpy_helper.from_array(numbers, "head"))
    nodes.append(helper.make_node("MatMul", [stream, "head"], ["y"], "head"))
    value = lambda name, width: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["rows", width])
    graph = helper.make_graph(nodes, "blocks", [value("x", WIDTH)], [value("y", RESULTS)], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), path("blocks.onnx"))
    x = random.normal(size=(32, ROWS, WIDTH)).astype(np.float32)
    np.savez(path("calibration.npz"), x=x[:16])
    np.savez(path("evaluation.npz"), x=x[16:])
    session = onnxruntime.InferenceSession(path("blocks.onnx"))
    np.savez(path("expected.npz"), y=np.stack([session.run(None, {"x": one})[0] for one in x[16:]]))


FITTED = ["--compress", f"--calibration={path('calibration.npz')}"]
BASE = [*FITTED, "--no-fit"]
EVALUATION = f"--evaluate={path('evaluation.npz')}"
SEARCH = [*BASE, EVALUATION]


def tfc(*arguments, model="blocks.onnx"):
    return subprocess.run(["tfc", path(model), *arguments], stderr=subprocess.PIPE, text=True)


def search(*arguments, name="found.so"):
    """What the report says of a search that must succeed."""
    done = tfc(*arguments, "-o", path(name), f"--report={path('report.json')}", f"--report={path('report.html')}")
    must(done.returncode == 0, f"{arguments}: {done.stderr}")
    must(done.stderr == "", f"something was said where no terminal is: {done.stderr}")
    with open(path("report.json")) as file:
        return json.load(file)["search"]


def refuses(text, *arguments, model="blocks.onnx", code=1):
    done = tfc(*arguments, "-o", path("none.so"), model=model)
    must(done.returncode == code, f"{arguments} ended with {done.returncode}: {done.stderr}")
    must(text in done.stderr, f"expected '{text}' in: {done.stderr}")
    must(not os.path.exists(path("none.so")), "a file was left behind")


def contents(name):
    with open(path(name), "rb") as file:
        return file.read()


def command(script):
    return f"--metric-command={sys.executable} {path(script)} {{outputs}} {path('expected.npz')}"


def check_operations():
    mse = [*SEARCH, "--metric=mse", "--search-candidates=16"]
    found = search(*mse, "--budget=flops=60%")
    must(found["original"]["multiply_adds"] == MULTIPLY_ADDS, f"unexpected count {found['original']}")
    must(found["size"] == "multiply_adds", "the report does not say what the budget is of")
    must(found["chosen"]["multiply_adds"] <= 0.6 * MULTIPLY_ADDS, f"the budget is not met: {found['chosen']}")
    # Two operations each.
    most = int(1.8 * MULTIPLY_ADDS)
    found = search(*mse, f"--budget=flops={most}")
    must(2 * found["chosen"]["multiply_adds"] <= most, f"the budget is not met: {found['chosen']}")
    refuses("was not met by 2 candidates", *SEARCH, "--metric=mse", "--search-candidates=2", "--budget=flops=100")


def check_latency():
    # It goes on until that is met: at the latest without the blocks, where next to nothing is computed.
    arguments = [*SEARCH, "--metric=mse", "--search-candidates=40", "--budget=latency=0.7x"]
    cache = path("latency.jsonl")
    found = search(*arguments, f"--resume={cache}")
    for one in [*found["candidates"], found["chosen"]]:
        must(one["latency_ms"] > 0 and one["original_latency_ms"] > 0, f"no time in {one}")
    fits = [one for one in found["candidates"] if one["latency_share"] <= 0.7]
    must(found["chosen"]["passes"] in [one["passes"] for one in fits], "what was chosen is too slow")
    with open(cache) as file:
        must(all("latency_share" in json.loads(line) for line in file), "times were not kept")
    refuses("of the original's", *SEARCH, "--metric=mse", "--search-candidates=3", "--budget=latency=0.0001ms")


def check_command():
    with open(path("mse.py"), "w") as file:
        file.write(SCORE + "print('of the outputs:')\nprint(np.mean((outputs - expected) ** 2))\n")
    with open(path("negative.py"), "w") as file:
        file.write(SCORE + "print(-np.mean((outputs - expected) ** 2))\n")

    budget = ["--budget=params=80%", "--search-candidates=8"]
    own = search(*SEARCH, *budget, "--metric=mse", name="own.so")
    lower = search(*SEARCH, *budget, command("mse.py"), "--metric-lower-is-better", name="lower.so")
    greater = search(*SEARCH, *budget, command("negative.py"), name="greater.so")
    must(not lower["greater_is_better"] and greater["greater_is_better"], "the direction is not reported")
    must(contents("own.so") == contents("lower.so"), "the same metric by a command found something else")
    must(contents("own.so") == contents("greater.so"), "the negative metric found something else")
    # One sums in f64, the other in f32, and one compares with what onnxruntime gives.
    for here, there in zip(own["candidates"], lower["candidates"]):
        must(abs(here["metric"] - there["metric"]) <= 1e-4 * here["metric"] + 1e-8, f"{here} is not {there}")
    # The library alone needs no --evaluate.
    search(*BASE, "--budget=params=99%", "--search-candidates=3",
           "--metric-command=tfc-run {library} --shape x=2x16 --random > /dev/null && echo 1")

    def fails(text, script, *more):
        refuses(text, *SEARCH, "--budget=params=50%", f"--metric-command={script}", *more)

    fails("ended with status 3; it said: no data", "echo {outputs}; echo no data >&2; exit 3")
    fails("printed nothing; expected a number", "true {outputs}")
    fails("printed 'good' in its last line; expected a number", "echo 1; echo good; : {outputs}")
    fails("printed 'nan' in its last line", "echo nan; : {outputs}")
    fails("took more than 1 seconds (--metric-timeout)", "sleep 60; : {outputs}", "--metric-timeout=1s")
    usage = [*SEARCH, "--budget=params=50%"]
    refuses("has neither {library} nor {outputs}", *usage, "--metric-command=echo 1", code=2)
    refuses("takes the place of --metric", *usage, "--metric=mse", "--metric-command=echo {outputs}", code=2)
    refuses("is an option of --metric-command only", *usage, "--metric=mse", "--metric-lower-is-better", code=2)
    refuses("--metric-timeout takes a time", *usage, "--metric-command=echo {outputs}", "--metric-timeout=5", code=2)


def check_fit():
    budget = ["--budget=params=80%", "--search-candidates=8"]
    plain = search(*SEARCH, *budget, "--metric=mse")
    found = search(*FITTED, EVALUATION, *budget, "--metric=mse")
    must(found["chosen"]["fitted"] and not plain["chosen"]["fitted"], "the fit is not reported")
    before = {one["passes"]: one["metric"] for one in plain["candidates"][1:]}
    must(any(one["metric"] < before.get(one["passes"], 0) for one in found["candidates"][1:]),
         "the fit made no candidate better")
    must([one["fitted"] for one in found["candidates"]][:2] == [False, True], "candidates are not fitted")
    # A command gets a library of the fitted candidate alone.
    other = search(*FITTED, EVALUATION, *budget, command("mse.py"), "--metric-lower-is-better")
    theirs = {one["passes"]: one["metric"] for one in other["candidates"]}
    both = [one for one in found["candidates"][1:] if one["passes"] in theirs]
    must(both, "the searches have nothing in common")
    # Fits of sums in another order differ by what f32 rounds.
    for one in both:
        must(np.isclose(one["metric"], theirs[one["passes"]], rtol=1e-3, atol=1e-7), f"{one} is not {theirs}")


def check_time():
    slow = command("negative.py").replace("=", "=sleep 0.5; ", 1)
    start = time.monotonic()
    # Without an end it would go on to the last of 60.
    found = search(*SEARCH, "--budget=params=90%", slow, "--search-candidates=60", "--search-time=10s")
    must(len(found["candidates"]) <= 20, "more was measured than the time is for")
    must(found["chosen"]["parameters"] < found["original"]["parameters"], "the budget is not met")
    # What follows the search is a compilation or two.
    must(time.monotonic() - start < 60, "the search did not end in time")
    refuses("in the time of --search-time", *SEARCH, "--metric=mse", "--budget=params=50%", "--search-time=0.001s")
    refuses("--search-time takes a time, as 90s", *SEARCH, "--budget=params=50%", "--search-time=10", code=2)


class Page(html.parser.HTMLParser):
    """Counts elements by name and class, and refuses references to other files."""

    def __init__(self):
        super().__init__()
        self.counts, self.open, self.svg = {}, [], 0

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        must(not {"src", "href"} & values.keys() and tag not in ("script", "link", "img"), f"the page refers: {values}")
        for kind in (values.get("class") or "").split():
            self.counts[tag, kind] = self.counts.get((tag, kind), 0) + 1


def check_picture():
    found = search(*SEARCH, "--metric=mse", "--budget=params=80%", "--search-candidates=12")
    original, chosen = found["original"], found["chosen"]
    points = [original, *found["candidates"][1:], chosen]

    def beats(a, b):
        pair = lambda one: (one["parameters"], one["metric"])
        return all(x <= y for x, y in zip(pair(a), pair(b))) and pair(a) != pair(b)

    front = [one for one in points if one in (original, chosen) or not any(beats(other, one) for other in points)]
    page = Page()
    page.feed(contents("report.html").decode())
    count = lambda *kind: page.counts.get(kind, 0)
    must(count("rect", "original") == 1 and count("circle", "chosen") == 1, "the original or the chosen one is missing")
    must(count("circle", "point") == len(points) - 1, f"{page.counts} are not {len(points)} models")
    must(count("tr", "dominated") == len(points) - len(front), f"{page.counts}: expected {len(front)} in front")
    must(0 < count("tr", "dominated"), "nothing is dominated, so that this checks nothing")
    must(count("path", "way") == 1, "there is no line along the front")
    refuses("--report=FILE.html is an option of --target=cortex-m7", "--report=" + path("no.html"), code=2)


def check_terminal():
    """What is said on the way where there is a terminal."""
    ours, theirs = pty.openpty()
    done = subprocess.Popen(["tfc", path("blocks.onnx"), *SEARCH, "--metric=mse", "--budget=params=90%",
                             "--search-candidates=10", "-o", path("found.so")], stderr=theirs)
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so where the other side is closed.
            break
        if not part:
            break
        said += part
    must(done.wait() == 0, said.decode())
    must(b"1 measured, nothing fits yet: host" in said, f"no progress: {said}")
    must(b"measured, best mse " in said, f"the best is not told: {said}")
    must(said.endswith(b"\r\x1b[K"), "the line stays")


def main():
    make_model()
    for check in (check_operations, check_latency, check_command, check_fit, check_time, check_picture, check_terminal):
        start = time.monotonic()
        check()
        print(f"{check.__name__}: {time.monotonic() - start:.1f} s")


if __name__ == "__main__":
    main()
