"""muara-door alone and behind real nginx with the shipped deploy/nginx/muara.conf, over TLS: smuggled
requests are not served, limits hold, and what is signed goes through unchanged."""

import json

from harness import flow
from harness.door import CHANNELS, Keys, headers, start
from test_whatsapp_front import HOST, Nginx, check_vectors, talk, unix

MUARA = {'channels': CHANNELS}
SOCKET = '/run/muara-door-kota/door.sock'
PATH, BODY = '/v1/messages', json.dumps({'native_id': 'A-1', 'text': 'Lampu mati'}).encode()


def lines(key, body=BODY, path=PATH):
    return ''.join(f'{k}: {v}\r\n' for k, v in headers(key, path, body).items()).encode()


def ids(env):
    return [r.json['native_id'] for r in env.kafka.read_all(env.topic('raw.sambat'))]


@flow(limit=90, muara=MUARA)
def test_smuggled_alone(env):
    keys = Keys(env)
    key = keys.new('sambat', '--channel', 'sambat')
    d, address = start(env, keys, request_within='2s')
    check_vectors(lambda: unix(address), lambda: d.alive, (PATH.encode(), BODY, lines(key)))
    assert ids(env) == [], 'something was produced'
    hidden = b'POST ' + PATH.encode() + b' HTTP/1.1\r\n' + HOST + lines(key) + b'Content-Length: %d\r\n\r\n' % len(BODY) + BODY
    answer = talk(unix(address), hidden + hidden)
    assert answer.count(b'HTTP/1.1 ') == 1 and b'HTTP/1.1 202' in answer, answer
    assert ids(env) == ['A-1']


@flow(limit=120, muara=MUARA)
def test_the_shipped_front(env):
    keys = Keys(env)
    key = keys.new('sambat', '--channel', 'sambat')
    d, address = start(env, keys)
    n = Nginx(env, address, SOCKET)

    def post(body, path=PATH, **more):
        return n.request('POST', path, body, {**headers(key, path, body), **more})[0]
    slow = n.connect()  # a head that never ends: nginx gives it 5 s, and nobody else waits for it
    slow.sendall(b'POST /v1/messages HTTP/1.1\r\n' + HOST + b'X-A: ')
    try:
        check_vectors(n.connect, lambda: d.alive and n.proc.alive, (PATH.encode(), BODY, lines(key)))
        assert ids(env) == [], 'something was produced'
        assert post(BODY) == 202
        assert n.request('POST', PATH, BODY, headers(key, PATH, BODY + b' '))[0] == 401
        assert n.request('GET', PATH)[0] == 403
        assert post(b'x' * (16 * 1024 * 1024 + 1)) == 413
        many = b''.join(json.dumps({'native_id': f'B-{i}', 'text': 'Sampah ' + 'x' * 4000}).encode() + b'\n'
                        for i in range(500))
        assert post(many, '/v1/batch') == 202
        assert len(ids(env)) == 501
        chunked = n.request('POST', PATH, iter([BODY[:9], BODY[9:]]), headers(key, PATH, BODY))
        assert chunked[0] == 202  # nginx gives it a length
        for odd in ('/v1/../v1/messages', '/v1//messages', '/v1/%6dessages', '/v1/', '/v1/messages/'):
            assert post(BODY, odd) == 404, odd
        slow.settimeout(60)
        ended = slow.recv(100)
        assert ended == b'' or ended.startswith(b'HTTP/1.1 408'), ended
        assert key.secret not in n.logs() and ' /v1/batch 202 ' in n.logs(), n.logs()
    finally:
        n.proc.stop(20)
