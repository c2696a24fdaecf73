#!/usr/bin/env bash
# Installs what building, testing and running Muara needs on Debian 12.
#
#   deploy/deps.sh            what `make`, `make test` and `make demo` need
#   deploy/deps.sh --lint     also clang-format, clang-tidy, cppcheck, ...
#   deploy/deps.sh --list     only print the packages that are missing
#
# Asks nothing. As root, or through sudo. When nothing is missing it does
# nothing, within a blink (no apt-get update).
# Guarantee: it leaves no service enabled or running that was not before. The
# packages of Redis, nginx, Dovecot and OpenSSH start one at install; a policy-rc.d refuses that
# meanwhile (an existing one is put back, also after a failure), and units they
# newly enabled are disabled again.
# Known gap: Debian's package names only; elsewhere it prints the list.
set -euo pipefail

BASE=(gcc make pkg-config
	librdkafka-dev libcurl4-gnutls-dev libjansson-dev libhiredis-dev libmicrohttpd-dev libyaml-dev
	libsystemd-dev libssl-dev libutf8proc-dev libunistring-dev libcmocka-dev
	libgmime-3.0-dev libetpan-dev dovecot-imapd
	redis-server nginx-light openssh-server strace openssl systemd util-linux
	python3 python3-confluent-kafka python3-jsonschema python3-yaml)
LINT=(clang-14 clang-format-14 clang-tidy-14 cppcheck libclang-rt-14-dev shellcheck python3-pyflakes)
SERVICES=(redis-server nginx dovecot ssh) # what the packages above would start

POLICY=/usr/sbin/policy-rc.d

say() { echo "deps: $*"; }
die() { echo "deps: $*" >&2; exit 1; }

installed() { # the names of all installed packages, one a line
	dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^ii  *//p'
}

wanted() { # [--lint]
	printf '%s\n' "${BASE[@]}"
	[ "${1:-}" != --lint ] || printf '%s\n' "${LINT[@]}"
	command -v java >/dev/null || echo openjdk-17-jre-headless
	command -v mvn >/dev/null || echo maven
}

missing() { comm -23 <(wanted "$@" | LC_ALL=C sort -u) <(installed | LC_ALL=C sort -u); }

# ---- services stay as they are ----------------------------------------------

has_systemd() { [ -d /run/systemd/system ]; }

enabled_now() {
	local s
	for s in "${SERVICES[@]}"; do
		! systemctl is-enabled --quiet "$s" 2>/dev/null || echo "$s"
	done
}

MARK='by deploy/deps.sh of Muara, for the length of one apt-get'

exists() { [ -e "$1" ] || [ -L "$1" ]; }

forbid_starts() {
	# One of ours still there: a run was killed, what it had put aside is the true one.
	if exists $POLICY && ! grep -q "$MARK" $POLICY; then
		$as_root mv $POLICY $POLICY.before-muara
	fi
	printf '#!/bin/sh\n# %s\nexit 101\n' "$MARK" | $as_root tee $POLICY >/dev/null
	$as_root chmod 755 $POLICY
}

allow_starts() {
	$as_root rm -f $POLICY
	if exists $POLICY.before-muara; then $as_root mv $POLICY.before-muara $POLICY; fi
}

# disable_new <those enabled before, a line each>
disable_new() {
	local s
	for s in $(comm -13 <(LC_ALL=C sort <<<"$1") <(enabled_now | LC_ALL=C sort)); do
		say "the package enabled $s; disabling it again (nothing of Muara's tests needs the packaged one)"
		$as_root systemctl disable --quiet "$s" || say "could not disable $s: do it by hand"
	done
}

# ---- the install ------------------------------------------------------------

# apt's words are shown only when it fails.
quietly() {
	local log
	log=$(mktemp)
	if ! "$@" >"$log" 2>&1; then
		tail -n 30 "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}

apt() {
	$as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get -y -q \
		-o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=120 "$@"
}

install_missing() {
	local before=''
	if installed | grep -qx libcurl4-openssl-dev && [[ " $* " == *' libcurl4-gnutls-dev '* ]]; then
		say "libcurl4-openssl-dev is installed and cannot stand beside libcurl4-gnutls-dev (same headers):"
		say "apt will remove it and install the GnuTLS flavour. Programs already built keep working."
		say "To go back: apt-get install libcurl4-openssl-dev"
	fi
	has_systemd && before=$(enabled_now)
	trap allow_starts EXIT
	forbid_starts
	say "reading the package lists"
	quietly apt update || say "package lists not refreshed (see above); trying with those at hand"
	say "installing $# packages: $*"
	quietly apt install --no-install-recommends "$@" || die "apt-get failed, its last words are above"
	allow_starts
	trap - EXIT
	! has_systemd || disable_new "$before"
}

main() {
	local lint='' list=''
	for arg in "$@"; do
		case $arg in
		--lint) lint=--lint ;;
		--list) list=yes ;;
		*) die "unknown option $arg (see the head of this file)" ;;
		esac
	done
	command -v dpkg-query >/dev/null ||
		die "no Debian here; install the counterparts of: $(wanted $lint | tr '\n' ' ')"
	local need
	mapfile -t need < <(missing $lint)
	[ ${#need[@]} -gt 0 ] || exit 0
	[ -z "$list" ] || { printf '%s\n' "${need[@]}"; exit 0; }
	as_root=''
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || die "neither root nor sudo; as root: apt-get install ${need[*]}"
		as_root='sudo -n' # only a person at a terminal can be asked for a password
		[ ! -t 0 ] || as_root=sudo
	fi
	install_missing "${need[@]}"
	mapfile -t need < <(missing $lint)
	[ ${#need[@]} -eq 0 ] || die "still missing: ${need[*]}"
	say "done"
}

main "$@"
