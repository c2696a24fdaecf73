"""The operator's acts, with a real normalizer, and lists of what waits for a person.

Proves: an act is a record with who and why, absorbed by one daemon, and its
author is told what became of it; nothing personal is printed but by `show`;
complaints are found by ticket, id, a message in them, and the number the
destination gave.
"""

import json

from harness import flow, wait_until
from harness.records import (LaneWriter, call_record, complaint, complaints, decision_of,
                             message, put_many, ticket_of)
from harness.schema import validate_topic

WHY = ('--who', 'sri.utami', '--why', 'uji coba')
NAME, PHONE = 'Dewi Rahmawati', '+6281200000017'


def normalizer(env, **more):
    return env.daemon('normalizer', {'quiet': '0s', 'join': '1h', **more})


def state(env, m, wanted):
    wait_until(lambda: complaints(env).get(m['id'], {}).get('state') == wanted, 60,
               f'complaint {wanted}')
    return complaints(env)[m['id']]


def act(env, *args):
    done = env.ctl('--json', *args, *WHY, '--wait', '--timeout', 90, check=False, timeout=120)
    return done.returncode, json.loads(done.stdout)


@flow(limit=180)
def test_complete_and_release(env):
    lacking = message('w1', 'Jalan berlubang', name=None, phone=None, author='x17')
    fire = call_record('c1', 'Kebakaran di pasar', 'emergency', name='Bambang')
    put_many(env, [lacking, fire])
    normalizer(env)
    held = state(env, lacking, 'held')
    state(env, fire, 'review')

    # Lists say who waits and why, and nothing of what was written.
    rows = json.loads(env.ctl('--json', 'held', 'list'))
    assert [r['id'] for r in rows] == [lacking['id']]
    assert rows[0]['missing'] == ['name', 'contact'] and rows[0]['channels'] == ['whatsapp']
    text = env.ctl('held', 'list') + env.ctl('review', 'list')
    assert held['ticket'] in text and 'berlubang' not in text and 'Bambang' not in text
    shown = env.ctl('show', held['ticket'].lower())
    assert 'Jalan berlubang' in shown and lacking['id'] in shown

    # Completed as an officer would, without a name on the command line.
    env.scratch.write('fields', json.dumps({'name': NAME, 'phone': '0812-0000-0017'}))
    code, done = act(env, 'complete', held['ticket'], '--fields', env.scratch.path('fields'),
                     '--category', 'Jalan')
    assert (code, done['result'], done['state']) == (0, 'done', 'ready'), done
    now = complaints(env)[lacking['id']]
    assert (now['reporter']['name'], now['reporter']['phone']) == (NAME, PHONE)
    assert now['category'] == 'Jalan' and now['version'] == done['version']

    # Version seen: an old one is refused, and says so.
    code, done = act(env, 'hold', lacking['id'], '--version', held['version'])
    assert code == 1 and done['result'] == 'refused' and 'another version' in done['reason']
    code, done = act(env, 'hold', lacking['id'])
    assert (code, done['state']) == (0, 'held')
    code, done = act(env, 'release', lacking['id'])
    assert (code, done['state']) == (0, 'ready')
    code, done = act(env, 'release', lacking['id'])
    assert code == 1 and done['result'] == 'refused'

    # An emergency leaves review by a person only.
    code, done = act(env, 'archive', ticket_of(fire['id']))
    assert (code, done['state']) == (0, 'archived')
    assert 'nothing waits' in env.ctl('review', 'list')
    assert validate_topic(env, 'commands') == 6
    records = env.kafka.read_all(env.topic('commands'))
    assert {r.json['who'] for r in records} == {'sri.utami'}
    assert {r.json['why'] for r in records} == {'uji coba'}
    assert json.loads(env.ctl('--json', 'balance'))['balanced']
    validate_topic(env, 'complaints')


@flow(limit=60)
def test_review_list_emergencies_first(env):
    first = message('w1', 'Got mampet', review='required')
    second = call_record('c1', 'Kebakaran', 'emergency')
    owner = LaneWriter(env, 'complaints')
    for i, (m, emergency) in enumerate(((first, False), (second, True))):
        c = complaint([m], 'review', emergency=emergency,
                      review={'required': True, 'reasons': ['x']},
                      opened_at=f'2026-11-24T0{i}:00:00.000Z')
        owner.append('decision', decision_of(env, c, [m]))
    rows = json.loads(env.ctl('--json', 'review', 'list'))
    assert [r['id'] for r in rows] == [second['id'], first['id']]


@flow(limit=60)
def test_usage_of_acts(env):
    """What is wrong is told before anything is written, and nothing typed is repeated."""
    def refused(*args, code, text):
        done = env.ctl(*args, check=False)
        assert done.returncode == code and text in done.stderr, (args, done.stderr)
        assert PHONE not in done.stderr and NAME not in done.stderr
    m = message('w1', 'Jalan berlubang')
    LaneWriter(env, 'complaints').append('decision', decision_of(env, complaint([m]), [m]))
    ticket = ticket_of(m['id'])
    refused('release', ticket, code=2, text='say why')
    wrong = ticket[:-1] + ('0' if ticket[-1] != '0' else '1')
    refused('release', wrong, *WHY, code=1, text='check character')
    refused('release', NAME, *WHY, code=1, text='no ticket')
    refused('release', ticket_of(message('w2')['id']), *WHY, code=1, text='no such complaint')
    refused('complete', ticket, *WHY, code=2, text='nothing to fill in')
    refused('complete', ticket, '--phone', 'seribu', *WHY, code=2, text='no telephone')
    refused('complete', ticket, '--email', NAME, *WHY, code=2, text='no address')
    refused('resolve', ticket, *WHY, code=2, text='one of --filed')
    refused('resolve', ticket, '--filed', '07318842', *WHY, code=2, text='1 to 15 digits')
    refused('resolve', ticket, '--filed', '73l8842', *WHY, code=2, text='1 to 15 digits')
    refused('resolve', ticket, '--drop', '--resend', *WHY, code=2, text='one of --filed')
    refused('resolve', ticket, '--drop', *WHY, code=1, text='no attempt of it is open')
    refused('pause', 'nirwana', *WHY, code=1, text='no tenant')
    refused('restore', '--accept', 'kafka', *WHY, code=2, text='--accept normalizer')
    refused('dead', 'replay', 'x', *WHY, code=2, text='the id of a message')
    refused('dead', 'replay', m['id'].replace('a', 'b'), *WHY, code=1, text='no decision names')
    assert env.kafka.end(env.topic('commands')) == 0


@flow(limit=180)
def test_dead_replay(env):
    good = message('w1', 'Jembatan retak')
    bad = message('row 9', '', cls='undecodable', proven=False,
                  error={'place': 'a.csv row 9', 'reason': 'too many fields'})
    put_many(env, [bad, good])
    env.kafka.produce(env.topic('raw.file'), b'\x1b[2Jnot json', key=b'k')
    normalizer(env)
    state(env, good, 'ready')
    wait_until(lambda: len(json.loads(env.ctl('--json', 'dead', 'list'))) == 2, 60, 'the dead')
    rows = {r['id']: r for r in json.loads(env.ctl('--json', 'dead', 'list'))}
    assert rows[bad['id']]['reason'] == 'a.csv row 9: too many fields'
    place = env.topic('raw.file') + '/0/0'
    assert set(rows) == {bad['id'], place}
    shown = env.ctl('dead', 'show', place)
    assert '[2Jnot json' in shown and '\x1b' not in shown    # no terminal is told what to do
    assert 'too many fields' in env.ctl('dead', 'show', bad['id'])
    # Still undecodable: dead once more, by a new decision.
    code, done = act(env, 'dead', 'replay', bad['id'])
    assert (code, done['result'], done['state']) == (0, 'done', 'dead'), done
    code, done = act(env, 'dead', 'replay', good['id'])
    assert code == 1 and 'neither dead nor archived' in done['reason']
    assert json.loads(env.ctl('--json', 'balance'))['balanced']


def parked(env):
    """Two complaints: one parked at create and upload, one handed to an officer."""
    m, n = message('w1', 'Jalan berlubang'), message('w2', 'Pohon tumbang', author='628777')
    owner, filer = LaneWriter(env, 'complaints'), LaneWriter(env, 'submissions')
    for x in (m, n):
        owner.append('decision', decision_of(env, complaint([x]), [x]))
    head = {'at': '2026-11-24T04:29:15.000Z', 'complaint': m['id'], 'version': 1,
            'destination': 'lapor', 'system': 'sp4n', 'call': 'create', 'attempt': 1}
    sheet = {**head, 'complaint': n['id'], 'call': 'sheet', 'destination': 'loket'}
    first = filer.append('intent', {**head, 'sources': [m['id']], 'content_hash': None})
    filer.append('parked', {**head, 'intent': first, 'reason': 'no-answer', 'http_status': 504})
    second = filer.append('intent', {**sheet, 'sources': [n['id']], 'content_hash': None})
    filer.append('handed', {**sheet, 'intent': second, 'reason': None})
    third = filer.append('intent', {**head, 'call': 'handover', 'attempt': 1,
                                    'content_hash': None})
    filer.append('done', {**head, 'call': 'handover', 'intent': third, 'reason': None})
    return m, n, filer, head, first, second


@flow(limit=60)
def test_parked_and_resolve(env):
    m, n, filer, head, first, second = parked(env)
    rows = {r['attempt']: r for r in json.loads(env.ctl('--json', 'parked', 'list'))}
    assert {a: r['state'] for a, r in rows.items()} == {first: 'parked', second: 'handed'}
    assert rows[first]['reason'] == 'no-answer' and rows[first]['ticket'] == ticket_of(m['id'])
    assert 'no-answer' in env.ctl('parked', 'list')

    # By ticket, by attempt; written to the lane, nobody there to absorb it.
    out = json.loads(env.ctl('--json', 'resolve', ticket_of(n['id']), '--filed', '7318990', *WHY))
    assert out['result'] == 'written'
    done = env.ctl('--json', 'resolve', first, '--resend', *WHY, '--wait', '--timeout', '0',
                   check=False)
    assert done.returncode == 1 and 'not absorbed yet' in done.stderr
    a, b = [r.json for r in env.kafka.read_all(env.topic('commands'))]
    assert (a['complaint'], a['attempt'], a['resolution'], a['remote_id'], a['destination']) == (
        n['id'], second, 'filed', '7318990', 'loket')
    assert (b['complaint'], b['attempt'], b['resolution'], b['for']) == (
        m['id'], first, 'resend', 'forwarder')
    validate_topic(env, 'commands')

    # As a forwarder would answer.
    filer.append('resolved', {**head, 'intent': first, 'resolution': 'not_filed', 'by': 'person',
                              'reason': 'by a person', 'command': b['id']})
    rows = json.loads(env.ctl('--json', 'parked', 'list'))
    assert [r['attempt'] for r in rows] == [second]
    # A filed complaint is found by the number it got.
    filer.append('resolved', {**head, 'complaint': n['id'], 'call': 'sheet', 'intent': second,
                              'resolution': 'filed', 'by': 'person', 'remote_id': '7318990',
                              'reason': None, 'command': a['id']})
    assert n['id'] in env.ctl('show', '7318990')
    assert 'nothing is parked' in env.ctl('parked', 'list')


@flow(limit=60)
def test_one_ticket_several_attempts(env):
    m, _, filer, head, first, _ = parked(env)
    filer.append('intent', {**head, 'call': 'upload', 'attachment': 'a' * 64,
                            'content_hash': None})
    done = env.ctl('resolve', ticket_of(m['id']), '--drop', *WHY, '--wait', check=False)
    assert done.returncode == 1 and '2 attempts are open' in done.stderr and first in done.stderr
    done = env.ctl('pause', 'lapor', *WHY)
    assert 'written' in done
    c = env.kafka.read_all(env.topic('commands'))[0].json
    assert (c['what'], c['destination'], c['for']) == ('pause', 'lapor', 'forwarder')
