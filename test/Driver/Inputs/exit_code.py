"""usage: exit_code.py CODE COMMAND...: whether the command exits with CODE."""

import subprocess
import sys

code = subprocess.run(sys.argv[2:]).returncode
print(f"exit code {code}, expected {sys.argv[1]}")
sys.exit(code != int(sys.argv[1]))
