#!/bin/bash
# How much of each parser the corpus of its fuzz target reaches: coverage.sh [NAME]. Replays tests/fuzz/NAME and what
# `make fuzz` learnt (build/fuzz/corpus/NAME) in a build that counts lines (BUILD=cov), one target at a time, and tells
# the lines reached of every file the target names by "// uses:" or "// parser:". Below 90 % a line is marked "low".
# Ends with "N passed, N failed": only a target that does not run fails; whether a share is enough is for a reader, who
# sees which lines are missing in build/cov/coverage/NAME/.
set -u
cd "$(dirname "$0")/../.." || exit 2
name=${1:-}
make --no-print-directory -j2 fuzz-bins BUILD=cov CC="${CCACHE:+ccache }cc" >/dev/null || exit 1
passed=0 failed=0
for source in tests/fuzz/fuzz-*.c; do
	target=${source##*/fuzz-} target=${target%.c}
	[[ $target == *"$name"* ]] || continue
	find build/cov -name '*.gcda' -delete
	corpora=("tests/fuzz/$target")
	[[ -d build/fuzz/corpus/$target ]] && corpora+=("build/fuzz/corpus/$target")
	if ! timeout 300 "build/cov/fuzz/fuzz-$target" "${corpora[@]}" >/dev/null 2>&1; then
		printf 'FAIL  %s\n' "$target"
		failed=$((failed + 1))
		continue
	fi
	passed=$((passed + 1))
	out=build/cov/coverage/$target
	rm -rf "$out" && mkdir -p "$out"
	while read -r file; do
		(cd "$out" && gcov -o "../../../../build/cov/$(dirname "$file")" -s ../../../.. "../../../../build/cov/${file%.c}.o") 2>/dev/null |
			awk -v t="$target" -v f="$file" -v b="${file##*/}" '
				/^File / {mine = index($0, f) || $0 ~ "/" b "\047$" || $0 == "File \047" b "\047"}
				/^Lines executed:/ && mine {split($2, x, ":"); sub("%.*", "", x[2])
					printf "%-4s %6.1f %% of %4d lines  %-12s %s\n", x[2] + 0 < 90 ? "low" : "ok", x[2], $NF, t, f; mine = 0}'
	done < <(sed -nE 's|^// (uses\|parser): *||p' "$source")
done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
