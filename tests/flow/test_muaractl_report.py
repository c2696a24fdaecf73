"""muaractl report, on a month of generated history in real topics.

Proves: every figure of the JSON equals the oracle's (tests/oracle/oracle_report.py), to the last
one, for a month, for some weeks, and with and without statuses; CSV and page show the same figures;
nothing of a citizen is in any of them. The figures by themselves: tests/unit/test-report.c.
"""

import csv
import datetime as dt
import html.parser
import io
import json
import pathlib
import random
import re
import sys
import uuid

from harness import flow
from harness.records import LaneWriter, complaint, decision_of, message, put_many, time_text

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'oracle'))

from oracle_report import evaluate  # noqa: E402

CHANNELS = ('whatsapp', 'call112', 'file')
AGENCIES = (None, 'Dinas Pekerjaan Umum', 'Dinas "Sosial" & <Anak>', '=Kecamatan Klojen')
KINDS = ('complaint', 'complaint', 'complaint', 'aspiration', 'information')
CLOSED = (('archived', 'by a person'), ('archived', 'incomplete'),
          ('withdrawn', 'deleted by its author'), ('merged', None))
FATES = ('ready', 'open', 'held', 'review', 'closed', 'refused', 'flight', 'not_sent', 'rejected', 'parked',
         'handed', 'typed', 'corrected', 'dropped', 'again', 'late done', 'first after all', *['done'] * 8)
HOUR = 3600 * 1000
NOW = int(dt.datetime(2026, 11, 24, 12, 21, tzinfo=dt.timezone.utc).timestamp() * 1000)
FROM = int(dt.datetime(2026, 9, 28, tzinfo=dt.timezone.utc).timestamp() * 1000)
SECRETS = re.compile(r'Siti|Lampu|62812\d{7}')


class Batch:
    """Env for LaneWriter: one producer, confirmed at the end."""

    def __init__(self, env):
        self.topic, self.muara, self.kafka = env.topic, env.muara, self
        self.read_all, self._p = env.kafka.read_all, env.kafka.producer(linger_ms=5)
        self._failed = []

    def produce(self, topic, value, key=None, partition=0):
        self._p.produce(topic, value, key, partition, on_delivery=lambda e, _: e and self._failed.append(e))
        self._p.poll(0)

    def flush(self):
        assert not self._p.flush(60) and not self._failed, self._failed[:1]


class History:
    def __init__(self, env, seed):
        self.env, self.r, self.kept = env, random.Random(seed), []
        self.batch = Batch(env)
        self.owner, self.filer = LaneWriter(self.batch, 'complaints'), LaneWriter(self.batch, 'submissions')
        self.remote, self.numbers, self.corrections = 70000, {}, []

    def when(self):
        """Any time; now and then the edge of a local day or month."""
        if self.r.random() < .1:
            midnight = FROM + 24 * HOUR * self.r.choice((3, 3, 34, 34, self.r.randrange(50))) - 7 * HOUR
            return midnight + self.r.choice((-1, 0, 1))
        return FROM + self.r.randrange(NOW - FROM - HOUR)

    def after(self, ms):
        """Minutes to days behind it, never in the future."""
        return min(ms + int(self.r.expovariate(1 / self.r.choice((60e3, HOUR, 30 * HOUR, 90 * HOUR)))), NOW - 1)

    def message(self, i, **more):
        at = self.when()
        m = message(f'n{i}', f'Lampu jalan nomor {i} mati', channel=self.r.choice(CHANNELS),
                    author=f'62812{i:07d}', name='Siti Aminah', received_ms=at, sent_ms=at, **more)
        if self.r.random() < .8:      # the others are past their retention
            self.kept.append(m)
        return m, at

    def decide(self, results_of, m, at):
        body = decision_of(self.env, complaint([m]), [m])
        self.owner.append('decision', {**body, 'at': time_text(at), 'results': results_of})

    def add_complaint(self, i):
        m, at = self.message(i)
        opened, fate = self.after(at) if self.r.random() < .2 else at + 40, FATES[i % len(FATES)]
        closed = self.r.choice(CLOSED)
        state = closed[0] if fate == 'closed' else fate if fate in ('open', 'held', 'review') else 'ready'
        kind = self.r.choice(KINDS)
        snapshot = {'type': 'complaint', **complaint(
            [m], 'open', opened_at=time_text(opened), agency=None, classification=kind,
            supervisory=kind == 'complaint' and self.r.random() < .1)}
        self.decide([snapshot], m, opened)
        snapshot = {**snapshot, 'version': 2, 'state': state, 'agency': self.r.choice(AGENCIES)}
        if closed[1] and fate == 'closed':
            snapshot['closed'] = closed[1]
        self.owner.append('decision', {
            'at': time_text(opened + 900), 'results': [snapshot], 'why': [],
            'inputs': [{'type': 'timer', 'id': f'{m["id"]}/1/quiet'}]})
        self.file(m, fate, opened + 1000)

    def head(self, m, at, **more):
        return {'at': time_text(at), 'complaint': m['id'], 'version': 2, 'destination': 'lapor',
                'system': 'sp4n', 'call': 'create', 'attempt': 1, **more}

    def intent(self, m, at):
        return self.filer.append('intent', {**self.head(m, at), 'sources': [m['id']], 'content_hash': None})

    def done(self, m, at, intent, kind='done', **more):
        self.remote += 1
        self.numbers[m['id']] = str(self.remote)
        self.filer.append(kind, {**self.head(m, at), 'intent': intent, 'reason': None,
                                 'remote_id': str(self.remote), **more})
        self.life(m, at)

    def life(self, m, at):
        """What comes after it changes no figure."""
        if self.r.random() < .3:
            call = self.r.choice(({'call': 'handover'}, {'call': 'followup', 'part': 1, 'version': 3}))
            more = {'sources': [m['id']], 'attachments': []} if 'part' in call else {}
            intent = self.filer.append('intent', {**self.head(m, at + 9), 'content_hash': None, **call, **more})
            self.filer.append(self.r.choice(('done', 'not_sent', 'rejected', 'parked')),
                              {**self.head(m, at + 90), 'intent': intent, 'reason': 'x', **call})

    def file(self, m, fate, at):
        f, head = self.filer, self.head
        if fate == 'refused':
            f.append('refused', {**head(m, at), 'other': m['id'], 'reason': 'already-filed'})
        if fate not in ('flight', 'not_sent', 'rejected', 'parked', 'handed', 'typed', 'corrected', 'dropped', 'again',
                        'late done', 'first after all', 'done'):
            return
        intent, end = self.intent(m, at), self.after(at + 500)
        if fate in ('not_sent', 'rejected', 'parked', 'handed'):
            f.append(fate, {**head(m, end), 'intent': intent, 'reason': 'x'})
        elif fate == 'done':
            self.done(m, end, intent)
        elif fate in ('late done', 'first after all'):
            self.zombie(m, end, intent, fate == 'first after all')
        elif fate != 'flight':
            f.append('handed' if fate in ('typed', 'corrected') else 'parked', {**head(m, at + 700), 'intent': intent, 'reason': 'x'})
            self.resolve(m, fate, end, intent)

    def resolve(self, m, fate, end, intent):
        told = {'dropped': 'dropped', 'again': 'not_filed'}.get(fate, 'filed')
        self.filer.append('resolved', {**self.head(m, end), 'intent': intent, 'reason': None,
                                       'resolution': told, 'by': 'person',
                                       **({'remote_id': str(self.remote + 500000)} if told == 'filed' else {})})
        if told == 'filed':
            self.numbers[m['id']] = str(self.remote + 500000)
            self.remote += 1
        if fate == 'corrected':
            self.corrections.append((m, intent))
        if told == 'not_filed':
            self.done(m, self.after(end), self.intent(m, end))

    def correct(self, m, intent):
        """After the wrong report's status was read, now and then."""
        was, at = self.numbers[m['id']], NOW - 2000
        if self.r.random() < .7:
            self.status(m, at, was)
        self.numbers[m['id']] = str(int(was) + 300000)
        self.filer.append('corrected', {
            **self.head(m, at), 'call': 'sheet', 'intent': intent, 'reason': None, 'by': 'person', 'was': was,
            'command': str(uuid.uuid4()), 'remote_id': self.numbers[m['id']]})

    def zombie(self, m, end, intent, resent):
        """Another owner takes over and parks it, then the first one's outcome comes after all; resent: when
        a person had it sent once more, in vain."""
        f = self.filer
        old = f.term, f.writer, f.n
        f.take_over(f.term + 1)
        f.append('parked', {**self.head(m, end), 'intent': intent, 'reason': 'writer-gone'})
        if resent:
            f.append('resolved', {**self.head(m, end + 1), 'intent': intent, 'reason': None,
                                  'resolution': 'not_filed', 'by': 'person'})
            second = self.intent(m, end + 2)
            f.append(self.r.choice(('not_sent', 'rejected')),
                     {**self.head(m, end + 3), 'intent': second, 'reason': 'x', 'attempt': 2})
        new = f.term, f.writer, f.n
        f.term, f.writer, f.n = old
        self.done(m, end + 5, intent)
        f.append('intent', {**self.head(m, end), 'sources': [m['id']], 'content_hash': None})   # void
        f.term, f.writer, f.n = new

    def add_other(self, i):
        m, at = self.message(i, **self.r.choice(({}, {'cls': 'spam'})))
        what = self.r.choice(('archived', 'archived', 'dead', 'noted'))
        result = {'type': what, 'id': m['id'], 'reason': 'x'}
        if what == 'archived':
            result['class'] = self.r.choice(('ghost', 'spam', 'stale', 'empty'))
        self.decide([result], m, self.after(at))
        if what == 'dead' and self.r.random() < .3:      # decided anew: in a complaint now
            self.decide([{'type': 'complaint', **complaint([m], 'held', opened_at=time_text(NOW - HOUR))}],
                        m, NOW - HOUR)

    def status(self, m, at, number):
        self.filer.append('status', {**self.head(m, at), 'remote_id': number, 'status': self.r.choice(
            ('received', 'in_progress', 'done', 'rejected'))})

    def statuses(self):
        for m, intent in self.corrections:
            self.correct(m, intent)
        for m in [m for m in self.kept if m['id'] in self.numbers][::2]:
            for number in (self.numbers[m['id']], self.numbers[m['id']], '7')[:self.r.randrange(1, 4)]:
                self.status(m, NOW - 1000, number)
        self.batch.flush()

    def make(self, n):
        for i in range(n):
            self.add_complaint(i)
        for i in range(n, n + n // 3):
            self.add_other(i)
        self.batch.flush()
        put_many(self.env, self.kept)
        return self


def report(env, *args):
    return env.ctl('report', '--holidays', ROOT / 'config/holidays.yaml', *args)


def topics(env):
    def read(name):
        return env.kafka.read_all(env.topic(name))
    return {c: read(f'raw.{c}') for c in CHANNELS}, [read('complaints')], [read('submissions')]


def oracle(logs, period):
    return evaluate(*logs, (ROOT / 'config/holidays.yaml').read_text(),
                    dt.date.fromisoformat(period['from']), dt.date.fromisoformat(period['to']),
                    dt.datetime.fromisoformat(period['as_of'].replace('Z', '+00:00')))


def check_equal(env, logs, *args):
    """Both, figure by figure; gives the report."""
    got = json.loads(report(env, '--json', *args))
    want = oracle(logs, got['period'])
    for part, value in want.items():
        assert got[part] == value, f'{args} {part}:\n  muaractl {got[part]}\n  oracle   {value}'
    assert got.keys() == want.keys() | {'period'}
    assert got['total']['in'] == sum(r['in'] for r in got['rows']) == sum(d['in'] for d in got['days'])
    return got


class Page(html.parser.HTMLParser):
    """Rows of cells; every element must be closed in its order."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.text, self.open, self.tags = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == 'tr':
            self.rows.append([])
        if tag in ('td', 'th'):
            self.rows[-1].append('')
        if tag != 'meta':
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ('td', 'th'):
            self.rows[-1][-1] += data


COUNTS = ('in', 'under_way', 'held', 'review', 'parked', 'refused', 'handed', 'filed', 'closed')


def check_csv(env, got, *args):
    rows = list(csv.DictReader(io.StringIO(report(env, *args, '--csv'))))
    parts = {'total': [got['total']], 'channel': got['channels'], 'agency': got['agencies'],
             'classification': got['classifications'], 'each': got['rows'], 'archived': got['archived'],
             'dead': got['dead']}
    assert len(rows) == sum(map(len, parts.values()))
    for by, want in parts.items():
        mine = [r for r in rows if r['by'] == by]
        for r, w in zip(mine, want):
            for key, value in w.items():
                shown = f"'{value}" if str(value).startswith('=') else '' if value is None else str(value)
                assert r[key] == shown, (by, key, r, w)


def shown(n):
    """As the page has it: 12.034; nothing known: –."""
    return '–' if n is None else f'{n:,}'.replace(',', '.')


def check_page(env, got, *args):
    path = env.scratch.path('report.html')
    report(env, *args, '--html', path)
    with open(path, encoding='utf-8') as f:
        text = f.read()
    page = Page(text)
    rows = [r for r in page.rows if len(r) == 14 and r[1] != 'Masuk']
    want = [r for part in ('channels', 'agencies', 'classifications', 'rows') for r in got[part]]
    assert len(rows) == len(want)
    for r, w in zip(rows, want):
        assert r[1:10] == [shown(w[k]) for k in COUNTS], (r, w)
        assert r[10] == shown(w['answered']) and r[13] == shown(w['late']), (r, w)
    tags = {t for t, _ in page.tags}
    assert 'svg' in tags and not tags & {'script', 'link', 'img', 'iframe', 'object'}
    assert not any(k in ('src', 'href', 'onload', 'onclick') for _, attrs in page.tags for k in attrs)
    return text


@flow(limit=120)
def test_a_month_is_right_to_the_last_figure(env):
    env.clock.advance(NOW - dt.datetime.now(dt.timezone.utc).timestamp() * 1000)
    history = History(env, env.seed).make(env.rounds(240, 5000))
    logs = topics(env)
    got = check_equal(env, logs, '--month', '2026-10')
    total = got['total']
    assert all(total[k] for k in COUNTS) and total['late'] > total['late_pending'] > 0, total
    assert got['archived'] and got['dead'] and total['answered'] is None

    outputs = [report(env, '--month', '2026-10'), check_page(env, got, '--month', '2026-10'),
               report(env, '--month', '2026-10', '--csv'), json.dumps(got)]
    check_csv(env, got, '--month', '2026-10')
    for out in outputs:
        assert not SECRETS.search(out)

    weeks = check_equal(env, logs, '--weeks', '3')
    assert (weeks['period']['from'], weeks['period']['to']) == ('2026-11-02', '2026-11-22')
    check_equal(env, logs, '--month', '2027-02')            # empty, and its holidays are reckoned
    history.statuses()
    assert check_equal(env, topics(env), '--month', '2026-10')['total']['answered'] > 0


@flow(limit=60)
def test_what_it_refuses(env):
    def told(*args):
        done = env.ctl('report', *args, check=False)
        return done.returncode, done.stderr

    calendar = ('--holidays', ROOT / 'config/holidays.yaml')
    for args, code, text in (
            ((), 2, '--month or --weeks'), (('--month', '2026-10', '--weeks', '3'), 2, '--month or --weeks'),
            (('--month', '2026-13'), 2, 'YYYY-MM'), (('--month', '10-2026'), 2, 'YYYY-MM'),
            (('--weeks', '0'), 2, '1 to 53'), (('--weeks', '3', '--tenant', 'x'), 2, 'none of that name'),
            (('--weeks', '3', '--csv', '--html', 'x'), 2, 'one of'),
            (('--weeks', '3'), 78, 'holidays'),
            (('--weeks', '3', '--html', '/nowhere/x.html', *calendar), 1, '/nowhere')):
        got = told(*args)
        assert got[0] == code and text in got[1], (args, got)
    bad = env.scratch.write('holidays.yaml.txt', 'years:\n- {year: 2026, source: x, leave: {2026-02-30: a}}\n')
    code, text = told('--weeks', '3', '--holidays', bad)
    assert code == 78 and '2026-02-30: is no day' in text
    assert env.ctl('report', '--weeks', '3', *calendar)     # empty topics: a report of nothing
