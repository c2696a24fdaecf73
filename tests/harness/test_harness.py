"""The harness itself: what the flow tests rely on without looking."""

import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

from harness import Proc, Redis, RedisError, Scratch, Supervisor, free_port, procs, wait_until
from harness.daemon import Daemon
from harness.env import Clock

TESTS = pathlib.Path(__file__).resolve().parent.parent

FAKE_DAEMON = '''#!/usr/bin/python3
import os, signal, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ['NOTIFY_SOCKET'])
signal.signal(signal.SIGTERM, lambda *a: sys.exit(0))
if 'MUARA_CRASH' in os.environ:
    with open(os.environ['MUARA_CRASH_FILE'], 'a') as f:
        f.write('after-report in_flight=3\\n')
    os.kill(os.getpid(), signal.SIGKILL)
s.send(b'READY=1\\nSTATUS=reads ' + open(sys.argv[2]).read().encode())
for i in range(100):
    s.send(b'WATCHDOG=1')
while True:
    signal.pause()
'''


def gone(pid):
    try:
        return open(f'/proc/{pid}/stat').read().rsplit(')', 1)[1].split()[0] == 'Z'
    except FileNotFoundError:
        return True


class Base(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def proc(self, *argv):
        p = Proc('child', argv, self.scratch.path('log'))
        self.addCleanup(p.kill9)
        return p


class Procs(Base):
    def test_stop_gives_the_status_and_kills_what_does_not_end(self):
        self.assertEqual(self.proc('sleep', 60).stop(), -signal.SIGTERM)
        mark = self.scratch.path('deaf')
        deaf = self.proc('sh', '-c', f'trap "" TERM; touch {mark}; while :; do sleep 0.05; done')
        wait_until(lambda: os.path.exists(mark), 5)
        with self.assertRaises(AssertionError):
            deaf.stop(0.3)
        self.assertFalse(deaf.alive)

    def test_stop_leaves_no_helper_behind(self):
        mark = self.scratch.path('helper')
        p = self.proc('sh', '-c', f'(trap "" TERM; echo > {mark}.helper; while :; do sleep 0.05; done) & '
                                  f'trap "exit 3" TERM; until [ -e {mark}.helper ]; do sleep 0.05; done; '
                                  f'echo > {mark}; while :; do sleep 0.05; done')
        wait_until(lambda: os.path.exists(mark), 5)
        self.assertEqual(p.stop(5, helpers=0.2), 3)
        wait_until(lambda: not procs.group_alive(p.pid), 5, 'the helper is gone')

    def test_frozen_process_can_be_stopped(self):
        p = self.proc('sleep', 60)
        p.freeze()
        self.assertEqual(p.stop(5), -signal.SIGTERM)

    def test_supervisor_restarts_like_systemd(self):
        s = Supervisor(lambda n: self.proc('sh', '-c', f'[ {n} = 2 ] || exit 3; exec sleep 60'), 0.01)
        wait_until(lambda: s.restarts == 2, 5)
        self.assertEqual(s.codes, [3, 3])
        self.assertEqual(s.stop(5), -signal.SIGTERM)

    def test_supervisor_lets_a_clean_end_be(self):
        s = Supervisor(lambda n: self.proc('true'), 0.01)
        wait_until(lambda: s.codes, 5)
        time.sleep(0.1)
        self.assertEqual((s.codes, s.restarts), ([0], 0))

    def runner(self, after):
        """A process that starts a child through the harness, then `after`."""
        script = (f'import sys, time; sys.path.insert(0, {str(TESTS)!r})\n'
                  'from harness import Proc\n'
                  f'p = Proc("x", ["sleep", "60"], {self.scratch.path("runner")!r})\n'
                  f'print(p.pid, flush=True)\n{after}')
        r = subprocess.Popen([sys.executable, '-c', script], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(r.stdout.close)
        self.addCleanup(r.wait)
        return r, int(r.stdout.readline())

    def test_no_child_outlives_an_exception_nor_sigkill(self):
        _, child = self.runner('raise ValueError()')
        wait_until(lambda: gone(child), 5, 'child gone after an exception')
        r, child = self.runner('time.sleep(60)')
        self.assertFalse(gone(child))
        r.kill()
        wait_until(lambda: gone(child), 5, 'child gone after SIGKILL of the runner')


class Waits(unittest.TestCase):
    def setUp(self):
        before = (procs.Patience.limit, procs.Patience.longest)
        self.addCleanup(lambda: setattr(procs.Patience, 'longest', before[1]))
        self.addCleanup(lambda: setattr(procs.Patience, 'limit', before[0]))

    def test_patience_bounds_what_a_wait_asks_for_but_not_that_of_a_part(self):
        procs.Patience.of_test(0.01)
        with self.assertRaisesRegex(AssertionError, 'not within 0.01 s: the end'):
            wait_until(lambda: False, 600, 'the end')
        with self.assertRaisesRegex(AssertionError, 'not within 0.1 s: Kafka'):
            wait_until(lambda: False, 0.1, 'Kafka', part=True)

    def test_the_longest_wait_is_known_whatever_its_end(self):
        procs.Patience.of_test(None)
        wait_until(lambda: True)
        answers = iter([False, True])
        wait_until(lambda: next(answers), step=0.2)
        self.assertGreaterEqual(procs.Patience.longest, 0.2)
        with self.assertRaises(AssertionError):
            wait_until(lambda: False, 0.3)
        self.assertGreaterEqual(procs.Patience.longest, 0.3)


class Ports(Base):
    def test_no_port_is_given_twice_even_to_another_process(self):
        mine = {free_port() for _ in range(50)}
        self.assertEqual(len(mine), 50)
        script = (f'import sys; sys.path.insert(0, {str(TESTS)!r})\n'
                  'from harness import ports\n'
                  f'print(any(ports._lock(p) for p in {sorted(mine)}))')
        out = subprocess.run([sys.executable, '-c', script], stdout=subprocess.PIPE, text=True)
        self.assertEqual(out.stdout.strip(), 'False')


class RedisTest(Base):
    def test_replies_and_kill9(self):
        r = Redis(self.scratch.mkdir('r')).start()
        self.addCleanup(r.stop)
        self.assertEqual(r.cmd('SET', 'k', b'\0\r\n\xff'), 'OK')
        self.assertEqual(r.cmd('GET', 'k'), b'\0\r\n\xff')
        self.assertEqual(r.cmd('RPUSH', 'l', 'a', 2), 2)
        self.assertEqual(r.cmd('LRANGE', 'l', 0, -1), [b'a', b'2'])
        self.assertIsNone(r.cmd('GET', 'none'))
        with self.assertRaises(RedisError):
            r.cmd('INCR', 'l')
        r.kill9()
        r.start()
        self.assertEqual(r.cmd('GET', 'k'), b'\0\r\n\xff')


class DaemonTest(Base):
    """Against a program that only knows sd_notify."""

    def setUp(self):
        super().setUp()
        self.program = self.scratch.write('muara-fake', FAKE_DAEMON)
        os.chmod(self.program, 0o700)
        self.muara, self.sanitized = {}, False
        self.crash_file = self.scratch.path('crash')

    def bin(self, name):
        return self.scratch.path(name)

    def base_env(self):
        return {'MUARA_CRASH_FILE': self.crash_file}

    def daemon(self, **start):
        d = Daemon(self, 'fake', {'k': 'v'}, 'fake', {}, start.pop('crash', None), (), {})
        self.addCleanup(d.kill)
        return d.start(**start)

    def test_ready_status_stop_start(self):
        d = self.daemon()
        self.assertEqual(d.status, 'reads k: "v"')
        wait_until(lambda: d.notify.watchdogs == 100, 5, 'watchdogs')
        self.assertEqual(d.restart().stop(), 0)

    def test_crash_point_kills_the_first_process_only(self):
        d = self.daemon(supervise=True, crash='after-report:1')
        self.assertEqual((d.restarts, d.codes), (1, [-signal.SIGKILL]))
        self.assertIn('after-report in_flight=3', open(self.crash_file).read())
        d.kill9()
        wait_until(lambda: d.restarts == 2 and d.alive, 5, 'restart after kill -9')
        d.wait_ready()
        self.assertEqual(d.stop(), 0)

    def test_end_before_ready_is_told(self):
        self.scratch.write('muara-fake', '#!/bin/sh\necho no such key\nexit 78\n')
        os.chmod(self.program, 0o700)
        with self.assertRaisesRegex(AssertionError, 'ended with 78 before READY=1:\nno such key'):
            self.daemon()

    def test_clock_file(self):
        clock = Clock(self.scratch)
        clock.advance(1500)
        clock.advance(-500)
        self.assertEqual(open(clock.path).read(), '1000\n')


if __name__ == '__main__':
    unittest.main()
