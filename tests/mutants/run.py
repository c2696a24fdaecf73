"""Breaks the rules one by one; each break must turn its named test red.

A mutant is one row of a list MUTANTS in tests/mutants/<area>.py:

    dict(name='forwarder-no-look', file='daemons/forwarder/call.c',
         old='source text that stands there exactly once', new='what it becomes',
         test='unit:test-lane/confirm_needs_the_gap_read'    # program / case
         # or 'flow:test_forwarder_crash:test_after_intent'  # file : function
         # or 'py:oracle/test_oracle.py')                    # a Python test file below tests/

Only the failure of that very test counts: a program that does not build, a test that is not there, a text that is not
found (or twice) are failures of the mutant. Every named test must also pass on the sources as they are, before its
mutants and in the same lane, so that a broken environment is not taken for a kill; how long it waited there bounds how
long its mutants wait (runner/tests.py). Works on copies in build/mutants, never in the tree itself.

The sources are built once and copied. Flow tests wait most of the time, unit tests compute: a few lanes of each run
side by side, each in a copy of its own; the flow lanes help out when they have nothing left. What took long the last
time comes first. Prints a line each, where the time went, and "N passed, N failed".
"""
import argparse
import importlib.util
import json
import os
import pathlib
import queue
import re
import resource
import shutil
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / 'build' / 'mutants'
TIMES = WORK / 'times.json'  # {job: seconds} of the last runs
GUESS_S = {'flow': 8, 'unit': 1, 'py': 1}  # of a job that never ran; of a flow test by its limit
SLOWEST = 12
KEYS = {'name', 'file', 'old', 'new', 'test'}
FLOW_LANES = 5  # a Kafka each; four fifths of a flow test is waiting

sys.path.insert(0, str(HERE))
from runner.tests import Tests  # noqa: E402
from runner.tree import Tree  # noqa: E402


def load():
    """The mutants of all areas."""
    found = []
    for path in sorted(HERE.glob('*.py')):
        if path.name in ('run.py', 'test_mutants.py'):
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


def try_mutant(tests, m, unmutated_took):
    """(killed, word, output)"""
    tree = tests.tree
    path = tree.path / m['file']
    text = path.read_text() if path.exists() else ''
    if text.count(m['old']) != 1:
        return False, f'does not apply: the text stands {text.count(m["old"])} times in {m["file"]}', ''
    try:
        path.write_text(text.replace(m['old'], m['new']))
        code, out = tree.build([m['test']], 1)
        if code != 0:
            return False, 'does not build', out
        word, out = tests.result(m['test'], unmutated_took)
        return word == 'failed', {'failed': 'killed', 'passed': 'SURVIVED'}.get(word, word), out
    finally:
        tree.put_back(m['file'])


def try_unmutated(tests, test):
    """(passed, word, output)"""
    word, out = tests.result(test)
    return word == 'passed', 'passes unmutated' if word == 'passed' else f'{word} without any mutant', out


def tail(text, n=25):
    return ''.join(f'    | {line}\n' for line in text.splitlines()[-n:])


class Run:
    """Work is shared out by tests: the test on the sources as they are, then its mutants."""

    def __init__(self, mutants, verbose=False, patient=False):
        self.verbose, self.patient, self.mutants = verbose, patient, mutants
        self.of_test = {}
        for m in mutants:
            self.of_test.setdefault(m['test'], []).append(m)
        self.lock, self.results, self.times, self.before = threading.Lock(), {}, {}, _last_times()
        self.flow, self.other = queue.SimpleQueue(), queue.SimpleQueue()
        for test in sorted(self.of_test, key=self._guess, reverse=True):
            (self.flow if kind_of(test) == 'flow' else self.other).put(test)

    def _guess(self, test):
        """Seconds of a test and its mutants."""
        guess = GUESS_S[kind_of(test)] * _limit(test) / 60
        return sum(self.before.get(j, guess) for j in [test, *(m['name'] for m in self.of_test[test])])

    def lanes(self):
        """Queues in the order a lane serves them."""
        flows = min(self.flow.qsize(), FLOW_LANES)
        others = min(self.other.qsize(), (os.cpu_count() or 1) + 1)  # some wait, too
        return [[self.flow, self.other]] * flows + [[self.other]] * others

    def serve(self, number, tree, queues, one_case):
        if self.flow not in queues and number:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)  # who waits for a deadline goes first
        tests = Tests(tree, one_case)
        try:
            for q in queues:
                while (test := _next(q)) is not None:
                    self.one_test(tests, test)
        finally:
            tests.close()

    def one_test(self, tests, test):
        good = self.job(test, test, lambda: try_unmutated(tests, test))
        took = None if self.patient else tests.took
        for m in self.of_test[test]:
            self.job(m['name'], test, (lambda: try_mutant(tests, m, took)) if good else _not_tried)

    def job(self, name, test, work):
        start = time.monotonic()
        try:
            good, word, out = work()
        except Exception as e:  # of the machinery: told, and the lane goes on
            good, word, out = False, f'{type(e).__name__}: {e}', ''
        self.told(name, test, good, word, out, time.monotonic() - start)
        return good

    def told(self, name, test, good, word, out, took):
        with self.lock:
            self.results[name], self.times[name] = good, round(took, 1)
            mark = 'ok  ' if good else 'FAIL'
            told = f'{test} {word}' if name == test else f'{name}: {word} ({test})'
            print(f'{mark} {took:5.1f} s  {told}', flush=True)
            if not good or self.verbose:
                print(tail(out, 60 if good else 25), end='', flush=True)

    def failed(self):
        """Names of mutants that were not killed, or by a test that fails anyway."""
        return [m['name'] for m in self.mutants if not self.results.get(m['name'])]

    def where_the_time_went(self):
        """Lines: the slowest jobs, and the sums over the lanes."""
        slow = sorted(self.times.items(), key=lambda t: -t[1])[:SLOWEST]
        lines = [f'  {took:6.1f} s  {name}' for name, took in slow]
        for kind in GUESS_S:
            tests = [t for t in self.of_test if kind_of(t) == kind]
            mutants = [m['name'] for t in tests for m in self.of_test[t]]
            sums = [sum(self.times.get(j, 0) for j in jobs) for jobs in (tests, mutants)]
            lines.append(f'  {kind}: {len(tests)} tests unmutated {sums[0]:.0f} s, {len(mutants)} mutants {sums[1]:.0f} s')
        u = resource.getrusage(resource.RUSAGE_CHILDREN)
        lines.append(f'  processor time of all processes {u.ru_utime + u.ru_stime:.0f} s')
        return lines

    def save_times(self):
        TIMES.write_text(json.dumps({**self.before, **self.times}, indent=0, sort_keys=True))


def kind_of(test):
    return test.split(':', 1)[0]


def _limit(test):
    """Seconds that @flow gives it; 60 when it says nothing."""
    if kind_of(test) != 'flow':
        return 60
    _, file, name = test.split(':')
    path = ROOT / 'tests' / 'flow' / f'{file}.py'
    text = path.read_text() if path.exists() else ''
    found = re.search(rf'^@flow\(limit=(\d+).*\ndef {re.escape(name)}\b', text, re.MULTILINE)
    return int(found[1]) if found else 60


def _not_tried():
    return False, 'not tried: its test fails without it', ''


def _next(q):
    try:
        return q.get_nowait()
    except queue.Empty:
        return None


def _last_times():
    try:
        return json.loads(TIMES.read_text())
    except (OSError, ValueError):
        return {}


def prepare(run):
    """The built base, the shim for unit tests; None when the sources as they are do not build."""
    base = Tree(WORK / 'base')
    base.path.mkdir(parents=True, exist_ok=True)
    base.copy_from(ROOT)
    code, out = base.build(run.of_test, os.cpu_count() or 1)
    one_case = WORK / 'one_case.so'
    if code == 0:
        code, out = base.run(['cc', '-shared', '-fPIC', '-O', '-o', str(one_case),
                              'tests/mutants/runner/one_case.c'], 60)
    if code != 0:
        print(f'the sources as they are do not build\n{tail(out)}')
        return None
    return base, one_case


def main():
    p = argparse.ArgumentParser(description='Mutants: every rule broken must be found out.')
    p.add_argument('-k', metavar='PATTERN', help='only mutants whose name contains it')
    p.add_argument('-v', action='store_true', help='show how the tests failed')
    p.add_argument('--patient', action='store_true', help='every wait has its whole limit, as without a mutant')
    args = p.parse_args()
    run = Run([m for m in load() if not args.k or args.k in m['name']], args.v, args.patient)
    print(f'{len(run.mutants)} mutants, {len(run.of_test)} tests', flush=True)
    if not run.mutants:
        print('0 passed, 0 failed')
        return 1
    begin = time.monotonic()
    ready = prepare(run)
    if not ready:
        print('0 passed, 1 failed')
        return 1
    base, one_case = ready
    lanes = run.lanes()
    for old in WORK.glob('[0-9]*'):
        shutil.rmtree(old)
    trees = [Tree(WORK / str(i)).twin_of(base) for i in range(len(lanes))]
    print(f'built in {time.monotonic() - begin:.0f} s, {len(lanes)} at a time', flush=True)
    threads = [threading.Thread(target=run.serve, args=(i, t, q, one_case)) for i, (t, q) in enumerate(zip(trees, lanes))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    run.save_times()
    print('the slowest, and sums over the lanes:', *run.where_the_time_went(), sep='\n')
    failed = run.failed()
    for name in failed:
        print(f'failed: {name}')
    print(f'{len(run.mutants) - len(failed)} passed, {len(failed)} failed', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
