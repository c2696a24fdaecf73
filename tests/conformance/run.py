"""Runs sample payloads of others through our decoders: nothing crashes, no element is lost.

    run.py --fixtures DIR --tools build/test/tools

Every file below DIR is looked at; who it belongs to is told by its content (conformance_formats.py). A format without
a decoder yet is counted as "not covered yet", never as passed. Each covered file is decoded whole (a line tells what
became of it) and, for robustness, cut at several places: cut bytes must still give at least one message and no crash.
Ends with "N passed, N failed".
"""
import argparse
import collections
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import conformance_formats as formats  # noqa: E402

CUTS = 12
LIMIT_S = 30


class Crash(Exception):
    pass


def decode(tool, path):
    """Lines of the tool; Crash when it ended in any way but well."""
    try:
        done = subprocess.run([tool, path], capture_output=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired as e:
        raise Crash(f'does not end within {LIMIT_S} s') from e
    if done.returncode:
        raise Crash(f'exit {done.returncode}: {done.stderr.decode(errors="replace").strip()[-400:]}')
    return done.stdout


def check_cuts(fmt, tool, data, path):
    """Faults of the bodies that end too early. What was pushed to us must not get lost; what we asked for is asked for again,
    and half of it must not be taken for the whole."""
    for i in range(CUTS):
        cut = len(data) * i // CUTS
        path.write_bytes(data[:cut])
        messages = fmt.messages(decode(tool, path))
        if not messages:
            return [f'cut at byte {cut} of {len(data)}: nothing came of it']
        if getattr(fmt, 'torn_is_refused', False) and [set(m) for m in messages] != [{'refused'}]:
            return [f'cut at byte {cut} of {len(data)}: it was taken for a whole answer']
    return []


def check_file(fmt, tool, path, scratch):
    """(summary, faults)"""
    data, messages, cuts = path.read_bytes(), [], []
    bodies = fmt.bodies(data) if hasattr(fmt, 'bodies') else [data]
    try:
        for body in bodies:
            (scratch / 'body').write_bytes(body)
            messages += fmt.messages(decode(tool, scratch / 'body'))
            cuts += check_cuts(fmt, tool, body, scratch / 'cut')
        return fmt.summary(messages), fmt.faults(path.name, data, messages) + cuts
    except Crash as e:
        return '-', [str(e)]


def run(root, tools, out=print):
    """(passed, failed) of all files below root."""
    passed, failed, others = 0, 0, collections.Counter()
    with tempfile.TemporaryDirectory() as scratch:
        for path in sorted(p for p in root.rglob('*') if p.is_file()):
            fmt = formats.of(path)
            if fmt.tool is None:
                others[fmt.name] += 1
                continue
            summary, faults = check_file(fmt, str(tools / fmt.tool), path, pathlib.Path(scratch))
            passed, failed = passed + (not faults), failed + bool(faults)
            out(f'{"FAIL" if faults else "ok  "}  {path.relative_to(root)}: {summary}')
            for f in faults:
                out(f'      {f}')
    for name, n in sorted(others.items()):
        out(f'not covered yet: {n} files of {name}')
    return passed, failed


def main():
    p = argparse.ArgumentParser(description='Sample payloads through our decoders.')
    p.add_argument('--fixtures', type=pathlib.Path, default=HERE / 'samples', help='a folder of samples')
    p.add_argument('--tools', type=pathlib.Path, default=HERE.parent.parent / 'build' / 'test' / 'tools')
    args = p.parse_args()
    if not args.fixtures.is_dir():
        sys.exit(f'{args.fixtures}: no such folder')
    passed, failed = run(args.fixtures, args.tools)
    print(f'{passed} passed, {failed} failed')
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    sys.exit(main())
