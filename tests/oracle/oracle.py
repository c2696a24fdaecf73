#!/usr/bin/python3
"""The oracle: proves the books of a Muara from outside.

  oracle.py --bootstrap HOST:PORT --prefix muara. [--accepted FILE] [--journal FILE …]
            [--waiting DESTINATION …] [--running]

Reads what the sources saw accepted (a JSON line per message: {"id", and if known "text", "at_ms",
"place", "files", "emergency"}), all topics, and the journals of the LAPOR! sandboxes; prints the balance; exit 1 when
anything is lost, doubled, altered or made up. It shares no code with the daemons: the rules of the
lane and the outcome table are written again here (oracle_lane.py, oracle_filings.py), from their
documentation. For tests:

  Books(env, accepted=ledger, sandbox_dir=folder).check()     raises AssertionError, ids in it
  privacy(env, canaries)                                      nobody's data where it must not be

Needs python3-confluent-kafka. Known gaps: edited texts and texts of an officer's hand are not
composed again; splits and erasures (not built yet) would be told as violations.
"""

import argparse
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent))

from harness.kafka import Kafka  # noqa: E402
from oracle_books import Facts, audit  # noqa: E402


def read_journal(path):
    """Whole lines of a journal.jsonl; a line being written is left out."""
    path = pathlib.Path(path)
    whole = path.read_bytes() if path.exists() else b''
    return [json.loads(x) for x in whole[:whole.rfind(b'\n') + 1].splitlines()]


class Books:
    """accepted: {id: facts} or anything with .accepted (and .offered); sandbox_dir: one or several
    folders with a journal; see Facts for the rest."""

    def __init__(self, env=None, accepted=None, sandbox_dir=None, waiting=(), offered=(),
                 settled=True, kafka=None, prefix=None, journals=None, agencies=None):
        self.kafka, self.prefix = kafka or env.kafka, prefix or env.prefix
        self.offered = set(getattr(accepted, 'offered', ())) | set(offered)
        self.accepted = getattr(accepted, 'accepted', accepted)
        self.waiting, self.settled, self.agencies = waiting, settled, agencies
        folders = [sandbox_dir] if isinstance(sandbox_dir, (str, os.PathLike)) else sandbox_dir or ()
        self.journals = [*(journals or ()), *(pathlib.Path(f) / 'journal.jsonl' for f in folders)]

    def _lanes(self, topics, name):
        topic = self.prefix + name
        return [self.kafka.read_all(topic, p) for p in range(topics.get(topic, 0))]

    def facts(self):
        """Consequences are read before their causes: what submissions answer to is surely in what is
        then read of complaints, and so on up to the raw topics."""
        topics = self.kafka.topics()
        submissions = self._lanes(topics, 'submissions')
        complaints = self._lanes(topics, 'complaints')
        commands = [r for lane in self._lanes(topics, 'commands') for r in lane]
        beside = [[r for lane in self._lanes(topics, name) for r in lane] for name in ('emergencies', 'media')]
        raw = {t.removeprefix(self.prefix): [r for p in range(n) for r in self.kafka.read_all(t, p)]
               for t, n in topics.items() if t.startswith(self.prefix + 'raw.')}
        journals = [read_journal(j) for j in self.journals] if self.journals and self.settled else None
        return Facts(raw, complaints, submissions, commands, journals, self.accepted, self.offered,
                     self.waiting, self.settled, self.agencies, *beside)

    def audit(self):
        return audit(self.facts())

    def check(self):
        """The audit; AssertionError with the violations by id."""
        result = self.audit()
        result.complain()
        return result


def privacy(env, canaries, also=()):
    """Nobody's name, number or text in a log, a metric, a status, a Kafka key or header, the log of
    filings, the cursors or a file's name. `also`: folders of further logs."""
    found = []

    def look(where, data):
        data = data if isinstance(data, bytes) else data.encode('utf-8', 'replace')
        found.extend((where, c) for c in canaries if c.encode() in data)

    for d in env.daemons:
        look(f'log of {d.label}', d.log_text())
        look(f'status of {d.label}', '\n'.join(d.notify.statuses))
        if d.alive:
            look(f'metrics of {d.label}', '\n'.join(d.metrics()))
    for topic, partitions in env.kafka.topics().items():
        for p in range(partitions if topic.startswith(env.prefix) else 0):
            for r in env.kafka.read_all(topic, p):
                look(f'key in {topic}', r.key or b'')
                look(f'header in {topic}', json.dumps([[n, repr(v)] for n, v in r.headers]))
                if topic.endswith(('submissions', 'cursors')):
                    look(f'record in {topic}', r.value or b'')
    for folder in (env.scratch.dir, env.muara['blob_dir'], *also):
        for root, _, names in os.walk(folder):
            look(f'file name below {root}', '\n'.join(names))
    assert not found, f'personal data where none may be: {sorted(set(found))[:10]}'


class Broker(Kafka):
    """Reading topics of a broker that somebody else started."""

    def __init__(self, bootstrap):
        self.bootstrap, self._admin = bootstrap, None


def arguments(argv=None):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument('--bootstrap', required=True, help='a broker')
    p.add_argument('--prefix', default='muara.', help='of the topics')
    p.add_argument('--accepted', help='JSON lines, one per message a source saw accepted')
    p.add_argument('--journal', action='append', default=[], help='journal.jsonl of a sandbox')
    p.add_argument('--waiting', action='append', default=[], help='a destination on hold')
    p.add_argument('--running', action='store_true', help='work may still be under way')
    return p.parse_args(argv)


def main(argv=None):
    a = arguments(argv)
    accepted = None
    if a.accepted:
        with open(a.accepted, encoding='utf-8') as f:
            accepted = {x['id']: x for x in map(json.loads, f)}
    result = Books(accepted=accepted, journals=a.journal, waiting=a.waiting, settled=not a.running,
                   kafka=Broker(a.bootstrap), prefix=a.prefix).audit()
    print(result.table())
    for name, where, text in result.violations:
        print(f'VIOLATION {name}: {where}: {text}')
    return 1 if result.violations else 0


if __name__ == '__main__':
    sys.exit(main())
