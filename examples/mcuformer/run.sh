#!/usr/bin/env bash
# examples/mcuformer/run.sh [OPTIONS...]: makes the model, compiles its int8 form for
# a Cortex-M7 with 320 KB of RAM (or SRAM=512K) and 1 MB of flash, the image delivered
# by rows, runs it in qemu and compares the scores with onnxruntime's. The options go
# to make.py; FLOAT=1 takes the f32 form instead, on a board without such limits.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
tools="${TFC_BUILD:-$root/build}/bin"
python="${PYTHON:-$root/.venv/bin/python}"
work="${WORK:-$(mktemp -d)}"
[ -n "${WORK:-}" ] || trap 'rm -rf "$work"' EXIT

"$python" "$here/make.py" "$work" "$@"
ram="${SRAM:-320K}"
form=_int8 limits=("--sram=$ram" --flash=1M --input-stream) board=("--ram=$ram")
if [ -n "${FLOAT:-}" ]; then
  form="" limits=() board=(--ram=4M --flash=3M)
fi
"$tools/tfc" "$work/model$form.onnx" --target=cortex-m7 "${limits[@]}" --profile -o "$work/mcuformer.o"
"$tools/tfc-run" "$work/mcuformer.o" --target=cortex-m7 "${board[@]}" --profile \
  --inputs "$work/inputs.npz" --outputs "$work/found.npz"
"$python" "$here/compare.py" "$work/found.npz" "$work/outputs$form.npz" "$work/mcuformer.h"
