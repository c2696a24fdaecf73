#!/bin/bash
# Runs every corpus file of every fuzz target once, in an ordinary build: replay.sh build/test.
# Ends with "N passed, N failed"; a target without a corpus is a failure.
set -u
cd "$(dirname "$0")/../.." || exit 2
dir=${1:?usage: replay.sh BUILD_FOLDER}
passed=0 failed=0
for source in tests/fuzz/fuzz-*.c; do
	target=${source##*/fuzz-} target=${target%.c}
	if out=$(timeout 120 "$dir/fuzz/fuzz-$target" "tests/fuzz/$target" 2>&1 </dev/null); then
		passed=$((passed + 1))
		printf 'ok    %-12s %s\n' "$target" "$out"
	else
		failed=$((failed + 1))
		printf 'FAIL  %s\n' "$target"
		tail -n 40 <<<"$out" | sed 's/^/      | /'
	fi
done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
