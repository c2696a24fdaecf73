"""Campaigns against the forwarder: every crash point of every call, each by a SIGKILL at that very
line, or a sleep there past the session; in the soak each together with every outcome. What was to be
reached is read from the sources (harness/campaign.py), what was reached is printed and must be all of
it. At the end of each: at most one report a complaint, exactly one end,
parked is what nobody can know, by the log and by the sandbox's own journal."""

import contextlib
import os

from harness import Env, flow, wait_until
from harness.campaign import (LONG_MS, SHEET, SLOW, WAYS, Campaign, Way, audit, calls, calls_of, desk,
                              lane_points, pairs, parted, points, rest, sandbox_call, untested_points, ways)
from harness.forwarding import Office

REFUSED = Way('gateway401', end='not_sent')  # before it: a probe, and another attempt
LOST = Way('drop_after_store')               # it has it, and nobody knows


def needed(point, random):
    """The way a call must end for this point to be reached; any of the quick ones else."""
    if point == 'probed':
        return REFUSED
    if point == 'read-back':
        return LOST
    quick = [w for w in WAYS if not w.hold and w.action not in ('hang', 'delay', '429')]
    return random.choice([None, *quick])


def kill(env, o, plan):
    """Kills one forwarder after the other: (pair, way) after (pair, way). The complaints driven, one
    for each, and the campaign, audited."""
    c, driven = Campaign(o), []
    d = o.start(o.destination(concurrency=8, max_filings_per_hour=0), desk(o), supervise=True,
                crash=[f'{pair}:1' for pair, _ in plan], filing=False)
    for n, (pair, way) in enumerate(plan):
        driven.append(c.drive(parted(pair)[1], way))
        wait_until(lambda n=n: d.restarts > n, 60, lambda p=pair: f'{p} is reached; {d.status!r}')
        if way and way.hold:
            o.resume()
    o.wait_filing(d)
    last = c.drive('create')
    o.wait(last, 'done')
    rest(o, c.all, orphans=True)
    o.later(LONG_MS)  # what the dead ones left may be looked at
    rest(o, c.all)
    ends = audit(o, c.all)
    hit = env.crashes()
    assert [h.point for h in hit] == [pair for pair, _ in plan], hit
    tally = {e: list(ends.values()).count(e) for e in sorted(set(ends.values()))}
    print(f'       {len(hit)} kills, {len(c.all)} complaints, ends {tally}, reports there {o.once()}', flush=True)
    return driven


def killed_at(env, wanted):
    plan = []
    for pair in wanted:
        point, call = parted(pair)
        plan.append((pair, None if call in (None, SHEET) else needed(point, env.random)))
    with Office(env) as o:
        kill(env, o, plan)
    for h in env.crashes():
        print(f'       {h.point:<26} in flight: {h.in_flight}')


def part(k, of):
    """Every of-th pair; together they are all, but for points about no call, which others kill at."""
    assert not untested_points(), f'no flow test kills at {untested_points()}'
    return pairs()[k::of]


@flow(limit=180)
def test_every_point_of_every_call_1(env):
    killed_at(env, part(0, 3))


@flow(limit=180)
def test_every_point_of_every_call_2(env):
    killed_at(env, part(1, 3))


@flow(limit=180)
def test_every_point_of_every_call_3(env):
    killed_at(env, part(2, 3))


# --- together with every outcome

def triples():
    """[(pair, way)] of the points at which an outcome is known; one way after the other, calls in
    turn: what is tried again after a kill is seldom of the call that is waited for then."""
    out = []
    for point in ('answer-read', 'after-outcome', 'probed', 'read-back'):
        for i, way in enumerate(WAYS):
            for call in calls_of(point):
                if call != SHEET and way.name not in SLOW and reaches(point, call, way):
                    out.append((f'{point}@{call}', ways(call, call in ('upload', 'create'))[i]))
    return out


def reaches(point, call, way):
    if point == 'probed':
        return way.name in ('401', '403', 'gateway401')
    return point != 'read-back' or not way.end


def met(o, complaint, pair, way):
    """Did its call meet what was scripted for it?"""
    call = sandbox_call(parted(pair)[1])
    return any(line['event'] == 'request' and line['call'] == call and line['rule'] == way.action
               and line['ticket'] == complaint['ticket'] for line in o.lapor.journal())


@flow(limit=3600, soak=True)
def test_every_outcome_at_every_point(env):
    """A kill may hit another complaint that was on its way to the same point: again, then."""
    todo, reached = triples(), 0
    for n in range(40):
        now, todo = todo[:40], todo[40:]
        if not now:
            break
        with Env(env.shared, f'{env.name}/{n}', build=env.build) as e, Office(e) as o:
            driven = kill(e, o, now)
            missed = [x for x, c in zip(now, driven) if not met(o, c, *x)]
        reached += len(now) - len(missed)
        todo += missed
    print(f'       {reached} outcomes at points of calls reached, not reached: {[(p, w.name) for p, w in todo]}')
    assert not todo and reached == len(triples())


# --- stopped, and going on when another one has taken over

class Sleeper:
    """A forwarder that stands still at a point, in an installation of its own."""

    def __init__(self, env, pair, office):
        self.env, self.pair, self.o = env, pair, office
        self.point, self.call = parted(pair)
        self.go = env.scratch.path('go')
        self.first = self._start('first', {'MUARA_STALL': f'{pair}:1:{self.go}'})
        self.second, self.campaign = None, Campaign(office)

    def _start(self, label, more=None):
        o = self.o
        return o.start(o.destination(max_filings_per_hour=0), desk(o), label=label, filing=False, env=more)

    def fall_asleep(self):
        way = {'probed': REFUSED, 'read-back': LOST}.get(self.point)
        self.campaign.drive(self.call or 'create', way)
        wait_until(lambda: os.path.exists(self.go + '.here'), 60, f'{self.pair} is reached')
        self.first.freeze()

    def replaced(self):
        self.second = self._start('second')
        self.o.daemon = self.second

    def wake(self):
        self.o.wait_filing(self.second)
        self.env.scratch.write('go', '')
        self.first.thaw()

    def end(self):
        o, c = self.o, self.campaign
        # The group may give it back to either; each takes what the other left.
        wait_until(lambda: o.files(self.first) != o.files(self.second), 60, 'one of the two files')
        last = c.drive('create')
        o.wait_state(last, ('done', 'filed'))
        rest(o, c.all, orphans=True)
        o.later(LONG_MS)
        rest(o, c.all)
        (end, _) = audit(o, c.all, zombies=True).values()
        reports = len(o.stored(c.all[0]))
        assert reports <= 1
        print(f'       {self.pair:<26} ends {end}, reports there {reports}')


def sleep_at(env, wanted):
    with contextlib.ExitStack() as stack:
        envs = [stack.enter_context(Env(env.shared, f'{env.name}/{p}', build=env.build)) for p in wanted]
        sleepers = [Sleeper(e, p, stack.enter_context(Office(e))) for e, p in zip(envs, wanted)]
        for step in (Sleeper.fall_asleep, Sleeper.replaced, Sleeper.wake, Sleeper.end):
            for s in sleepers:
                step(s)


def one_call_each():
    """Every point once, the calls in turn."""
    of = [(p, [x for x in pairs() if parted(x)[0] == p]) for p in points()]
    return [x[i % len(x)] for i, (_, x) in enumerate(of)] + lane_points()


@flow(limit=120)
def test_sleeper_at_a_point_1(env):
    sleep_at(env, one_call_each()[0::2])


@flow(limit=120)
def test_sleeper_at_a_point_2(env):
    sleep_at(env, one_call_each()[1::2])


@flow(limit=900, soak=True)
def test_sleepers_at_every_point_of_every_call(env):
    todo = pairs()
    for at in range(0, len(todo), 6):
        sleep_at(env, todo[at:at + 6])


# --- a person or the normalizer is quicker than the call

def held_back(o, c):
    o.next_version(c, state='held')


def withdrawn(o, c):
    o.next_version(c, state='withdrawn')


def paused(o, c):
    o.command('pause', destination=c['destination'])


ACTS = (held_back, paused, withdrawn)
SAYS = {held_back: 'not-ready-any-more', withdrawn: 'not-ready-any-more', paused: 'paused'}


def quicker(env, cases):
    """Each act, appended while the process stands between the INTENT of a call and its sending: it is
    not sent, and the log says why."""
    with Office(env) as o:
        c = Campaign(o)
        for n, (act, call) in enumerate(cases):
            go = env.scratch.path(f'go-{n}')
            d = o.start(o.destination(max_filings_per_hour=0), desk(o), label=f'f{n}', filing=False,
                        env={'MUARA_STALL': f'after-intent@{call}:1:{go}'})
            one = c.drive(call)
            wait_until(lambda g=go: os.path.exists(g + '.here'), 60, f'an INTENT of {call}')
            sent = len(o.lapor.journal())
            act(o, c.newest.get(one['id'], one))
            env.scratch.write(f'go-{n}', '')
            end = o.wait(one, 'not_sent', call)
            assert end['reason'] == SAYS[act], f'{act.__name__} {call}: {end["reason"]}'
            assert len(o.lapor.journal()) == sent and not os.listdir(o.sheets), f'{act.__name__} {call}: sent'
            print(f"       {act.__name__:<10} before {call:<10} {end['reason']}")
            if act is paused:  # nothing else stands against it
                o.absorbed(o.resume(one['destination']))
                wait_until(lambda x=one, k=call: o.kinds(x, k)[-1] in ('done', 'handed'), 60, f'{call} after all')
                clear(o.sheets)
            d.stop()
        o.once()


def clear(folder):
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))


@flow(limit=120)
def test_quicker_than_the_create(env):
    quicker(env, [(act, 'create') for act in ACTS])


@flow(limit=120)
def test_quicker_than_other_calls(env):
    """In turn; all of them in the soak."""
    others = [call for call in calls() if call != 'create']
    every = [(act, call) for call in others for act in ACTS]
    quicker(env, every if env.soak else [(ACTS[i % len(ACTS)], call) for i, call in enumerate(others)])
