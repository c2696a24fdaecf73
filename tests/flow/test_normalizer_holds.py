"""What only a person can judge holds: a log that lost records holds its lane, a
topic nobody here can read holds itself, and nothing else stops. `restore
--accept` goes on, and everything that would be filed goes to review."""

from harness import flow, wait_until
from harness.normalizer import (absorbed, check_once, put_back, start, wait_caught_up,
                                wait_held, wait_state)
from harness.records import (LaneWriter, complaints, decisions, message, now_ms, places, put, put_command,
                             put_many, text_of)


def wait_command(env, id):
    """The command is absorbed: what it asked for is done."""
    wait_until(lambda: id in [i['id'] for d in decisions(env) for i in d['inputs']], 40,
               'the command is absorbed', step=0.2)


def people(n, first=0, **more):
    return [message(f'w{i}', f'Keluhan nomor {i}', author=f'62812{i:07d}', **more)
            for i in range(first, first + n)]


@flow(limit=60)
def test_unknown_version_holds_its_topic_only(env):
    d = start(env)
    a, b = message('f1', channel='file'), message('f2', channel='file', author='2')
    put(env, a)
    absorbed(env, [a])
    env.kafka.produce(env.topic('raw.file'), text_of({**b, 'schema': 'muara.message/2'}))
    put(env, b)
    other = message('w1')
    put(env, other)
    absorbed(env, [other])
    wait_until(lambda: d.metrics()['muara_normalizer_inputs_held'] == 1 or b['id'] in places(env), 20,
               'the topic holds')
    assert b['id'] not in places(env), 'the record behind it was read'
    d.wait_status('topics held')
    assert d.healthz()[0] == 503
    assert 'muara.message/2 is unknown here' in d.log_text()
    d.restart()  # the same build: it holds again, and decides nothing twice
    wait_until(lambda: d.metrics()['muara_normalizer_inputs_held'] == 1, 30, 'it holds again')
    check_once(env, [a, other])


@flow(limit=120)
def test_submissions_made_anew(env):
    d = start(env)
    ready, filed = people(2)
    put_many(env, [ready, filed])
    c = wait_state(env, filed, 'ready')
    w = LaneWriter(env, 'submissions')
    for _ in range(3):
        w.append('intent', {'complaint': c['id'], 'version': c['version'], 'call': 'create',
                            'system': 'lapor', 'destination': 'lapor', 'attempt': 1,
                            'sources': [filed['id']]})
    wait_until(lambda: b'%d ' % (env.kafka.end(env.topic('submissions')) - 1)
               in (env.redis.cmd('HGET', env.topic('0:meta'), 'submissions') or b''), 20, 'filings read')
    assert d.stop() == 0
    topic = env.topic('submissions')
    env.kafka.delete_topic(topic)
    wait_until(lambda: topic not in env.kafka.topics(), 20, 'the topic is gone')
    env.ctl('topics', 'create', '--recreate', 'submissions')
    d.start()
    wait_held(d)
    late = message('late')
    put(env, late)
    accept = put_command(env, 'accept_restore', target='normalizer', why='tidak ada salinan')
    absorbed(env, [late], 60)
    d.wait_status('deciding')
    wait_command(env, accept)
    states = {m['id']: complaints(env)[m['id']]['state'] for m in (ready, filed)}
    assert set(states.values()) == {'review'}, states
    assert 'restored' in complaints(env)[ready['id']]['review']['reasons']
    after = message('after', author='99')
    put(env, after)
    wait_state(env, after, 'ready')  # what came after is filed as always
    check_once(env, [ready, filed, late, after])


@flow(limit=180, own=True)
def test_complaints_put_back_from_an_older_copy(env):
    first, second = people(5), people(5, 100)
    d = put_back(env, first, second)
    assert not set(places(env)) & {m['id'] for m in second}
    d.start()
    wait_held(d)
    assert 'lost records' in d.status, d.status
    accept = put_command(env, 'accept_restore', target='normalizer', why='tidak ada salinan lain')
    absorbed(env, second, 60)  # decided again, from the raw topic
    d.wait_status('deciding')
    wait_command(env, accept)
    check_once(env, [*first, *second])
    states = {c['state'] for c in complaints(env).values()}
    assert states == {'review'}, states


@flow(limit=90)
def test_raw_records_removed_undecided(env):
    d = start(env)
    first = people(3, channel='file')
    put_many(env, first)
    absorbed(env, first)
    wait_caught_up(env)
    assert d.stop() == 0
    lost = people(3, 50, channel='file')
    put_many(env, lost)
    topic = env.topic('raw.file')
    env.kafka.set_topic_config(topic, retention_ms=1, segment_ms=100, message_timestamp_type='LogAppendTime')
    wait_until(lambda: env.kafka.offsets(topic)[0] > len(first), 60, 'retention removed them', step=0.5)
    d.start()
    wait_until(lambda: d.metrics()['muara_normalizer_inputs_held'] == 1, 40, 'the topic holds')
    assert 'removed undecided' in d.log_text()
    other = message('w1')
    put(env, other)
    absorbed(env, [other])
    accept = put_command(env, 'accept_restore', target='normalizer', why='tidak dapat dipulihkan')
    env.kafka.set_topic_config(topic, retention_ms=7603200000)
    wait_until(lambda: d.metrics()['muara_normalizer_inputs_held'] == 0, 40, 'it goes on')
    more = message('f99', channel='file', received_ms=now_ms())
    put(env, more)
    absorbed(env, [more], 60)
    wait_command(env, accept)
    check_once(env, [*first, other, more])


@flow(limit=90)
def test_accept_without_a_hold_asks_for_a_look(env):
    """An officer's word counts when nothing held, too: it costs a look each."""
    d = start(env)
    ms = people(3)
    put_many(env, ms)
    for m in ms:
        wait_state(env, m, 'ready')
    accept = put_command(env, 'accept_restore', target='normalizer', why='setelah pemulihan')
    for m in ms:
        wait_state(env, m, 'review')
    wait_command(env, accept)
    d.wait_status('deciding')
    assert d.restart().alive
    d.wait_status('deciding', 30)
    again = message('x', author='77')
    put(env, again)
    wait_state(env, again, 'ready')
    check_once(env, [*ms, again])
