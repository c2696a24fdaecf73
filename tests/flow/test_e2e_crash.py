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


def n_hit(city):
    return sum(len(hits(city, name)) for name in POINTS)


def all_hit(city):
    return n_hit(city) == sum(map(len, POINTS.values()))


def next_hit(city, before, patience=1.5):
    """Until one more point was hit; not for ever, it may need another wave."""
    end = time.monotonic() + patience
    while n_hit(city) == before and time.monotonic() < end:
        time.sleep(0.05)


@flow(limit=240)
def test_every_crash_point_under_load(env):
    with City(env) as city:
        for name, points in POINTS.items():
            city.start(name, crash=[f'{p}:{PASSES[name]}' for p in points])
        end = time.monotonic() + (300 if env.sanitized else 120)
        while not all_hit(city) and time.monotonic() < end:
            city.call(WAVE // 3)
            before = n_hit(city)
            city.send(city.population(WAVE), batch=2, duplicates=0.1).join()
            next_hit(city, before)
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


@flow(limit=600)
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


@flow(limit=3600, own=True, soak=True)
def test_everything_at_once(env):
    """Kills, sleepers, Redis gone, emptied or stalled, the broker killed or stalled, LAPOR! at its
    worst, in any order, for many rounds; the books balance after every tenth."""
    with City(env, sandbox=('--create-delay-ms', '20')) as city:
        city.lapor.script(*worst())
        for name in POINTS:
            city.start(name)
        for n in range(env.rounds(10, 30)):
            feed = city.send(city.population(40), batch=3, threads=3, duplicates=0.1)
            city.call(10)
            for _ in range(env.random.randrange(1, 4)):
                time.sleep(env.random.uniform(0, 1))
                strike(city, env.random)
            feed.join()
            if n % 10 == 9:
                audit = city.balanced(180, forward_ms=200_000)
                print(f'       round {n + 1}: {len(audit.messages)} messages, ends {dict(audit.ends)}, '
                      f'restarts { {k: d.restarts for k, d in city.daemons.items()} }', flush=True)


def worst():
    """Answers lost in every way, now and then."""
    lost = ('drop_before', 'drop_after_store', 'rst_after_store', 'truncated', 'html200', 'no_id', 'bad_json')
    rules = [{'call': 'create', 'probability': 0.01, 'seed': i, 'action': a} for i, a in enumerate(lost)]
    return [*rules, {'call': 'create', 'probability': 0.03, 'seed': 99, 'action': '429', 'args': {'retry_after': 1}},
            {'call': 'create', 'probability': 0.01, 'seed': 98, 'action': 'status', 'args': {'status': 502}}]


def strike(city, random):
    what = random.choice(('kill', 'kill', 'kill', 'all', 'sleep', 'redis', 'flush', 'stall', 'broker', 'hang'))
    env, name = city.env, random.choice(sorted(POINTS))
    if what == 'kill':
        city.kill(name)
    elif what == 'all':
        for each in POINTS:
            city.kill(each)
    elif what == 'sleep':
        city.daemons[name].freeze()
        time.sleep(random.choice((0.5, 8)))     # shorter and longer than the session
        city.daemons[name].thaw()
    elif what == 'redis':
        env.redis.kill9()
        time.sleep(random.uniform(0, 2))
        env.redis.start()
    elif what == 'flush':
        env.redis.cmd('FLUSHALL')
    elif what == 'stall':
        env.redis.freeze()
        time.sleep(random.uniform(0, 4))
        env.redis.thaw()
    elif what == 'broker':
        env.kafka.kill9()
        env.kafka.start()
    else:
        env.kafka.freeze()
        time.sleep(random.uniform(0, 12))
        env.kafka.thaw()
