"""Prints 'N passed, N failed' for a results file of lit.

usage: summary.py RESULTS.json

Exits with 1 where a test failed, where none ran and where there is no file.
"""

import collections
import json
import sys

PASSED = {"PASS", "FLAKYPASS", "XFAIL"}
NOT_RUN = {"UNSUPPORTED", "EXCLUDED", "SKIPPED"}


def main(path):
    try:
        with open(path, encoding="utf-8") as file:
            tests = json.load(file)["tests"]
    except (OSError, ValueError, KeyError) as error:
        print(f"lit left no results: {error}", file=sys.stderr)
        tests = []
    count = collections.Counter(test["code"] for test in tests)
    passed = sum(count[code] for code in PASSED)
    not_run = sum(count[code] for code in NOT_RUN)
    failed = sum(count.values()) - passed - not_run
    if not_run:
        print(f"{not_run} not run on this machine")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
