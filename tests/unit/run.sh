#!/bin/bash
# Runs the unit test programs of a folder: run.sh DIR [NAME]. One line each, the whole output of
# what failed, and at the end "N passed, N failed"; not zero when anything failed or nothing ran.
set -u
dir=${1:?usage: run.sh DIR [NAME]}
name=${2:-}
limit=${MUARA_UNIT_LIMIT_S:-180} # a test that hangs is a failed test
passed=0 failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT
export CMOCKA_MESSAGE_OUTPUT=stdout
count() { sed -nE "s/^\[  $1  \] (.* )?([0-9]+) test\(s\).*/\2/p" "$out" | awk '{n += $1} END {print n + 0}'; }
for t in "$dir"/test-*; do
	[[ -x $t && -f $t && ${t##*/} == *"$name"* && ${t##*/} != *.* ]] || continue
	start=$(date +%s%N)
	timeout -k 5 "$limit" "$t" >"$out" 2>&1
	rc=$?
	ms=$((($(date +%s%N) - start) / 1000000))
	p=$(count PASSED) f=$(count FAILED)
	# A crash, a time-out or a leak found at exit has no line of cmocka's.
	[ $rc -eq 0 ] || [ "$f" -gt 0 ] || f=1
	passed=$((passed + p)) failed=$((failed + f))
	if [ $rc -eq 0 ] && [ "$f" -eq 0 ]; then
		printf 'ok    %4d.%03d s  %3d  %s\n' $((ms / 1000)) $((ms % 1000)) "$p" "${t##*/}"
	else
		printf 'FAIL  %4d.%03d s  %3d  %s (exit %d)\n' $((ms / 1000)) $((ms % 1000)) "$p" "${t##*/}" $rc
		sed 's/^/      | /' "$out"
	fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
