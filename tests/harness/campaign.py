"""What a campaign against the forwarder has to reach, read from the sources so that nothing new is
forgotten: its crash points, its calls, the sandbox's ways to misbehave; and what must be true after
whatever happened.

    pairs()                       every crash point of every call it can be about: 'probed@create'
    Campaign(o).drive('create', 'drop_after_store')     a complaint one of whose calls meets that
    audit(o, complaints)          by the log and the sandbox's journal; {complaint id: end}
"""

import pathlib
import re

import yaml

from .forwarding import AGENCY, fits_the_journal
from .kafka import ROOT
from .procs import wait_until

from sandbox_rules import ACTIONS  # its folder is put on the path by harness.forwarding

POINT_OF = re.compile(r'CRASH_POINT_OF\(\s*"([a-z-]+)"')  # it says of which call
POINT = re.compile(r'CRASH_POINT\(\s*"([a-z-]+)"')
SHEET = 'sheet'
FOLLOWUP = 'followup'
ONCE, VERIFIABLE, REPEATABLE = 'once', 'verifiable', 'repeatable'
SANDBOX_CALL = {FOLLOWUP: 'followup_add'}  # where the sandbox has another word
AT_THE_DESK = 'kantor'                     # a destination with sheets
LONG_MS = 150 * 1000                       # no call travels longer; see endpoint_longest_ms


def _text(*path):
    return pathlib.Path(ROOT, *path).read_text(encoding='utf-8')


def calls():
    """Every call a filing can be made of, in the order of call_kind.c."""
    names = re.search(r'call_names\[[^]]*\] = \{([^}]*)\}', _text('common', 'core', 'call_kind.c'))
    return [n for n in re.findall(r'"(\w*)"', names[1]) if n]


def profile_calls(name='lapor-v3'):
    """{call: how it may be repeated} of a profile."""
    told = yaml.safe_load(_text('config', 'lapor', f'{name}.yaml'))['calls']
    return {call: told[call]['repeat'] for call in calls() if call in told}


def sandbox_call(call):
    return SANDBOX_CALL.get(call, call)


def by_http():
    return [c for c in calls() if c != SHEET]


def _found(pattern, folder, name):
    return sorted({n for path in pathlib.Path(ROOT, folder).glob(name)
                   for n in pattern.findall(path.read_text(encoding='utf-8'))})


def points():
    """Names of the forwarder's crash points that are about a call."""
    found = _found(POINT_OF, 'daemons/forwarder', '*.c')
    assert found, 'no crash point in daemons/forwarder'
    return found


def untested_points():
    """Of those that are about no call (holds, news of a report): what no flow test names."""
    tests = ''.join(p.read_text(encoding='utf-8') for p in pathlib.Path(ROOT, 'tests', 'flow').glob('test_*.py'))
    return [n for n in _found(POINT, 'daemons/forwarder', '*.c') if f"'{n}'" not in tests]


def calls_of(point):
    """The calls a point can be about; of a new point all, until it is said here."""
    repeat = profile_calls()
    return {'first-byte-sent': by_http(), 'answer-read': by_http(), 'probed': by_http(),
            'read-back': [c for c in repeat if repeat[c] == VERIFIABLE],
            'sheet-written': [SHEET]}.get(point, calls())


def lane_points():
    """Those of the module the forwarder writes its log by; they are about no call."""
    return _found(POINT, 'common/core', 'lane_log.c')


def pairs():
    return [f'{p}@{c}' for p in points() for c in calls_of(p)] + lane_points()


def parted(pair):
    """(point, call); of a point of the lane: (point, None)."""
    point, _, call = pair.partition('@')
    return point, call or None


# --- outcomes

class Way:
    """One way a call can end: what the sandbox does, and the end it must have by design.md's table,
    for each kind of call. `stored` overrules what the action does by itself."""

    def __init__(self, action, name=None, end=None, hold=None, **args):
        self.action, self.args, self.hold = action, args, hold
        self.name = name or '-'.join([action, *(str(v) for v in args.values())])
        self.end = end  # None: nobody knows whether it arrived
        self.stored = args.get('stored', ACTIONS.get(action, False))

    def ends(self, repeat, id_in_path):
        """The kinds of record one of which ends an attempt that met this."""
        if self.end == 'missing':
            return {'done', 'not_sent'} if id_in_path else {'not_sent'}
        if self.end:
            return {self.end}
        return {ONCE: {'parked'}, REPEATABLE: {'not_sent'},
                VERIFIABLE: {'done' if self.stored else 'not_sent'}}[repeat]

    def holds(self, id_in_path):
        return self.hold and not (self.end == 'missing' and id_in_path)


def status(code, end=None, **args):
    hold = 'endpoint answers 404' if code == 404 else None
    more = ''.join(f'-{k}' for k in args)
    return Way('status', f'{code}{more}', end, hold, status=code, **args)


WAYS = [
    Way('drop_before'), Way('rst_before'), Way('drop_after_store'), Way('rst_after_store'),
    Way('html200'), Way('truncated'), Way('truncated', keep=20), Way('huge', mb=1), Way('bad_json'),
    Way('hang'), Way('hang', name='hang-unstored', stored=False), Way('delay', name='too-late', ms=6000),
    status(500), status(500, stored=True), status(502), status(503), status(503, stored=True),
    status(504), status(408), status(409, 'rejected'), status(400, 'rejected'), status(413, 'rejected'),
    status(415, 'rejected'), status(422, 'rejected'), status(404, 'missing'),
    status(401, 'parked'), status(403, 'parked'), Way('gateway401', end='not_sent'),
    Way('429', end='not_sent', retry_after=1), Way('429', end='not_sent', retry_after=1, form='date'),
    Way('429', end='not_sent', form='none'), Way('slow', end='done', pause_ms=1),
    Way('delay', name='late', end='done', ms=200), Way('close_after', end='done'),
    Way('redirect', hold='endpoint redirects', status=302),
    Way('redirect', hold='endpoint redirects', status=307, stored=True),
]
NO_ID = Way('no_id')  # of a call that gives none it is a success
SLOW = ('hang', 'hang-unstored', 'too-late')  # as long as the call's longest duration


def ways(call, gives_id):
    """Every way of this call."""
    missing = set(ACTIONS) - {w.action for w in WAYS} - {'no_id'}
    assert not missing, f'new in sandbox_rules.py, not in campaign.WAYS: {sorted(missing)}'
    return [*WAYS, NO_ID if gives_id else Way('no_id', end='done')]


# --- doing it

class Campaign:
    """Complaints before an Office whose forwarder has the destination `lapor`, and a desk with
    sheets when the call is driven."""

    def __init__(self, o):
        self.o, self.all, self._files = o, [], 0
        self.newest = {}  # complaint id: its version with news
        o.growing = True

    def rule(self, call, way, complaint):
        return {'call': sandbox_call(call), 'ticket': complaint['ticket'], 'times': 1,
                'action': way.action, 'args': way.args}

    def drive(self, call, way=None, destination='lapor', news=True):
        """A complaint that needs this call, its first one misbehaved when a way is given. news: a
        follow-up is waited for and told; else that is left to the caller."""
        o, over, files = self.o, {'destination': destination}, ()
        if call == 'upload':
            self._files += 1
            files = [o.photo(b'\xff\xd8\xff picture %d' % self._files, name=f'{self._files}.jpg')]
        elif call == 'handover':
            over['agency'] = AGENCY
        elif call == SHEET:
            over['destination'] = AT_THE_DESK
        elif call not in (None, 'create', FOLLOWUP):
            raise AssertionError(f'{call} is a new call: say in harness/campaign.py how it comes about')
        c, m = o.snapshot(attachments=files, **over)
        if way:
            o.lapor.script(self.rule(call, way, c), append=True)
        o.put(c, [m])
        self.all.append(c)
        if call == FOLLOWUP and news:
            o.wait(c, 'done')
            self.news(c)
        return c

    def news(self, c):
        """A later version with one message more."""
        self.newest[c['id']] = self.o.adds(c, self.o.message('Masih belum diperbaiki.'))
        return self.newest[c['id']]


def desk(o):
    return o.destination(AT_THE_DESK, 'manual')


# --- what must be true

# What becomes of an INTENT whose writer never came to write an outcome.
ORPHANS = {ONCE: {'parked'}, REPEATABLE: {'not_filed'}, VERIFIABLE: {'filed', 'not_filed'},
           SHEET: {'handed', 'parked'}}


def at_rest(states):
    """Of the newest attempts: nothing under way, nothing left to do."""
    return all(s not in (None, 'intent', 'not_sent', 'not_filed') for s in states)


def unrest(o, complaints, orphans=False):
    """{slot or complaint id: state} of what is not where it stays."""
    term, slots = o.term(), o.filings().slots
    newest = {slot: attempts[-1] for slot, attempts in slots.items()}
    left = {slot: a.state for slot, a in newest.items() if not at_rest([a.state])}
    waiting = {slot[0] for slot in left if newest[slot].state == 'intent' and newest[slot].key[0] < term}
    if orphans:
        left = {slot: state for slot, state in left.items() if slot[0] not in waiting}
    begun = {slot[0] for slot, a in newest.items() if slot[2] in ('create', SHEET) or a.state == 'parked'}
    begun |= waiting if orphans else set()
    return {**left, **{c['id']: None for c in complaints if c['id'] not in begun}}


def rest(o, complaints, orphans=False, timeout=60):
    """Until every attempt of every call has its end and every complaint is where it stays. orphans:
    but for complaints with an INTENT of a former owner, which wait for the clock."""
    wait_until(lambda: not unrest(o, complaints, orphans), timeout,
               lambda: f'all is at rest; not yet: {unrest(o, complaints, orphans)}; {o.daemon.status!r}',
               step=0.1)


def audit(o, complaints, zombies=False):
    """Each stands there once at most and has exactly one end; what is parked is what nobody can
    know. {complaint id: its end}. zombies: a writer that lost its term may have come back to it."""
    filings = o.filings()
    assert not o.faults, o.faults
    o.once()
    for f in o.lapor.filed():
        told = [t['content'] for t in f['told']]
        assert len(told) == len(set(told)), f"{f['ticket']}: told twice"
    fits_the_journal(o, [c for c in complaints if c['destination'] != AT_THE_DESK], filings)
    repeat = {**profile_calls(), SHEET: SHEET}
    for a in filings.attempts.values():
        fine = ORPHANS[repeat[a.call]] | ({'filed', 'not_filed'} if zombies else set())
        assert a.own_end or a.state in fine, f'{a.name} {a.call} had no outcome and is {a.state}'
    slots, refused, there = {}, {k[0] for k in filings.refusals}, {f['ticket'] for f in o.lapor.filed()}
    for slot, attempts in filings.slots.items():
        slots.setdefault(slot[0], []).append(attempts[-1])
    return {c['id']: end_of(c, slots.get(c['id'], ()), c['id'] in refused, c['ticket'] in there)
            for c in complaints}


def end_of(c, newest, refused, there):
    ends = [a.state for a in newest if a.call in ('create', SHEET)]
    if not ends:  # a file that LAPOR! forbids keeps its complaint until a person has looked
        ends = [a.state for a in newest if a.call == 'upload' and a.state == 'parked']
    assert ends or refused, f"{c['ticket']} has no end"
    end = ends[-1] if ends else 'refused'
    assert at_rest([end]), f"{c['ticket']} is {end}"
    if c['destination'] != AT_THE_DESK:
        assert end != 'done' or there, f"{c['ticket']} is done and not there"
    assert end not in ('rejected', 'refused') or not there, f"{c['ticket']} is {end} and there"
    return end
