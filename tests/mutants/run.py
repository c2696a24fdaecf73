"""Breaks the rules one by one; each break must turn its named test red.

A mutant is one row of a list MUTANTS in tests/mutants/<area>.py:

    dict(name='forwarder-no-look', file='daemons/forwarder/call.c',
         old='source text that stands there exactly once', new='what it becomes',
         test='unit:test-lane/confirm_needs_the_gap_read'    # program / case
         # or 'flow:test_forwarder_crash:test_after_intent'  # file : function
         # or 'py:oracle/test_oracle.py')                    # a Python test file below tests/

Only the failure of that very test counts: a case of another name, a program that does not build, a text that is not
found (or twice) are failures of the mutant. Before the first mutant every named test must pass on the sources as they
are, so that a broken environment is not taken for a kill. Works on copies in build/mutants, never in the tree itself.
Prints a line each and "N passed, N failed".
"""
import argparse
import concurrent.futures
import importlib.util
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / 'build' / 'mutants'
KEYS = {'name', 'file', 'old', 'new', 'test'}
UNIT_LIMIT_S, FLOW_LIMIT_S, BUILD_LIMIT_S = 60, 240, 600


def load():
    """[(mutant, fault or None)] of all areas."""
    found = []
    for path in sorted(HERE.glob('*.py')):
        if path.name == 'run.py':
            continue
        spec = importlib.util.spec_from_file_location('mutants_' + path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found += module.MUTANTS
    names = [m['name'] for m in found]
    twice = {n for n in names if names.count(n) > 1}
    assert not twice, f'names used twice: {sorted(twice)}'
    for m in found:
        assert set(m) == KEYS, f'{m.get("name")}: keys must be {sorted(KEYS)}'
    return found


class Tree:
    """A copy of the sources with its own build folder."""

    def __init__(self, path):
        self.path = path

    def copy_from(self, root):
        """What git tracks, as it is in the working tree; files that did not change keep their time, so that a second
        run builds little."""
        wanted = set(subprocess.run(['git', 'ls-files', '-z'], cwd=root, check=True, stdout=subprocess.PIPE,
                                    text=True).stdout.split('\0')) - {''}
        for name in sorted(wanted):
            source, target = root / name, self.path / name
            if not source.exists():
                continue
            if target.exists() and target.read_bytes() == source.read_bytes():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
            os.utime(target)
        for old in self.path.rglob('*'):
            inside = old.relative_to(self.path)
            if old.is_file() and inside.parts[0] != 'build' and str(inside) not in wanted:
                old.unlink()
        (self.path / 'build').mkdir(exist_ok=True)
        jars = self.path / 'build' / 'kafka'
        if not jars.exists():
            jars.symlink_to(root / 'build' / 'kafka')

    def run(self, argv, limit):
        """(exit status or None when over its time, output)"""
        try:
            done = subprocess.run(argv, cwd=self.path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=limit, text=True, errors='replace')
            return done.returncode, done.stdout
        except subprocess.TimeoutExpired as e:
            out = e.stdout or b''
            return None, out.decode(errors='replace') if isinstance(out, bytes) else out

    def build(self, tests, jobs):
        targets = set()
        for t in tests:
            kind, what = t.split(':', 1)
            targets.add(f'build/test/unit/{what.split("/")[0]}' if kind == 'unit' else 'all')
        return self.run(['make', '--no-print-directory', f'-j{jobs}', 'BUILD=test', *sorted(targets)], BUILD_LIMIT_S)


def unit_result(tree, what):
    """'passed', 'failed' or why neither can be said."""
    program, _, case = what.partition('/')
    code, out = tree.run([f'build/test/unit/{program}'], UNIT_LIMIT_S)
    runs = re.findall(r'\[ RUN      \] (\S+)', out)
    if case not in runs:
        return f'no case {case} in {program} (or it died before)', out
    if f'[  FAILED  ] {case}' in out:
        return 'failed', out
    if code in (0, 1) or runs[-1] != case:
        return 'passed', out
    return 'failed', out  # it crashed, or hung, within that case


def flow_run(tree, tests):
    """One Kafka for all of them."""
    names = ','.join('=' + t for t in tests)
    return tree.run(['/usr/bin/python3', 'tests/flow/run.py', '--build', 'test', '-k', names],
                    FLOW_LIMIT_S * len(tests))


def flow_result(tree, what, ran=None):
    code, out = ran or flow_run(tree, [what])
    if re.search(rf'^FAIL .* {re.escape(what)}$', out, re.MULTILINE):
        return 'failed', out
    if re.search(rf'^ok .* {re.escape(what)}$', out, re.MULTILINE):
        return 'passed', out
    return f'no result of {what} (exit {code})', out


def py_result(tree, what):
    code, out = tree.run(['/usr/bin/python3', f'tests/{what}'], FLOW_LIMIT_S)
    return ('passed' if code == 0 else 'failed'), out


RESULTS = {'unit': unit_result, 'flow': flow_result, 'py': py_result}


def result(tree, test):
    kind, what = test.split(':', 1)
    return RESULTS[kind](tree, what)


def try_mutant(tree, m):
    """(killed, word, output)"""
    path = tree.path / m['file']
    text = path.read_text() if path.exists() else ''
    if text.count(m['old']) != 1:
        return False, f'does not apply: the text stands {text.count(m["old"])} times in {m["file"]}', ''
    path.write_text(text.replace(m['old'], m['new']))
    try:
        code, out = tree.build([m['test']], 1)
        if code != 0:
            return False, 'does not build', out
        word, out = result(tree, m['test'])
        if word == 'failed':
            return True, 'killed', out
        return False, 'SURVIVED' if word == 'passed' else word, out
    finally:
        path.write_text(text)


def baseline(tree, tests):
    """Names of tests that do not pass on the sources as they are."""
    bad, flows = [], [t.split(':', 1)[1] for t in tests if t.startswith('flow:')]
    ran = flow_run(tree, flows) if flows else None
    for t in tests:
        kind, what = t.split(':', 1)
        word, out = flow_result(tree, what, ran) if kind == 'flow' else result(tree, t)
        if word != 'passed':
            print(f'BROKEN   {t}: {word} without any mutant\n{tail(out)}', flush=True)
            bad.append(t)
    return bad


def tail(text, n=25):
    return ''.join(f'    | {line}\n' for line in text.splitlines()[-n:])


def main():
    p = argparse.ArgumentParser(description='Mutants: every rule broken must be found out.')
    p.add_argument('-k', metavar='PATTERN', help='only mutants whose name contains it')
    p.add_argument('--jobs', type=int, default=(os.cpu_count() or 1) + 1)
    args = p.parse_args()
    mutants = [m for m in load() if not args.k or args.k in m['name']]
    tests = sorted({m['test'] for m in mutants})
    print(f'{len(mutants)} mutants, {len(tests)} tests, {args.jobs} at a time', flush=True)

    begin = time.monotonic()
    trees = [Tree(WORK / str(i)) for i in range(args.jobs)]
    idle = queue.Queue()
    for i, t in enumerate(trees):
        t.path.mkdir(parents=True, exist_ok=True)
        t.copy_from(ROOT)
        code, out = t.build(tests or ['flow:x'], os.cpu_count() or 1)
        if code != 0:
            print(f'the sources as they are do not build\n{tail(out)}\n0 passed, 1 failed')
            return 1
        idle.put(t)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        shares = [tests[i::args.jobs] for i in range(args.jobs)]
        broken = {t for bad in pool.map(baseline, trees, shares) for t in bad}
    print(f'built, {len(tests) - len(broken)} of {len(tests)} tests pass unmutated, '
          f'{time.monotonic() - begin:.0f} s', flush=True)

    def one(m):
        if m['test'] in broken:
            return m, False, 'its test fails without it', '', 0
        tree, start = idle.get(), time.monotonic()
        try:
            killed, word, out = try_mutant(tree, m)
        finally:
            idle.put(tree)
        return m, killed, word, out, time.monotonic() - start

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for m, killed, word, out, took in pool.map(one, mutants):
            print(f'{"ok  " if killed else "FAIL"} {took:5.1f} s  {m["name"]}: {word} ({m["test"]})', flush=True)
            if not killed:
                failed += 1
                print(tail(out), end='', flush=True)
    print(f'{len(mutants) - failed} passed, {failed} failed', flush=True)
    return 1 if failed or not mutants else 0


if __name__ == '__main__':
    sys.exit(main())
