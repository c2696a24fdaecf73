"""A whole Muara for end-to-end tests and the demo: sandbox, daemons, feeders, ledger, books.

    city = City(env)                          env: harness.Env
    city.start('whatsapp', 'normalizer', 'forwarder', crash={'normalizer': ['after-append:9']})
    city.send([Bubble(person, 'Jalan rusak', 'wamid.1'), …]).join()   by WhatsApp, until each is accepted
    city.call(20); city.slips(20)             files for 112's folder and the complaint box
    city.settle()                             until all is at rest and the oracle agrees
    city.balanced()                           oracle, muaractl balance, index = rebuilt index

Daemons are started supervised, as systemd would restart them; each has its own file of crash points
(city.crashes()). Time windows are small instead of turned forward, so that the shipped build can be
driven as well (the demo does).
"""

import base64
import itertools
import json
import os
import pathlib
import queue
import sys
import threading
import time
from typing import NamedTuple, Optional

from confluent_kafka import KafkaException

from . import whatsapp
from .citizens import CANARIES, Citizens, Person
from .env import CRASH_LINE, Crash
from .kafka import ROOT
from .ledger import Ledger
from .procs import stretch
from .schema import validate_topic

TESTS = pathlib.Path(ROOT) / 'tests'
PROFILES = pathlib.Path(ROOT) / 'config' / 'lapor'
for _folder in ('oracle', 'fakes'):
    sys.path.insert(0, str(TESTS / _folder))

import oracle_ids as ids  # noqa: E402
from oracle import Books, privacy  # noqa: E402
from sandbox_client import AUTH, TOKEN, Sandbox  # noqa: E402

TENANT = 'malang'
ACCOUNT = 'kota'
BOX, CENTRE = 'kotak-saran', 'malang-112'
SECRET, VERIFY = 'rahasia-aplikasi-uji', 'token-verifikasi-uji'
CALL_FIELDS = ('id', 'received', 'type', 'name', 'phone', 'address', 'text', 'agency', 'attachments')
CALL_COLUMNS = ('No Tiket', 'Tanggal Terima', 'Jenis Panggilan', 'Nama', 'No Telp', 'Alamat', 'Uraian',
                'Dinas', 'Foto')
AGENCIES = {'Dinas Perhubungan': '77', 'Dinas Pekerjaan Umum': '78'}
JPEG = base64.b64decode(    # one grey pixel
    '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQ'
    'CgwSExIQEw8QEBD/yQALCAABAAEBAREA/8wABgAQEAX/2gAIAQEAAD8A0s8g/9k=')
TOPICS = ('complaints', 'submissions', 'commands', 'cursors', 'media', 'emergencies')   # and raw.*
CALL_TYPES = {'Pengaduan': 'normal', 'Ghost Call': 'ghost', 'Darurat': 'emergency'}


class Bubble(NamedTuple):
    """One WhatsApp message. `update`: other than a text, as whatsapp.py makes it."""
    person: Person
    text: str
    native_id: str
    update: Optional[dict] = None

    def as_update(self):
        return self.update or whatsapp.text_message(self.person.wa_id, self.person.name, self.text,
                                                    self.native_id)


class City:
    def __init__(self, env, sandbox=(), session='6s'):
        self.session = session   # of normalizer and forwarder in their groups
        self.env, self.ledger, self.daemons = env, Ledger(), {}
        self.citizens = Citizens(env.random)
        self._files, self._calls = itertools.count(1), itertools.count(1)
        self.sandbox_dir = env.scratch.mkdir('sandbox')
        self.lapor = Sandbox(self.sandbox_dir, *sandbox).start()
        self.socket = env.scratch.path('wa.sock')

    def close(self):
        self.lapor.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- daemons

    def start(self, name, config=None, label=None, crash=(), **more):
        """One daemon, supervised, with the settings of config_of() unless given."""
        label = label or name
        self.daemons[label] = self.env.daemon(
            name, config or self.config_of(name), label=label, supervise=True, crash=crash,
            env={'MUARA_CRASH_FILE': self.env.scratch.path('crash-' + label)}, **more)
        return self.daemons[label]

    def config_of(self, name):
        return getattr(self, '_' + name)()

    def _source(self, account):
        return {'tenant': TENANT, 'account': account, 'start': '2020-01-01', 'review': 'auto',
                'max_age': '7d'}

    def _whatsapp(self):
        secret = self.env.secret
        return {**self._source(ACCOUNT), 'listen': self.socket, 'app_secret': secret('wa-secret', SECRET),
                'verify_token': secret('wa-verify', VERIFY), 'numbers': [whatsapp.NUMBER_ID]}

    def _file(self):
        return {**self._source(BOX), 'path': self.env.scratch.mkdir('drop-file'), 'poll': '100ms'}

    def _call112(self):
        return {**self._source(CENTRE), 'path': self.env.scratch.mkdir('drop-112'), 'poll': '100ms',
                'fields': dict(zip(CALL_FIELDS, CALL_COLUMNS)), 'types': CALL_TYPES,
                'attachments': {'wait': '2s'}}

    def _normalizer(self):
        return {'quiet': '500ms', 'media_wait': '0s', 'session': self.session, 'commit': '200ms'}

    def destination(self, **over):
        """The sandbox as a destination of forwarder.yaml."""
        secret = self.env.secret
        return {'name': 'lapor', 'profile': str(PROFILES / 'lapor-v3.yaml'), 'base': self.lapor.base,
                'headers': [{'name': 'auth', 'secret': secret('lapor-auth', AUTH)},
                            {'name': 'token', 'secret': secret('lapor-token', TOKEN)}],
                'settings': {'institution': '12', 'category': '436', 'user': '51'},
                'agencies': AGENCIES,
                'max_filings_per_hour': 0, 'settle': '0s', 'follow_up_settle': '0s', 'pause_base': '200ms', **over}

    def sheets(self, name='lembar'):
        """A destination whose complaints an officer types in."""
        return {'name': name, 'profile': str(PROFILES / 'manual.yaml'), 'settle': '0s'}

    def _forwarder(self):
        return {'destinations': [self.destination()], 'session_timeout': self.session, 'masters_every': '0s'}

    def crashes(self, label):
        """[Crash(point, in_flight)] of one daemon, in order."""
        try:
            with open(self.env.scratch.path('crash-' + label), encoding='ascii') as f:
                return [Crash(p, int(n)) for p, n in CRASH_LINE.findall(f.read())]
        except FileNotFoundError:
            return []

    def kill(self, label):
        """SIGKILL; its supervisor brings it back."""
        proc = self.daemons[label].proc
        if proc.alive:
            proc.kill9()

    def terms(self, log):
        """How many takeovers stand in a lane log."""
        return sum((r.key or b'').startswith(b'takeover/')
                   for r in self.env.kafka.read_all(self.env.topic(log)))

    # ---- the books

    def books(self, **more):
        return Books(self.env, self.ledger, self.sandbox_dir, agencies=AGENCIES, **more)

    def _ends(self):
        """Of all logs but `cursors`, where a poller says every moment that it found nothing; None
        while the broker has not found them again after a restart."""
        kafka, prefix = self.env.kafka, self.env.prefix
        try:
            return {(t, p): kafka.end(t, p) for t, n in kafka.topics().items()
                    if t.startswith(prefix) and t != f'{prefix}cursors' for p in range(n)}
        except KafkaException:
            return None

    def settle(self, timeout=60, waiting=(), still=1.0, forward_ms=0):
        """Until the logs rest and the oracle finds everything in its place; gives the audit. What
        is wrong must stay wrong for as long as `timeout` before it fails. `forward_ms`: when all
        rests and something is open, turn the daemons' clock forward: whoever finds the INTENT of a
        dead writer waits as long as its call may have lasted."""
        timeout *= 3 if self.env.sanitized else 1
        begin, ends, since = time.monotonic(), None, 0
        while True:
            end = begin + timeout * stretch()
            now = self._ends()
            if now is None or now != ends:
                ends, since = now, time.monotonic()
            if time.monotonic() - since >= still * stretch() or time.monotonic() > end:
                audit = self.books(waiting=waiting).audit()
                if not audit.violations and not audit.unsettled():
                    return audit
                if time.monotonic() > end:
                    audit.complain()
                    raise AssertionError(f'not at rest within {timeout} s: {audit.unsettled()}\n'
                                         f'{audit.table()}')
                if forward_ms:
                    self.env.clock.advance(forward_ms)
                since = time.monotonic()
            time.sleep(0.2)

    def balanced(self, timeout=60, waiting=(), forward_ms=0, also=()):
        """All at rest, the oracle content, muaractl's own books too, the index as the logs make it,
        every record as its schema says, and nobody's data where it must not be, nor secrets (`also`:
        further ones)."""
        audit = self.settle(timeout, waiting, forward_ms=forward_ms)
        self.env.ctl('balance')
        self.env.ctl('index', 'rebuild-compare')
        for topic, partitions in self.env.kafka.topics().items():
            name = topic.removeprefix(self.env.prefix)
            if name != topic and (name.startswith('raw.') or name in TOPICS):
                for p in range(partitions):
                    validate_topic(self.env, name, p)
        privacy(self.env, (*CANARIES, SECRET, VERIFY, AUTH, TOKEN, *also))
        return audit

    # ---- accepted by WhatsApp

    def population(self, messages, share=0.3):
        """So many WhatsApp messages of made-up citizens; `share` of the citizens write in bubbles."""
        out, citizens = [], self.citizens
        while len(out) < messages:
            p = citizens.person()
            texts = citizens.bubbles() if citizens.random.random() < share else [citizens.complaint()]
            out += [Bubble(p, t, f'wamid.{p.wa_id}.{i}') for i, t in enumerate(texts)]
        return out[:messages]

    def message_id(self, bubble):
        return ids.message_id(TENANT, 'whatsapp', ACCOUNT, bubble.native_id)

    # ---- accepted from files: all of a file is, once it was renamed into its folder

    def drop(self, folder, name, text):
        """A file that appears whole."""
        path = pathlib.Path(self.env.scratch.mkdir(folder))
        (path / f'.{name}').write_text(text, encoding='utf-8')
        os.rename(path / f'.{name}', path / name)

    def slips(self, n):
        """n slips of the complaint box, one file of NDJSON."""
        lines = []
        for _ in range(n):
            p, text = self.citizens.person(), self.citizens.complaint()
            lines.append(json.dumps({'native_id': f'kotak-{p.wa_id}', 'text': text, 'author': {
                'id': p.wa_id, 'name': p.name, 'phone': p.phone}}, ensure_ascii=False))
            self.ledger.accept(ids.message_id(TENANT, 'file', BOX, f'kotak-{p.wa_id}'), 'file', text,
                               told=False)
        self.drop('drop-file', f'{next(self._files):04d}.ndjson', '\n'.join(lines) + '\n')

    def call(self, n, files=1, duplicates=0.0, ghosts=0.1):
        """n calls to 112 in CSV files; so many of the rows come again in a file of their own."""
        rows = [self._row(ghosts) for _ in range(n)]
        again = self.env.random.sample(rows, int(n * duplicates))
        size = -(-n // files)
        for part in [rows[i:i + size] for i in range(0, n, size)] + ([again] if again else []):
            self.drop('drop-112', f'{next(self._files):04d}.csv',
                       '\n'.join([';'.join(CALL_COLUMNS), *part]) + '\n')

    def _row(self, ghosts):
        p, number = self.citizens.person(), f'112-{next(self._calls):06d}'
        ghost = self.citizens.random.random() < ghosts
        text = '' if ghost else self.citizens.complaint()
        self.ledger.accept(ids.message_id(TENANT, 'call112', CENTRE, number), 'call112', text,
                           'archived' if ghost else 'complaint', told=False)
        when = time.strftime('%d-%m-%Y %H:%M:%S', time.gmtime(time.time() + 7 * 3600))
        agency = self.citizens.random.choice(('', '', *AGENCIES))
        photo = self._photo(number) if self.citizens.random.random() < 0.15 else ''
        return ';'.join((number, when, 'Ghost Call' if ghost else 'Pengaduan', '' if ghost else p.name,
                         p.phone, '', text, agency, photo))

    def _photo(self, number):
        """Beside the drop, before the row that names it; each its own."""
        path = pathlib.Path(self.env.scratch.mkdir('drop-112'), f'{number}.jpg')
        path.write_bytes(JPEG + number.encode())
        return path.name

    def send(self, bubbles, batch=1, threads=8, duplicates=0.0, patience=120):
        """Posts them as Meta does: again and again until the answer is 200. Bubbles of one batch
        travel in one body; `duplicates`: so much of the bodies comes twice. In the order given within
        a thread only."""
        bodies = [bubbles[i:i + batch] for i in range(0, len(bubbles), batch)]
        again = self.env.random.sample(bodies, int(len(bodies) * duplicates))
        work = queue.SimpleQueue()
        for b in bodies + again:
            work.put(b)
        errors = []
        crew = [threading.Thread(target=self._post_all, args=(work, errors, patience), daemon=True)
                for _ in range(threads)]
        for t in crew:
            t.start()
        return Sending(crew, errors)

    def _post_all(self, work, errors, patience):
        try:
            while True:
                self._post(work.get_nowait(), patience)
        except queue.Empty:
            pass
        except Exception as e:  # told by Sending.join
            errors.append(e)

    def _post(self, bubbles, patience):
        data = whatsapp.body([b.as_update() for b in bubbles])
        for b in bubbles:
            self.ledger.offer(self.message_id(b))
        end, pause = time.monotonic() + patience, 0.05
        while whatsapp.post(self.socket, data, SECRET) != 200:
            self.ledger.count(refused=1)
            if time.monotonic() > end:
                raise AssertionError(f'a webhook was not accepted within {patience} s')
            time.sleep(pause)
            pause = min(pause * 2, 1)
        self.ledger.count()
        for b in bubbles:
            self.ledger.accept(self.message_id(b), 'whatsapp', b.text)


class Sending:
    """A feed under way."""

    @classmethod
    def of(cls, *feeds):
        """Functions, each in a thread of its own."""
        errors = []

        def run(feed):
            try:
                feed()
            except Exception as e:  # told by join
                errors.append(e)
        crew = [threading.Thread(target=run, args=(f,), daemon=True) for f in feeds]
        for t in crew:
            t.start()
        return cls(crew, errors)

    def __init__(self, crew, errors):
        self.crew, self.errors = crew, errors

    @property
    def busy(self):
        return any(t.is_alive() for t in self.crew)

    def join(self, timeout=300):
        end = time.monotonic() + timeout
        for t in self.crew:
            t.join(max(0, end - time.monotonic()))
        assert not self.busy, f'the feed is not through within {timeout} s'
        if self.errors:
            raise self.errors[0]
