#!/usr/bin/env bash
# A new source from the living example: daemons/file with its unit test, flow test, configuration and systemd unit,
# renamed. What it makes builds and passes its tests as it is; from there on it is yours.
# usage: deploy/new-source.sh NAME      (or: make new-source NAME=telegram)
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:-}
if ! [[ $name =~ ^[a-z][a-z0-9]{1,23}$ ]]; then
	echo "new-source: NAME must be 2 to 24 of a-z 0-9, beginning with a letter: it becomes the channel, the daemon" \
		"muara-NAME and the prefix of C functions" >&2
	exit 2
fi
targets=("daemons/$name" "tests/unit/test-${name}_decode.c" "tests/flow/test_${name}_ingest.py" "config/$name.yaml"
	"deploy/systemd/muara-$name@.service")
for t in "${targets[@]}"; do
	[[ ! -e $t ]] || { echo "new-source: $t is there already; choose another name, or remove it" >&2; exit 1; }
done

# Only names change: muara-file, struct file, file_open(), daemons/file/, the channel. Prose about files stays.
rename() { # from to
	sed -E -e "s/muara-file/muara-$name/g; s#daemons/file/#daemons/$name/#g; s#muara/file-#muara/$name-#g" \
		-e "s#/file-%i#/$name-%i#g; s/Muara file ingestor, folder/Muara $name ingestor,/g" \
		-e "s/\bfile_(conf|source|open|cursor|step|drain|drained|health|close|sample|decode|line|line_free)\b/${name}_\1/g" \
		-e "s/\bstruct file\b/struct $name/g; s/\"file\"/\"$name\"/g; s/^DAEMON = 'file'/DAEMON = '$name'/" \
		-e "s/\bfile(-NAME)?\.yaml\b/$name\1.yaml/g; s/^#channel: file$/#channel: $name/" \
		-e "s/^account: kelurahan$/account: my-$name/; s#/var/lib/muara/drop\$#/var/lib/muara/drop-$name#" \
		"$1" >"$2"
}
mkdir "daemons/$name"
for f in daemons/file/*.c daemons/file/*.h; do
	rename "$f" "daemons/$name/${f##*/}"
done
rename tests/unit/test-file_decode.c "tests/unit/test-${name}_decode.c"
rename tests/flow/test_file_ingest.py "tests/flow/test_${name}_ingest.py"
rename config/file.yaml "config/$name.yaml"
rename deploy/systemd/muara-file@.service "deploy/systemd/muara-$name@.service"
# The channel must be known to muara.yaml, and its topic made.
grep -qE "^channels:.*\b$name\b" config/muara.yaml || sed -i -E "s/^(channels: \[.*)\]/\1, $name]/" config/muara.yaml
# A longer name may have pushed a line over the edge.
if command -v clang-format-14 >/dev/null; then
	clang-format-14 -i daemons/"$name"/*.[ch] "tests/unit/test-${name}_decode.c"
fi

build=${MUARA_BUILD:-test}
make --no-print-directory -j2 all unit-bins BUILD="$build"
tests/unit/run.sh "build/$build/unit" "test-${name}_decode"
printf 'made and built:\n'
printf '  %s\n' "${targets[@]}" "config/muara.yaml (channel $name)"
printf 'next: CONTRIBUTING.md, "A new source in seven steps"; its flow test: make test-flow T=%s\n' "test_${name}_ingest"
