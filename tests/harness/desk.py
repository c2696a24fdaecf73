"""A forwarder with a LAPOR! sandbox behind it and complaints in front of it, for flow tests.

    with Desk(env) as desk:                    sandbox, `complaints` and the daemon are up
        c = desk.complaint('Lampu jalan mati') a ready complaint, decided now; its snapshot
        desk.lapor.script({'call': 'create', 'ticket': c['ticket'], 'action': 'hang'})
        desk.wait(c, 'done')                   outcome of its newest create
        desk.kinds(c, 'create')                ['intent', 'not_sent', 'intent', 'done']
        desk.reasons(c, 'create')              what the outcomes give as reason
        desk.stored(c)                         reports the sandbox holds of it
        desk.once()                            nothing was filed twice, by the sandbox's journal

Desk(env, total='6s') files by a copy of lapor-v3.yaml with that longest duration of its calls (they
run by the real clock, tests cannot turn it); profile='manual' takes another one. `destination` and
`config` change settings of the destination and of the daemon; start=False leaves the daemon off
until desk.start(). desk.file(bytes, mime) puts a file into the blob store, for
complaint(attachments=[...]).
"""

import hashlib
import os
import pathlib
import sys

from .kafka import ROOT
from .procs import wait_until
from .records import (LaneWriter, attachment, complaint, counted, decision_of, message,
                      put_command)
from .schema import validate_topic

sys.path.insert(0, str(pathlib.Path(ROOT) / 'tests' / 'fakes'))

from sandbox_client import AUTH, TOKEN, Sandbox  # noqa: E402

PROFILES = pathlib.Path(ROOT) / 'config' / 'lapor'
AGENCY, INSTITUTION = 'Dinas Perhubungan', 77
OUTCOMES = ('done', 'rejected', 'not_sent', 'parked', 'handed', 'resolved')


class Desk:
    def __init__(self, env, total=None, profile='lapor-v3', destination=None, config=None,
                 sandbox=(), start=True, crash=None):
        self.env, self.total, self.profile = env, total, profile
        self.destination, self.config_over = destination or {}, config or {}
        self.lapor = Sandbox(env.scratch.mkdir('sandbox'), '--keep-requests', *sandbox)
        self.lapor.start()
        self.writer = LaneWriter(env, 'complaints')
        self.n, self.daemon = 0, None
        if start:
            self.start(crash=crash)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.lapor.stop()
        if kind is None:
            validate_topic(self.env, 'submissions')

    # ---- the daemon

    def profile_file(self):
        path = PROFILES / f'{self.profile}.yaml'
        if not self.total:
            return str(path)
        text = path.read_text()
        for limit in ('total: 90s', 'total: 30s', 'connect: 30s', 'connect: 10s'):
            text = text.replace(limit, f"{limit.split(':')[0]}: {self.total}")
        return self.env.scratch.write(f'{self.profile}.yaml', text)

    def destination_config(self, name='lapor', **over):
        return {'name': name, 'profile': self.profile_file(), 'base': self.lapor.base,
                'headers': [{'name': 'auth', 'secret': self.env.secret('auth', AUTH)},
                            {'name': 'token', 'secret': self.env.secret('token', TOKEN)}],
                'settings': {'institution': 12, 'category': 436}, 'agencies': {AGENCY: INSTITUTION},
                'settle': '0s', 'pause_base': '100ms', **over}

    def config(self):
        return {'destinations': [self.destination_config(**self.destination)], **self.config_over}

    def start(self, label='forwarder', **more):
        self.daemon = self.env.daemon('forwarder', self.config(), label=label, **more)
        return self.daemon

    # ---- what comes in

    def file(self, data, mime='image/jpeg', id='a1', **more):
        """An attachment whose bytes lie in the blob store."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = os.path.join(self.env.muara['blob_dir'], sha256)
        with open(path, 'wb') as f:
            f.write(data)
        os.chmod(path, 0o640)
        return attachment(id, 'stored', kind=mime.split('/')[0], sha256=sha256, size=len(data),
                          mime=mime, **more)

    def snapshot(self, text='Lampu jalan di depan pasar mati.', attachments=(), **over):
        self.n += 1
        m = message(f'desk.{self.n}', f'{text} ({self.n})', attachments=attachments)
        return complaint([m], **over), m

    def complaint(self, text='Lampu jalan di depan pasar mati.', attachments=(), **over):
        c, m = self.snapshot(text, attachments, **over)
        self.decide(c, m)
        return c

    def decide(self, snapshot, *messages):
        """Appends a counted decision that makes this the newest version."""
        return self.writer.append('decision', decision_of(self.env, snapshot, messages))

    def command(self, what, **more):
        return put_command(self.env, what, **more)

    def resume(self, name='lapor'):
        return self.command('resume', destination=name)

    # ---- what became of it

    def records(self, complaint=None, call=None, attachment=None):
        """Bodies of `submissions` that count, in order."""
        id = complaint['id'] if isinstance(complaint, dict) else complaint
        return [b for _, b in counted(self.env.kafka.read_all(self.env.topic('submissions')))
                if id in (None, b.get('complaint')) and call in (None, b.get('call'))
                and attachment in (None, b.get('attachment'))]

    def kinds(self, complaint, call='create', attachment=None):
        return [b['kind'] for b in self.records(complaint, call, attachment)]

    def reasons(self, complaint, call='create', attachment=None):
        return [b['reason'] for b in self.records(complaint, call, attachment)
                if b['kind'] in OUTCOMES and b.get('reason')]

    def wait(self, complaint, kind, call='create', attachment=None, timeout=30):
        """Until the newest attempt of the call has ended so; its record."""
        def ended():
            found = self.records(complaint, call, attachment)
            if found and found[-1]['kind'] == kind:
                return found[-1]
            return None
        scale = 3 if self.env.sanitized else 1
        wait_until(ended, timeout * scale,
                   lambda: f"{call} of {complaint['ticket']} {kind}; it is "
                           f'{self.kinds(complaint, call, attachment)} '
                           f'{self.reasons(complaint, call, attachment)}; '
                           f'{self.daemon.status if self.daemon else "no daemon"!r}')
        return ended()

    def parked(self, call='create'):
        """{complaint id} whose newest attempt of the call is parked."""
        newest = {}
        for b in self.records(call=call):
            newest[b['complaint']] = b['kind']
        return {c for c, kind in newest.items() if kind == 'parked'}

    def stored(self, complaint):
        """Reports of this complaint that the sandbox holds."""
        return [f for f in self.lapor.filed() if f['ticket'] == complaint['ticket']]

    def once(self):
        """Fails when a complaint stands in the sandbox twice; gives how many reports it holds."""
        tickets = [f['ticket'] for f in self.lapor.filed()]
        assert len(tickets) == len(set(tickets)), f'filed twice: {sorted(tickets)}'
        return len(tickets)
