"""Malformed and smuggled requests against muara-whatsapp: alone (its Unix socket) and behind real
nginx with the shipped deploy/nginx/muara.conf, over TLS. None is served, and none makes the daemon
read a second request out of the first."""

import http.client
import os
import re
import socket
import ssl
import subprocess

from harness import ROOT, Proc, flow, free_port, tail, wait_until, whatsapp
from test_whatsapp_webhook import SECRET, TOKEN, natives, start, updates

HOST = b'Host: webhook.example.go.id\r\n'
# What an attacker hides behind the first request: served, it would show its challenge.
HIDDEN = (b'GET /whatsapp?hub.mode=subscribe&hub.verify_token=' + TOKEN.encode() +
          b'&hub.challenge=SMUGGLED HTTP/1.1\r\n' + HOST + b'\r\n')


def signed_webhook():
    data = whatsapp.body(updates(1))
    return b'/whatsapp', data, b'X-Hub-Signature-256: ' + whatsapp.sign(SECRET, data).encode() + b'\r\n'


def vectors(path, data, sig):
    """(name, request): a signed body whose framing is not what it should be."""
    n = len(data)

    def post(fields, body=data + HIDDEN, host=HOST, line=b'POST ' + path + b' HTTP/1.1'):
        return line + b'\r\n' + host + fields + sig + b'\r\n' + body

    length = b'Content-Length: %d\r\n' % n
    longer = b'Content-Length: %d\r\n' % (n + len(HIDDEN))
    chunks = b'%x\r\n' % n + data + b'\r\n0\r\n\r\n'
    return [
        ('two equal Content-Length', post(length + length)),
        ('two different Content-Length', post(length + longer)),
        ('two different Content-Length, the longer first', post(longer + length)),
        ('Content-Length and chunked', post(length + b'Transfer-Encoding: chunked\r\n', chunks + HIDDEN)),
        ('chunked and Content-Length', post(b'Transfer-Encoding: chunked\r\n' + b'Content-Length: 5\r\n',
                                            b'0\r\n\r\n' + HIDDEN)),
        ('Transfer-Encoding: xchunked', post(length + b'Transfer-Encoding: xchunked\r\n')),
        ('Transfer-Encoding : chunked', post(length + b'Transfer-Encoding : chunked\r\n',
                                             b'0\r\n\r\n' + HIDDEN)),
        ('Content-Length with +', post(b'Content-Length: +%d\r\n' % n)),
        ('Content-Length in hex', post(b'Content-Length: 0x%x\r\n' % n)),
        ('blank before the colon', post(b'Content-Length : %d\r\n' % n)),
        ('no Host', post(length, host=b'')),
        ('two Host', post(length, host=HOST + b'Host: lain\r\n')),
        ('HTTP/3.1', post(length, line=b'POST ' + path + b' HTTP/3.1')),
        ('not HTTP', b'\x16\x03\x01\x02\r\n\r\n' + HIDDEN),
        ('NUL in a header', post(length + b'X-A: a\x00b\r\n')),
        ('folded length', post(b'Content-Length:\r\n %d\r\n' % n)),
    ]


def talk(connection, request):
    """All that comes back until the other side closes or is quiet."""
    got = b''
    connection.settimeout(10)
    try:
        connection.sendall(request)
    except OSError:
        pass  # refused in the middle: the answer may still be there
    try:
        while part := connection.recv(65536):
            got += part
    except OSError:
        pass
    connection.close()
    return got


def check_vectors(connect, alive, signed=None):
    for name, request in vectors(*(signed or signed_webhook())):
        answer = talk(connect(), request)
        codes = [int(c) for c in re.findall(rb'^HTTP/1\.[01] (\d+)', answer, re.MULTILINE)]
        assert all(c >= 400 for c in codes), (name, codes, answer[:300])
        assert b'SMUGGLED' not in answer, (name, answer[:500])
        assert alive(), f'gone after {name}'


def unix(address):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(address)
    return s


@flow(limit=120)
def test_smuggled_alone(env):
    d, address = start(env, request_within='2s')
    check_vectors(lambda: unix(address), lambda: d.alive)
    assert natives(env) == [], 'something was produced'
    # Well-formed, and a second request behind it: one answer, then the connection is closed.
    data = whatsapp.body(updates(1))
    answer = talk(unix(address), b'POST /whatsapp HTTP/1.1\r\n' + HOST + b'Connection: keep-alive\r\n'
                  b'Content-Length: %d\r\nX-Hub-Signature-256: %s\r\n\r\n' %
                  (len(data), whatsapp.sign(SECRET, data).encode()) + data + HIDDEN)
    assert answer.count(b'HTTP/1.1 ') == 1 and b'HTTP/1.1 200' in answer, answer
    assert b'SMUGGLED' not in answer and b'Connection: close' in answer
    assert natives(env) == ['wamid.0']


# --- behind nginx

NGINX = """
daemon off; master_process off; worker_processes 1; pid {dir}/pid; error_log {dir}/start.log;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
    include {dir}/muara.conf;
}}
"""
CERTIFICATE = ('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj',
               '/CN=webhook.example.go.id')


class Nginx:
    """The shipped sample on a free port; what is particular to a machine is replaced."""

    def __init__(self, env, address, socket_path='/run/muara-whatsapp-kota/webhook.sock'):
        self.dir, self.port = env.scratch.mkdir('nginx'), free_port()
        with open(os.path.join(ROOT, 'deploy/nginx/muara.conf'), encoding='utf-8') as f:
            conf = f.read()
        for shipped, here in ((b'listen 443 ssl', f'listen 127.0.0.1:{self.port} ssl'),
                              (b'/etc/muara/tls/', f'{self.dir}/'),
                              (b'/var/log/nginx/', f'{self.dir}/'),
                              (socket_path.encode(), address)):
            assert shipped.decode() in conf, f'the sample has no {shipped}'
            conf = conf.replace(shipped.decode(), here)
        env.scratch.write('nginx/muara.conf', conf)
        env.scratch.write('nginx/nginx.conf', NGINX.format(dir=self.dir))
        subprocess.run([*CERTIFICATE, '-keyout', f'{self.dir}/webhook.key', '-out',
                        f'{self.dir}/webhook.pem'], check=True, capture_output=True, timeout=60)
        self.tls = ssl.create_default_context(cafile=f'{self.dir}/webhook.pem')
        self.log = f'{self.dir}/out'
        self.proc = Proc('nginx', ['/usr/sbin/nginx', '-c', f'{self.dir}/nginx.conf', '-p', self.dir],
                         self.log)
        wait_until(self.answers, 20, lambda: f'nginx:\n{tail(self.log)}{tail(self.dir + "/start.log")}')

    def answers(self):
        try:
            self.connect().close()
            return True
        except OSError:
            assert self.proc.alive, tail(self.log) + tail(self.dir + '/start.log')
            return False

    def connect(self):
        s = socket.create_connection(('127.0.0.1', self.port), 10)
        return self.tls.wrap_socket(s, server_hostname='webhook.example.go.id')

    def request(self, method, target, data=None, headers=None):
        c = http.client.HTTPConnection('webhook.example.go.id', timeout=30)
        c.sock = self.connect()
        c.sock.settimeout(30)
        try:
            c.request(method, target, data, headers or {})
            answer = c.getresponse()
            return answer.status, answer.read()
        finally:
            c.close()

    def post(self, data, secret=SECRET):
        return self.request('POST', '/whatsapp', data,
                            {'X-Hub-Signature-256': whatsapp.sign(secret, data)})[0]

    def logs(self):
        text = ''
        for name in ('muara.access.log', 'muara.error.log', 'start.log'):
            with open(f'{self.dir}/{name}', errors='replace', encoding='utf-8') as f:
                text += f.read()
        return text


@flow(limit=120)
def test_smuggled_behind_nginx(env):
    d, address = start(env)
    n = Nginx(env, address)
    try:
        check_vectors(n.connect, lambda: d.alive and n.proc.alive)
        assert natives(env) == [], 'something was produced'
        # Bare LF is the one vector nginx takes; it passes one plain request on.
        data = whatsapp.body(updates(1))
        answer = talk(n.connect(), b'POST /whatsapp HTTP/1.1\n' + HOST + b'Connection: close\n'
                      b'Content-Length: %d\nX-Hub-Signature-256: %s\n\n' %
                      (len(data), whatsapp.sign(SECRET, data).encode()) + data)
        assert answer.count(b'HTTP/1.1 200') == 1, answer
        assert natives(env) == ['wamid.0']
    finally:
        n.proc.stop(20)


@flow(limit=120)
def test_the_shipped_front(env):
    _, address = start(env)
    n = Nginx(env, address)
    try:
        query = f'hub.mode=subscribe&hub.verify_token={TOKEN}&hub.challenge=1158'
        assert n.request('GET', f'/whatsapp?{query}') == (200, b'1158')
        assert n.post(whatsapp.body(updates(1))) == 200
        assert n.post(whatsapp.body(updates(1)), 'lain') == 401
        assert n.request('GET', '/')[0] == 404
        assert n.request('PUT', '/whatsapp', b'x')[0] == 403
        many = updates(1000, 'wamid.banyak.', 'Air PDAM keruh ' + 'x' * 2300)
        data = whatsapp.body(many)
        assert len(data) > 2_500_000
        assert n.post(data) == 200
        assert n.post(b'x' * (3 * 1024 * 1024 + 1)) == 413
        assert natives(env) == ['wamid.0'] + [whatsapp.native_id(u) for u in many]
        chunked = n.request('POST', '/whatsapp', iter([data[:1000], data[1000:]]),
                            {'X-Hub-Signature-256': whatsapp.sign(SECRET, data)})
        assert chunked[0] == 200  # nginx gives it a length
        assert TOKEN not in n.logs() and ' /whatsapp 200 ' in n.logs(), n.logs()
    finally:
        n.proc.stop(20)
