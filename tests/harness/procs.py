"""Processes of a test: start, watch, signal by pid, and never leave one behind.

Three nets under one another: `stop` by the test, an atexit reaper, and
PR_SET_PDEATHSIG (by setpriv, which needs no code between fork and exec and so
is safe beside threads) for a runner that is itself killed with SIGKILL. The
kernel sends that signal when the *thread* that forked ends: start processes
from the main thread, or from one that outlives them (Supervisor does).
"""

import atexit
import os
import signal
import subprocess
import threading
import time

_living = set()

# The signal is asked for after the fork: a runner that died in between is
# noticed by the parent having changed. exec all the way keeps the pid.
_LEASH = ('setpriv', '--pdeathsig', 'KILL', '--', 'sh', '-c',
          '[ "$PPID" = "$0" ] || exit 70; exec "$@"')


class Patience:
    """What waits of this process may take and took. tests/mutants sets `limit`
    from what the same test took on the sources as they are: nobody has to wait
    a minute for what a broken rule keeps from ever coming."""
    limit = None   # seconds at most, whatever a wait asks for
    longest = 0.0  # seconds of the longest wait since it was set to 0

    @classmethod
    def of_test(cls, limit):
        cls.limit, cls.longest = limit, 0.0


def stretch():
    """By how much a bound in seconds is stretched now: it is meant for a machine
    of our own, and others may run beside us. 1 up to four that want to run for
    each processor, 3 from twelve on."""
    return min(3.0, max(1.0, os.getloadavg()[0] / (4 * (os.cpu_count() or 1))))


def wait_until(condition, timeout=20, what='condition', step=0.02, part=False):
    """The first true value of condition(); AssertionError with `what` (text or
    a function that gives it) after `timeout` seconds of monotonic time, more on
    a busy machine. part: for a part that no mutant touches (Kafka, Redis), which
    has all its time."""
    begin = time.monotonic()
    allowed = timeout if part or Patience.limit is None else min(timeout, Patience.limit)
    try:
        while True:
            value = condition()
            if value:
                return value
            waited = time.monotonic() - begin
            if waited > allowed and waited > allowed * stretch():
                text = what() if callable(what) else what
                raise AssertionError(f'not within {allowed} s: {text}')
            time.sleep(step)
            step = min(step * 1.5, 0.25)
    finally:
        if not part:
            Patience.longest = max(Patience.longest, time.monotonic() - begin)


def tail(path, lines=15):
    try:
        with open(path, errors='replace') as f:
            return ''.join(f.readlines()[-lines:])
    except OSError as e:
        return f'({e})\n'


def group_alive(leader):
    """Is anybody left of this process group? (One that only waits for its
    parent to take note of its end is not.)"""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return any(_is_in(entry, leader) for entry in os.listdir('/proc') if entry.isdigit())


def _is_in(pid, leader):
    try:
        with open(f'/proc/{pid}/stat') as f:
            state, _, group = f.read().rsplit(')', 1)[1].split()[:3]
    except OSError:  # gone
        return False
    return int(group) == leader and state not in 'ZX'


class Proc:
    """One child. `log` takes stdout and stderr (appended)."""

    def __init__(self, name, argv, log, env=None, cwd=None):
        self.name, self.argv, self.log = name, [str(a) for a in argv], log
        full = dict(os.environ)
        full.update({k: str(v) for k, v in (env or {}).items()})
        with open(log, 'ab') as out:
            self._popen = subprocess.Popen(
                [*_LEASH, str(os.getpid()), *self.argv],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=full, cwd=cwd,
                start_new_session=True)  # ctrl-C reaches the runner only
        _living.add(self)

    @property
    def pid(self):
        return self._popen.pid

    @property
    def code(self):
        """None while it runs; else the exit status, -N for signal N."""
        code = self._popen.poll()
        if code is not None:
            _living.discard(self)
        return code

    @property
    def alive(self):
        return self.code is None

    def signal(self, number):
        if self.alive:
            self._popen.send_signal(number)

    def term(self):
        self.signal(signal.SIGTERM)

    def kill9(self):
        self.signal(signal.SIGKILL)
        return self.wait(20)

    def freeze(self):
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def wait(self, timeout=30):
        """Its exit status; AssertionError when it does not end in time."""
        try:
            self._popen.wait(timeout * stretch())
        except subprocess.TimeoutExpired:
            raise AssertionError(f'{self.name} (pid {self.pid}) did not end within {timeout} s; '
                                 f'log {self.log}') from None
        return self.code

    def stop(self, timeout=30, helpers=10):
        """SIGTERM, and SIGKILL when that does not end it in time (then raises:
        a drain that hangs is a bug). Gives the exit status. Whom it started
        (helpers of Dovecot, sshd, nginx) is waited for, then killed, too."""
        self.thaw()
        self.term()
        try:
            return self.wait(timeout)
        except AssertionError:
            self.kill9()
            raise
        finally:
            self._end_helpers(helpers)

    def _end_helpers(self, seconds):
        """Until nobody of its process group is left."""
        end = time.monotonic() + seconds
        while group_alive(self.pid) and time.monotonic() < end:
            time.sleep(0.02)
        if group_alive(self.pid):
            os.killpg(self.pid, signal.SIGKILL)

    def rss_kib(self):
        with open(f'/proc/{self.pid}/status') as f:
            return next((int(x.split()[1]) for x in f if x.startswith('VmRSS')), 0)

    def cpu_s(self):
        with open(f'/proc/{self.pid}/stat') as f:
            fields = f.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


class Supervisor:
    """Restarts a child like systemd's Restart=on-failure: after an exit status
    other than 0 or a signal, with a small delay. `spawn(n)` starts the n-th one
    (from 0) and gives a Proc. `codes` are the exit statuses seen so far."""

    def __init__(self, spawn, delay=0.2):
        self._spawn, self._delay = spawn, delay
        self.restarts, self.codes, self.proc, self.error = 0, [], None, None
        self._started, self._enough = threading.Event(), threading.Event()
        self._idle, self._gone = threading.Event(), threading.Event()
        threading.Thread(target=self._run, daemon=True).start()
        self._started.wait()
        if self.error:
            raise self.error

    def _run(self):
        try:
            self.proc = self._spawn(0)
            self._started.set()
            self._watch()
        except Exception as e:  # handed to whoever started or stops us
            self.error = e
            self._started.set()
        self._idle.set()
        self._gone.wait()  # the thread outlives its child: see PDEATHSIG above

    def _watch(self):
        while not self._enough.wait(0.02):
            code = self.proc.code
            if code is None:
                continue
            self.codes.append(code)
            if code == 0 or self._enough.wait(self._delay):
                return
            self.restarts += 1
            self.proc = self._spawn(self.restarts)

    def give_up(self):
        """No more restarts; the child of now is left to the caller."""
        self._enough.set()
        self._idle.wait(10)
        return self.proc

    def stop(self, timeout=30):
        """No more restarts, then the child's bounded stop. Exit status."""
        try:
            return self.give_up().stop(timeout)
        finally:
            self._gone.set()


def reap():
    """SIGKILL to every child still there; called at exit and after a test."""
    left = [p for p in list(_living) if p.alive]
    for p in left:
        p.signal(signal.SIGKILL)
    for p in left:
        try:
            p.wait(10)
            p._end_helpers(0)
        except AssertionError:
            pass
    return [p.name for p in left]


def _on_term(number, _frame):
    raise SystemExit(128 + number)


def install():
    """For a runner's main thread: SIGTERM and SIGHUP unwind like ctrl-C."""
    signal.signal(signal.SIGTERM, _on_term)
    signal.signal(signal.SIGHUP, _on_term)


atexit.register(reap)
