#!/bin/bash
# Each fuzz target must find the bug that is planted for it: planted.sh [SECONDS_EACH] [NAME]. The bugs stand in
# planted_bugs.py, how they are planted in planted.py. Works on a copy in build/planted, never in the tree itself; ends
# with "N passed, N failed".
set -u
cd "$(dirname "$0")/../.." || exit 2
clang=${CLANG:-clang-14}
command -v "$clang" >/dev/null || { echo "planted.sh: $clang is missing; apt-get install clang-14"; exit 2; }
exec "${PYTHON:-/usr/bin/python3}" tests/fuzz/planted.py --clang "$clang" "${1:-30}" "${2:-}"
