"""A forwarder before a LAPOR! sandbox, for flow tests: complaints go straight into `complaints`,
as the normalizer would have decided them.

    with Office(env) as o:
        o.start(o.destination(settle='0s'))   the forwarder, filing
        c = o.ready('Jalan rusak')            a ready complaint, decided now; its snapshot
        o.wait_state(c, 'done')               of its create, by the log
        o.filings()                           oracle's fold of `submissions`
        o.wait(c, 'done')                     its newest record of the create; the record's body
        o.kinds(c)                            ['intent', 'not_sent', 'intent', 'done']
        o.reasons(c)                          what its outcomes give as reason
        o.told(c), o.wait_told(c, n)          follow-ups the sandbox holds of it
    o.stored(c), o.once()                 what the sandbox holds of it; nothing twice
        o.lapor.filed(), .script(...), .journal()

    with opened(env, concurrency=1) as o:     the same with one destination, started already

Office(env, total='6s') files by a copy of the profile with that longest duration of its calls (they
run by the real clock, tests cannot turn it). o.photo(bytes, mime) lies in the blob store, for
ready(messages=[o.message(attachments=[...])]) or snapshot(attachments=[...]).
"""

import copy
import hashlib
import os
import sys

from .kafka import ROOT
from .procs import wait_until
from .records import (LaneWriter, attachment, complaint, decision_of, joined, message, now_ms,
                      put_command)
from .schema import validate_topic

for _folder in ('oracle', 'fakes'):
    sys.path.insert(0, os.path.join(ROOT, 'tests', _folder))

from oracle_filings import Filings, Journal, match  # noqa: E402
from oracle_lane import Ruling  # noqa: E402
from sandbox_client import AUTH, TOKEN, Sandbox  # noqa: E402

HOUR_MS, DAY_MS = 3600_000, 24 * 3600_000
PROFILES = os.path.join(ROOT, 'config', 'lapor')
FINAL = ('done', 'filed', 'dropped')  # no waiting changes these
SETTINGS = {'institution': '12', 'category': '436', 'user': '51'}
AGENCY, INSTITUTION = 'Dinas Perhubungan', 77
AGENCIES = {AGENCY: str(INSTITUTION)}
ONCE_ONLY = {'create': 'create', 'followup_add': 'followup'}  # the sandbox's word -> ours
OUTCOMES = ('done', 'rejected', 'not_sent', 'parked', 'handed', 'resolved')


class Office:
    def __init__(self, env, *sandbox, lane=0, total=None):
        self.env, self.lane, self.total = env, lane, total
        self.lapor = Sandbox(env.scratch.mkdir('sandbox'), *sandbox).start()
        self.writer, self.daemon, self._count = LaneWriter(env, 'complaints', lane), None, 0
        self.faults, self.sheets = [], env.scratch.mkdir('sheets')
        self.growing, self._read = False, []  # the log only grows: what was read is not read again

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.lapor.stop()
        if kind is None:
            validate_topic(self.env, 'submissions', skip=lambda r: r.key == b'filler')  # of compacted()

    def beside(self, lane):
        """The same office as the tenant of another lane sees it: its complaints, its log."""
        other = copy.copy(self)
        other.lane, other.writer = lane, LaneWriter(self.env, 'complaints', lane)
        other._count = 1_000_000 * (lane + 1)
        return other

    # ---- the daemon

    def profile_file(self, profile):
        path = os.path.join(PROFILES, profile + '.yaml')
        if not self.total:
            return path
        with open(path) as f:
            text = f.read()
        for limit in ('total: 90s', 'total: 30s', 'connect: 30s', 'connect: 10s'):
            text = text.replace(limit, f"{limit.split(':')[0]}: {self.total}")
        return self.env.scratch.write(f'{profile}.yaml', text)

    def destination(self, name='lapor', profile='lapor-v3', base=None, **over):
        """One entry of forwarder.yaml's destinations."""
        out = {'name': name, 'profile': self.profile_file(profile), 'settle': '0s', 'follow_up_settle': '0s',
               'pause_base': '200ms'}
        if profile != 'manual':
            out.update(
                base=base or self.lapor.base, settings=SETTINGS, agencies=AGENCIES,
                headers=[{'name': 'auth', 'secret': self.env.secret('auth', AUTH)},
                         {'name': 'token', 'secret': self.env.secret('token', TOKEN)}])
        return {**out, **over}

    def config(self, *destinations, **over):
        return {'destinations': list(destinations) or [self.destination()],
                'sheet_dir': self.sheets,
                'observe_dir': self.env.scratch.path('observed'),
                'masters_every': '0s', 'session_timeout': '6s', **over}

    def start(self, *destinations, label='forwarder', filing=True, supervise=False, crash=None,
              env=None, wrap=None, **over):
        config = self.config(*destinations, member=label, **over)
        d = self.env.daemon('forwarder', config, label=label, supervise=supervise, crash=crash,
                            env=env, wrap=wrap)
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

    def within_a_day(self, minutes=30):
        """For what counts by days: turned on when the day of the officers ends within so many minutes."""
        left = DAY_MS - (now_ms(self.env) + 7 * HOUR_MS) % DAY_MS
        if left < minutes * 60_000:
            self.later(left)

    def later(self, ms):
        """The time of the daemons, turned on."""
        self.env.clock.advance(ms)

    # ---- complaints

    def message(self, text=None, **more):
        self._count += 1
        return message(f'wamid.{self._count}', text or f'Lampu jalan nomor {self._count} mati.',
                       **more)

    def put(self, snapshot, messages=(), **more):
        """A decision that makes this snapshot."""
        self.writer.append('decision', {**decision_of(self.env, snapshot, messages), **more})
        return snapshot

    def snapshot(self, text=None, attachments=(), **over):
        """(snapshot, its message) of a complaint that is not decided yet; see put."""
        m = self.message(text, attachments=attachments)
        return complaint([m], **over), m

    def ready(self, text=None, messages=None, **over):
        messages = messages or [self.message(text)]
        return self.put(complaint(messages, **over), messages)

    def ready_many(self, n, **over):
        """n of them, appended together."""
        made = [(complaint([m], **over), m) for m in (self.message() for _ in range(n))]
        self.writer.append_many('decision', [decision_of(self.env, c, [m]) for c, m in made])
        return [c for c, _ in made]

    def next_version(self, c, **over):
        return self.put({**c, 'version': c['version'] + 1, **over})

    def photo(self, content=b'\xff\xd8\xff foto', mime='image/jpeg', name='foto.jpg', id=None):
        """An attachment whose bytes lie in the blob store."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = os.path.join(self.env.muara['blob_dir'], sha256)
        with open(path, 'wb') as f:
            f.write(content)
        kind = 'image' if mime.startswith('image/') else 'document'
        return attachment(id or name, 'stored', kind, sha256, len(content), mime, name)

    def command(self, what, **more):
        return put_command(self.env, what, self.lane, **more)

    def resume(self, name='lapor'):
        return self.command('resume', destination=name)

    # ---- what the log says

    def filings(self):
        """Filings of the oracle, over the records that count."""
        self.faults = []
        out = Filings(lambda *fault: self.faults.append(fault))
        for entry in self._entries():
            out.feed(self.lane, entry)
        return out

    def _entries(self):
        topic, old = self.env.topic('submissions'), self._read if self.growing else []
        more = {'start': old[-1].offset + 1} if old else {}
        records = self._read = old + self.env.kafka.read_all(topic, self.lane, **more)
        return Ruling(records, 'submissions', self.lane).counted()

    def term(self):
        """Of the newest takeover."""
        return max(r.json['term'] for r in self.env.kafka.read_all(self.env.topic('submissions'), self.lane)
                   if (r.key or b'').startswith(b'takeover/'))

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

    def bodies(self, c=None, call=None, attachment=None):
        """Of `submissions` that count, in order."""
        return [e.body for e in self._entries() if (c is None or e.body.get('complaint') == c['id'])
                and call in (None, e.body.get('call'))
                and attachment in (None, e.body.get('attachment'))]

    def kinds(self, c, call='create', attachment=None):
        return [b['kind'] for b in self.bodies(c, call, attachment)]

    def reasons(self, c, call='create', attachment=None):
        return [b['reason'] for b in self.bodies(c, call, attachment)
                if b['kind'] in OUTCOMES and b.get('reason')]

    def wait(self, c, kind, call='create', attachment=None, timeout=60):
        """Until the newest record of the call is of that kind; its body."""
        def ended():
            found = self.bodies(c, call, attachment)
            return found[-1] if found and found[-1]['kind'] == kind else None
        return wait_until(ended, timeout,
                          lambda: f"{call} of {c['ticket']} {kind}; it is "
                                  f'{self.kinds(c, call, attachment)} '
                                  f'{self.reasons(c, call, attachment)}; '
                                  f'{self.daemon.status if self.daemon else "no daemon"!r}')

    def parked(self, call='create'):
        """{complaint id} whose newest record of the call parks it."""
        newest = {b['complaint']: b['kind'] for b in self.bodies(call=call)}
        return {c for c, kind in newest.items() if kind == 'parked'}

    # ---- what LAPOR! saw

    def creates(self, c=None):
        """Creates that came, of one complaint or all."""
        return [line for line in self.lapor.journal() if line['event'] == 'request'
                and line['call'] == 'create' and (not c or line['ticket'] == c['ticket'])]

    def at_once(self):
        """The most creates that were under way at one time."""
        now = most = 0
        for line in self.lapor.journal():
            if line['call'] == 'create' and line['event'] in ('request', 'answer'):
                now += 1 if line['event'] == 'request' else -1
                most = max(most, now)
        return most

    def stored(self, c):
        return [f for f in self.lapor.filed() if f['ticket'] == c['ticket']]

    def told(self, c):
        """Follow-ups that stand there: {"content", "fields", "files"}, in order."""
        return [t for f in self.stored(c) for t in f['told']]

    def wait_told(self, c, n, timeout=60):
        """Until n follow-ups stand there and the log says so of each; the follow-ups."""
        wait_until(lambda: [b['kind'] for b in self.bodies(c, 'followup')].count('done') == n, timeout,
                   lambda: f"{n} follow-ups of {c['ticket']}; {self.kinds(c, 'followup')} "
                           f"{self.reasons(c, 'followup')}")
        told = self.told(c)
        assert len(told) == n, told
        return told

    def adds(self, c, *messages, **over):
        """A version of c that has these messages too, told in the order given, as the normalizer
        makes it of messages that join a filed complaint."""
        return self.put(joined(c, messages, **over), messages)

    def once(self):
        """Fails when a complaint stands in the sandbox twice; gives how many reports it holds."""
        tickets = [f['ticket'] for f in self.lapor.filed()]
        assert len(tickets) == len(set(tickets)), f'filed twice: {sorted(tickets)}'
        return len(tickets)


def opened(env, total=None, **destination):
    """An Office with one destination of these settings, its forwarder filing."""
    o = Office(env, total=total)
    o.start(o.destination(**destination))
    return o


def fits_the_journal(o, complaints, filings):
    """The outcomes in the log and what the sandbox answered tell the same story (oracle_filings)."""
    came, attempts = {}, {}
    for r in Journal(o.lapor.journal()).requests.values():
        came.setdefault((ONCE_ONLY.get(r['call']), r['ticket']), []).append(r)
    for a in filings.attempts.values():
        attempts.setdefault((a.call, a.complaint), []).append(a)
    for c in complaints:
        for call in ONCE_ONLY.values():
            own, requests = attempts.get((call, c['id']), []), came.get((call, c['ticket']), [])
            told = [(a.name, a.own_end, a.state) for a in own]
            assert match(own, requests) is not None, (
                f"{c['ticket']}: {call} {told}; answers {[r['answer'] for r in requests]}")
