#!/usr/bin/env bash
# One Kafka node (KRaft mode) in a folder of its own.
#
#   kafka.sh fetch [<libdir>]   fetch the pinned jars, check every digest
#   kafka.sh archive            once, beside the jars: the classes of a running broker as this
#                               JVM maps them; a start then takes half the processor time
#   kafka.sh start <dir> [--port N] [--controller-port N] [--prop key=value]... [--join ID]
#                               settings and format once, start, wait until ready;
#                               --join: a further node of the cluster ID (README.md)
#   kafka.sh run   <dir>        the same in the foreground, without the wait (systemd)
#   kafka.sh wait  <dir> [seconds]   until the broker answers a Metadata request
#   kafka.sh status <dir>       exit 0: ready; 3: not running; 4: running, no answer
#   kafka.sh stop  <dir>        SIGTERM by pid, SIGKILL after MUARA_KAFKA_STOP_S (60)
#   kafka.sh kill9 <dir>        SIGKILL by pid (crash tests)
#
# In <dir>: server.properties (written once, then yours), data/, kafka.pid,
# kafka.log. Options of `start` are for the first start only.
#
# Environment: MUARA_KAFKA_LIB  folder of the jars (build/kafka/lib in a checkout,
#                               lib beside this file where it is installed)
#              MUARA_KAFKA_HEAP JVM heap options (-Xms64m -Xmx256m)
#              MUARA_KAFKA_LEVEL log level (info)
#
# Guarantees: nothing is started from jars whose digests were not checked; a
# process is signalled only when it is the broker of that very folder; "ready"
# means an answered request that names the broker as alive, not an open port.
# Known gaps: plain text listeners only for the wait; one node per folder.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# In a checkout the jars are build products; installed, they lie beside this file.
if [ -f "$here/../../Makefile" ]; then own_lib=$(realpath -m "$here/../../build/kafka/lib"); else own_lib=$here/lib; fi
lib=${MUARA_KAFKA_LIB:-$own_lib}
heap=${MUARA_KAFKA_HEAP:--Xms64m -Xmx256m}
level=${MUARA_KAFKA_LEVEL:-info}

die() { echo "kafka.sh: $*" >&2; exit 1; }

usage() { sed -n '2,/^set -euo/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

# ---- jars -------------------------------------------------------------------

# The stamp is the digest of the list the jars were checked against, so a new
# pin in the checkout makes old jars invalid by itself.
want_stamp() { sha256sum <"$here/SHA256SUMS" | cut -d' ' -f1; }

checked() { [ -f "$1/.checked" ] && [ "$(cat "$1/.checked")" = "$(want_stamp)" ]; }

# Every listed jar with its digest, and no other jar.
verify() {
	(cd "$1" && sha256sum --quiet --strict -c "$here/SHA256SUMS") || return 1
	local extra
	extra=$(comm -13 <(sed 's/.* [ *]//' "$here/SHA256SUMS" | LC_ALL=C sort) \
		<(cd "$1" && printf '%s\n' *.jar | LC_ALL=C sort))
	[ -z "$extra" ] || { echo "not in SHA256SUMS: $extra" >&2; return 1; }
}

fetch() {
	local to=${1:-$lib} new
	checked "$to" && return 0
	command -v mvn >/dev/null || die "mvn is missing: install maven (deploy/deps.sh does)"
	{ mkdir -p "$to" && [ -w "$to" ]; } 2>/dev/null ||
		die "the jars are not in $to and it cannot be written; once, as its owner: $0 fetch $to"
	# The folder is replaced as a whole: never one that holds something else.
	[ -f "$to/.checked" ] || [ -z "$(ls -A "$to")" ] ||
		die "$to is not empty and not made by kafka.sh fetch; remove it or name another (MUARA_KAFKA_LIB)"
	exec 8>"$to.lock"
	flock 8 # two test runs of one checkout
	checked "$to" && return 0
	new=$(mktemp -d "$to.XXXXXX")
	# shellcheck disable=SC2064
	trap "rm -rf '$new'" EXIT
	echo "kafka: fetching the jars (43 MB) into $to" >&2
	if ! mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory="$new" >"$new/mvn.log" 2>&1; then
		cat "$new/mvn.log" >&2
		die "fetching the jars failed; Maven's words are above (network, or a mirror in ~/.m2/settings.xml?)"
	fi
	rm -f "$new/mvn.log"
	verify "$new" >&2 || die "the jars do not match $here/SHA256SUMS; nothing was installed." \
		"Either the repository served other files, or pom.xml was changed without its SHA256SUMS"
	want_stamp >"$new/.checked"
	chmod 755 "$new"
	rm -rf "$to"
	mv "$new" "$to"
	trap - EXIT
	exec 8>&-
}

# ---- the folder -------------------------------------------------------------

prop() { sed -n "s/^$2=//p" "$1/server.properties" | tail -n 1; }

# settings <dir> <port> <controller-port> [key=value]...
settings() {
	local dir=$1 port=$2 cport=$3
	shift 3
	sed -e "s|@DIR@|$dir|g" -e "s|@PORT@|$port|g" -e "s|@CONTROLLER_PORT@|$cport|g" \
		"$here/server.properties.in" >"$dir/server.properties.new"
	[ $# -eq 0 ] || printf '%s\n' '' '# --- given at the first start ---' "$@" >>"$dir/server.properties.new"
	mv "$dir/server.properties.new" "$dir/server.properties"
}

# prepare <dir> [options]: settings and format, each once; prints nothing.
prepare() {
	local dir=$1 port=9092 cport=9093 props=() given=0 join=
	shift
	while [ $# -gt 0 ]; do
		[ $# -ge 2 ] || die "$1 needs a value"
		case $1 in
		--port) port=$2 ;;
		--controller-port) cport=$2 ;;
		--join) join=$2 ;;
		--prop)
			[[ $2 == *=* ]] || die "--prop wants key=value, not '$2'"
			props+=("$2")
			;;
		*) die "unknown option $1" ;;
		esac
		given=1
		shift 2
	done
	if [ -f "$dir/server.properties" ]; then
		[ $given = 0 ] || die "$dir/server.properties exists: change it there, options are for the first start"
	else
		settings "$dir" "$port" "$cport" ${props[@]+"${props[@]}"}
	fi
	[ -f "$dir/data/meta.properties" ] || format "$dir" "$join"
}

# classes_of_jvm: named after the JVM, which takes no other's; of other jars it is gone with them.
classes_of_jvm() {
	command -v java >/dev/null || die "java is missing: install openjdk-17-jre-headless (deploy/deps.sh does)"
	echo "$lib/classes-$(stat -Lc %s-%Y "$(command -v java)").jsa"
}

java_in() {
	local dir=$1 classes
	shift
	classes=$(classes_of_jvm)
	[ ! -f "$classes" ] || classes=-XX:SharedArchiveFile=$classes
	[[ $classes == -* ]] || classes=-Xshare:auto # what the JVM does anyway
	# C1 only and the serial collector: half the memory and a quicker start,
	# and the disk is the limit here, not the compiler.
	# shellcheck disable=SC2086
	exec ${own_session:-} java $heap "${classes_to:-$classes}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData \
		-XX:+ExitOnOutOfMemoryError -XX:ErrorFile="$dir/hs_err.log" -Djava.awt.headless=true \
		-Dmuara.kafka.dir="$dir" -Dmuara.kafka.level="$level" \
		-Dlog4j2.configurationFile="$here/log4j2.properties" -cp "$lib/*" "$@"
}

# A broker without data runs for a moment, in a folder of its own, and leaves its classes at its end.
archive() {
	local port
	pid= # like dir and to for the trap
	fetch "$lib"
	to=$(classes_of_jvm)
	[ ! -f "$to" ] || return 0
	[ -w "$lib" ] || die "$lib cannot be written; once, as its owner: $0 archive"
	exec 7>"$lib.lock"
	flock 7 # two test runs of one checkout
	[ ! -f "$to" ] || return 0
	dir=$(mktemp -d)
	trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true; rm -rf "$dir" "$to.new"' EXIT
	port=$((30001 + 2 * (RANDOM % 1000))) # below what outgoing connections use
	prepare "$dir" --port "$port" --controller-port $((port + 1))
	(classes_to=-XX:ArchiveClassesAtExit=$to.new java_in "$dir" kafka.Kafka "$dir/server.properties" 7>&-) \
		>"$dir/kafka.log" 2>&1 </dev/null &
	pid=$!
	wait_ready "$dir" 180 "$pid"
	kill -TERM "$pid"
	wait "$pid" || true # 143
	pid=
	[ -s "$to.new" ] || { tail -n 5 "$dir/kafka.log" >&2; die "the JVM left no archive; brokers start slower, no more"; }
	mv "$to.new" "$to"
	rm -rf "$dir"
	trap - EXIT
}

# format <dir> [<id of the cluster to join>]: a first node is its own quorum; a
# further one starts as an observer and becomes a voter by the admin's word.
format() {
	local id=${2:-} how=--no-initial-controllers
	if [ -z "$id" ]; then
		how=--standalone
		id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c1-22)
		[[ $id != -* ]] || id=m${id:1} # a leading '-' would be read as an option
	fi
	(umask 077 && mkdir -p "$1/data")
	(level=warn && java_in "$1" kafka.tools.StorageTool format "$how" -t "$id" \
		-c "$1/server.properties") >"$1/format.log" 2>&1 ||
		die "formatting $1/data failed: see $1/format.log"
}

# ---- the process ------------------------------------------------------------

# The broker's pid, only when that process is the broker of this folder: a
# number that was given to someone else after a reboot is never signalled.
alive() {
	local pid
	pid=$(cat "$1/kafka.pid" 2>/dev/null) || return 1
	[ -r "/proc/$pid/cmdline" ] || return 1
	tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -e "-Dmuara.kafka.dir=$1" || return 1
	echo "$pid"
}

# Metadata v4 without topics: 4 bytes length | key 3, version 4, correlation 1,
# client id null | no topics, do not create. A broker that is not yet taken in
# by the controller answers nothing or names no broker. Reply: length,
# correlation, throttle, then the number of brokers.
answers() {
	local n
	n=$( (
		exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
		printf '\0\0\0\017\0\003\0\004\0\0\0\001\377\377\0\0\0\0\0' >&3
		timeout 2 head -c 16 <&3 | od -An -tx1 -j12 -N4 | tr -d ' \n'
	) 2>/dev/null) || return 1
	[[ $n =~ ^[0-9a-f]{8}$ ]] && [ $((16#$n)) -ge 1 ]
}

port_of() { prop "$1" listeners | sed -n 's/.*PLAINTEXT:\/\/[^:,]*:\([0-9]*\).*/\1/p'; }

# wait_ready <dir> [seconds] [pid]: with a pid, its end ends the wait.
wait_ready() {
	local dir=$1 limit=${2:-60} pid=${3:-} port end
	port=$(port_of "$dir")
	[ -n "$port" ] || die "no PLAINTEXT listener in $dir/server.properties"
	end=$((SECONDS + limit))
	until answers "$port"; do
		if [ -n "$pid" ] && ended "$pid" 1; then
			tail -n 15 "$dir/kafka.log" >&2
			die "the broker ended; its last words are above, all of them in $dir/kafka.log"
		fi
		[ $SECONDS -lt $end ] || die "no answer on 127.0.0.1:$port after $limit s; see $dir/kafka.log (or the journal)"
		sleep 0.1
	done
}

start() {
	local dir=$1
	alive "$dir" >/dev/null && die "already running in $dir (pid $(alive "$dir"))"
	fetch "$lib"
	prepare "$@"
	(
		echo "$BASHPID" >"$dir/kafka.pid" # stays right: everything from here on is exec
		exec </dev/null >>"$dir/kafka.log" 2>&1
		own_session=setsid # the end of the terminal is not the end of the broker
		java_in "$dir" kafka.Kafka "$dir/server.properties"
	) &
	wait_ready "$dir" 60 $!
}

run() {
	fetch "$lib"
	prepare "$@"
	echo $$ >"$1/kafka.pid"
	java_in "$1" kafka.Kafka "$1/server.properties"
}

# ended <pid> <tenths of a second>
ended() {
	local i
	for ((i = 0; i < $2; i++)); do
		[ -d "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}

stop() {
	local pid s=${MUARA_KAFKA_STOP_S:-60}
	pid=$(alive "$1") || { rm -f "$1/kafka.pid"; return 0; }
	kill -TERM "$pid" 2>/dev/null || true
	if ! ended "$pid" $((s * 10)); then
		echo "kafka.sh: no end after $s s, killing pid $pid; see $1/kafka.log" >&2
		kill -KILL "$pid" 2>/dev/null || true
		ended "$pid" 100 || die "pid $pid does not end (stuck in the kernel?)"
	fi
	rm -f "$1/kafka.pid"
}

kill9() {
	local pid
	pid=$(alive "$1") || die "no broker runs in $1"
	kill -KILL "$pid"
	ended "$pid" 100 || die "pid $pid does not end (stuck in the kernel?)"
	rm -f "$1/kafka.pid"
}

status() {
	local pid
	pid=$(alive "$1") || { echo "not running"; exit 3; }
	answers "$(port_of "$1")" || { echo "pid $pid runs but does not answer; see $1/kafka.log"; exit 4; }
	echo "ready: pid $pid, 127.0.0.1:$(port_of "$1")"
}

# ---- commands ---------------------------------------------------------------

cmd=${1:-help}
[ $# -eq 0 ] || shift
case $cmd in
fetch)
	fetch "$@"
	;;
archive)
	archive
	;;
start | run | wait | status | stop | kill9)
	[ $# -ge 1 ] || die "$cmd wants the folder of the node"
	[[ $cmd == start || $cmd == run ]] && (umask 077 && mkdir -p "$1")
	dir=$(cd "$1" 2>/dev/null && pwd) || die "no folder $1"
	shift
	[ "$cmd" != wait ] || cmd=wait_ready
	"$cmd" "$dir" "$@"
	;;
help | -h | --help)
	usage
	;;
*)
	die "unknown command '$cmd' (kafka.sh help)"
	;;
esac
