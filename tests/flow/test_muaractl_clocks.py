"""muaractl clocks: what runs out and what has, by records put into both logs; the calendar's end in check.

The time is turned to days of 2026 and 2027 whose working days are known: 2026-12-24 and -25 are free, and so is
2027-01-01."""

import json
import shutil
import time

from harness import flow
from harness.kafka import ROOT
from harness.records import LaneWriter, complaint, decision_of, message

CALENDAR = ('--holidays', ROOT + '/config/holidays.yaml', '--clocks', ROOT + '/config/clocks.yaml')
TEXT = 'Jalan Kenanga berlubang'


class Books:
    def __init__(self, env):
        self.env, self.n = env, 0
        self.complaints, self.submissions = LaneWriter(env, 'complaints'), LaneWriter(env, 'submissions')

    def filed(self, at, *statuses, call='create', **over):
        """A report that was filed then, and (status, time) read of it since; its ticket."""
        self.n += 1
        m = message(f'wamid.{self.n}', TEXT)
        c = complaint([m], agency='Dinas Perhubungan', **over)
        self.complaints.append('decision', decision_of(self.env, c, [m]))
        head = {'complaint': c['id'], 'version': c['version'], 'destination': 'lapor', 'system': 'lapor', 'call': call,
                'attempt': 1}
        intent = self.submissions.append('intent', {**head, 'at': at, 'sources': [m['id']], 'content_hash': None})
        self.submissions.append('done', {**head, 'at': at, 'intent': intent, 'reason': None, 'remote_id': str(self.n)})
        for status, read in statuses:
            self.submissions.append('status', {**head, 'at': read, 'remote_id': str(self.n), 'status': status})
        return c['ticket']


def turn_to(env, text):
    """The clock of what is started, at a moment of UTC."""
    want = time.mktime(time.strptime(text, '%Y-%m-%dT%H:%M:%S')) - time.timezone
    env.clock.advance(int((want - time.time()) * 1000) - env.clock.offset_ms)


def clocks(env, *args):
    done = env.ctl('--json', 'clocks', *CALENDAR, *args, check=False)
    assert done.returncode in (0, 1), done.stderr
    rows = json.loads(done.stdout)
    return done.returncode, {(r['ticket'], r['clock'], r['state'], r['due']) for r in rows}


@flow(limit=60)
def test_what_runs_out(env):
    b = Books(env)
    fresh = b.filed('2026-12-21T02:00:00.000Z', ('received', '2026-12-21T05:00:00.000Z'))
    late = b.filed('2026-12-15T02:00:00.000Z', ('received', '2026-12-15T05:00:00.000Z'))
    asked = b.filed('2026-12-10T02:00:00.000Z', ('verified', '2026-12-11T02:00:00.000Z'), classification='information')
    watched = b.filed('2026-12-10T02:00:00.000Z', ('received', '2026-12-10T05:00:00.000Z'),
                      ('in_progress', '2026-12-11T02:00:00.000Z'), supervisory=True)
    b.filed('2026-12-10T02:00:00.000Z', ('done', '2026-12-11T02:00:00.000Z'))
    b.filed('2026-12-10T02:00:00.000Z')  # nobody read it
    turn_to(env, '2026-12-21T09:00:00')
    overdue = {(late, 'verify', 'overdue', '2026-12-18'), (asked, 'first-answer', 'overdue', '2026-12-18'),
               (asked, 'finish-information', 'overdue', '2026-12-18')}
    assert clocks(env) == (1, overdue)
    # Three working days from the 21st: 22, 23, and the 28th behind Christmas and a weekend.
    assert clocks(env, '--due', '3d') == (1, overdue | {(fresh, 'verify', 'soon', '2026-12-28')})
    every = clocks(env, '--all')[1]
    assert (watched, 'finish-supervisory', 'running') in {row[:3] for row in every}
    assert (watched, 'finish') not in {row[:2] for row in every}
    text = env.ctl('clocks', *CALENDAR, check=False)
    assert '1 filed reports whose status was never read' in text.stdout and TEXT not in text.stdout
    assert clocks(env, '--destination', 'lain') == (0, set())
    turn_to(env, '2026-12-28T16:59:59')  # 23:59 of the last day in Jakarta
    assert (fresh, 'verify', 'soon', '2026-12-28') in clocks(env)[1]
    turn_to(env, '2026-12-28T17:00:01')
    assert (fresh, 'verify', 'overdue', '2026-12-28') in clocks(env)[1]


@flow(limit=60)
def test_wrong_use(env):
    for args, code, text in (((), 78, 'holidays'), (('--due', 'x'), 2, '--due'), (('--due', '999d'), 2, '--due')):
        done = env.ctl('clocks', *(CALENDAR if args else ()), *args, check=False)
        assert (done.returncode, text in done.stderr) == (code, True), done
    bad = env.scratch.write('clocks.txt', 'clocks:\n- {name: a, from: end, until: filed, days: 3, source: x}\n')
    done = env.ctl('clocks', *CALENDAR[:2], '--clocks', bad, check=False)
    assert done.returncode == 78 and 'is not behind `from`' in done.stderr, done


@flow(limit=60)
def test_the_calendar_ends(env):
    shutil.copy(ROOT + '/config/holidays.yaml', env.muara_file.rsplit('/', 1)[0])

    def told():
        rows = json.loads(env.ctl('--json', 'check', check=False).stdout)
        return next((r['level'], r['text']) for r in rows if r['what'] == 'holidays')
    turn_to(env, '2026-12-01T00:00:00')
    assert told()[0] == 'ok'
    turn_to(env, '2027-11-15T00:00:00')
    assert told()[0] == 'warn' and 'does not hold 2028' in told()[1]
    assert 'does not hold 2028' in env.ctl('clocks', *CALENDAR)
