# Sourced by the other scripts: where things are, and how to say what happens.
#
# What may be set from outside:
#   TFC_VENV   the Python environment            (.venv in the checkout)
#   TFC_CACHE  what is built once for all clones (~/.cache/tfc)
#   TFC_BUILD  the build directory               (build in the checkout)
#   TFC_JOBS   parallel jobs                     (one a core)

set -euo pipefail

TFC_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
TFC_VENV="${TFC_VENV:-$TFC_ROOT/.venv}"
TFC_CACHE="${TFC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tfc}"
TFC_BUILD="${TFC_BUILD:-$TFC_ROOT/build}"
TFC_JOBS="${TFC_JOBS:-$(nproc)}"

# LLVM's release that the sources are written for.
TFC_LLVM=22
TFC_LLVM_BIN="/usr/lib/llvm-$TFC_LLVM/bin"

# ONNX's C++ library: the release, the digest of its source archive and how it
# is built. The folder's name changes with any of them, so old builds stay.
TFC_ONNX_VERSION=1.23.2
TFC_ONNX_SHA256=008cb0467b2bbee41448acc7da8b6f4e704624cb0d327a2d5adafc7ce19bc5b8
TFC_ONNX_FLAGS=(
  -DCMAKE_BUILD_TYPE=Release
  "-DCMAKE_CXX_COMPILER=clang++-$TFC_LLVM"
  -DCMAKE_CXX_COMPILER_LAUNCHER=ccache
  -DCMAKE_POSITION_INDEPENDENT_CODE=ON
  -DONNX_USE_PROTOBUF_SHARED_LIBS=ON
  -DONNX_BUILD_PYTHON=OFF
)
TFC_ONNX_KEY="$(printf '%s\n' "$TFC_ONNX_SHA256" "${TFC_ONNX_FLAGS[@]}" | sha256sum | cut -c1-12)"
TFC_ONNX="$TFC_CACHE/onnx-$TFC_ONNX_VERSION-$TFC_ONNX_KEY"

# The precompiled header carries times that ccache must overlook to hit at all.
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime

# say TEXT...: progress, on stderr so that results can be piped.
say() { printf 'tfc: %s\n' "$*" >&2; }

# fail TEXT...: ends the script; the text says what to do about it.
fail() {
  printf 'tfc: error: %s\n' "$*" >&2
  exit 1
}

# quietly LOG COMMAND...: runs a command; its output is shown if it fails.
quietly() {
  local log="$1"
  shift
  mkdir -p "$(dirname "$log")"
  if ! "$@" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    return 1
  fi
}
