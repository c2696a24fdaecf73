#!/usr/bin/env bash
# Everything `make test` runs, in order of cost; goes on after a failing part and ends with one verdict.
# usage: tests/run-all.sh BUILD     (test, san, cov)
# Each part ends with a line "N passed, N failed[, N skipped]"; a part without one, or with a non-zero exit, failed.
set -u
build=${1:-test}
cd "$(dirname "$0")/.." || exit 2
python=${PYTHON:-/usr/bin/python3}
export MUARA_BUILD=$build
out=$(mktemp) beside=$(mktemp) || exit 2
trap 'rm -f "$out" "$beside"' EXIT
passed=0 failed=0 skipped=0

part() { # name command...
	local name=$1 begin=$SECONDS line rc p f s
	shift
	printf '== %s\n' "$name"
	"$@" 2>&1 | tee "$out"
	rc=${PIPESTATUS[0]}
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$out" | tail -n 1)
	if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)? ]]; then
		p=${BASH_REMATCH[1]} f=${BASH_REMATCH[2]} s=${BASH_REMATCH[4]:-0}
	else
		printf '%s: no closing count\n' "$name"
		p=0 f=1 s=0
	fi
	((rc != 0 && f == 0)) && f=1
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '== %s: %d passed, %d failed in %d s\n\n' "$name" "$p" "$f" $((SECONDS - begin))
}

# Both wait a good deal of their time: the Python ones run beside the C ones and are shown after them.
"$python" tests/pyunit.py >"$beside" 2>&1 &
python_tests=$!
python_unit() {
	cat "$beside"
	return "$python_rc"
}

part 'unit tests (C)' tests/unit/run.sh "build/$build/unit" ''
part 'corpus of the fuzz targets' tests/fuzz/replay.sh "build/$build"
wait "$python_tests"
python_rc=$?
part 'unit tests (Python)' python_unit
# Flow tests wait four fifths of their time, less where a sanitizer computes.
case $build in san) jobs=4 ;; *) jobs=5 ;; esac
part 'flow tests (real Kafka and Redis)' "$python" tests/flow/run.py --build "$build" --jobs "${MUARA_JOBS:-$jobs}"

if ((failed)); then verdict=FAILED; else verdict=PASSED; fi
printf '%s in %d s\n' "$verdict" "$SECONDS"
printf '%d passed, %d failed' "$passed" "$failed"
if ((skipped)); then printf ', %d skipped' "$skipped"; fi
printf '\n'
((failed == 0))
