#!/usr/bin/env bash
# This project's own rules for one file; prints each breach, exit 0 = none.
file=$1
bad=0
say() { echo "$file: $*"; bad=1; }

case $file in
tests/lint/*) exit 0 ;; # names what it looks for
esac
if grep -qIE '(^|[^A-Za-z0-9_])/(work|farm|root|home)/[a-z.]' "$file"; then
	say "names a path of one machine: $(grep -nIE '/(work|farm|root|home)/[a-z.]' "$file" | head -n 1)"
fi
case $file in
*.c | *.h | *.sh | *.py | *.lua | Makefile)
	grep -nIE '\b(TODO|FIXME|XXX|HACK)\b' "$file" && say "an unfinished mark: finish it, or say in the file's head what is missing"
	;;
esac
case $file in
*.c)
	grep -vm 1 '^// uses:' "$file" | grep -q '^/\*' || say "does not open with its purpose"
	# A function that needs a second screen and more.
	limit=80
	[[ $file != tests/* ]] || limit=120 # a table of cases is no logic
	awk -v f="$file" -v limit=$limit 'FNR == 1 {open = 0} /^\{/ {open = FNR} /^\}/ && open {n = FNR - open + 1
		if (n > limit) {printf "%s:%d: a function of %d lines; split it\n", f, open, n; bad = 1} open = 0}
		END {exit bad}' "$file" || bad=1
	[[ $file == tests/* ]] || ! grep -nE '\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|rand)\(' "$file" || say "an unsafe or untold function; see base/buf.h, base/util.h, base/crypto.h"
	;;
*.h)
	head -n 1 "$file" | grep -q '^/\*' || say "does not open with what a stranger needs"
	grep -q '^#pragma once' "$file" || say "no #pragma once"
	;;
esac
case $file in
common/base/*) grep -nE '#include "(core|daemons)/' "$file" && say "base knows nothing of complaints" ;;
common/core/*) grep -nE '#include "daemons/' "$file" && say "core includes no daemon" ;;
daemons/*/*)
	own=${file#daemons/} own=${own%%/*}
	grep -nE '#include "daemons/' "$file" | grep -vE "\"daemons/$own/" && say "no daemon includes another's header"
	;;
esac
exit $bad
