#!/usr/bin/env bash
# One check of one file: check.sh TOOL FILE. Prints what is wrong; exit 0 = nothing.
set -uo pipefail
tool=$1 file=$2
includes=(-D_GNU_SOURCE -DMUARA_TEST -Icommon -I.)
read -ra glib < <(pkg-config --cflags gmime-3.0) # the one library that does not lie in /usr/include itself

case $tool in
format)
	clang-format-14 --dry-run -Werror "$file"
	;;
analyzer)
	# Leaks it reports of jansson's and our own containers are false: it does not know reference counts.
	gcc -std=gnu11 -O2 "${includes[@]}" "${glib[@]}" -fanalyzer -Wno-analyzer-malloc-leak -Werror -c -o /dev/null "$file"
	;;
tidy)
	# clang-tidy counts what it hides on stderr; only its findings matter.
	clang-tidy-14 --quiet "$file" -- -std=gnu11 "${includes[@]}" "${glib[@]}" 2>/dev/null
	;;
cppcheck)
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--include=tests/lint/cppcheck.h \
		--suppressions-list=tests/lint/cppcheck.txt "${includes[@]}" "$file"
	;;
shell)
	shellcheck -S warning "$file"
	;;
python)
	/usr/bin/python3 -m pyflakes "$file"
	;;
rules)
	tests/lint/rules.sh "$file"
	;;
*)
	echo "unknown tool $tool"
	exit 2
	;;
esac
