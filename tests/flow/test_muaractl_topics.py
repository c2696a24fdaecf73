"""muaractl topics create and check: what they make, refuse and find.

Proves: the topics have the partitions and settings of the table; each lane log
begins with one genesis; a second run changes nothing; a lane log that was lost
is not made anew in silence; wrong partitions and settings are told with a
remedy; nothing is made when something is wrong.
"""

import json
import uuid

from harness import flow, wait_until
from harness.schema import validate_topic

LANE_LOGS = ['complaints', 'submissions', 'replies']
OTHERS = ['emergencies', 'media', 'commands', 'cursors']
RAW = ['raw.whatsapp', 'raw.call112', 'raw.file']


def genesis(env, log, lane=0):
    first = env.kafka.read_all(env.topic(log), lane)[0]
    assert first.offset == 0 and first.key == b'genesis'
    return first.json


def make(env, name, partitions):
    """By hand; the broker's list of topics may lag behind."""
    env.kafka.create_topic(env.topic(name), partitions)
    shown(env, name, partitions)


def shown(env, name, partitions):
    wait_until(lambda: env.kafka.topics().get(env.topic(name), 0) == partitions, 20,
               f'{name} with {partitions} partitions')


def remove(env, name):
    env.kafka.delete_topic(env.topic(name))
    shown(env, name, 0)


def failed(done, *texts):
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    for text in texts:
        assert text in done.stderr, f'{text!r} is not in:\n{done.stderr}'


@flow(limit=60, topics=False)
def test_create_twice(env):
    answer = json.loads(env.ctl('--json', 'topics', 'create'))
    assert {t['result'] for t in answer['topics']} == {'created'}
    mine = {n: p for n, p in env.kafka.topics().items() if n.startswith(env.prefix)}
    assert mine == {env.topic(n): 1 for n in LANE_LOGS + OTHERS + RAW}
    for log in LANE_LOGS:
        assert validate_topic(env, log) == 1
        g = genesis(env, log)
        assert (g['schema'], g['kind'], g['log']) == ('muara.lane/1', 'genesis', log)
        assert (g['lane'], g['lanes']) == (0, 1)
        assert g['installation'] == answer['installation']
        assert env.kafka.end(env.topic(log)) == 1
    for name in OTHERS + RAW:
        assert env.kafka.end(env.topic(name)) == 0
    raw = env.kafka.topic_config(env.topic('raw.file'))
    assert raw['cleanup.policy'] == 'delete' and raw['flush.messages'] == '1'
    assert raw['message.timestamp.type'] == 'LogAppendTime'
    assert env.kafka.topic_config(env.topic('complaints'))['cleanup.policy'] == 'compact'
    assert env.kafka.topic_config(env.topic('submissions'))['retention.ms'] == '-1'

    again = json.loads(env.ctl('--json', 'topics', 'create'))
    assert again['installation'] == answer['installation']
    assert {t['result'] for t in again['topics']} == {'there'}
    assert all(env.kafka.end(env.topic(log)) == 1 for log in LANE_LOGS)


@flow(limit=60, topics=False, muara={'lanes': 3})
def test_create_lanes_and_installation(env):
    mine = str(uuid.uuid4())
    out = env.ctl('topics', 'create', '--installation', mine)
    assert mine in out
    for lane in range(3):
        g = genesis(env, 'submissions', lane)
        assert (g['lane'], g['lanes'], g['installation']) == (lane, 3, mine)
    other = env.ctl('topics', 'create', '--installation', str(uuid.uuid4()), check=False)
    failed(other, mine)


@flow(limit=60)
def test_interrupted_creation_goes_on(env):
    """A crash between topics: what is missing is made, of the same installation."""
    before = genesis(env, 'complaints')['installation']
    remove(env, 'replies')
    remove(env, 'raw.call112')
    remove(env, 'submissions')
    make(env, 'submissions', 1)  # made, genesis not yet written
    answer = json.loads(env.ctl('--json', 'topics', 'create'))
    results = {t['topic']: t['result'] for t in answer['topics']}
    assert results[env.topic('replies')] == 'created'
    assert results[env.topic('submissions')] == 'begun'
    assert results[env.topic('complaints')] == 'there'
    assert {genesis(env, log)['installation'] for log in LANE_LOGS} == {before}


@flow(limit=60)
def test_lost_log_is_not_made(env):
    """Rule 4: one missing log beside others that hold records."""
    env.kafka.produce(env.topic('raw.file'), b'{}', key=b'x')
    remove(env, 'submissions')
    done = env.ctl('topics', 'create', check=False)
    failed(done, env.topic('submissions') + ' is missing', 'restore --accept', 'nothing was made')
    assert env.topic('submissions') not in env.kafka.topics()
    # An empty one, made by hand, is no better.
    make(env, 'submissions', 1)
    failed(env.ctl('topics', 'create', check=False), env.topic('submissions') + ' is empty')
    assert env.kafka.end(env.topic('submissions')) == 0
    # A person decides.
    env.ctl('topics', 'create', '--recreate', 'submissions')
    assert genesis(env, 'submissions')['installation'] == genesis(env, 'replies')['installation']
    # A new channel is no loss.
    remove(env, 'raw.whatsapp')
    assert 'created beside topics that hold records' in env.ctl('topics', 'create')


@flow(limit=60, topics=False)
def test_wrong_partitions(env):
    make(env, 'media', 2)
    failed(env.ctl('topics', 'create', check=False), env.topic('media') + ' has 2 partitions',
           'lanes: 1', 'nothing was made')
    assert [n for n in env.kafka.topics() if n.startswith(env.prefix)] == [env.topic('media')]


@flow(limit=60, topics=False)
def test_foreign_log(env):
    make(env, 'complaints', 1)
    env.kafka.produce(env.topic('complaints'), b'{"kind":"decision"}', key=b'1/1')
    failed(env.ctl('topics', 'create', check=False), 'does not begin with a genesis record')


@flow(limit=30, topics=False)
def test_usage(env):
    bad = env.ctl('topics', 'create', '--instalation', 'x', check=False)
    assert bad.returncode == 2 and '--instalation' in bad.stderr
    assert env.ctl('nonsense', check=False).returncode == 2
    assert 'genesis' in env.ctl('help', 'topics', 'create')
    assert 'topics create' in env.ctl('--help')


def change(env, name, **settings):
    """set_topic_config replaces all of a topic's settings; the others stay here."""
    known = ['cleanup.policy', 'retention.ms', 'segment.ms', 'max.compaction.lag.ms',
             'delete.retention.ms', 'message.timestamp.type', 'flush.messages']
    now = env.kafka.topic_config(env.topic(name))
    env.kafka.set_topic_config(env.topic(name), **{**{k: now[k] for k in known}, **settings})


def check(env):
    """(exit status, {what: [rows that are not ok]})"""
    done = env.ctl('--json', 'check', check=False)
    found = {}
    for row in json.loads(done.stdout):
        if row['level'] != 'ok':
            found.setdefault(row['what'].removeprefix(env.prefix), []).append(row)
    return done.returncode, found


@flow(limit=60)
def test_check(env):
    code, found = check(env)
    # Nobody runs the daemons here, and no calendar lies beside muara.yaml; all else is right.
    assert (code, set(found)) == (0, {'normalizer', 'forwarder', 'alarm', 'holidays'}), found
    text = env.ctl('check')
    assert 'FAIL' not in text and 'warn' in text and env.topic('complaints') in text

    change(env, 'submissions', **{'cleanup.policy': 'compact'})
    change(env, 'raw.file', **{'retention.ms': -1})
    change(env, 'commands', **{'flush.messages': 1000})
    change(env, 'complaints', **{'segment.ms': 3600000})  # stricter is fine
    remove(env, 'media')
    remove(env, 'raw.whatsapp')
    make(env, 'raw.whatsapp', 2)
    remove(env, 'replies')
    make(env, 'replies', 1)
    make(env, 'raw.fax', 1)
    env.redis.cmd('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    try:
        code, found = check(env)
    finally:
        env.redis.cmd('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    assert code == 1
    told = {what: ' '.join(r['text'] for r in rows) for what, rows in found.items()}
    assert 'cleanup.policy is compact, must be delete' in told['submissions']
    assert 'retention.ms is -1' in told['raw.file']
    assert 'flush.messages is 1000, must be 1' in told['commands']
    assert 'does not exist' in told['media']
    assert 'has 2 partitions' in told['raw.whatsapp']
    assert 'no genesis' in told['replies']
    assert 'allkeys-lru' in told['redis']
    assert 'raw messages longer' in told['brokers']
    assert 'complaints' not in told
    assert 'nobody reads it' in told['raw.fax']
    assert all(r['remedy'] for rows in found.values() for r in rows)


@flow(limit=60, topics=False, muara={'brokers': '127.0.0.1:1', 'redis': '/nonexistent/redis.sock'})
def test_check_without_kafka_and_redis(env):
    """What is away is told, not waited for for ever, and not a crash."""
    code, found = check(env)
    assert code == 1 and {'kafka', 'redis'} <= set(found)
