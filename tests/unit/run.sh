#!/bin/bash
# Runs the unit test programs of a folder, as many at a time as there are cores: run.sh DIR [NAME].
# One line each, the whole output of what failed, and at the end "N passed, N failed"; not zero when
# anything failed or nothing ran.
set -u
export limit=${MUARA_UNIT_LIMIT_S:-600} # a test that hangs is a failed test
export CMOCKA_MESSAGE_OUTPUT=stdout

count() { # PASSED|FAILED FILE
	sed -nE "s/^\[  $1  \] (.* )?([0-9]+) test\(s\).*/\2/p" "$2" | awk '{n += $1} END {print n + 0}'
}

# One program; its lines in one piece, its counts as a line in $counts.
one() {
	local t=$1 out start rc ms p f
	out=$(mktemp)
	start=$(date +%s%N)
	timeout -k 5 "$limit" "$t" >"$out" 2>&1
	rc=$?
	ms=$((($(date +%s%N) - start) / 1000000))
	p=$(count PASSED "$out") f=$(count FAILED "$out")
	# A crash, a time-out or a leak found at exit has no line of cmocka's.
	[ $rc -eq 0 ] || [ "$f" -gt 0 ] || f=1
	{
		flock 9
		if [ $rc -eq 0 ] && [ "$f" -eq 0 ]; then
			printf 'ok    %4d.%03d s  %3d  %s\n' $((ms / 1000)) $((ms % 1000)) "$p" "${t##*/}"
		else
			printf 'FAIL  %4d.%03d s  %3d  %s (exit %d)\n' $((ms / 1000)) $((ms % 1000)) "$p" "${t##*/}" $rc
			sed 's/^/      | /' "$out"
		fi
		echo "$p $f" >>"$counts"
	} 9<"$counts"
	rm -f "$out"
}

if [ "${1:-}" = --one ]; then
	one "$2"
	exit 0
fi
dir=${1:?usage: run.sh DIR [NAME]} name=${2:-}
counts=$(mktemp)
export counts
trap 'rm -f "$counts"' EXIT
for t in "$dir"/test-*; do
	[[ -x $t && -f $t && ${t##*/} == *"$name"* && ${t##*/} != *.* ]] || continue
	printf '%s\0' "$t"
done | xargs -0 -r -P "$(nproc)" -n 1 "$0" --one
read -r passed failed < <(awk '{p += $1; f += $2} END {print p + 0, f + 0}' "$counts")
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
