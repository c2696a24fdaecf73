"""The verdict of `make fuzz-coverage`: how many lines of a parser its own fuzz target reaches.

    fuzz_coverage.py run TARGET CORPUS...   replays the corpora in build/cov, counts, tells the lines that were missed
    fuzz_coverage.py table                  the table of all targets that ran; not zero when one is below its bound

What belongs to a target's parser stands at its top, file by file:

    // parser: FILE                    all of it (so is a daemon's file named by "// uses:" alone)
    // parser: FILE only F G           these functions: the rest of the file reads nothing from outside
    // parser: FILE without F: REASON  all but these, which no input can reach, for that reason
    //                                 (several lines of one file add up)
    // elsewhere: TARGET FILE...       linked here, measured where its own target is

A file of several targets is measured by each of those that name it as their parser.
"""
import gzip
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COV = ROOT / 'build' / 'cov'
DONE = COV / 'fuzz-coverage.json'
BOUND = 90.0  # per cent of the lines


def parsers(target):
    """{file: (only, without, reason)} of a target."""
    text = (ROOT / f'tests/fuzz/fuzz-{target}.c').read_text()
    found = {f: (None, (), '') for line in re.findall(r'^// uses: *(.*)', text, re.M) for f in line.split()}
    for line in re.findall(r'^// parser: *(.*)', text, re.M):
        m = re.fullmatch(r'(\S+?)(?: only ([\w ]+)| without ([\w ]+): (.+))?', line)
        if not m:
            sys.exit(f'fuzz-{target}.c: not understood: // parser: {line}')
        file, only, without, reason = m.groups()
        had = found.get(file, (None, (), ''))
        found[file] = ((had[0] or set()) | set(only.split()) if only else had[0],
                       set(had[1]) | set((without or '').split()), reason or had[2])
    for other, files in re.findall(r'^// elsewhere: *(\w+) (.*)', text, re.M):
        for file in files.split():
            del found[file]
            if file not in parsers(other):
                sys.exit(f'fuzz-{target}.c: fuzz-{other}.c does not measure {file}')
    return found


def lines_of(file):
    """[(function, line, reached)] of an object compiled from the file."""
    out = subprocess.run(['gcov', '--json-format', '--stdout', str((COV / file).with_suffix('.o'))], cwd=COV,
                         capture_output=True, check=True).stdout
    if out[:2] == b'\x1f\x8b':
        out = gzip.decompress(out)
    return [(n.get('function_name', ''), n['line_number'], n['count'] > 0)
            for f in json.loads(out)['files'] if f['file'].endswith(file) for n in f['lines']]


def measure(target, file, only, without):
    lines = lines_of(file)
    names = {f for f, _, _ in lines}
    unknown = ((only or set()) | set(without)) - names
    if unknown:
        sys.exit(f'fuzz-{target}.c: {file} has no function {sorted(unknown)}')
    counted = {}
    for function, line, reached in lines:
        if (not only or function in only) and function not in without:
            counted[line] = counted.get(line, False) or reached
    missed = sorted(n for n, reached in counted.items() if not reached)
    return len(counted), missed


def run(target, corpora):
    for old in COV.rglob('*.gcda'):
        old.unlink()
    try:
        subprocess.run([str(COV / 'fuzz' / f'fuzz-{target}'), *corpora], cwd=ROOT, timeout=300, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as e:
        print(f'FAIL  {target}: {e}')
        rows = [[target, '(did not run)', 0, 0.0, '']]
    else:
        rows = []
        for file, (only, without, reason) in parsers(target).items():
            total, missed = measure(target, file, only, without)
            share = 100.0 * (total - len(missed)) / total if total else 0.0
            note = f'without {" ".join(sorted(without))}: {reason}' if without else ''
            rows.append([target, file, total, share, note])
            if missed:
                print(f'{target}: {file}: not reached: {" ".join(map(str, missed))}')
        if not rows:
            rows = [[target, '(names no parser)', 0, 0.0, '']]
    before = json.loads(DONE.read_text()) if DONE.exists() else []
    DONE.write_text(json.dumps([r for r in before if r[0] != target] + rows))


def table():
    rows = json.loads(DONE.read_text()) if DONE.exists() else []
    print(f'\n     {"target":12s} {"file":36s} {"lines":>5s} {"reached":>8s} {"bound":>6s}')
    for target, file, total, share, note in rows:
        word = 'ok' if share >= BOUND else 'LOW'
        print(f'{word:4s} {target:12s} {file:36s} {total:5d} {share:6.1f} % {BOUND:4.0f} %')
        if note:
            print(f'{"":17s} ({note})')
    low = sum(share < BOUND for _, _, _, share, _ in rows)
    print(f'{len(rows) - low} passed, {low} failed')
    return 1 if low or not rows else 0


if __name__ == '__main__':
    if sys.argv[1:2] == ['run']:
        run(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(table())
