#!/usr/bin/env bash
# Writes the unit files as installed: @bindir@, @sysconf@, @datadir@ replaced, @hardening@ by hardening.conf.
# usage: render.sh OUTDIR BINDIR SYSCONF DATADIR
set -euo pipefail
(($# == 4)) || { sed -n '3p' "$0" >&2; exit 2; }
out=$1 bindir=$2 sysconf=$3 datadir=$4
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$out"
for unit in "$here"/muara*.service "$here"/muara*.target "$here"/muara*.timer; do
	sed -e "/^@hardening@/{r $here/hardening.conf
d}" "$unit" |
		sed -e "s|@bindir@|$bindir|g; s|@sysconf@|$sysconf|g; s|@datadir@|$datadir|g" >"$out/${unit##*/}"
done
