"""muara-door on real Kafka: what it answers 202 to is in the raw topic under the id and ticket it
said; what it does not answer 202 to comes again and harms nothing; who has no key gets nowhere."""

import base64
import hashlib
import json
import os
import re
import subprocess
import threading
import time

from harness import ROOT, flow, wait_until
from harness.door import (CHANNELS, Key, Keys, headers, ndjson, request, send, signature, start)
from harness.records import message_id, ticket_of
from harness.schema import validate_topic

MUARA = {'channels': CHANNELS}
JPEG = b'\xff\xd8\xff\xe0' + b'foto' * 100


def raw(env, channel='sambat'):
    return [r.json for r in env.kafka.read_all(env.topic(f'raw.{channel}'))]


def one(number=1, **more):
    return {'native_id': f'A-{number}', 'text': 'Jalan rusak di depan pasar',
            'author': {'name': 'Siti Aminah', 'phone': '081234500001'}, **more}


def id_of(native, channel='sambat', client='sambat'):
    return message_id('malang', channel, client, native)


@flow(limit=60, muara=MUARA)
def test_one_message(env):
    keys = Keys(env)
    key = keys.new('sambat', '--channel', 'sambat,website')
    d, address = start(env, keys)
    photo = {'name': 'jalan.jpg', 'content': base64.b64encode(JPEG).decode()}
    program = {'name': 'x.jpg', 'content': base64.b64encode(b'MZ program').decode()}
    answer = send(address, key, '/v1/messages', one(attachments=[photo, program]))
    assert answer.status == 202, answer
    want = id_of('A-1')
    assert answer.json == {'status': 202, 'id': want, 'ticket': ticket_of(want), 'state': 'accepted'}
    r, = raw(env)
    assert (r['id'], r['channel'], r['account'], r['class']) == (want, 'sambat', 'sambat', 'human')
    assert r['source']['review'] == 'required' and r['author']['proof'] == 'claimed'
    stored, refused = r['attachments']
    assert (stored['state'], stored['mime']) == ('stored', 'image/jpeg')
    assert (refused['state'], stored['sha256']) == ('refused', hashlib.sha256(JPEG).hexdigest())
    with open(os.path.join(env.muara['blob_dir'], stored['sha256']), 'rb') as f:
        assert f.read() == JPEG
    # The same again, by the native id or the header, is the same message and the same answer.
    assert send(address, key, '/v1/messages', one()).json['ticket'] == answer.json['ticket']
    bare = {'text': 'Lampu mati'}
    first = send(address, key, '/v1/messages', bare, Idempotency_Key='k-7')
    assert first.status == 202 and first.json['id'] == id_of('k-7')
    assert send(address, key, '/v1/messages', bare, Idempotency_Key='k-7').json == first.json
    assert send(address, key, '/v1/messages', bare).status == 400
    # Another of its channels, and one that is not its own.
    assert send(address, key, '/v1/messages', one(2, channel='website')).status == 202
    assert [x['id'] for x in raw(env, 'website')] == [id_of('A-2', 'website')]
    assert send(address, key, '/v1/messages', one(3, channel='jkn')).status == 403
    assert raw(env, 'jkn') == []
    validate_topic(env, 'raw.sambat')
    for secret in ('Siti', '081234500001', key.secret, 'Jalan rusak'):
        assert secret not in d.log_text(), secret


@flow(limit=60, muara=MUARA)
def test_a_bad_line_never_loses_its_neighbours(env):
    keys = Keys(env)
    key = keys.new('sambat', '--channel', 'sambat')
    _, address = start(env, keys)
    lines = ndjson([one(1)]) + b'{"native_id": "A-2", "text": "\n\n' + ndjson(
        [one(3), {'text': 'tanpa nomor'}, one(5, channel='jkn'), one(6, text=7)]) + json.dumps(one(9)).encode()
    answer = send(address, key, '/v1/batch', lines)
    assert answer.status == 207, answer
    told = {r['line']: r for r in answer.json['results']}
    assert {n: r['status'] for n, r in told.items()} == {1: 202, 2: 400, 4: 202, 5: 400, 6: 403, 7: 400, 8: 202}
    assert (answer.json['stored'], answer.json['refused'], answer.json['again']) == (3, 4, 0)
    assert all(told[n]['ticket'] == ticket_of(told[n]['id']) for n in (1, 4, 8))
    assert '"text"' in told[7]['error'] and '"native_id"' in told[5]['error']
    assert [r['id'] for r in raw(env)] == [id_of(f'A-{n}') for n in (1, 3, 9)]
    assert send(address, key, '/v1/batch', ndjson([one(n) for n in (1, 2)])).status == 202
    assert send(address, key, '/v1/batch', b'\n \n').status == 400


@flow(limit=60, muara=MUARA)
def test_who_has_no_key(env):
    keys = Keys(env)
    key, bearer = keys.new('sambat', '--channel', 'sambat'), keys.new('jkn', '--channel', 'jkn', '--open311')
    d, address = start(env, keys)
    path, data = '/v1/messages', json.dumps(one()).encode()
    good = headers(key, path, data)
    now = int(time.time())
    for name, head in (
            ('nothing', {}),
            ('another body', headers(key, path, data + b' ')),
            ('another path', headers(key, '/v1/batch', data)),
            ('another secret', headers(Key(key.id, bearer.secret), path, data)),
            ('an unknown key', headers(Key('a' * 16, key.secret), path, data)),
            ('a path as key', headers(Key('../x', key.secret), path, data)),
            ('a key that does not sign', headers(Key(bearer.id, bearer.secret[17:]), path, data)),
            ('too old', headers(key, path, data, now - 900)),
            ('too new', headers(key, path, data, now + 900)),
            ('no number', {**good, 'X-Muara-Time': 'now'}),
            ('upper case', {**good, 'X-Muara-Signature': good['X-Muara-Signature'].upper()})):
        assert request(address, 'POST', path, data, head).status == 401, name
    assert raw(env) == []
    assert request(address, 'POST', path, data, good).status == 202
    assert request(address, 'POST', path, data, good).status == 202  # played back: the same message
    assert {r['id'] for r in raw(env)} == {id_of('A-1')}
    # Keys come and go while it runs.
    second = keys.new('sambat', '--channel', 'sambat')
    assert send(address, second, path, one()).json['id'] == id_of('A-1')
    keys.revoke(key)
    assert send(address, key, path, one()).status == 401
    assert send(address, second, path, one()).status == 202
    listed = {k['key']: k for k in json.loads(keys.ctl('list', '--json'))}
    assert listed[key.id]['revoked'] and not listed[second.id]['revoked']
    for name in os.listdir(keys.path):
        with open(os.path.join(keys.path, name), encoding='utf-8') as f:
            assert key.secret not in f.read()
        assert os.stat(os.path.join(keys.path, name)).st_mode & 0o777 == 0o640
    assert d.metrics()['muara_door_answers_total{status="401"}'] == 12


@flow(limit=60, topics=False)
def test_the_page_says_how_to_sign(env):
    """The two programs of daemons/door/README.md, as they stand there."""
    with open(f'{ROOT}/daemons/door/README.md', encoding='utf-8') as f:
        text = f.read()
    shell, python = (re.search(rf'```{name}\n(.*?)```', text, re.S)[1] for name in ('bash', 'python'))
    key = Key('a' * 16, 'b' * 52)
    said = subprocess.run(['bash', '-euc', 'curl() { printf "%s\\n" "$@"; }\n' + shell], check=True, capture_output=True,
                          text=True, timeout=30, env={**os.environ, 'KEY': key.id, 'SECRET': key.secret}).stdout
    told = dict(re.findall(r'^(X-Muara-\w+): (.*)$', said, re.M))
    body = said.split('--data-binary\n')[1][:-1].encode()
    assert told['X-Muara-Signature'] == signature(key, '/v1/messages', body, told['X-Muara-Time']), said
    scope = {}
    exec(python, scope)  # the page's own lines
    told = scope['headers'](key.id, key.secret, '/v1/batch', b'x')
    assert told == headers(key, '/v1/batch', b'x', told['X-Muara-Time'])


@flow(limit=60, muara=MUARA)
def test_quotas(env):
    keys = Keys(env)
    key = keys.new('sambat', '--channel', 'sambat', '--per-minute', '1', '--burst', '5')
    other = keys.new('jkn', '--channel', 'jkn', '--per-minute', '1', '--burst', '5')
    _, address = start(env, keys, batch=10)
    assert send(address, key, '/v1/batch', ndjson([one(n) for n in range(6)])).status == 413
    assert send(address, key, '/v1/batch', ndjson([one(n) for n in range(11)])).status == 413
    assert send(address, key, '/v1/batch', ndjson([one(n) for n in range(4)])).status == 202
    answer = send(address, key, '/v1/batch', ndjson([one(n) for n in range(4)]))
    assert answer.status == 429 and 1 <= int(answer.headers['Retry-After']) <= 180, answer
    assert send(address, other, '/v1/messages', one()).status == 202
    second = keys.new('sambat', '--channel', 'sambat', '--per-minute', '1', '--burst', '5')
    assert send(address, second, '/v1/batch', ndjson([one(n) for n in range(4)])).status == 429
    env.clock.advance(4 * 60 * 1000)
    at = time.time() + 240  # inside the window by either clock
    wait_until(lambda: send(address, key, '/v1/batch', ndjson([one(n) for n in range(4)]), at=at).status == 202,
               20, 'a full bucket')
    assert len(raw(env)) == 8


@flow(limit=90, muara=MUARA)
def test_a_frozen_broker_is_never_a_202(env):
    keys = Keys(env)
    key = keys.new('sambat', '--channel', 'sambat', '--per-minute', '1', '--burst', '4')
    d, address = start(env, keys, answer_within='500ms')
    lines = ndjson([one(n) for n in range(3)])
    wait_until(lambda: send(address, key, '/v1/messages', one(0)).status == 202, 60, 'a first message')
    env.kafka.freeze()
    try:
        answer = send(address, key, '/v1/batch', lines)
        assert answer.status == 503 and 'Retry-After' in answer.headers, answer
        assert answer.json['again'] == 3
    finally:
        env.kafka.thaw()
    # What was not stored was given back to its quota of three.
    wait_until(lambda: send(address, key, '/v1/batch', lines).status == 202, 60, 'a 202 after the thaw')
    assert {r['id'] for r in raw(env)} == {id_of(f'A-{n}') for n in range(3)}
    assert d.metrics()['muara_door_messages_total{end="again"}'] >= 3


def check_kill(env, point, at):
    """Killed at the point; who retries gets its 202, and every id of a 202 is there."""
    keys = Keys(env)
    key = keys.new('sambat', '--channel', 'sambat', '--per-minute', '100000')
    d, address = start(env, keys, supervise=True, crash=f'{point}:{at}')
    accepted, rounds = [], env.rounds(6, 60)

    def client(k):
        for i in range(rounds):
            lines = ndjson([one(f'{k}.{i}.{n}') for n in range(3)])
            end = time.monotonic() + 180
            while (answer := send(address, key, '/v1/batch', lines)).status != 202:
                assert time.monotonic() < end, f'not accepted within 180 s: {answer}'
                time.sleep(0.05)
            accepted.extend(r['id'] for r in answer.json['results'])
    crew = [threading.Thread(target=client, args=(k,)) for k in range(4)]
    for t in crew:
        t.start()
    for t in crew:
        t.join()
    assert [c.point for c in env.crashes()] == [point], env.crashes()
    assert env.crashes()[0].in_flight > 0, env.crashes()
    assert d.restarts == 1
    assert len(accepted) == 12 * rounds
    missing = set(accepted) - {r['id'] for r in raw(env)}
    assert not missing, f'answered 202 and not there: {sorted(missing)[:5]}'


@flow(limit=120, muara=MUARA)
def test_killed_after_verify(env):
    check_kill(env, 'after-verify', 9)


@flow(limit=120, muara=MUARA)
def test_killed_after_produce(env):
    check_kill(env, 'after-produce', 23)


@flow(limit=120, muara=MUARA)
def test_killed_after_report(env):
    check_kill(env, 'after-report', 20)
