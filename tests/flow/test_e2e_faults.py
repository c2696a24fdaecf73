"""A whole Muara whose surroundings fail: processes that sleep through their own replacement, Redis
killed, emptied and put back older, the broker away, LAPOR!'s answers lost. The books must balance
after each, and what comes later must still get through."""

import shutil
import time

from harness import flow, wait_until
from harness.city import City

LINE = ('whatsapp', 'normalizer', 'forwarder')


def under_load(city, act, before=40, during=60, after=20):
    """Feeds while `act()` is done; everything must come through."""
    scale = city.env.count
    city.send(city.population(scale(before, 10)), batch=2).join()
    feed = city.send(city.population(scale(during, 15)), threads=3)
    act()
    feed.join()
    city.send(city.population(scale(after, 10)), batch=2, duplicates=0.2).join()


@flow(limit=120)
def test_zombie_normalizer(env):
    """SIGSTOP past the session timeout, another takes over, SIGCONT: what it writes is void."""
    with City(env) as city:
        for name in LINE:
            city.start(name)
        under_load(city, lambda: zombie(city, 'normalizer'))
        audit = city.balanced(forward_ms=200_000)
        assert audit.notes['takeovers of complaints'] >= 2, audit.notes


@flow(limit=120)
def test_zombie_forwarder(env):
    """It sleeps with calls on the wire; what it writes of them when it wakes up counts, late as it
    is, and nothing is sent a second time."""
    with City(env, sandbox=('--create-delay-ms', '300')) as city:
        for name in LINE:
            city.start(name)

        def asleep_with_a_call():
            wait_until(lambda: unanswered(city), 30, 'a create is on the wire')
            zombie(city, 'forwarder')

        under_load(city, asleep_with_a_call, before=10, during=30, after=10)
        audit = city.balanced(forward_ms=200_000)
        assert audit.notes['takeovers of submissions'] >= 2, audit.notes
        assert audit.notes['late outcomes'], audit.notes
        print(f'       late outcomes {audit.notes["late outcomes"]}, ends {dict(audit.ends)}')


def unanswered(city):
    lines = city.lapor.journal()
    return {x['request'] for x in lines if x['event'] == 'request'} - {
        x['request'] for x in lines if x['event'] == 'answer'}


def zombie(city, name, instance='b'):
    """The owner falls asleep, a second one comes and rules, then the first wakes up beside it."""
    log = {'normalizer': 'complaints', 'forwarder': 'submissions'}[name]
    owner = city.daemons[name]
    owner.freeze()
    try:
        before = city.terms(log)
        city.start(name, label=name + '-b', args=('--instance', instance))
        wait_until(lambda: city.terms(log) > before, 60, f'a second {name} takes over')
    finally:
        owner.thaw()


@flow(limit=120)
def test_two_of_one_name(env):
    """A second process is started under the name of the first, which sleeps: the group throws out
    the first. It must notice, leave, and end in order when it is told to."""
    with City(env) as city:
        for name in LINE:
            city.start(name)
        under_load(city, lambda: zombie(city, 'forwarder', 'main'), before=10)
        assert city.daemons['forwarder'].stop() == 0
        audit = city.balanced(forward_ms=200_000)
        assert audit.notes['takeovers of submissions'] >= 2, audit.notes


@flow(limit=120)
def test_redis_killed(env):
    with City(env) as city:
        for name in LINE:
            city.start(name)
        under_load(city, lambda: (env.redis.kill9(), env.redis.start()))
        city.balanced(forward_ms=200_000)


@flow(limit=120)
def test_index_emptied_under_load(env):
    with City(env) as city:
        for name in LINE:
            city.start(name)
        under_load(city, lambda: env.redis.cmd('FLUSHALL'))
        city.balanced(forward_ms=200_000)


@flow(limit=120)
def test_older_index_put_back(env):
    """As an operator does who restores last night's copy: behind the log, so it is read on."""
    with City(env) as city:
        for name in LINE:
            city.start(name)
        copy = env.scratch.path('older-redis')
        city.send(city.population(30), batch=2).join()
        city.settle(forward_ms=200_000)
        env.redis.stop()
        shutil.copytree(env.redis.dir, copy, ignore=shutil.ignore_patterns('*.sock'))
        env.redis.start()
        city.send(city.population(env.count(60, 20)), batch=2).join()
        city.settle(forward_ms=200_000)

        def put_back():
            env.redis.kill9()
            shutil.rmtree(env.redis.dir)
            shutil.copytree(copy, env.redis.dir)
            env.redis.start()

        under_load(city, put_back, before=10)
        city.balanced(forward_ms=200_000)


@flow(limit=180, own=True)
def test_broker_away_for_20_seconds(env):
    with City(env) as city:
        for name in LINE:
            city.start(name)
        city.send(city.population(env.count(60, 20)), batch=2).join()
        feed = city.send(city.population(env.count(60, 20)), threads=3)
        env.kafka.stop()
        time.sleep(20)    # the outage itself
        env.kafka.start()
        feed.join()
        city.send(city.population(20), batch=2).join()
        audit = city.balanced(90, forward_ms=200_000)
        assert city.ledger.refused, 'no webhook was answered 503 while the broker was away'
        print(f'       {city.ledger.refused} posts refused meanwhile, ends {dict(audit.ends)}')


@flow(limit=120)
def test_answers_lost_after_it_stored(env):
    """Every way in which an answer can be lost after LAPOR! stored the complaint."""
    lost = ('drop_after_store', 'rst_after_store', 'truncated', 'html200', 'no_id', 'bad_json')
    with City(env) as city:
        for i, action in enumerate(lost):
            city.lapor.script({'call': 'create', 'nth': 3 * i + 3, 'action': action}, append=i > 0)
        for name in LINE:
            city.start(name)
        city.send(city.population(env.count(60, 40), share=0), batch=2).join()
        audit = city.balanced(forward_ms=60_000)
        assert audit.ends['parked'] == len(lost), audit.ends
        assert len(city.lapor.filed()) == len(audit.newest)


@flow(limit=600, own=True)
def test_daemons_and_broker_come_up_together(env):
    """As after a power cut: clients meet a broker that answers before it knows its topics."""
    with City(env) as city:
        for name in LINE:
            city.start(name)
        for _ in range(env.rounds(3, 20)):
            feed = city.send(city.population(env.count(30, 10)), threads=3)
            env.kafka.kill9()
            for name in LINE:
                city.kill(name)
            env.kafka.start()
            for name in LINE:
                city.kill(name)
            feed.join()
        audit = city.balanced(90, forward_ms=200_000)
        print(f'       ends {dict(audit.ends)}, restarts { {k: d.restarts for k, d in city.daemons.items()} }')
