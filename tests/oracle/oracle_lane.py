"""The ruling of a lane log, a second time: which records count.

Takeover (term, writer): counts iff its term is higher than that of every takeover before it. Any
other record counts iff its (term, writer) are those of the last counted takeover before it; an
outcome (done, rejected, not_sent) also counts when it comes later, if the INTENT it names counted
and was its own writer's. Everything else is void. Keys are never used twice, n rises by one under
its term (in a compacted log a gap is legal if a counted record names the keys as erased).

Input is a list of records with .offset .timestamp_ms .key .value; nothing here knows Kafka.
"""

import json
from typing import Any, NamedTuple

OUTCOMES = ('done', 'rejected', 'not_sent')


class Entry(NamedTuple):
    offset: int
    timestamp_ms: int
    term: int
    n: int
    writer: str
    kind: str
    body: Any
    ruling: str      # counts, late, void

    @property
    def key(self):
        return (self.term, self.n)


class Term:
    def __init__(self, writer):
        self.writer, self.counted, self.seen = writer, set(), set()


def parse_key(text):
    """'3/17' -> (3, 17), None for anything else."""
    parts = (text or '').split('/')
    if len(parts) == 2 and all(p.isdigit() and p[0] != '0' for p in parts):
        return int(parts[0]), int(parts[1])
    return None


class Ruling:
    """`entries`: all ordinary records in log order, each with its ruling; `faults`: [(name, where,
    text)] of what no writer of a lane may do; `installation` of the genesis."""

    def __init__(self, records, log, lane=0, compacted=False):
        self.log, self.lane, self.compacted = log, lane, compacted
        self.entries, self.faults, self.terms = [], [], {}
        self.installation, self.ruler, self.erased = None, 0, set()
        for r in records:
            self._feed(r)
        if not self.installation:
            self._fault('no-genesis', '', 'the log does not begin with a genesis record')
        self._check_gaps()

    def counted(self):
        return [e for e in self.entries if e.ruling != 'void']

    def ruled_by(self, term):
        """Was this term followed by another that counts?"""
        return term == self.ruler

    def _fault(self, name, where, text):
        self.faults.append((name, f'{self.log}/{self.lane} {where}'.strip(), text))

    def _feed(self, record):
        if record.value is None:
            if record.key == b'genesis' or (record.key or b'').startswith(b'takeover/'):
                self._fault('fixed-tombstone', record.offset, 'a tombstone for takeover or genesis')
            return
        try:
            body = json.loads(record.value)
            kind = body['kind']
        except (ValueError, KeyError, TypeError):
            return  # nothing a lane writer appends: void
        key = (record.key or b'').decode('utf-8', 'replace')
        if kind == 'genesis':
            self._genesis(record, body)
        elif kind == 'takeover':
            self._takeover(record, body, key)
        else:
            self._ordinary(record, body, kind, key)

    def _genesis(self, record, body):
        if self.installation is None:
            self.installation = body.get('installation')
            if self.terms or body.get('log') != self.log or body.get('lane') != self.lane:
                self._fault('genesis', record.offset, 'not the first record, or of another log')
        elif self.terms or body.get('installation') != self.installation:
            self._fault('genesis', record.offset, 'a second genesis')

    def _takeover(self, record, body, key):
        term, writer = body.get('term', 0), body.get('writer')
        if body.get('rules') != 1:
            self._fault('rules', record.offset, f'takeover under rules {body.get("rules")}')
        if any(t.writer == writer for t in self.terms.values()):
            self._fault('writer-twice', record.offset, 'two takeovers of one writer')
        if term <= self.ruler:
            return
        if key != f'takeover/{term}/{writer}':
            self._fault('key', record.offset, 'a takeover under another key')
        self.ruler = term
        self.terms[term] = Term(writer)

    def _ordinary(self, record, body, kind, key):
        place = (body.get('term', 0), body.get('n', 0))
        term = self.terms.get(place[0])
        mine = term is not None and term.writer == body.get('writer')
        ruling = self._rule(place, term, kind, body) if mine else 'void'
        if mine:
            if place[1] in term.seen:
                self._fault('key-twice', record.offset, f'key {key} was used before')
            if key != f'{place[0]}/{place[1]}':
                self._fault('key', record.offset, f'record {place[0]}/{place[1]} under another key')
            term.seen.add(place[1])
        self.entries.append(Entry(record.offset, record.timestamp_ms, *place, body.get('writer'),
                                  kind, body, ruling))
        if ruling != 'void':
            self.erased.update(filter(None, map(parse_key, body.get('erased', ()))))

    def _rule(self, place, term, kind, body):
        intent = parse_key(body.get('intent'))
        own = kind in OUTCOMES and intent and intent[0] == place[0] and intent[1] in term.counted
        if place[0] != self.ruler:
            return 'late' if own else 'void'
        term.counted.add(place[1])
        return 'counts' if own or kind not in OUTCOMES else 'void'

    def _check_gaps(self):
        for number, term in self.terms.items():
            gaps = set(range(1, max(term.counted, default=0) + 1)) - term.counted
            gaps = {n for n in gaps if (number, n) not in self.erased} if self.compacted else gaps
            for n in sorted(gaps)[:5]:
                self._fault('gap', f'{number}/{n}', 'missing, and no erasure names it')
