"""Whatever dies, stops or comes back old: every message is absorbed exactly once,
and the index is the one its logs make."""

import shutil
import time

from confluent_kafka import Consumer, KafkaException, TopicPartition

from harness import flow, wait_until
from harness.normalizer import (absorbed, check_index, check_once, start, wait_caught_up,
                                wait_state)
from harness.records import LaneWriter, complaints, decisions, message, only_small, put, put_many

ABSORBED = 'muara_normalizer_inputs_total{outcome="absorbed"}'


def some(env, n, first=0, people=7, **more):
    """n messages of a few people, every tenth twice."""
    out = []
    for i in range(first, first + n):
        who = f'62812345{i % people:05d}'
        out.append(message(f'w{i}', f'Keluhan nomor {i} tentang jalan rusak', author=who, **more))
        if i % 10 == 9:
            out.append(out[-1 - env.random.randrange(min(5, len(out)))])
    return out


def feed_until(env, ready, per_round=40):
    """Keeps sending until ready(); gives what was sent."""
    sent = []

    def round():
        if ready():
            return True
        more = some(env, per_round, len(sent))
        put_many(env, more)
        sent.extend(more)
        return False
    wait_until(round, 60, 'the fault under load', step=0.1)
    return sent


def crash(point, n):
    @flow(limit=120)
    def test(env):
        d = start(env, owner=False, supervise=True, crash=f'{point}:{n}')
        sent = feed_until(env, env.crashes)
        (hit,) = env.crashes()
        assert hit.point == point
        more = some(env, env.count(200), 100000)
        put_many(env, more)
        absorbed(env, [*sent, *more], 90)
        check_once(env, [*sent, *more])
        assert d.restarts == 1 and d.codes == [-9], (d.restarts, d.codes)
        check_index(env)
        print(f'       {point}: {hit.in_flight} in flight')
    return test


test_killed_after_append = crash('after-append', 60)
test_killed_before_index = crash('before-index', 7)
test_killed_after_index = crash('after-index', 7)
test_killed_after_commit = crash('after-commit', 3)


@flow(limit=120)
def test_killed_with_a_backlog(env):
    """A commit that runs ahead of the log or of the index loses what it passed."""
    sent = some(env, 1500, people=400)
    put_many(env, sent)
    d = start(env, owner=False, supervise=True, crash='before-index:4', commit='0ms')
    wait_until(lambda: env.crashes() or d.restarts, 60, 'it is killed')
    assert env.crashes(), f'it ended by itself: {d.codes}'
    last = message('last', author='2')
    put(env, last)
    absorbed(env, [last])  # behind all others
    check_once(env, [*sent, last])
    assert env.crashes()[0].in_flight >= 1
    check_index(env)


@flow(limit=120)
def test_what_the_log_refused_is_decided_again(env):
    """By the process that lives on, and by the next one after a kill: inputs whose
    decision is not in the log are neither forgotten nor committed."""
    d, topic = start(env, commit='0ms'), env.topic('complaints')
    sent = [message('first', author='1')]
    put(env, sent[0])
    absorbed(env, sent)
    wait_caught_up(env)
    for kill in (False, True):
        more = some(env, 40, 1000 * kill)
        refusals = d.log_text().count('append failed')
        only_small(env, 'complaints', 100, cleanup_policy='compact')
        put_many(env, more)
        wait_until(lambda: d.log_text().count('append failed') > refusals, 30, 'an append is refused')
        if kill:
            d.kill9()
        env.kafka.set_topic_config(topic, cleanup_policy='compact', max_message_bytes=1048588)
        if kill:
            d.start()
        # One topic is decided in order: with what comes last, what was refused has its place.
        more.append(message(f'last{kill}', author='2'))
        put(env, more[-1])
        sent += more
        absorbed(env, more[-1:])
        check_once(env, sent)
    check_index(env)


@flow(limit=90)
def test_a_stop_finishes_what_is_in_flight(env):
    d = start(env, commit='1m')  # so that the commit of the stop is the one that counts
    sent = [message(f'w{i}', f'Keluhan {i}', author=f'62812{i:07d}') for i in range(env.count(800))]
    put_many(env, sent)
    wait_until(lambda: len(decisions(env)) > 5, 30, 'it decides')
    assert d.stop() == 0
    decided = len(decisions(env))
    d.start()
    absorbed(env, sent)
    check_once(env, sent)
    assert d.metrics()[ABSORBED] == 0, f'{d.metrics()[ABSORBED]} of {decided} were read again'


@flow(limit=600)
def test_killed_at_any_time(env):
    d = start(env, owner=False, supervise=True)
    sent = []
    for _ in range(env.rounds(4, 50)):
        more = some(env, env.count(300, least=50), len(sent))
        put_many(env, more)
        sent.extend(more)
        time.sleep(env.random.uniform(0.2, 1.5))  # the moment is the point
        d.kill9()
    absorbed(env, sent, 120)
    check_once(env, sent)
    check_index(env)


@flow(limit=120)
def test_redis_killed_under_load(env):
    d, redis = start(env), env.redis  # (env.redis would start it again)
    sent = some(env, env.count(600))
    put_many(env, sent)
    redis.kill9()
    d.wait_status('waits for Redis')
    assert d.healthz()[0] == 503 and d.metrics()['muara_normalizer_index_up'] == 0
    before = len(decisions(env))
    more = some(env, 50, 10000)
    put_many(env, more)  # ingest goes on
    redis.start()
    absorbed(env, [*sent, *more], 60)
    d.wait_status('deciding')
    assert len(decisions(env)) > before
    check_once(env, [*sent, *more])
    check_index(env)


@flow(limit=120)
def test_redis_emptied_under_load(env):
    start(env)
    sent = []
    for i in range(3):
        more = some(env, env.count(200, least=40), 1000 * i)
        put_many(env, more)
        sent += more
        env.redis.cmd('FLUSHALL')
    absorbed(env, sent, 90)
    wait_caught_up(env)
    check_once(env, sent)
    check_index(env)


@flow(limit=120)
def test_an_older_index_is_put_back(env):
    d, redis = start(env), env.redis
    first, second = some(env, 60), some(env, 60, 1000)
    put_many(env, first)
    absorbed(env, first)
    wait_caught_up(env)
    redis.stop()
    copy = env.scratch.path('redis-copy')
    shutil.copytree(redis.dir + '/appendonlydir', copy)
    redis.start()
    put_many(env, second)
    absorbed(env, second)
    wait_caught_up(env)
    redis.stop()
    shutil.rmtree(redis.dir + '/appendonlydir')
    shutil.copytree(copy, redis.dir + '/appendonlydir')
    redis.start()
    put_many(env, first)  # were the old index believed, the second half would be new again
    put_many(env, second)
    wait_until(lambda: d.metrics()[ABSORBED] >= 120, 60,
               'all of it is known')
    wait_caught_up(env)
    check_once(env, [*first, *second])
    check_index(env)


@flow(limit=180)
def test_broker_away_under_load(env):
    start(env, append_deadline='3s')
    sent = some(env, env.count(600))
    put_many(env, sent)
    env.kafka.stop()
    time.sleep(20 if env.soak else 8)  # longer than the deadline of an append
    env.kafka.start()
    more = some(env, 50, 10000)
    put_many(env, more)
    absorbed(env, [*sent, *more], 90)
    check_once(env, [*sent, *more])
    check_index(env)


@flow(limit=180)
def test_a_stopped_one_wakes_up_and_changes_nothing(env):
    a = start(env, 'a', args=('--instance', 'a'))
    sent = some(env, env.count(400))
    put_many(env, sent)
    wait_until(lambda: len(decisions(env)) > 20, 30, 'a decides')
    a.freeze()
    b = start(env, 'b', args=('--instance', 'b'), owner=False)
    b.wait_status('deciding', 60)
    more = some(env, env.count(200), 10000)
    put_many(env, more)
    a.thaw()
    last = some(env, env.count(100), 20000)
    put_many(env, last)
    absorbed(env, [*sent, *more, *last], 90)
    wait_until(lambda: sorted('deciding' in d.status for d in (a, b)) == [False, True], 60,
               lambda: f'one of them owns the lane: {a.status!r} {b.status!r}')
    check_once(env, [*sent, *more, *last])
    terms = [r.json['term'] for r in env.kafka.read_all(env.topic('complaints'))
             if r.key.startswith(b'takeover')]
    assert len(terms) <= 4, f'takeovers in turn: {terms}'
    check_index(env)


@flow(limit=120)
def test_commits_that_are_not_believed(env):
    """Lost, or naming another record, as when a raw topic was made anew: all is
    read again, and known."""
    d = start(env)
    sent = some(env, 80)
    put_many(env, sent)
    absorbed(env, sent)
    wait_caught_up(env)
    before = len(decisions(env))
    c = Consumer({'bootstrap.servers': env.kafka.bootstrap, 'group.id': env.topic('normalizer'),
                  'enable.auto.commit': False, 'log_level': 2})
    for n, offset in enumerate((40, 0)):
        assert d.stop() == 0
        at = TopicPartition(env.topic('raw.whatsapp'), 0, offset)
        wait_until(lambda: committed(c, at), 40, 'the commit of another', step=0.5)
        d = start(env, f'anew{n}')
        last = message(f'last{n}')
        put(env, last)
        absorbed(env, [last])  # behind all others
        wait_until(lambda: d.metrics()[ABSORBED] == len(sent), 30, 'all were read again, and known')
        sent.append(last)
        assert n or 'reading the topic from its beginning' in d.log_text()
    c.close()
    assert len(decisions(env)) == before + 2
    check_once(env, sent)


def committed(consumer, at):
    try:  # refused while the group has a member, which a stopped one is until its session ends
        consumer.commit(offsets=[at], asynchronous=False)
        return True
    except KafkaException:
        return False


@flow(limit=90)
def test_filings_are_known(env):
    """News of a filed complaint is a version of it; a refused filing goes to a person."""
    start(env)
    w = LaneWriter(env, 'submissions')
    filed, refused = message('w1'), message('w2', author='6281234500002')
    put_many(env, [filed, refused])
    a, b = wait_state(env, filed, 'ready'), wait_state(env, refused, 'ready')
    w.append('intent', {'complaint': a['id'], 'version': a['version'], 'destination': 'lapor',
                        'system': 'lapor', 'call': 'create', 'attempt': 1,
                        'sources': [filed['id']]})
    w.append('refused', {'complaint': b['id'], 'version': b['version'], 'destination': 'lapor',
                         'system': 'lapor', 'call': 'create', 'attempt': 1, 'other': a['id'],
                         'reason': 'source-filed'})
    c = wait_state(env, refused, 'review')
    assert c['links'][0]['complaint'] == a['id'] and 'already-filed' in c['review']['reasons']
    later = message('w3', 'Kapan diperbaiki?')
    put(env, later)
    absorbed(env, [later])
    now = complaints(env)[filed['id']]
    assert later['id'] not in complaints(env) and now['after_filing'] and now['version'] > a['version']
    assert [s['message'] for s in now['sources']] == [filed['id'], later['id']]
    check_index(env)


@flow(limit=120, muara={'lanes': 2, 'tenants': [
    {'name': 'malang', 'lane': 0, 'destination': 'lapor'},
    {'name': 'batu', 'lane': 1, 'destination': 'lapor'}]})
def test_two_lanes_two_machines(env):
    a = start(env, 'a', args=('--instance', 'a'), owner=False)
    b = start(env, 'b', args=('--instance', 'b'), owner=False)
    wait_until(lambda: all('lane' in d.status and 'deciding' in d.status for d in (a, b)), 60,
               lambda: f'a lane each: {a.status!r} {b.status!r}')
    malang = some(env, 60)
    batu = [message(m['native_id'], m['text'], author=m['author']['id'], tenant='batu')
            for m in malang]
    put_many(env, malang, 0)
    put_many(env, batu, 1)
    absorbed(env, malang, lane=0)
    absorbed(env, batu, lane=1)
    assert a.stop() == 0  # a static member: its lane is given on after its session
    more = message('late', tenant='malang'), message('late', tenant='batu')
    put(env, more[0], 0)
    put(env, more[1], 1)
    absorbed(env, [more[0]], 60, lane=0)
    absorbed(env, [more[1]], 60, lane=1)
    check_once(env, [*malang, more[0]], lane=0)
    check_once(env, [*batu, more[1]], lane=1)
    b.wait_status('lane 0 deciding')
    b.wait_status('lane 1 deciding')
