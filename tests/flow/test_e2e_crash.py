"""A whole Muara whose daemons die at the worst moments: nothing is lost, nothing is filed twice.

Every named crash point of every daemon is hit under load, one after the other, each by a SIGKILL of
its own process at that very line; then kills at random times. Afterwards the oracle compares what
the sources saw accepted, the logs and LAPOR!'s journal id by id.
"""

import time

from harness import flow, wait_until
from harness.city import City

# In the order of each daemon's effects; call112 and file share their skeleton.
POINTS = {
    'whatsapp': ('after-verify', 'after-produce', 'after-report'),
    'call112': ('after-produce', 'after-report', 'after-cursor'),
    'normalizer': ('after-append', 'before-index', 'after-index', 'after-commit'),
    'forwarder': ('after-intent', 'before-send', 'first-byte-sent', 'answer-read', 'after-outcome'),
}
PASSES = {'whatsapp': 8, 'call112': 3, 'normalizer': 12, 'forwarder': 8}   # of a point before its kill
WAVE = 60


def hits(city, name):
    return [c.point for c in city.crashes(name)]


def all_hit(city):
    return all(len(hits(city, name)) == len(points) for name, points in POINTS.items())


@flow(limit=180)
def test_every_crash_point_under_load(env):
    with City(env) as city:
        for name, points in POINTS.items():
            city.start(name, crash=[f'{p}:{PASSES[name]}' for p in points])
        end = time.monotonic() + (240 if env.sanitized else 80)
        while not all_hit(city) and time.monotonic() < end:
            city.call(WAVE // 3)
            city.send(city.population(WAVE), batch=2, duplicates=0.1).join()
        audit = city.balanced(90, forward_ms=200_000)
        kills = [c for name in POINTS for c in city.crashes(name)]
        for name, points in POINTS.items():
            for c in city.crashes(name):
                print(f'       {name:<11}{c.point:<17}in flight: {c.in_flight}')
            missed = set(points) - set(hits(city, name))
            assert not missed, f'{name}: never reached: {sorted(missed)}'
        busy = sum(c.in_flight > 0 for c in kills)
        assert busy * 4 >= len(kills) * 3, f'only {busy} of {len(kills)} kills had something in flight'
        print(f'       {len(kills)} kills, {busy} with something in flight; {len(city.ledger.accepted)} '
              f'messages, ends {dict(audit.ends)}')


@flow(limit=240)
def test_random_kills(env):
    with City(env, sandbox=('--create-delay-ms', '20')) as city:
        for name in POINTS:
            city.start(name)
        for _ in range(env.rounds(5, 50)):
            feed = city.send(city.population(env.count(80, 20)), batch=3, duplicates=0.1)
            city.call(env.count(20, 5))
            for name in env.random.sample(sorted(POINTS), env.random.randrange(1, 5)):
                time.sleep(env.random.uniform(0, 0.4))   # a random time is the point
                city.kill(name)
            feed.join()
        audit = city.balanced(90, forward_ms=200_000)
        restarts = {name: d.restarts for name, d in city.daemons.items()}
        assert sum(restarts.values()) >= env.rounds(5, 50), restarts
        print(f'       restarts {restarts}; {len(city.ledger.accepted)} messages, ends {dict(audit.ends)}, '
              f'{city.ledger.refused} posts answered other than 200')
        wait_until(lambda: all(d.alive for d in city.daemons.values()), 10, 'all are back')
