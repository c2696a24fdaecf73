"""A forwarder before a LAPOR! sandbox, for flow tests: complaints go straight into `complaints`,
as the normalizer would have decided them.

    with Office(env) as o:
        o.start(settle='0s')                  the forwarder, filing
        c = o.ready('Jalan rusak')            a ready complaint; its snapshot
        o.wait_state(c, 'done')               of its create, by the log
        o.filings()                           oracle's fold of `submissions`
        o.lapor.filed(), .script(...), .journal()
"""

import hashlib
import os
import sys
import time

from .kafka import ROOT
from .procs import wait_until
from .records import LaneWriter, attachment, complaint, decision_of, message, put_command
from .schema import validate_topic

for _folder in ('oracle', 'fakes'):
    sys.path.insert(0, os.path.join(ROOT, 'tests', _folder))

from oracle_filings import Filings, Journal, match  # noqa: E402
from oracle_lane import Ruling  # noqa: E402
from sandbox_client import AUTH, TOKEN, Sandbox  # noqa: E402

PROFILES = os.path.join(ROOT, 'config', 'lapor')
FINAL = ('done', 'filed', 'dropped')  # no waiting changes these
SETTINGS = {'institution': '12', 'category': '436'}
AGENCIES = {'Dinas Perhubungan': '77'}


class Office:
    def __init__(self, env, *sandbox, lane=0):
        self.env, self.lane = env, lane
        self.lapor = Sandbox(env.scratch.mkdir('sandbox'), *sandbox).start()
        self.writer, self.daemon, self._count = LaneWriter(env, 'complaints', lane), None, 0
        self.faults = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.lapor.stop()
        if kind is None:
            validate_topic(self.env, 'submissions')

    # ---- the daemon

    def destination(self, name='lapor', profile='lapor-v3', base=None, **over):
        """One entry of forwarder.yaml's destinations."""
        out = {'name': name, 'profile': os.path.join(PROFILES, profile + '.yaml'), 'settle': '0s',
               'pause_base': '200ms'}
        if profile != 'manual':
            out.update(
                base=base or self.lapor.base, settings=SETTINGS, agencies=AGENCIES,
                headers=[{'name': 'auth', 'secret': self.env.secret('auth', AUTH)},
                         {'name': 'token', 'secret': self.env.secret('token', TOKEN)}])
        return {**out, **over}

    def config(self, *destinations, **over):
        return {'destinations': list(destinations) or [self.destination()],
                'sheet_dir': self.env.scratch.path('sheets'),
                'observe_dir': self.env.scratch.path('observed'),
                'session_timeout': '6s', **over}

    def start(self, *destinations, label='forwarder', filing=True, supervise=False, crash=None,
              env=None, **over):
        config = self.config(*destinations, member=label, **over)
        d = self.env.daemon('forwarder', config, label=label, supervise=supervise, crash=crash,
                            env=env)
        self.daemon = self.daemon or d
        if filing:
            self.wait_filing(d)
        return d

    def wait_filing(self, daemon, timeout=60):
        wait_until(lambda: self.files(daemon), timeout,
                   lambda: f'{daemon.label} files; status {daemon.status!r}')

    def files(self, daemon):
        """Does it own every lane, with its inputs read? (False while it is being restarted.)"""
        try:
            return daemon.metrics().get('muara_forwarder_lanes') == self.env.muara['lanes']
        except OSError:
            return False

    def later(self, ms):
        """The time of the daemons, turned on; none reads the old one any more."""
        self.env.clock.advance(ms)
        time.sleep(0.1)  # a reading is up to 20 ms old, see common/base/clock.h

    # ---- complaints

    def message(self, text=None, **more):
        self._count += 1
        return message(f'wamid.{self._count}', text or f'Lampu jalan nomor {self._count} mati.',
                       **more)

    def put(self, snapshot, messages=()):
        """A decision that makes this snapshot."""
        self.writer.append('decision', decision_of(self.env, snapshot, messages))
        return snapshot

    def ready(self, text=None, messages=None, **over):
        messages = messages or [self.message(text)]
        return self.put(complaint(messages, **over), messages)

    def next_version(self, c, **over):
        return self.put({**c, 'version': c['version'] + 1, **over})

    def photo(self, content=b'\xff\xd8\xff foto', mime='image/jpeg', name='foto.jpg'):
        """An attachment whose bytes lie in the blob store."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = os.path.join(self.env.muara['blob_dir'], sha256)
        with open(path, 'wb') as f:
            f.write(content)
        return attachment(name, 'stored', 'image', sha256, len(content), mime, name)

    def command(self, what, **more):
        return put_command(self.env, what, self.lane, **more)

    # ---- what the log says

    def filings(self):
        """Filings of the oracle, over the records that count."""
        self.faults = []
        out = Filings(lambda *fault: self.faults.append(fault))
        for entry in self._entries():
            out.feed(self.lane, entry)
        return out

    def _entries(self):
        records = self.env.kafka.read_all(self.env.topic('submissions'), self.lane)
        return Ruling(records, 'submissions', self.lane).counted()

    def attempts(self, c, call='create', destination=None, filings=None):
        """Attempts at one call of a complaint, oldest first."""
        return [a for a in (filings or self.filings()).attempts.values()
                if a.complaint == c['id'] and a.call == call
                and destination in (None, a.destination)]

    def state(self, c, call='create', destination=None):
        """Of its newest attempt; None before there is one."""
        attempts = self.attempts(c, call, destination)
        return attempts[-1].state if attempts else None

    def states(self, complaints, call='create'):
        """Those of many, by one look at the log."""
        filings = self.filings()
        attempts = [self.attempts(c, call, filings=filings) for c in complaints]
        return [a[-1].state if a else None for a in attempts]

    def wait_states(self, complaints, ok, timeout=60):
        """Until ok(states) is true."""
        seen = []

        def fine():
            seen[:] = self.states(complaints)
            return ok(seen)
        wait_until(fine, timeout, lambda: f'states are as they should be: {seen}', step=0.1)

    def wait_state(self, c, state, call='create', timeout=60):
        states = state if isinstance(state, tuple) else (state,)
        def there():
            now = self.state(c, call)
            assert now in states or now not in FINAL, f'{call} of {c["id"]} is {now}, not {state}'
            return now in states
        wait_until(there, timeout,
                   lambda: f'{call} of {c["id"]} is {state}; it is {self.state(c, call)}', step=0.05)
        return self.attempts(c, call)[-1]

    def records(self, kind):
        """Counted records of that kind."""
        return [e for e in self._entries() if e.kind == kind]

    def absorbed(self, command, timeout=60):
        """The record that absorbs this command, once it counts."""
        return wait_until(lambda: self.filings().commands.get(command), timeout,
                          f'command {command} is absorbed', step=0.05)[0]

    # ---- what LAPOR! saw

    def creates(self, c=None):
        """Creates that came, of one complaint or all."""
        return [line for line in self.lapor.journal() if line['event'] == 'request'
                and line['call'] == 'create' and (not c or line['ticket'] == c['ticket'])]

    def stored(self, c):
        return [f for f in self.lapor.filed() if f['ticket'] == c['ticket']]


def fits_the_journal(o, complaints, filings):
    """The outcomes in the log and what the sandbox answered tell the same story (oracle_filings)."""
    journal = Journal(o.lapor.journal())
    for c in complaints:
        attempts = o.attempts(c, filings=filings)
        requests = [r for r in journal.creates() if r['ticket'] == c['ticket']]
        told = [(a.name, a.own_end, a.state) for a in attempts]
        assert match(attempts, requests) is not None, (
            f"{c['ticket']}: {told}; answers {[r['answer'] for r in requests]}")
