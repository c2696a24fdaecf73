"""Runs the flow tests: every function test_*(env) of tests/flow/test_*.py, on
one Kafka and one Redis that they share. With --jobs N that many runners share
the tests, each with a Kafka and Redis of its own: most tests wait most of the
time.

To hunt a test that is red now and then: --repeat N runs each test that often,
--shuffle SEED in an order of that seed (0: of a new one, which is printed).

A line per test as it ends, with its time and the processor time in it (of all
its processes: the rest is waiting), the slowest at the end, then "N passed, N
failed".
What a failing test leaves: its scratch folder (named), the last lines of its
daemons' logs here. See tests/harness/__init__.py for how a test is written.
"""

import argparse
import faulthandler
import importlib.util
import json
import os
import pathlib
import random
import secrets
import signal
import subprocess
import sys
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from harness import Env, Shared, flow, reap, tail  # noqa: E402
from harness import procs  # noqa: E402

SLOWEST = 8
DONE = '@@done '  # of a worker: a test is over
GRACE_S = 120  # taking a failed test down: dump, stops


class TimeLimit(BaseException):
    """Not an Exception: no `except Exception` of a test swallows it."""


def discover(pattern, soak):
    """[(name, function)]; a file that cannot be imported is a failing test."""
    found = []
    for path in sorted(HERE.glob('test_*.py')):
        try:
            spec = importlib.util.spec_from_file_location(path.stem, path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        except Exception as e:
            found.append((path.stem, _broken(e)))
            continue
        tests = [(n, f) for n, f in vars(module).items() if n.startswith('test_') and callable(f)]
        found += [(f'{path.stem}:{n}', f if hasattr(f, 'flow') else flow()(f)) for n, f in tests]
    return [(n, f) for n, f in found
            if wanted(n, pattern) and (soak or not f.flow['soak'])]


def wanted(name, pattern):
    """A pattern is a part of the name, or =name; several by commas."""
    return not pattern or any(name == p[1:] if p.startswith('=') else p in name
                              for p in pattern.split(','))


def order(tests, repeat, seed, jobs):
    """Each as often as asked, as the seed will have it; without one by their
    limits for several runners: Crew takes long and short ones at a time."""
    tests = tests * max(1, repeat)
    if seed is not None:
        random.Random(seed).shuffle(tests)
    elif jobs > 1:
        tests.sort(key=lambda t: -t[1].flow['limit'])
    return tests


def _broken(error):
    def test(env):
        raise error
    return flow(topics=False)(test)


def call(test, env, limit):
    """The test under its limit, which a busy machine stretches as it does every
    wait. The alarm unwinds Python; should that hang too, the runner ends itself,
    and with it every child."""
    begin = time.monotonic()

    def alarm(_number, _frame):
        left = begin + limit * procs.stretch() - time.monotonic()
        if left < 1:
            raise TimeLimit('the time limit of the test is over (@flow(limit=…))')
        signal.alarm(int(left))
    signal.signal(signal.SIGALRM, alarm)
    signal.alarm(int(limit))
    faulthandler.dump_traceback_later(3 * limit + GRACE_S, exit=True)
    try:
        test(env)
    finally:
        signal.alarm(0)


def show_failure(error, env):
    traceback.print_exception(error, file=sys.stdout)
    if not env or not hasattr(env, 'scratch'):
        return
    for d in env.daemons:
        print(f'--- {d.label} (status {d.status!r}, restarts {d.restarts}): {d.log}')
        print(tail(d.log), end='')
    print(f'--- kept: {env.scratch.dir}')


def run_one(name, test, shared, build):
    """None or the error."""
    facts, env = test.flow, None
    try:
        with Env(None if facts['own'] else shared, name, facts['muara'], facts['topics'],
                 build) as env:
            call(test, env, facts['limit'] * (3 if build == 'san' else 1))
        return None
    except (Exception, TimeLimit) as e:
        show_failure(e, env)
        return e
    finally:
        faulthandler.cancel_dump_traceback_later()


def arguments():
    p = argparse.ArgumentParser(description='Flow tests on real Kafka and Redis.')
    p.add_argument('-k', metavar='PATTERN',
                   help='only tests whose file:name contains it (=NAME: is it); several by commas')
    p.add_argument('--build', default='test', help='build/<BUILD>/bin (test, san)')
    p.add_argument('--soak', action='store_true', help='long rounds, and the tests made for it')
    p.add_argument('--list', action='store_true', help='only name the tests')
    p.add_argument('--jobs', type=int, default=1, help='runners at a time')
    p.add_argument('--repeat', type=int, default=1, metavar='N', help='each test N times')
    p.add_argument('--shuffle', type=int, metavar='SEED', help='in the order of this seed; 0: of a new seed')
    p.add_argument('--worker', action='store_true', help=argparse.SUPPRESS)
    return p.parse_args()


# ---- one runner

def run_here(tests, build, told):
    """Runs tests as they come; told(name, seconds, seconds of processor time, error) after each."""
    shared, failed = Shared(), False
    try:
        for name, test in tests:
            start, cpu = time.monotonic(), shared.cpu_s()
            error = run_one(name, test, shared, build)
            failed = failed or bool(error)
            told(name, time.monotonic() - start, shared.cpu_s() - cpu, error)
    finally:
        shared.close(failed=failed)
        reap()


def result_line(name, seconds, cpu, failed):
    return f'{"FAIL" if failed else "ok  "} {seconds:6.1f} s  {name} ({cpu:.1f} s CPU)'


def worker(tests, build):
    """Lines "NAME" or "NAME SECONDS" (procs.Patience) on stdin, one at a time; what a test prints and
    its result with the longest of its waits on stdout."""
    known = dict(tests)

    def asked():
        for line in iter(sys.stdin.readline, ''):
            name, _, limit = line.strip().partition(' ')
            procs.Patience.of_test(float(limit) if limit else None)
            yield name, known[name]

    def told(name, seconds, cpu, error):
        result = [name, seconds, cpu, bool(error), procs.Patience.longest]
        print(f'{DONE}{json.dumps(result)}', flush=True)

    run_here(asked(), build, told)
    return 0


# ---- several runners

class Crew:
    """Runners that take the next test as they get free: half of them from the
    front, where the long tests with a whole line of daemons are, the others
    from the end. So the heavy ones do not all meet in the first minutes, and
    none is left alone in the last."""

    def __init__(self, tests, jobs):
        self.waiting = [n for n, _ in tests]
        self.lock, self.results = threading.Lock(), []
        argv = ['setpriv', '--pdeathsig', 'KILL', '--', sys.executable, '-u', __file__, '--worker',
                *[a for a in sys.argv[1:] if a != '--worker']]
        self.runners = [subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT, text=True, errors='replace')
                        for _ in range(jobs)]

    def run(self):
        half = len(self.runners) // 2
        threads = [threading.Thread(target=self._serve, args=(r, 0 if i < half else -1))
                   for i, r in enumerate(self.runners)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for name in self.waiting:  # every runner died
            self._told(name, 0, 0, True, 'no runner was left\n')
        return self.results

    def _serve(self, runner, end):
        """Until no test waits. A runner that ends within a test fails it."""
        while True:
            with self.lock:
                name = self.waiting.pop(end) if self.waiting else None
            if name is None:
                break
            try:
                runner.stdin.write(name + '\n')
                runner.stdin.flush()
            except OSError:
                with self.lock:
                    self.waiting.insert(0, name)
                return
            text = ''
            for line in runner.stdout:
                if line.startswith(DONE):
                    *done, _ = json.loads(line[len(DONE):])
                    self._told(*done, text)
                    break
                text += line
            else:
                self._told(name, 0, 0, True, text + 'the runner ended within it\n')
                return
        runner.stdin.close()
        sys.stdout.write(runner.stdout.read())
        runner.wait()

    def _told(self, name, seconds, cpu, failed, text):
        with self.lock:
            sys.stdout.write(text)
            print(result_line(name, seconds, cpu, failed), flush=True)
            self.results.append((name, seconds, cpu, failed))

    def stop(self):
        for r in self.runners:
            if r.poll() is None:
                r.terminate()
        for r in self.runners:
            try:
                r.wait(30)
            except subprocess.TimeoutExpired:
                r.kill()


def in_turn(tests, build):
    results = []

    def told(name, seconds, cpu, error):
        print(result_line(name, seconds, cpu, error), flush=True)
        results.append((name, seconds, cpu, bool(error)))

    run_here(tests, build, told)
    return results


def together(tests, jobs):
    crew = Crew(tests, jobs)
    try:
        return crew.run()
    finally:
        crew.stop()


def main():
    args = arguments()
    os.environ['MUARA_BUILD'] = args.build
    if args.soak:
        os.environ['MUARA_SOAK'] = '1'
    tests = discover(args.k, args.soak)
    if args.list:
        print('\n'.join(n for n, _ in tests))
        return 0
    procs.install()
    if args.worker:
        return worker(tests, args.build)
    seed = secrets.randbelow(10**6) + 1 if args.shuffle == 0 else args.shuffle
    tests = order(tests, args.repeat, seed, args.jobs)
    jobs = max(1, min(args.jobs, len(tests)))
    print(f'{len(tests)} flow tests, build {args.build}, scale {os.environ.get("MUARA_SCALE", "1")}, '
          f'seed {os.environ.get("MUARA_SEED", "1")}, {jobs} at a time'
          + (f', --shuffle {seed}' if seed else ''), flush=True)
    results = together(tests, jobs) if jobs > 1 else in_turn(tests, args.build)
    report(results)
    return 1 if not results or any(failed for *_, failed in results) else 0


def report(results):
    failed = [name for name, *_, bad in results if bad]
    if len(results) > 3:
        print('slowest:')
        for name, seconds, cpu, _ in sorted(results, key=lambda r: -r[1])[:SLOWEST]:
            print(f'  {seconds:6.1f} s  {name} ({cpu:.1f} s CPU)')
        print(f'  {sum(r[1] for r in results):6.1f} s  all of them, one after the other '
              f'({sum(r[2] for r in results):.1f} s CPU)')
    for name in sorted(set(failed)):
        runs = sum(name == n for n, *_ in results)
        print(f'failed: {name}' + (f' ({failed.count(name)} of {runs} times)' if runs > 1 else ''))
    print(f'{len(results) - len(failed)} passed, {len(failed)} failed', flush=True)


if __name__ == '__main__':
    sys.exit(main())
