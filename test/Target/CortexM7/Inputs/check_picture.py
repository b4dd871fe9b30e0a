"""Compares the picture of a plan with the plan.

usage: check_picture.py REPORT.json PICTURE.html

Each buffer has one box that names its bytes, offset and steps; boxes do not
overlap; the peak is named; nothing is loaded from elsewhere.
"""

import html.parser
import json
import re
import sys


class Boxes(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.boxes, self.titles, self.text = [], [], ""
        self.inside, self.outside = False, []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.outside += [v for k, v in attributes if k in ("src", "href")]
        self.inside = tag == "title"
        if tag == "rect" and values["class"].startswith("buffer"):
            self.boxes.append([float(values[k]) for k in ("x", "y", "width", "height")])
            self.titles.append("")

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        self.text += data
        if self.inside and self.titles and not self.titles[-1]:
            self.titles[-1] = data


def overlap(a, b):
    # Coordinates have one digit after the point.
    return all(a[i] + a[i + 2] > b[i] + 0.2 and b[i] + b[i + 2] > a[i] + 0.2 for i in (0, 1))


def main(report, picture):
    with open(report, encoding="utf-8") as file:
        plan = json.load(file)["memory_plan"]
    page = Boxes()
    with open(picture, encoding="utf-8") as file:
        page.feed(file.read())
    faults = [f"loads {name}" for name in page.outside]
    wanted = [(b["bytes"], b["offset"], b["first"], b["last"]) for b in plan["buffers"]]
    found = [tuple(map(int, re.match(r"(\d+) bytes at (\d+), .* steps (\d+) to (\d+)$", t).groups()))
             for t in page.titles]
    if wanted != found:
        faults.append("the boxes are not the plan's buffers")
    faults += [f"boxes {i} and {j} overlap" for i, a in enumerate(page.boxes)
               for j, b in enumerate(page.boxes[:i]) if overlap(a, b)]
    if f"peak: {plan['live_bytes']} bytes" not in page.text:
        faults.append("the peak is not marked")
    nodes = {step["node"] for step in plan["steps"]}
    if not any(node in page.text for node in nodes if node):
        faults.append("no node is named")
    for fault in faults:
        print(fault)
    print(f"{len(found)} boxes, {len(faults)} faults")
    return 1 if faults or not found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
