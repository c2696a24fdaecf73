#!/usr/bin/env bash
# What a machine can say about the sources: format, gcc -fanalyzer, clang-tidy, cppcheck, shell and Python checks,
# and this project's own rules. Each (tool, file) is one check; the closing line counts them.
# usage: tests/lint/run.sh [TOOL...]     tools: format analyzer tidy cppcheck shell python rules
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2
tools=("$@")
[ $# -gt 0 ] || tools=(format rules shell python cppcheck tidy analyzer)
out=$(mktemp -d) || exit 2
trap 'rm -rf "$out"' EXIT
passed=0 failed=0

# check TOOL FILES...: tests/lint/check.sh TOOL FILE for each, on all cores; what fails is shown whole.
check() {
	local tool=$1 begin=$SECONDS n bad
	shift
	n=$#
	[ "$n" -gt 0 ] || { echo "FAIL  $tool: no files found"; failed=$((failed + 1)); return; }
	printf '%s\0' "$@" | xargs -0 -P "$(nproc)" -I{} sh -c '
		name=$(printf %s "$2" | tr / _)
		if ! tests/lint/check.sh "$1" "$2" >"$3/$name.out" 2>&1; then
			mv "$3/$name.out" "$3/$1.$name.bad"
		fi' sh "$tool" {} "$out"
	for bad in "$out/$tool".*.bad; do
		[ -e "$bad" ] || continue
		sed "s/^/$tool: /" "$bad"
	done
	bad=$(find "$out" -name "$tool.*.bad" | wc -l)
	passed=$((passed + n - bad)) failed=$((failed + bad))
	printf '%-9s %3d files, %d failed, %d s\n' "$tool" "$n" "$bad" $((SECONDS - begin))
}

mapfile -t sources < <(git ls-files '*.c')
mapfile -t shipped < <(git ls-files 'common/*.c' 'daemons/*.c')
mapfile -t all_c < <(git ls-files '*.c' '*.h')
mapfile -t scripts < <(git grep -lE '^#!.*\b(ba)?sh\b' -- . ':!*.py' ':!*.md')
mapfile -t pythons < <(git ls-files '*.py')
mapfile -t everything < <(git ls-files ':!LICENSE')

for tool in "${tools[@]}"; do
	case $tool in
	format) check format "${all_c[@]}" ;;
	analyzer) check analyzer "${shipped[@]}" ;;
	tidy) check tidy "${shipped[@]}" ;;
	cppcheck) check cppcheck "${sources[@]}" ;;
	shell) check shell "${scripts[@]}" ;;
	python) check python "${pythons[@]}" ;;
	rules) check rules "${everything[@]}" ;;
	*) echo "unknown tool $tool; see the head of this file" >&2; exit 2 ;;
	esac
done
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
