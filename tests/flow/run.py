"""Runs the flow tests: every function test_*(env) of tests/flow/test_*.py, one
after the other, on one Kafka and one Redis that they share.

A line per test as it ends, the slowest at the end, then "N passed, N failed".
What a failing test leaves: its scratch folder (named), the last lines of its
daemons' logs here. See tests/harness/__init__.py for how a test is written.
"""

import argparse
import faulthandler
import importlib.util
import os
import pathlib
import signal
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from harness import Env, Shared, flow, reap, tail  # noqa: E402
from harness import procs  # noqa: E402

SLOWEST = 8
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


def _broken(error):
    def test(env):
        raise error
    return flow(topics=False)(test)


def _alarm(_number, _frame):
    raise TimeLimit('the time limit of the test is over (@flow(limit=…))')


def call(test, env, limit):
    """The test under its limit. The alarm unwinds Python; should that hang
    too, the runner ends itself, and with it every child."""
    signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(int(limit))
    faulthandler.dump_traceback_later(limit + GRACE_S, exit=True)
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
    p.add_argument('-k', metavar='PATTERN', help='only tests whose file:name contains it (=NAME: is it); several by commas')
    p.add_argument('--build', default='test', help='build/<BUILD>/bin (test, san)')
    p.add_argument('--soak', action='store_true', help='long rounds, and the tests made for it')
    p.add_argument('--list', action='store_true', help='only name the tests')
    return p.parse_args()


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
    shared, failed, times = Shared(), [], []
    print(f'{len(tests)} flow tests, build {args.build}, scale {os.environ.get("MUARA_SCALE", "1")}, '
          f'seed {os.environ.get("MUARA_SEED", "1")}', flush=True)
    try:
        for name, test in tests:
            start = time.monotonic()
            error = run_one(name, test, shared, args.build)
            times.append((time.monotonic() - start, name))
            if error:
                failed.append(name)
            print(f'{"FAIL" if error else "ok  "} {times[-1][0]:6.1f} s  {name}', flush=True)
    finally:
        shared.close(failed=bool(failed))
        reap()
    report(times, failed)
    return 1 if failed or not tests else 0


def report(times, failed):
    if len(times) > 3:
        print('slowest:')
        for s, name in sorted(times, reverse=True)[:SLOWEST]:
            print(f'  {s:6.1f} s  {name}')
    for name in failed:
        print(f'failed: {name}')
    print(f'{len(times) - len(failed)} passed, {len(failed)} failed', flush=True)


if __name__ == '__main__':
    sys.exit(main())
