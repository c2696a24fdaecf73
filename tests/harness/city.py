"""A whole Muara for end-to-end tests and the demo: sandbox, daemons, feeders, ledger, books.

    city = City(env)                          env: harness.Env
    city.start('whatsapp', 'normalizer', 'forwarder', crash={'normalizer': ['after-append:9']})
    city.send([Bubble(person, 'Jalan rusak', 'wamid.1'), …])     by WhatsApp, until each is accepted
    city.drop(rows)                           a file for the 112 drop folder
    city.settle()                             until all is at rest and the oracle agrees
    city.balanced()                           oracle, muaractl balance, index = rebuilt index

Daemons are started supervised, as systemd would restart them; each has its own file of crash points
(city.crashes()). Time windows are small instead of turned forward, so that the shipped build can be
driven as well (the demo does).
"""

import itertools
import json
import os
import pathlib
import queue
import sys
import threading
import time
from typing import NamedTuple

from . import whatsapp
from .citizens import Person
from .env import CRASH_LINE, Crash
from .kafka import ROOT
from .ledger import Ledger
from .procs import Proc, wait_until

TESTS = pathlib.Path(ROOT) / 'tests'
for _folder in ('oracle', 'fakes'):
    sys.path.insert(0, str(TESTS / _folder))

import oracle_ids as ids  # noqa: E402
from oracle import Books, privacy  # noqa: E402,F401
from sandbox_client import AUTH, TOKEN, Sandbox  # noqa: E402

# What the audit may find while work is under way; anything else is a fault at once.
UNDER_WAY = {'lost-before-raw', 'lost-before-decision', 'no-end', 'open-intent', 'command',
             'filed-but-gone', 'stored-unknown', 'phantom-at-lapor', 'sent-before-intent'}
TENANT = 'malang'


class Bubble(NamedTuple):
    person: Person
    text: str
    native_id: str
    update: dict = None      # other than a text message, as WhatsApp sends it
