"""Checks that a command exits with 1 for every model of a folder.

usage: exit_codes.py TFC FOLDER OUTPUT
"""

import os
import subprocess
import sys

tool, folder, output = sys.argv[1:]
codes = {
    name: subprocess.run(
        [tool, os.path.join(folder, name), "-o", output], stderr=subprocess.DEVNULL
    ).returncode
    for name in sorted(os.listdir(folder))
}
wrong = {name: code for name, code in codes.items() if code != 1}
print(f"{len(codes)} models, not refused: {wrong}")
sys.exit(1 if wrong or not codes else 0)
