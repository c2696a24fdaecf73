"""The forwarder killed at its system calls, by strace: a seeded sample of them, wherever they come
from (its loop, curl, the threads of librdkafka). What is said of its crash points is true here too.

A first run under strace counts how often each call is made while complaints are filed; then process
after process dies as it enters the N-th of one of them."""

import re
import subprocess
import time
from typing import NamedTuple

from harness import flow, wait_until
from harness.campaign import LONG_MS, Campaign, audit, rest
from harness.forwarding import Office

# Those after which the world is another one, or which bring word of it.
SYSCALLS = ('sendto', 'sendmsg', 'write', 'writev', 'fsync', 'fdatasync', 'rename', 'renameat2', 'openat',
            'connect', 'recvfrom', 'recvmsg', 'read', 'poll', 'close')
LINE = re.compile(r'^(\d+) +(\d+\.\d+) (\w+)\(')
KINDS = ('upload', 'create', 'handover', 'create')


class Kill(NamedTuple):
    call: str
    number: int

    def __str__(self):
        return f'{self.call} {self.number}'


def strace(out, *more):
    """-D: the daemon stays our child, and strace goes with it."""
    return ['strace', '-D', '-f', '-q', '-ttt', '-s', '0', '-o', out, '-e', f"trace={','.join(SYSCALLS)}", *more,
            '--']


def works(env):
    """A container may refuse ptrace; then nothing is proven here, and that must be seen."""
    command = strace(env.scratch.path('probe'), '-e', 'inject=close:signal=SIGKILL:when=1') + ['/bin/true']
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=30)
    assert done.returncode == -9, (
        f'strace cannot kill at a system call here: exit {done.returncode}, {done.stdout.strip()!r}. Install it '
        '(deploy/deps.sh); in a container ptrace must be allowed (docker: --cap-add SYS_PTRACE)')


def counts(path, until=float('inf')):
    """{system call: how often the busiest thread made it}: strace counts each thread by itself."""
    seen = {}
    with open(path, encoding='ascii', errors='replace') as f:
        for thread, at, call in (m.groups() for m in map(LINE.match, f) if m):
            seen.setdefault(call, {}).setdefault(thread, 0)
            seen[call][thread] += float(at) < until
    return {call: max(by.values()) for call, by in seen.items()}


def feed(c, n):
    for i in range(n):
        c.drive(KINDS[i % len(KINDS)])


def plan(before, after, random, n):
    """n kills among the calls made between the two counts."""
    spans = {call: (before.get(call, 0), top) for call, top in sorted(after.items())
             if top > before.get(call, 0)}
    assert len(spans) > 4, f'few system calls seen: {spans}'
    chosen = [random.choice(sorted(spans)) for _ in range(n)]
    return [Kill(call, random.randint(spans[call][0] + 1, spans[call][1])) for call in chosen]


def starts(o, **more):
    return o.start(o.destination(concurrency=4, max_filings_per_hour=0), filing=False, **more)


def learn(env, o, c):
    """Counts of a process that only started, and of what it made until some were filed."""
    out = env.scratch.path('strace-count')
    d = starts(o, label='counted', wrap=lambda n: strace(out))
    o.wait_filing(d)
    filing = time.time()
    feed(c, 8)
    rest(o, c.all)
    filed = time.time()
    d.stop()
    wait_until(lambda: f'{d.pid} ' in written(out) and '+++ exited with' in written(out)[-4000:], 20,
               'strace has written all')
    return counts(out, filing), counts(out, filed)


def written(path):
    with open(path, encoding='ascii', errors='replace') as f:
        return f.read()


def killed_at_system_calls(env, kills):
    works(env)
    with Office(env) as o:
        o.lapor.configure(create_delay_ms=20)
        c = Campaign(o)
        todo = plan(*learn(env, o, c), env.random, kills)

        def wrap(n):
            if n >= len(todo):
                return ()
            return strace(env.scratch.path(f'strace-{n}'), '-e',
                          f'inject={todo[n].call}:signal=SIGKILL:when={todo[n].number}')
        d, missed = starts(o, label='killed', supervise=True, wrap=wrap), []
        for n, kill in enumerate(todo):
            if not any(reached(c, d, n) for _ in range(10)):
                missed.append(str(kill))  # made while it was counted, and seldom
                d.kill9()
                wait_until(lambda n=n: d.restarts > n, 20, 'it is restarted')
        o.wait_filing(d)
        o.daemon = d
        rest(o, c.all, orphans=True)
        o.later(LONG_MS)
        rest(o, c.all)
        ends = audit(o, c.all)
        assert set(d.codes) == {-9} and len(d.codes) == len(todo), d.codes
        assert len(missed) <= max(1, kills // 4), f'not reached: {missed}'
        tally = {e: list(ends.values()).count(e) for e in sorted(set(ends.values()))}
        print(f"       killed at {', '.join(map(str, todo))}")
        print(f'       {len(c.all)} complaints, ends {tally}, reports there {o.once()}')


def reached(c, d, n):
    """With some more complaints, or by what they left to do."""
    feed(c, 8)
    try:
        return wait_until(lambda: d.restarts > n, 3)
    except AssertionError:
        return False


@flow(limit=150)
def test_kills_at_system_calls(env):
    killed_at_system_calls(env, 3)


@flow(limit=1800, soak=True)
def test_many_kills_at_system_calls(env):
    killed_at_system_calls(env, 80)
