#!/bin/bash
# Fuzzes every parser of outside bytes: run.sh [SECONDS_EACH] [NAME]. Builds the targets with
# clang's libFuzzer, ASan and UBSan into build/fuzz, starts from the corpus of each (tests/fuzz/NAME),
# and ends with "N passed, N failed". What crashes a target is left in build/fuzz/found/: put it into
# the corpus folder together with the mend.
set -u
cd "$(dirname "$0")/../.." || exit 2
seconds=${1:-60}
name=${2:-}
clang=${CLANG:-clang-14}
command -v "$clang" >/dev/null || { echo "run.sh: $clang is missing; apt-get install clang-14"; exit 2; }
make --no-print-directory -j2 fuzz-bins BUILD=fuzz CC="${CCACHE:+ccache }$clang" || exit 1
found=build/fuzz/found
mkdir -p "$found"
passed=0 failed=0
for source in tests/fuzz/fuzz-*.c; do
	target=${source##*/fuzz-} target=${target%.c}
	[[ $target == *"$name"* ]] || continue
	learnt=build/fuzz/corpus/$target
	mkdir -p "$learnt"
	if out=$(ASAN_OPTIONS=detect_leaks=1 "build/fuzz/fuzz/fuzz-$target" -max_total_time="$seconds" \
		-max_len=65536 -rss_limit_mb=1024 -timeout=10 -artifact_prefix="$found/$target-" \
		-print_final_stats=1 "$learnt" "tests/fuzz/$target" 2>&1 </dev/null); then
		passed=$((passed + 1))
		printf 'ok    %-12s %s inputs\n' "$target" \
			"$(sed -n 's/^stat::number_of_executed_units: *//p' <<<"$out")"
	else
		failed=$((failed + 1))
		printf 'FAIL  %s\n' "$target"
		tail -n 40 <<<"$out" | sed 's/^/      | /'
	fi
done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
