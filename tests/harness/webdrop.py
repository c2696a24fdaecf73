"""A 112 call centre's folder on a web server: a real nginx with TLS, and one that misbehaves.

    with Nginx(env, kind='html') as server:      kind: html or json, as its autoindex lists
        server.put('a.csv', data)                renamed into place in server.dir
        server.config(spool, https={...})        settings of muara-call112 that fetch from it
    Nginx(env, login=('muara', 'rahasia')), Nginx(env, client=True): Basic login, client certificates only

    with Fake() as server:                       plain HTTP on loopback
        server.files['a.csv'] = data             listed as a manifest: name, size, hash
        server.script('a.csv', 'cut', 503)       what the next requests for it meet, one each
        server.asked('a.csv')                    how often it was asked for

Faults of the fake: a status number; ('retry', status, seconds); cut (fewer bytes than announced), endless (no
length, closed), short (announces fewer bytes than there are), gzip, redirect, grow (more than was listed), half (the
list without its end), drop (closed without an answer).
"""

import hashlib
import os
import shutil
import ssl
import subprocess
import threading
import urllib.parse

from . import call112 as c112
from .loopback import Loopback
from .ports import free_port
from .procs import Proc, tail, wait_until

NGINX = """
daemon off; master_process off; worker_processes 1; pid {home}/pid; error_log {home}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log {home}/access.log;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {home}/server.pem; ssl_certificate_key {home}/server.key;
        {client}
        location /ekspor/ {{ alias {dir}/; autoindex on; autoindex_format {kind}; {login} }}
        location / {{ return 301 /ekspor/; }}
    }}
}}
"""


class Nginx:
    def __init__(self, env, kind='html', login=None, client=False, name='nginx'):
        self.env, self.home, self.dir = env, env.scratch.mkdir(name), env.scratch.mkdir(f'{name}/files')
        self.port, self.kind, self.login, self.client = free_port(), kind, login, client
        self.certificate('server', 'server')

    def certificate(self, name, of):
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
                        '-nodes', '-days', '2', '-subj', f'/CN={of}', '-addext', 'subjectAltName=IP:127.0.0.1',
                        '-keyout', f'{self.home}/{name}.key', '-out', f'{self.home}/{name}.pem'],
                       check=True, capture_output=True, timeout=60)
        os.chmod(f'{self.home}/{name}.key', 0o600)

    def start(self):
        login = client = ''
        if self.login:
            made = subprocess.run(['openssl', 'passwd', '-apr1', self.login[1]], check=True, capture_output=True,
                                  text=True, timeout=60).stdout
            self.env.scratch.write(os.path.relpath(f'{self.home}/users', self.env.scratch.dir), f'{self.login[0]}:{made}')
            login = f'auth_basic 112; auth_basic_user_file {self.home}/users;'
        if self.client:
            self.certificate('client', 'muara')
            client = f'ssl_client_certificate {self.home}/client.pem; ssl_verify_client on;'
        with open(f'{self.home}/nginx.conf', 'w', encoding='utf-8') as f:
            f.write(NGINX.format(home=self.home, dir=self.dir, port=self.port, kind=self.kind, login=login,
                                 client=client))
        self.proc = Proc('nginx', ['/usr/sbin/nginx', '-c', f'{self.home}/nginx.conf', '-p', self.home],
                         f'{self.home}/out')
        wait_until(self._answers, 20, lambda: f'nginx:\n{tail(f"{self.home}/out")}{tail(f"{self.home}/error.log")}')

    def _answers(self):
        assert self.proc.alive, tail(f'{self.home}/out')
        try:
            ssl.get_server_certificate(('127.0.0.1', self.port), timeout=5)
            return True
        except OSError:
            return False

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.proc.stop()

    def change_certificate(self):
        """The same server, as it seems, under a certificate nobody vouched for."""
        shutil.copy(f'{self.home}/server.pem', f'{self.home}/known.pem')
        self.proc.stop()
        self.certificate('server', 'other')
        self.start()

    def put(self, name, data):
        c112.put(self.dir, name, data)

    def names(self):
        return sorted(os.listdir(self.dir))

    def log(self):
        with open(f'{self.home}/access.log', encoding='utf-8', errors='replace') as f:
            return f.read()

    def config(self, spool, https=None, **over):
        conf = {'url': f'https://127.0.0.1:{self.port}/ekspor/', 'ca': f'{self.home}/server.pem', 'every': '100ms',
                'list': {'html': 'autoindex', 'json': 'json'}[self.kind], **(https or {})}
        return c112.config(spool, **{'settle': '300ms', 'https': conf, **over})


class Fake(Loopback):
    def __init__(self):
        self.files, self.faults, self.requests = {}, {}, []
        self.listed = None       # bytes: the list as it is, whatever the files are
        self.lock = threading.Lock()

    def config(self, spool, https=None, **over):
        conf = {'url': f'http://127.0.0.1:{self.port}/ekspor/', 'every': '100ms',
                'list': 'manifest', 'complete': 'sha256', **(https or {})}
        return c112.config(spool, **{'https': conf, **over})

    def script(self, name, *faults):
        with self.lock:
            self.faults.setdefault(name, []).extend(faults)

    def asked(self, name):
        with self.lock:
            return self.requests.count(name)

    def manifest(self):
        if self.listed is not None:
            return self.listed
        return ''.join(f'{name} {len(data)} {hashlib.sha256(data).hexdigest()}\n'
                       for name, data in self.files.items()).encode()

    def answer(self, http):
        name = urllib.parse.unquote(http.path.removeprefix('/ekspor/'))
        with self.lock:
            self.requests.append(name)
            fault = self.faults[name].pop(0) if self.faults.get(name) else None
            body = self.manifest() if name == 'manifest.txt' else self.files.get(name)
        if body is None or isinstance(fault, int):
            return self.send(http, fault or 404, b'<html>tidak bisa</html>')
        if isinstance(fault, tuple):
            return self.send(http, fault[1], b'', {'Retry-After': str(fault[2])})
        if fault == 'redirect':
            return self.send(http, 302, b'', {'Location': f'/ekspor/{name}?lagi'})
        if fault == 'drop':
            http.close_connection = True
            return None
        if fault == 'half':
            body = body[:-5]
        if fault == 'grow':
            body += b'\r\n'
        headers = {'Content-Encoding': 'gzip'} if fault == 'gzip' else {}
        length = {'cut': len(body) + 100, 'short': len(body) // 2, 'endless': None}.get(fault, len(body))
        return self.send(http, 200, body, headers, length, fault in ('cut', 'short', 'endless'))

    def send(self, http, status, body, headers=None, length=-1, close=False):
        http.send_response(status)
        for key, value in (headers or {}).items():
            http.send_header(key, value)
        if length is not None:
            http.send_header('Content-Length', str(len(body) if length < 0 else length))
        http.end_headers()
        http.wfile.write(body)
        http.wfile.flush()
        http.close_connection = http.close_connection or close
