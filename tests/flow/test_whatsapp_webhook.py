"""muara-whatsapp on real Kafka: what it says 200 to is in the raw topic, what it does not say 200 to
comes again and harms nothing."""

import hashlib
import http.client
import json
import os
import re
import resource
import socket
import subprocess
import threading

from harness import flow, wait_until, whatsapp, yaml_text

SECRET, NEXT, TOKEN = 'rahasia-aplikasi-1', 'rahasia-aplikasi-2', 'token-verifikasi-9'
WA_ID, NAME = '6281234500001', 'Siti Aminah'


def config(env, **more):
    return {'tenant': 'malang', 'account': 'kota', 'start': '2020-01-01', 'review': 'auto',
            'max_age': '3650d', 'listen': env.scratch.path('wa'),
            'app_secret': env.secret('app', SECRET), 'app_secret_next': env.secret('next', NEXT),
            'verify_token': env.secret('token', TOKEN), 'answer_within': '30s', **more}


def start(env, **more):
    """The daemon, taking in; (daemon, address of its socket)."""
    daemon_args = {k: more.pop(k) for k in ('supervise', 'crash') if k in more}
    conf = config(env, **more)
    d = env.daemon('whatsapp', conf, **daemon_args)
    wait_running(d)
    return d, conf['listen']


def wait_running(d):
    wait_until(lambda: d.healthz()[0] == 200, 60, lambda: f'intake; status {d.status!r}')


def updates(n, prefix='wamid.', text='Jalan rusak di depan pasar'):
    return [whatsapp.text_message(f'62812345{i % 7:05d}', f'Warga {i % 7}', f'{text} nomor {i}',
                                  f'{prefix}{i}') for i in range(n)]


def raw(env):
    return [r.json for r in env.kafka.read_all(env.topic('raw.whatsapp'))]


def natives(env):
    return [r['native_id'] for r in raw(env)]


def post(address, data, signature):
    """Status with a header of one's own choice (a list: several, '' none)."""
    c = whatsapp.Connection(address)
    try:
        c.putrequest('POST', whatsapp.PATH)
        c.putheader('Content-Length', str(len(data)))
        for s in [signature] if isinstance(signature, str) else signature:
            if s:
                c.putheader('X-Hub-Signature-256', s)
        c.endheaders(data)
        return c.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        c.close()


@flow(limit=60)
def test_handshake(env):
    _, address = start(env)
    assert whatsapp.handshake(address, TOKEN, '1158201444') == (200, '1158201444')
    assert whatsapp.handshake(address, TOKEN + 'x')[0] == 403
    assert whatsapp.handshake(address, '')[0] == 403
    assert whatsapp.request(address, 'GET', whatsapp.PATH)[0] == 403
    assert whatsapp.request(address, 'GET', f'{whatsapp.PATH}?hub.mode=unsubscribe&hub.verify_token='
                            f'{TOKEN}&hub.challenge=1')[0] == 403
    assert whatsapp.request(address, 'GET', f'{whatsapp.PATH}?hub.mode=subscribe&hub.verify_token='
                            f'{TOKEN}')[0] == 400
    assert whatsapp.request(address, 'GET', '/')[0] == 404
    assert whatsapp.request(address, 'PUT', whatsapp.PATH, b'')[0] == 405
    assert natives(env) == []


@flow(limit=60)
def test_a_message_is_stored_before_200(env):
    d, address = start(env)
    u = whatsapp.text_message(WA_ID, NAME, 'Lampu jalan mati 💡 di Jl. Ijen', 'wamid.A', 1700000000)
    data = whatsapp.body([u])
    assert whatsapp.post(address, data, SECRET) == 200
    (record,) = raw(env)
    assert record['native_id'] == 'wamid.A' and record['class'] == 'human', record
    assert record['text'] == 'Lampu jalan mati 💡 di Jl. Ijen'
    assert record['author']['phone'] == '+' + WA_ID and record['author']['name'] == NAME
    assert record['tenant'] == 'malang' and record['account'] == 'kota'
    assert record['original']['sha256'] == hashlib.sha256(data).hexdigest(), record['original']
    assert d.metrics()['muara_webhook_answers_total{status="200"}'] == 1
    assert NAME not in d.log_text() and WA_ID not in d.log_text() and 'Ijen' not in d.log_text()


@flow(limit=60)
def test_either_secret_signs_and_nothing_else(env):
    d, address = start(env)
    data = whatsapp.body(updates(1))
    good, second = whatsapp.sign(SECRET, data), whatsapp.sign(NEXT, data)
    bad = [whatsapp.sign('lain', data), '', good[:-1], good[:-1] + 'g', 'sha1=' + good[7:], good[7:],
           good + '0', [good, good], [good, second], [second, whatsapp.sign('lain', data)],
           whatsapp.sign(SECRET, data + b' ')]
    for s in bad:
        assert post(address, data, s) == 401, s
    assert post(address, b'', '') == 401
    assert natives(env) == [], 'something unsigned was produced'
    assert post(address, data, second) == 200
    assert post(address, data, good) == 200
    assert natives(env) == ['wamid.0'] * 2
    assert len({r['id'] for r in raw(env)}) == 1
    assert d.metrics()['muara_webhook_answers_total{status="401"}'] == len(bad) + 1


@flow(limit=60)
def test_garbage_that_is_signed_is_kept(env):
    _, address = start(env)
    for garbage in (b'bukan json', b'{"object":"page","entry":[]}', b'\x00\xff', b'',
                    b'[' * 3000, b'{"object":"whatsapp_business_account","entry":[7]}'):
        before = len(raw(env))
        assert whatsapp.post(address, garbage, SECRET) == 200, garbage[:20]
        records = raw(env)[before:]
        assert len(records) == 1 and records[0]['class'] == 'undecodable', (garbage[:20], records)
        assert records[0]['error']['place'] and records[0]['error']['reason'], records[0]
    empty = b'{"object":"whatsapp_business_account","entry":[]}'
    before = len(raw(env))
    assert whatsapp.post(address, empty, SECRET) == 200
    assert len(raw(env)) == before


@flow(limit=60)
def test_neighbours_of_a_broken_update_pass(env):
    _, address = start(env)
    whole = whatsapp.body(updates(2))
    broken = whole.replace(b'"id":"wamid.0"', b'"id":"wamid.0","text":{"body":"\\ud800"}')
    assert whatsapp.post(address, broken, SECRET) == 200
    assert sorted(r['class'] for r in raw(env)) == ['human', 'undecodable']
    status = whatsapp.body([whatsapp.status_update('wamid.X', WA_ID)])
    assert whatsapp.post(address, status, SECRET) == 200
    assert raw(env)[-1]['class'] == 'system'
    odd = whatsapp.body([whatsapp.message(WA_ID, NAME, 'hologram', {'x': 1}, 'wamid.H')])
    assert whatsapp.post(address, odd, SECRET) == 200
    assert raw(env)[-1]['class'] == 'unknown' and raw(env)[-1]['native_id'] == 'wamid.H'


@flow(limit=60)
def test_oversize_is_refused_unread(env):
    d, address = start(env)
    data = b'x' * (3 * 1024 * 1024 + 1)
    c = whatsapp.Connection(address)
    c.putrequest('POST', whatsapp.PATH)
    c.putheader('Content-Length', str(len(data)))
    c.putheader('X-Hub-Signature-256', whatsapp.sign(SECRET, data))
    c.endheaders()
    assert c.getresponse().status == 413  # nothing of the body was sent
    c.close()
    assert natives(env) == []
    assert d.metrics()['muara_webhook_answers_total{status="413"}'] == 1


@flow(limit=60)
def test_another_number_goes_to_a_person(env):
    _, address = start(env, numbers=['77', whatsapp.NUMBER_ID])
    assert whatsapp.post(address, whatsapp.body(updates(1, 'wamid.ours.')), SECRET) == 200
    assert whatsapp.post(address, whatsapp.body(updates(1, 'wamid.theirs.'), '78'), SECRET) == 200
    assert [r['class'] for r in raw(env)] == ['human', 'unknown']


@flow(limit=60, topics=False)
def test_mistakes_are_told_at_once(env):
    conf = env.scratch.write('bad.yaml', yaml_text(config(
        env, listen='0.0.0.0:8080', path='whatsapp?x', app_secret='/nowhere/app', answer_within='1h',
        tenants='malang')))
    done = subprocess.run([env.bin('muara-whatsapp'), '--config', conf, '--muara', env.muara_file,
                           '--check-config'], env={**os.environ, **env.base_env()},
                          capture_output=True, text=True, timeout=30, check=False)
    told = done.stdout + done.stderr
    assert done.returncode == 78, told
    for key in ('listen', 'path', 'app_secret', 'answer_within', 'tenants'):
        assert re.search(rf'bad\.yaml:\d+: {key}: ', told), f'{key} is not told:\n{told}'


@flow(limit=120)
def test_out_of_descriptors(env):
    d, address = start(env, request_within='2s')
    data = whatsapp.body(updates(1))
    limit = max(int(n) for n in os.listdir(f'/proc/{d.pid}/fd')) + 6
    resource.prlimit(d.pid, resource.RLIMIT_NOFILE, (limit, limit))
    silent = []
    for _ in range(16):  # more than it can take; those it took are closed after 2 s
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.connect(address)
        silent.append(s)
    assert whatsapp.post(address, data, SECRET, timeout=60) == 200  # in its turn
    for s in silent:
        s.close()
    assert whatsapp.post(address, data, SECRET) == 200
    assert natives(env) == ['wamid.0'] * 2


@flow(limit=120)
def test_a_thousand_updates_in_one_body(env):
    _, address = start(env)
    many = updates(1000, text='Sampah menumpuk ' + 'x' * 2300)
    data = whatsapp.body(many)
    assert 2_500_000 < len(data) <= 3 * 1024 * 1024, len(data)
    assert whatsapp.post(address, data, SECRET) == 200
    records = raw(env)
    assert [r['native_id'] for r in records] == [whatsapp.native_id(u) for u in many]
    blob = hashlib.sha256(data).hexdigest()
    with open(f"{env.muara['blob_dir']}/{blob}", 'rb') as f:
        stored = f.read()
    assert stored == data
    for r, u in zip(records, many):
        o = r['original']
        part = stored[o['offset']:o['offset'] + o['bytes']]
        assert o['blob'] == blob and hashlib.sha256(part).hexdigest() == o['sha256'], o
        assert json.loads(part) == u['message'], part


@flow(limit=120)
def test_fifty_at_once(env):
    d, address = start(env)
    data, answers = whatsapp.body(updates(1)), []
    crew = [threading.Thread(target=lambda: answers.append(whatsapp.post(address, data, SECRET)))
            for _ in range(50)]
    for t in crew:
        t.start()
    for t in crew:
        t.join()
    assert answers == [200] * 50, answers
    assert len(raw(env)) == 50 and len({r['id'] for r in raw(env)}) == 1
    assert d.metrics()['muara_webhook_answers_total{status="200"}'] == 50


@flow(limit=180, own=True)
def test_broker_away_and_back(env):
    d, address = start(env, answer_within='1s')
    data = whatsapp.body(updates(1))
    assert whatsapp.post(address, data, SECRET) == 200
    env.kafka.stop()
    for _ in range(5):
        status, text = whatsapp.request(address, 'POST', whatsapp.PATH, data,
                                        {'X-Hub-Signature-256': whatsapp.sign(SECRET, data)})
        assert status == 503, status
    assert 'Retry-After' in head_of(address, data)
    assert whatsapp.post(address, data, 'salah') == 401  # whoever it is learns nothing
    assert whatsapp.handshake(address, TOKEN)[0] == 200
    assert d.alive
    env.kafka.start()
    again = whatsapp.body(updates(2))
    wait_until(lambda: whatsapp.post(address, again, SECRET) == 200, 60, 'intake after the broker')
    assert set(natives(env)) == {'wamid.0', 'wamid.1'}


def head_of(address, data):
    c = whatsapp.Connection(address)
    try:
        c.request('POST', whatsapp.PATH, data, {'X-Hub-Signature-256': whatsapp.sign(SECRET, data)})
        return dict(c.getresponse().headers)
    finally:
        c.close()


@flow(limit=120, own=True)
def test_started_without_a_broker(env):
    env.kafka.stop()
    conf = config(env)
    d = env.daemon('whatsapp', conf)  # READY: valid and listening
    data = whatsapp.body(updates(1))
    assert whatsapp.post(conf['listen'], data, SECRET) == 503
    assert d.healthz()[0] == 503
    env.kafka.start()
    wait_running(d)
    assert whatsapp.post(conf['listen'], data, SECRET) == 200
    assert natives(env) == ['wamid.0']


@flow(limit=90)
def test_a_frozen_broker_is_never_a_200(env):
    d, address = start(env, answer_within='500ms')
    env.kafka.freeze()
    try:
        data = whatsapp.body(updates(3))
        assert whatsapp.post(address, data, SECRET) == 503
        assert d.metrics()['muara_webhook_answers_total{status="503"}'] == 1
    finally:
        env.kafka.thaw()
    wait_until(lambda: whatsapp.post(address, data, SECRET) == 200, 60, 'a 200 after the thaw')
    assert set(natives(env)) == {f'wamid.{i}' for i in range(3)}


@flow(limit=60)
def test_term_answers_what_is_open(env):
    d, address = start(env)
    data, answers = whatsapp.body(updates(200)), []
    crew = [threading.Thread(target=lambda: answers.append(whatsapp.post(address, data, SECRET)))
            for _ in range(8)]
    for t in crew:
        t.start()
    wait_until(lambda: env.kafka.end(env.topic('raw.whatsapp')) > 0, 20, 'the first message')
    assert d.stop() == 0
    for t in crew:
        t.join()
    assert answers.count(200) >= 1 and set(answers) <= {200, 503, 0}, answers
    assert natives(env).count('wamid.199') >= answers.count(200)


def check_kill(env, point, at):
    """Killed at the point; who retries gets its 200, and every id of a 200 is there."""
    d, address = start(env, supervise=True, crash=f'{point}:{at}')

    def send(k, i):
        mine = updates(3, f'wamid.{k}.{i}.')
        data = whatsapp.body(mine)
        return lambda: whatsapp.post(address, data, SECRET), [whatsapp.native_id(u) for u in mine]
    accepted = whatsapp.until_accepted(send)
    assert [c.point for c in env.crashes()] == [point], env.crashes()
    assert env.crashes()[0].in_flight > 0, env.crashes()
    assert d.restarts == 1
    assert len(accepted) == 120
    missing = set(accepted) - set(natives(env))
    assert not missing, f'answered 200 and not there: {sorted(missing)[:5]}'


@flow(limit=120)
def test_killed_after_verify(env):
    check_kill(env, 'after-verify', 12)


@flow(limit=120)
def test_killed_after_produce(env):
    check_kill(env, 'after-produce', 34)


@flow(limit=120)
def test_killed_after_report(env):
    check_kill(env, 'after-report', 31)
