"""A whole Muara for end-to-end tests and the demo: sandbox, daemons, feeders, ledger, books.

    city = City(env)                          env: harness.Env
    city.start('whatsapp', 'normalizer', 'forwarder', crash={'normalizer': ['after-append:9']})
    city.send([Bubble(person, 'Jalan rusak', 'wamid.1'), …])     by WhatsApp, until each is accepted
    city.settle()                             until all is at rest and the oracle agrees
    city.balanced()                           oracle, muaractl balance, index = rebuilt index

Daemons are started supervised, as systemd would restart them; each has its own file of crash points
(city.crashes()). Time windows are small instead of turned forward, so that the shipped build can be
driven as well (the demo does).
"""

import pathlib
import queue
import sys
import threading
import time
from typing import NamedTuple, Optional

from . import whatsapp
from .citizens import CANARIES, Person
from .env import CRASH_LINE, Crash
from .kafka import ROOT
from .ledger import Ledger

TESTS = pathlib.Path(ROOT) / 'tests'
for _folder in ('oracle', 'fakes'):
    sys.path.insert(0, str(TESTS / _folder))

import oracle_ids as ids  # noqa: E402
from oracle import Books, privacy  # noqa: E402
from sandbox_client import AUTH, TOKEN, Sandbox  # noqa: E402

TENANT = 'malang'
ACCOUNT = 'kota'
SECRET, VERIFY = 'rahasia-aplikasi-uji', 'token-verifikasi-uji'


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
    def __init__(self, env, sandbox=()):
        self.env, self.ledger, self.daemons = env, Ledger(), {}
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

    def crashes(self, label):
        """[Crash(point, in_flight)] of one daemon, in order."""
        try:
            with open(self.env.scratch.path('crash-' + label), encoding='ascii') as f:
                return [Crash(p, int(n)) for p, n in CRASH_LINE.findall(f.read())]
        except FileNotFoundError:
            return []

    # ---- the books

    def books(self, **more):
        return Books(self.env, self.ledger, self.sandbox_dir, **more)

    def _ends(self):
        kafka, prefix = self.env.kafka, self.env.prefix
        return {(t, p): kafka.end(t, p) for t, n in kafka.topics().items() if t.startswith(prefix)
                for p in range(n)}

    def settle(self, timeout=60, waiting=(), still=1.0):
        """Until the logs rest and the oracle finds everything in its place; gives the audit. What
        is wrong must stay wrong for as long as `timeout` before it fails."""
        timeout *= 3 if self.env.sanitized else 1
        end, ends, since = time.monotonic() + timeout, None, 0
        while True:
            now = self._ends()
            if now != ends:
                ends, since = now, time.monotonic()
            if time.monotonic() - since >= still or time.monotonic() > end:
                audit = self.books(waiting=waiting).audit()
                if not audit.violations and not audit.unsettled():
                    return audit
                if time.monotonic() > end:
                    audit.complain()
                    raise AssertionError(f'not at rest within {timeout} s: {audit.unsettled()}\n'
                                         f'{audit.table()}')
                since = time.monotonic()
            time.sleep(0.2)

    def balanced(self, timeout=60, waiting=()):
        """All at rest, the oracle content, muaractl's own books too, the index as the logs make it,
        and nobody's data where it must not be."""
        audit = self.settle(timeout, waiting)
        self.env.ctl('balance')
        self.env.ctl('index', 'rebuild-compare')
        privacy(self.env, (*CANARIES, SECRET, VERIFY, AUTH, TOKEN))
        return audit

    # ---- accepted by WhatsApp

    def message_id(self, bubble):
        return ids.message_id(TENANT, 'whatsapp', ACCOUNT, bubble.native_id)

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
