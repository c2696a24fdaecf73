"""muara-door as its clients speak to it: keys, signatures, requests.

    keys = Keys(env); key = keys.new('sambat', '--channel', 'sambat')      muaractl door key new
    d, address = start(env, keys)                                          running
    answer = send(address, key, '/v1/messages', {'native_id': 'A-1', ...}) .status .json .headers
    answer = send(address, key, '/v1/batch', ndjson([…]))
    answer = send_form(address, {'nomor': …, 'uraian': …}, photos)         .text a page
    answer = send_report(address, key, 'a-1', service_code=…, …)           Open311

The signature is made here by itself, from daemons/door/README.md.
"""

import hashlib
import hmac
import http.client
import json
import time
import urllib.parse
from typing import NamedTuple

from .whatsapp import Connection

CHANNELS = ['website', 'sambat', 'jkn', 'kotak']


class Key(NamedTuple):
    id: str
    secret: str


class Answer(NamedTuple):
    status: int  # 0: no answer at all
    text: str
    headers: dict

    @property
    def json(self):
        return json.loads(self.text)


class Keys:
    """The folder of a door's keys."""

    def __init__(self, env):
        self.env, self.path = env, env.scratch.mkdir('door-keys')

    def ctl(self, *args, **more):
        return self.env.ctl('door', 'key', *args, '--keys', self.path, **more)

    def new(self, client, *options):
        made = json.loads(self.ctl('new', client, '--json', '--who', 'rini', '--why', 'uji', *options))
        return Key(made['key'], made.get('secret') or made['api_key'])

    def revoke(self, key):
        self.ctl('revoke', key.id, '--who', 'rini', '--why', 'bocor')


def config(env, keys, **more):
    return {'tenant': 'malang', 'account': 'kota', 'start': '2020-01-01', 'review': 'auto',
            'max_age': '36500d', 'listen': env.scratch.path('h', 'door'), 'keys': keys.path,
            'answer_within': '20s', **more}


def start(env, keys, **more):
    options = {k: more.pop(k) for k in ('crash', 'supervise', 'label') if k in more}
    conf = config(env, keys, **more)
    d = env.daemon('door', conf, **options)
    d.wait_status('running', 60)
    return d, conf['listen']


def signature(key, path, data, at, method='POST'):
    text = '\n'.join(('MUARA1', key.id, str(at), method, path, hashlib.sha256(data).hexdigest()))
    return hmac.new(key.secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def headers(key, path, data, at=None):
    at = int(time.time() if at is None else at)
    return {'X-Muara-Key': key.id, 'X-Muara-Time': str(at),
            'X-Muara-Signature': signature(key, path, data, at)}


def request(address, method, path, data=None, head=None, timeout=60):
    c = Connection(address, timeout)
    try:
        c.request(method, path, data, head or {})
        answer = c.getresponse()
        return Answer(answer.status, answer.read().decode('utf-8', 'replace'), dict(answer.headers))
    except (OSError, http.client.HTTPException):
        return Answer(0, '', {})
    finally:
        c.close()


def body_of(content):
    if isinstance(content, bytes):
        return content
    return json.dumps(content, ensure_ascii=False).encode()


def send(address, key, path, content, at=None, **more):
    """`more`: further headers, with _ for -."""
    data = body_of(content)
    head = {**headers(key, path, data, at), **{k.replace('_', '-'): v for k, v in more.items()}}
    return request(address, 'POST', path, data, head)


def ndjson(messages):
    return b''.join(body_of(m) + b'\n' for m in messages)


# ---- the form page

BOUNDARY = 'batas7MA4YWxk'
FORM_HEAD = {'Content-Type': f'multipart/form-data; boundary={BOUNDARY}'}


def form_body(values, photos=()):
    """As a browser sends it; photos: (file name, bytes)."""
    parts = [(f'name="{k}"', v.encode()) for k, v in values.items() if v]
    parts += [(f'name="foto"; filename="{n}"\r\nContent-Type: image/jpeg', data) for n, data in photos]
    lines = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n'.encode() + data for head, data in parts]
    return b'\r\n'.join(lines) + f'\r\n--{BOUNDARY}--\r\n'.encode()


def send_form(address, values, photos=()):
    return request(address, 'POST', '/lapor', form_body(values, photos), FORM_HEAD)


def form_native(values, photos=()):
    """The native id of a form: the page's number, and a hash of what was typed in."""
    typed = [values.get(k, '') for k in ('uraian', 'nama', 'telepon', 'email', 'lokasi')]
    typed.append('rahasia' if values.get('rahasia') else '')
    typed += [hashlib.sha256(data).hexdigest() for _, data in photos]
    return f'{values["nomor"]}:' + hashlib.sha256(''.join(f'{t}\0' for t in typed).encode()).hexdigest()


# ---- Open311

OPEN311 = '/open311/v2'


def send_report(address, key, native=None, suffix='json', **fields):
    data = urllib.parse.urlencode({'api_key': key.secret, **fields}).encode()
    head = {'Content-Type': 'application/x-www-form-urlencoded', **({'Idempotency-Key': native} if native else {})}
    return request(address, 'POST', f'{OPEN311}/requests.{suffix}', data, head)
