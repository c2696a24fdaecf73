"""`Env`: all that one flow test needs, brought up and taken down.

One Kafka and one Redis serve all tests of a runner (`Shared`): a start of
Kafka costs 2.5 s. Tests are kept apart by a topic prefix each, and Redis is
emptied before each.
"""

import json
import os
import random
import re
import subprocess
import time
from typing import NamedTuple

from .daemon import Daemon
from .kafka import ROOT, Kafka
from .procs import reap, tail
from .redis import Redis
from .scratch import Scratch

SANITIZER = re.compile(r'ERROR: (Address|Leak|Thread)Sanitizer|: runtime error: ')
CRASH_LINE = re.compile(r'(\S+) in_flight=(\d+)$', re.MULTILINE)
TENANT = {'name': 'malang', 'lane': 0, 'destination': 'lapor'}


class Crash(NamedTuple):
    point: str
    in_flight: int


def yaml_text(config):
    """Text as it is; a dict as YAML: a line per top-level key, values as JSON
    (which is YAML)."""
    if isinstance(config, str):
        return config
    return ''.join(f'{k}: {json.dumps(v, ensure_ascii=False)}\n' for k, v in config.items())


class Shared:
    """Kafka and Redis for many tests. `close` after the last."""

    def __init__(self, kafka_props=None):
        self.scratch = Scratch()
        self._props, self._kafka, self._redis = kafka_props, None, None
        self._prefixes = 0

    @property
    def kafka(self):
        if self._kafka is None:
            self._kafka = Kafka(self.scratch.mkdir('kafka'), self._props)
        if not self._kafka.alive:  # first use, or the last test left it dead
            self._kafka.start()
        self._kafka.thaw()
        return self._kafka

    @property
    def redis(self):
        if self._redis is None:
            self._redis = Redis(self.scratch.mkdir('redis'))
        if not (self._redis.proc and self._redis.proc.alive):
            self._redis.start()
        self._redis.thaw()
        return self._redis

    def cpu_s(self):
        """Processor time so far of this runner and of all it started, seconds."""
        t = os.times()
        living = [p.proc for p in (self._kafka, self._redis) if p and p.proc and p.proc.alive]
        return sum(t[:4]) + sum(p.cpu_s() for p in living)

    def next_prefix(self):
        self._prefixes += 1
        return f't{self._prefixes}.'

    def close(self, failed=False):
        for part in (self._redis, self._kafka):
            try:
                if part:
                    part.stop()
            except AssertionError as e:
                print(e)
        self.scratch.close(failed)


class Clock:
    """The time of all daemons of the test, in ms ahead of the real one. When
    `advance` returns none reads the old one any more: what comes then is not
    torn in two by the leap."""

    def __init__(self, scratch):
        self._scratch, self.offset_ms = scratch, 0
        self.path = scratch.write('clock', '0\n')

    def advance(self, ms):
        self.offset_ms += int(ms)
        self._scratch.write('clock', f'{self.offset_ms}\n')
        time.sleep(0.1)  # a reading is up to 20 ms old, see common/base/clock.h


class Env:
    """Context manager. `muara`: settings of muara.yaml that differ from
    default_muara(); `topics`: run `muaractl topics create` when it is built."""

    def __init__(self, shared=None, name='env', muara=None, topics=True, build=None):
        self._own = shared is None
        self.shared = shared or Shared()
        self.name = name
        self.build = build or os.environ.get('MUARA_BUILD', 'test')
        self.sanitized = self.build == 'san'
        self.scale = float(os.environ.get('MUARA_SCALE', '1'))
        self.soak = bool(os.environ.get('MUARA_SOAK'))
        self.seed = os.environ.get('MUARA_SEED', '1')
        self.random = random.Random(f'{self.seed}/{name}')
        self.prefix = self.shared.next_prefix()
        self.daemons, self._muara, self._topics = [], muara or {}, topics

    # ---- up and down

    def __enter__(self):
        self.scratch = Scratch(prefix='', parent=self.shared.scratch.mkdir('t'))
        try:
            self._up()
        except BaseException:
            self._down(failed=True)
            raise
        return self

    def _up(self):
        self.clock = Clock(self.scratch)
        self._crash_file = self.scratch.path('crash')
        # Kept, so that a test which kills one is not given another by looking at it again.
        self.kafka, self.redis = self.shared.kafka, self.shared.redis
        self.redis.cmd('FLUSHALL')
        self.muara = {**self.default_muara(), **self._muara}
        self.muara_file = self.scratch.write('muara.yaml', yaml_text(self.muara))
        if self._topics and os.path.exists(self.bin('muaractl')):
            self.ctl('topics', 'create')

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.check_daemons()
        except AssertionError:
            self._down(failed=True)
            raise
        self._down(failed=kind is not None)

    def _down(self, failed):
        for d in self.daemons:
            d.kill()
        failed = failed and self.scratch.keep != 'never'
        if failed:
            self.dump()
        self._drop_topics()
        if not failed:
            self.scratch.close()
        if self._own:
            self.shared.close(failed)
            reap()

    def check_daemons(self):
        """Stops every daemon that still runs (a drain that hangs or ends with
        other than 0 fails the test) and looks for sanitizers' reports."""
        for d in self.daemons:
            if d.alive:
                code = d.stop()
                assert code == 0, f'{d.label} ended with {code} on SIGTERM:\n{tail(d.log)}'
        for d in self.daemons:
            found = SANITIZER.search(d.log_text())
            assert not found, f'{d.label}: {found.group(0)}; log {d.log}\n{tail(d.log, 60)}'

    def dump(self):
        """For whoever looks into a failure: every record of the test's topics,
        as topics/<name>-<partition>.jsonl; the broker is gone by then."""
        try:
            for name, partitions in self.kafka.topics().items():
                for p in range(partitions if name.startswith(self.prefix) else 0):
                    text = ''.join(_line(r) for r in self.kafka.read_all(name, p))
                    self.scratch.write(f'topics/{name}-{p}.jsonl', text)
        except Exception as e:  # it must not hide the failure itself
            print(f'(topics not dumped: {e})')

    def _drop_topics(self):
        try:
            mine = [t for t in self.kafka.topics() if t.startswith(self.prefix)]
            if mine:
                self.kafka.admin.delete_topics(mine)
        except Exception as e:
            print(f'(topics of {self.prefix} left: {e})')

    # ---- places and numbers

    def bin(self, name):
        return os.path.join(ROOT, 'build', self.build, 'bin', name)

    def topic(self, name):
        return self.prefix + name

    def count(self, n, least=1):
        """n messages, fewer under MUARA_SCALE (sanitizer runs)."""
        return max(least, int(n * self.scale))

    def rounds(self, n, soak):
        return soak if self.soak else n

    def secret(self, name, text):
        """A file only its owner can read, as credentials are given."""
        path = self.scratch.write(f'secrets/{name}', text)
        os.chmod(path, 0o600)
        return path

    def default_muara(self):
        return {
            'brokers': self.kafka.bootstrap,
            'prefix': self.prefix,
            'state_dir': self.scratch.mkdir('state'),
            'blob_dir': self.scratch.mkdir('blobs'),
            'redis': self.redis.socket,
            'channels': ['whatsapp', 'call112', 'file'],
            'tenants': [TENANT],
            'lanes': 1,
            'timezone': '+07:00',
        }

    # ---- programs

    def base_env(self):
        return {
            'MUARA_CLOCK_FILE': self.clock.path,
            'MUARA_CRASH_FILE': self._crash_file,
            'ASAN_OPTIONS': 'detect_leaks=1:exitcode=86:detect_stack_use_after_return=1',
            'UBSAN_OPTIONS': 'print_stacktrace=1',
            'TZ': 'UTC',
        }

    def ctl(self, *args, check=True, timeout=120, crash=None):
        """`muaractl --muara … ARGS`: its stdout. check=False: CompletedProcess. crash: the point it dies at."""
        done = subprocess.run([self.bin('muaractl'), '--muara', self.muara_file, *map(str, args)],
                              env={**os.environ, **self.base_env(), **({'MUARA_CRASH': crash} if crash else {})},
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=timeout)
        if not check:
            return done
        assert done.returncode == 0, (f'muaractl {" ".join(map(str, args))}: exit {done.returncode}'
                                      f'\n{done.stdout}{done.stderr}')
        return done.stdout

    def daemon(self, name, config, label=None, env=None, supervise=False, crash=None, ready=True,
               args=(), muara=None, wrap=None):
        """Starts build/<BUILD>/bin/muara-<name>; see Daemon. `label` names a
        second one of a kind; `crash` = 'point:N' for the first process only, or
        a list: for the first, the second …, one after the other when supervised;
        ready=False: do not wait for READY=1; `muara`: its own muara.yaml
        settings (two installations, another prefix); `wrap`: n -> what stands
        before the command of the n-th process (from 0), which execs it."""
        d = Daemon(self, name, config, label or name, env or {}, crash, args, muara or {}, wrap)
        self.daemons.append(d)
        d.start(supervise, ready)
        return d

    def crashes(self):
        """Crash points that were hit, in order, with what was in flight."""
        try:
            with open(self._crash_file) as f:
                return [Crash(p, int(n)) for p, n in CRASH_LINE.findall(f.read())]
        except FileNotFoundError:
            return []


def _line(record):
    """One record as a line of JSON; bytes that are not UTF-8 are shown so."""
    shown = record._asdict()
    shown['headers'] = [[n, repr(v)] for n, v in record.headers]
    for part in ('key', 'value'):
        if shown[part] is not None:
            shown[part] = shown[part].decode('utf-8', 'backslashreplace')
    return json.dumps(shown, ensure_ascii=False) + '\n'
