#!/bin/bash
# How much of each parser the seeds of its fuzz target reach: coverage.sh [NAME]. Replays tests/fuzz/NAME, and nothing
# a run has learnt, in a build that counts lines (BUILD=cov), one target at a time; tells the lines that were missed,
# then a table (target, file, per cent, bound). What counts as a target's parser: see fuzz_coverage.py. Ends with
# "N passed, N failed": a file below its bound is a failure.
set -u
cd "$(dirname "$0")/../.." || exit 2
name=${1:-}
python=${PYTHON:-/usr/bin/python3}
make --no-print-directory -j2 fuzz-bins BUILD=cov CC="${CCACHE:+ccache }cc" >/dev/null || exit 1
rm -f build/cov/fuzz-coverage.json
for source in tests/fuzz/fuzz-*.c; do
	target=${source##*/fuzz-} target=${target%.c}
	[[ $target == *"$name"* ]] || continue
	"$python" tests/fuzz/fuzz_coverage.py run "$target" "tests/fuzz/$target" || exit 1
done
"$python" tests/fuzz/fuzz_coverage.py table
