"""muara-whatsapp behind another provider: verified as its file says, read by its mapping, and 200 only
for what is in Kafka."""

import hashlib
import hmac
import json
import os
import pathlib
import subprocess
import urllib.parse

from harness import flow, wait_until, whatsapp, yaml_text

PROVIDERS = pathlib.Path(__file__).resolve().parents[2] / 'config' / 'whatsapp-providers'
SECRET, NEXT = 'kunci-penyedia-1', 'kunci-penyedia-2'
WA_ID, NAME = '6281234500001', 'Siti Aminah'
OWN = {'verify': {'by': 'body', 'name': '/kunci'}, 'id': ['/id'], 'sender': ['/from'],
       'sender_is': 'phone', 'text': ['/text'], 'proven': 'yes'}


def config(env, provider, **more):
    return {'tenant': 'malang', 'account': 'kota', 'start': '2020-01-01', 'review': 'auto',
            'max_age': '3650d', 'listen': env.scratch.path('wa'), 'provider': str(provider),
            'secret': env.secret('one', SECRET), 'secret_next': env.secret('two', NEXT),
            'answer_within': '30s', **more}


def start(env, provider, **more):
    """The daemon, taking in; (daemon, address of its socket)."""
    conf = config(env, provider)
    d = env.daemon('whatsapp', conf, **more)
    wait_until(lambda: d.healthz()[0] == 200, 60, lambda: f'intake; status {d.status!r}')
    return d, conf['listen']


def own_provider(env, **more):
    return env.scratch.write('provider.yaml', yaml_text({**OWN, **more}))


def raw(env):
    return [r.json for r in env.kafka.read_all(env.topic('raw.whatsapp'))]


def post(address, data, query=None, headers=None):
    target = whatsapp.PATH + ('?' + urllib.parse.urlencode(query) if query else '')
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return whatsapp.request(address, 'POST', target, body, headers or {})[0]


def fonnte(n, **more):
    return {'device': '628110000000', 'sender': WA_ID, 'name': NAME, 'message': f'Lampu mati {n}',
            'inboxid': n, 'timestamp': 1700000000 + n, **more}


@flow(limit=60)
def test_fonnte_with_its_secret_in_the_url(env):
    d, address = start(env, PROVIDERS / 'fonnte.yaml')
    assert whatsapp.request(address, 'GET', whatsapp.PATH) == (200, 'ok\n')
    for query in (None, {'kunci': ''}, {'kunci': SECRET + 'x'}, {'key': SECRET}):
        assert post(address, fonnte(1), query) == 401, query
    assert raw(env) == [], 'something without the secret was produced'
    assert post(address, fonnte(1), {'kunci': SECRET}) == 200
    assert post(address, fonnte(1), {'kunci': NEXT}) == 200
    assert post(address, fonnte(0), {'kunci': SECRET}) == 200
    assert post(address, fonnte(3, isgroup='true'), {'kunci': SECRET}) == 200
    first, again, hashed, group = raw(env)
    assert first['native_id'] == '1' and first['id'] == again['id']
    assert first['author'] == {**first['author'], 'id': WA_ID, 'phone': '+' + WA_ID, 'name': NAME,
                               'proof': 'channel'}
    assert hashed['native_id'].startswith('hash:') and hashed['class'] == 'human'
    assert group['class'] == 'system'
    data = json.dumps(fonnte(1)).encode()
    assert first['original']['sha256'] == hashlib.sha256(data).hexdigest()
    log = d.log_text()
    for personal in (SECRET, NEXT, WA_ID, NAME, 'Lampu'):
        assert personal not in log, f'{personal} is in the log'


@flow(limit=60)
def test_the_cloud_payload_signed_by_another(env):
    _, address = start(env, PROVIDERS / '360dialog.yaml')
    data = whatsapp.body([whatsapp.text_message(WA_ID, NAME, 'Halo', 'wamid.D')])
    good = hmac.new(SECRET.encode(), data, hashlib.sha256).hexdigest()
    for bad in (None, good[:-1], 'sha256=' + good, hmac.new(b'x', data, hashlib.sha256).hexdigest()):
        assert post(address, data, headers={'X-360dialog-Signature': bad} if bad else None) == 401, bad
    assert post(address, data, headers={'X-Hub-Signature-256': whatsapp.sign(SECRET, data)}) == 401
    assert post(address, data, headers={'X-360dialog-Signature': good}) == 200
    assert [r['native_id'] for r in raw(env)] == ['wamid.D']


@flow(limit=60)
def test_a_list_with_the_secret_in_the_body(env):
    """A batch lies once in the blob store; a bad element does not lose its neighbours."""
    _, address = start(env, own_provider(env, messages='/data'))
    items = [{'id': f'm{i}', 'from': WA_ID, 'text': f'Jalan rusak {i}'} for i in range(5)]
    assert post(address, {'kunci': SECRET + '!', 'data': items}) == 401
    assert post(address, {'data': items}) == 401
    data = json.dumps({'kunci': NEXT, 'data': [*items[:2], 7, *items[2:]]}).encode()
    assert post(address, data) == 200
    records = raw(env)
    assert [r['class'] for r in records] == ['human'] * 2 + ['undecodable'] + ['human'] * 3
    for r, element in zip(records, [*items[:2], 7, *items[2:]]):
        o = r['original']
        assert o['blob'] == hashlib.sha256(data).hexdigest()
        assert json.loads(data[o['offset']:o['offset'] + o['length']]) == element
    assert not any(SECRET in json.dumps(r) for r in records)
    assert post(address, {'kunci': SECRET, 'data': []}) == 200
    assert len(raw(env)) == len(records)


@flow(limit=60)
def test_a_form(env):
    _, address = start(env, own_provider(env, body='form', verify={
        'by': 'header', 'name': 'Authorization', 'prefix': 'Bearer '}))
    data = urllib.parse.urlencode({'id': 'f1', 'from': '0812-3450-0001', 'text': 'Got mampet é'}).encode()
    assert post(address, data) == 401
    assert post(address, data, headers={'Authorization': 'Bearer ' + SECRET}) == 200
    assert post(address, b'%zz=1', headers={'Authorization': 'Bearer ' + SECRET}) == 200
    first, broken = raw(env)
    assert first['text'] == 'Got mampet é' and first['author']['phone'] == '+' + WA_ID
    assert broken['class'] == 'undecodable' and broken['error']['place'] == 'body'


@flow(limit=60, topics=False)
def test_mistakes_in_the_mapping_are_told_at_their_place(env):
    bad = env.scratch.write('bad.yaml', yaml_text({**OWN, 'text': ['text'], 'id': ['/a~']}))
    own = env.scratch.write('own.yaml', yaml_text(config(env, bad)))
    done = subprocess.run([env.bin('muara-whatsapp'), '--config', own, '--muara', env.muara_file,
                           '--check-config'], env={**os.environ, **env.base_env()},
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 78, done
    lines = pathlib.Path(bad).read_text().splitlines()
    for key, where in (('id', 'id:'), ('text', 'text:')):
        line = next(n for n, text in enumerate(lines, 1) if text.startswith(where))
        at = [f'{bad}:{n}: {key}.0: ' for n in (line, line + 1)]
        assert any(a in done.stderr for a in at), (at, done.stderr)


def check_kill(env, point, at):
    """Four clients post until they get 200, the daemon is killed on the way: everything answered 200 is
    there."""
    d, address = start(env, PROVIDERS / 'fonnte.yaml', supervise=True, crash=f'{point}:{at}')

    def send(k, i):
        n = 1 + 100 * k + i
        return lambda: post(address, fonnte(n), {'kunci': SECRET}), [str(n)]
    accepted = whatsapp.until_accepted(send)
    assert [c.point for c in env.crashes()] == [point], env.crashes()
    assert env.crashes()[0].in_flight > 0, env.crashes()
    assert d.restarts == 1
    assert len(accepted) == 40
    missing = set(accepted) - {r['native_id'] for r in raw(env)}
    assert not missing, f'answered 200 and not there: {sorted(missing)[:5]}'


@flow(limit=120)
def test_killed_after_verify(env):
    check_kill(env, 'after-verify', 12)


@flow(limit=120)
def test_killed_after_produce(env):
    check_kill(env, 'after-produce', 13)


@flow(limit=120)
def test_killed_after_report(env):
    check_kill(env, 'after-report', 11)
