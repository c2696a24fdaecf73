"""muaractl balance and index rebuild-compare, on real logs.

Proves: the books of a normalizer at work balance, id by id; what it has not
reached is under way; what never came back is a fault and the exit status says
so; void records count nowhere; the index is what the logs say, and a change by
another hand is found. The sums themselves: tests/unit/test-ctl_books.c.
"""

import json

from harness import flow, wait_until
from harness.records import (LaneWriter, call_record, complaint, decision_of, edit_of, message,
                             put, put_many)
from harness.schema import validate_topic

QUICK = {'quiet': '0s', 'join': '1h'}


def balance(env, *args):
    done = env.ctl('--json', 'balance', *args, check=False)
    return done.returncode, json.loads(done.stdout)


def row(sum_, channel):
    return next(r for r in sum_['messages'] if r['channel'] == channel)


@flow(limit=60)
def test_nothing_yet(env):
    code, found = balance(env)
    assert code == 0 and found['balanced'] and found['messages'] == []
    assert 'balanced' in env.ctl('balance')


@flow(limit=180)
def test_normalizer_at_work(env):
    people = [message(f'w{i}', f'Lampu jalan nomor {i} mati', author=f'62812000{i:05d}')
              for i in range(12)]
    people += people[:3]                                   # said twice
    people += [edit_of(people[0], 'Lampu jalan nomor 0 dan 1 mati'),
               message('w90', ' ', author='6281299990000')]
    calls = [call_record('c1', 'Sampah menumpuk'), call_record('c2', '', 'ghost'),
             call_record('c3', 'Kebakaran', 'emergency'),
             message('row 9', '', channel='call112', account='malang-112', cls='undecodable',
                     proven=False)]
    put_many(env, people + calls)
    env.kafka.produce(env.topic('raw.file'), b'{"schema":"junk"}', key=b'x')
    d = env.daemon('normalizer', QUICK)
    wait_until(lambda: balance(env)[1]['messages'] and all(
        r['under_way'] == 0 for r in balance(env)[1]['messages']), 60, 'all decided')

    code, found = balance(env, '--list-missing')
    assert code == 0 and found['balanced'] and found['missing'] == [], found
    w, c, f = (row(found, n) for n in ('whatsapp', 'call112', 'file'))
    assert (w['accepted'], w['repeated'], w['complaint'], w['archived']) == (14, 3, 13, 1)
    assert (c['accepted'], c['complaint'], c['archived'], c['dead']) == (4, 2, 1, 1)
    assert (f['accepted'], f['dead'], f['tenant']) == (1, 1, '?')
    assert found['archived'] == {'empty': 1, 'ghost': 1}
    assert found['complaints']['review'] == 1
    text = env.ctl('balance')
    assert 'whatsapp' in text and 'balanced' in text and 'Lampu' not in text
    assert 'equal' in env.ctl('index', 'rebuild-compare')
    assert json.loads(env.ctl('--json', 'index', 'rebuild-compare'))[0]['equal'] is True

    # Another hand in Redis is found, and named by key only.
    keys = [k.decode() for k in env.redis.cmd('KEYS', f'{env.prefix}*:c/*')]
    env.redis.cmd('SET', keys[0], '{"state":"ready","text":"Lampu"}')
    env.redis.cmd('DEL', keys[1])
    done = env.ctl('--json', 'index', 'rebuild-compare', check=False)
    differences = {x['difference'] for x in json.loads(done.stdout)[0]['differences']}
    assert done.returncode == 1 and differences == {'differs', 'only in the logs'}
    assert 'Lampu' not in done.stdout + done.stderr
    d.stop()

    # Nobody at work: what comes now is under way.
    put(env, message('w99', 'Trotoar rusak', author='6281288880000'))
    code, found = balance(env, '--list-missing')
    assert code == 0 and row(found, 'whatsapp')['under_way'] == 1
    assert [m['state'] for m in found['missing']] == ['under way']
    for topic in ('complaints', 'raw.whatsapp', 'raw.call112'):
        validate_topic(env, topic)


@flow(limit=60)
def test_a_lost_message_and_a_double_filing(env):
    messages = [message(f'w{i}', f'Jalan {i} rusak', author=f'62812000{i:05d}') for i in range(4)]
    put_many(env, messages)
    owner = LaneWriter(env, 'complaints')
    bodies = [decision_of(env, complaint([m]), [m]) for m in messages]
    for i, b in enumerate(bodies):
        b['inputs'][0]['offset'] = i
    owner.append('decision', bodies[0])
    owner.append('decision', bodies[2])
    # A stopped owner wakes up: void, for every reader.
    zombie_term, zombie = owner.term, owner.writer
    owner.take_over(owner.term + 1)
    last = owner.writer
    owner.term, owner.writer, owner.n = zombie_term, zombie, 7
    owner.append('decision', bodies[1])
    owner.term, owner.writer, owner.n = zombie_term + 1, last, 0
    filer = LaneWriter(env, 'submissions')
    heads = [{'at': '2026-11-24T04:29:15.000Z', 'complaint': messages[i]['id'], 'version': 1,
              'destination': 'lapor', 'system': 'sp4n', 'call': 'create', 'attempt': 1}
             for i in (0, 2)]
    shared = messages[0]['id']
    for i, head in enumerate(heads):
        intent = filer.append('intent', {**head, 'sources': [shared], 'content_hash': None})
        filer.append('done', {**head, 'intent': intent, 'reason': None, 'remote_id': str(70 + i)})
    code, found = balance(env)
    assert code == 1 and not found['balanced']
    faults = {(f['fault'], f['id']) for f in found['faults']}
    assert faults == {('lost', messages[1]['id']), ('filed-twice', shared)}
    assert row(found, 'whatsapp')['under_way'] == 1            # the fourth
    done = env.ctl('balance', check=False)
    assert done.returncode == 1 and 'filed-twice' in done.stdout and '2 faults' in done.stderr
